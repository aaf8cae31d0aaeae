//! Real Docker daemons for tests, each with everything of its own and removed whatever happens: one engine by itself, or
//! several simulated hosts on a network of their own with TLS and ssh.
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "each test file uses its part")]

mod certificates;
mod daemon;
mod documented;
mod images;
mod machine;
mod network;
mod podman;
mod registry;
mod server;
mod ssh;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::SystemTime;

use serde_json::Value;

pub(crate) use certificates::{Authority, Use};
pub(crate) use daemon::docker;
pub(crate) use documented::Documented;
pub(crate) use images::{BUSYBOX, probe_image};
pub(crate) use machine::{Machine, eventually};
pub(crate) use podman::{Podman, Whose};
pub(crate) use registry::{PASSWORD, Registry, USER};
pub(crate) use server::{Server, free_port};
pub(crate) use ssh::{ALIAS, BEHIND, NOWHERE, Sshd};

use machine::found;
use network::Network;

/// The port of Docker with TLS.
pub(crate) const TLS_PORT: u16 = 2376;

/// What is missing for engines here; `None` where they can be started.
pub(crate) fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("Docker engines of a test need root".to_owned());
    }
    let programs = ["dockerd", "docker", "sshd", "openssl", "busybox", "ip", "nsenter", "unshare", "iptables"];
    programs.iter().find(|program| found(program).is_none()).map(|program| format!("there is no `{program}` here"))
}

/// A Docker daemon on a machine of its own.
pub(crate) struct Engine {
    daemon: Option<Child>,
    listening: Vec<String>,
    pub(crate) machine: Machine,
}

impl Engine {
    /// An engine that answers, on a machine without a network.
    pub(crate) fn start() -> Self {
        Self::on(Machine::new(), vec![])
    }

    /// An engine that answers; `listening` are further arguments.
    fn on(machine: Machine, listening: Vec<String>) -> Self {
        let mut engine = Self { daemon: None, listening, machine };
        engine.start_again();
        engine
    }

    /// Its unix socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.machine.folder().join("run/docker.sock")
    }

    /// Where it is, as `docker -H` takes it.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Starts its daemon after [`Self::stop`] or [`Self::kill`], and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        assert!(self.daemon.is_none(), "it runs");
        let folder = self.machine.folder();
        let data = folder.join("data");
        let config = folder.join("daemon.json");
        std::fs::write(&config, "{}").unwrap();
        // A machine of its own has every other path for itself.
        let mut command = self.machine.command("dockerd");
        command.arg("--data-root").arg(data).arg("--config-file").arg(config);
        command.args(["-H", "unix:///run/docker.sock", "--log-level", "warn", "--shutdown-timeout", "2"]);
        command.args(["--default-address-pool", "base=10.204.0.0/16,size=24"]);
        command.args(["--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", &self.machine.cgroup()]);
        command.args(&self.listening);
        let log = folder.join("dockerd.log");
        let file = std::fs::File::options().create(true).append(true).open(&log).unwrap();
        let mut daemon = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        daemon::wait_for(&mut daemon, &self.socket(), &log);
        self.daemon = Some(daemon);
    }

    /// Ends its daemon as an administrator does: containers are stopped and known to the next one.
    pub(crate) fn stop(&mut self) {
        let mut daemon = self.daemon.take().expect("it runs");
        assert!(Command::new("kill").arg(daemon.id().to_string()).status().unwrap().success());
        daemon.wait().unwrap();
    }

    /// Kills its daemon alone, as a machine without memory would: its containers run on.
    pub(crate) fn kill_daemon(&mut self) {
        let mut daemon = self.daemon.take().expect("it runs");
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// Ends it with all its containers as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.machine.kill_all();
        if let Some(mut daemon) = self.daemon.take() {
            daemon.wait().unwrap();
        }
        self.machine.empty_run();
    }

    /// Runs the `docker` command on it.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Output {
        docker(self.machine.folder(), &self.url()).args(arguments).output().unwrap()
    }

    /// Standard output of a `docker` command on it, which must succeed.
    pub(crate) fn say(&self, arguments: &[&str]) -> String {
        daemon::said(&self.docker(arguments), arguments)
    }

    /// Loads an image archive as `docker save` writes it.
    pub(crate) fn load(&self, archive: &Path) {
        self.say(&["load", "--input", archive.to_str().unwrap()]);
    }

    /// What has happened on it since then, oldest first.
    pub(crate) fn events(&self, since: SystemTime) -> Vec<Value> {
        let seconds =
            |at: SystemTime| format!("{:.9}", at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64());
        let (since, until) = (seconds(since), seconds(SystemTime::now()));
        let lines = self.say(&["events", "--since", &since, "--until", &until, "--format", "{{json .}}"]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Simulated hosts, each with a Docker daemon that takes TLS connections, on a network that this machine reaches.
pub(crate) struct Hosts {
    pub(crate) engines: Vec<Engine>,
    /// Certified `server`, which all hosts are, and `client`, whom they trust.
    pub(crate) authority: Authority,
    network: Network,
}

impl Hosts {
    /// `count` hosts, at most 200.
    pub(crate) fn new(count: u8) -> Self {
        let network = Network::new();
        let addresses: Vec<_> = (1..=count).map(|number| network.address(number)).collect();
        let authority = Authority::new(network.folder(), "authority");
        let names: Vec<_> = addresses.iter().map(|address| format!("IP:{address}")).collect();
        authority.certify("server", Use::Server, &names.join(","), None);
        authority.certify("client", Use::Client, "", None);
        let start = |number: u8| {
            let machine = Machine::new();
            network.join(&machine, number);
            let listening = authority.server_arguments(addresses[usize::from(number) - 1], TLS_PORT);
            Engine::on(machine, listening)
        };
        Self { engines: (1..=count).map(start).collect(), authority, network }
    }

    /// An address of the network that no host has.
    pub(crate) fn free_address(&self, number: u8) -> Ipv4Addr {
        assert!(usize::from(number) > self.engines.len());
        self.network.address(number)
    }

    /// The address of this machine on their network.
    pub(crate) fn this_machine(&self) -> Ipv4Addr {
        self.network.address(254)
    }

    /// The address of the host with this index.
    pub(crate) fn address(&self, index: usize) -> Ipv4Addr {
        self.network.address(u8::try_from(index + 1).unwrap())
    }

    /// Where its engine takes TLS connections: `IP:PORT`.
    pub(crate) fn tls(&self, index: usize) -> String {
        format!("{}:{TLS_PORT}", self.address(index))
    }

    /// The `docker` command on its engine over TLS, as a client that it trusts.
    pub(crate) fn docker_over_tls(&self, index: usize) -> Command {
        let tls = self.authority.tls("client");
        let mut command = docker(self.network.folder(), &format!("tcp://{}", self.tls(index)));
        command.arg("--tlsverify").arg("--tlscacert").arg(tls.ca);
        command.arg("--tlscert").arg(tls.cert).arg("--tlskey").arg(tls.key);
        command
    }

    /// Starts Podman's service on one more host; its address.
    pub(crate) fn podman(&self, number: u8) -> (Podman, Ipv4Addr) {
        let address = self.free_address(number);
        let machine = Machine::new();
        self.network.join(&machine, number);
        (Podman::on(machine, Whose::Roots), address)
    }

    /// Starts an ssh server on the host; it ends with what this gives.
    pub(crate) fn sshd(&self, index: usize) -> Sshd {
        Sshd::start(&self.engines[index].machine, self.address(index))
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
