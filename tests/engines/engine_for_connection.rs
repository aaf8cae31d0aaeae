//! Servers that a connection is tried against: a dockerd, an sshd, certificates. Each lives in a folder of its own and ends
//! with its guard.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use iperftester::domain::host::Tls;
use tempfile::TempDir;

/// Runs a program of the system that has to succeed.
pub(crate) fn must(program: &str, arguments: &[&str], folder: &Path) {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

/// A port of 127.0.0.1 at which nobody listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Waits for what is not there at once.
pub(crate) fn until(limit: Duration, what: &str, mut ready: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !ready() {
        assert!(Instant::now() < end, "{what} is not ready after {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a certificate is for.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    Server,
    Client,
}

/// A certificate authority in a folder, which keeps the certificates too.
pub(crate) struct Authority {
    folder: PathBuf,
}

impl Authority {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let settings = "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nrand_serial=yes\nnew_certs_dir=.\ncertificate=ca.pem\n\
                        private_key=ca.key\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n";
        std::fs::write(folder.join("cnf"), settings).unwrap();
        std::fs::write(folder.join("index"), "").unwrap();
        let subject = format!("/CN={name}");
        must("openssl", &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ca.key"], &folder);
        must(
            "openssl",
            &["req", "-x509", "-new", "-key", "ca.key", "-subj", &subject, "-days", "2", "-out", "ca.pem"],
            &folder,
        );
        Self { folder }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Makes `NAME.pem` and `NAME.key`, valid from the day before to the day after, or in `year` alone.
    pub(crate) fn certify(&self, name: &str, what: Use, names: &str, year: Option<u16>) {
        let file = |end: &str| format!("{name}.{end}");
        let purpose = match what {
            Use::Server => format!("extendedKeyUsage=serverAuth\nsubjectAltName={names}\n"),
            Use::Client => "extendedKeyUsage=clientAuth\n".to_owned(),
        };
        std::fs::write(self.file(&file("ext")), purpose).unwrap();
        let day = |days| (chrono::Utc::now() + chrono::TimeDelta::days(days)).format("%Y%m%d%H%M%SZ").to_string();
        let [from, to] = match year {
            Some(year) => [format!("{year}0101000000Z"), format!("{year}1231000000Z")],
            None => [day(-1), day(1)],
        };
        let (key, csr, pem, ext) = (file("key"), file("csr"), file("pem"), file("ext"));
        let subject = format!("/CN={name}");
        must("openssl", &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key], &self.folder);
        must("openssl", &["req", "-new", "-key", &key, "-subj", &subject, "-out", &csr], &self.folder);
        let signed =
            ["ca", "-batch", "-notext", "-config", "cnf", "-startdate", &from, "-enddate", &to, "-extfile", &ext];
        must("openssl", &[&signed[..], &["-in", &csr, "-out", &pem]].concat(), &self.folder);
    }

    /// The files of a client of a server that this authority certified.
    pub(crate) fn tls(&self, client: &str) -> Tls {
        let [cert, key] = ["pem", "key"].map(|end| self.file(&format!("{client}.{end}")));
        Tls { ca: self.file("ca.pem"), cert, key }
    }
}

/// A program that is killed with its group at the end.
pub(crate) struct Server(Child);

impl Server {
    /// Starts it, its output in `log`.
    pub(crate) fn start(program: &str, arguments: &[&str], log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out).process_group(0);
        Self(command.spawn().unwrap())
    }

    fn signal(&self, signal: &str, whole: bool) {
        let target = format!("{}{}", if whole { "-" } else { "" }, self.0.id());
        let _ = Command::new("kill").args([signal, "--", &target]).output();
    }

    /// Kills it alone, as a machine without memory would.
    pub(crate) fn kill(&mut self) {
        self.signal("-KILL", false);
        let _ = self.0.wait();
    }

    /// `openssl s_server` with mutual TLS, which answers every request with a page of its own.
    pub(crate) fn tls(authority: &Authority, certificate: &str) -> (Self, u16) {
        let port = free_port();
        let [cert, key] =
            ["pem", "key"].map(|end| authority.file(&format!("{certificate}.{end}")).display().to_string());
        let (accept, ca) = (format!("127.0.0.1:{port}"), authority.file("ca.pem").display().to_string());
        let arguments =
            ["s_server", "-accept", &accept, "-cert", &cert, "-key", &key, "-CAfile", &ca, "-Verify", "1", "-www"];
        let server = Self::start("openssl", &arguments, &authority.file("s_server.log"));
        until(Duration::from_secs(10), "s_server", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        (server, port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("-TERM", false);
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.signal("-KILL", true);
        let _ = self.0.wait();
    }
}

/// A dockerd on a socket and on a TLS port of 127.0.0.1, certified as `server` by `authority`.
pub(crate) struct Dockerd {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    server: Option<Server>,
}

impl Dockerd {
    pub(crate) fn start(authority: &Authority) -> Self {
        let folder = tempfile::Builder::new().prefix("iperftester-dockerd").tempdir().unwrap();
        let port = free_port();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let [ca, cert, key] =
            ["ca.pem", "server.pem", "server.key"].map(|file| authority.file(file).display().to_string());
        let (socket, address) = (format!("unix://{}", at("docker.sock")), format!("tcp://127.0.0.1:{port}"));
        let (data, exec, pid) = (at("data"), at("exec"), at("pid"));
        let hosts =
            ["-H", &socket, "-H", &address, "--tlsverify", "--tlscacert", &ca, "--tlscert", &cert, "--tlskey", &key];
        let own = ["--data-root", &data, "--exec-root", &exec, "--pidfile", &pid, "--iptables=false", "--bridge=none"];
        let server = Server::start("/usr/sbin/dockerd", &[&hosts[..], &own].concat(), &folder.path().join("log"));
        let dockerd = Self { folder, port, server: Some(server) };
        until(Duration::from_secs(60), "dockerd", || UnixStream::connect(dockerd.socket()).is_ok());
        dockerd
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Kills the daemon alone; its containers stay until the end.
    pub(crate) fn kill(&mut self) {
        self.server.as_mut().unwrap().kill();
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        // Ends the daemon and, with its group, what a killed one left.
        self.server = None;
        remove_what_runs_in(self.folder.path());
    }
}

/// Kills what is left of containers below `folder`, and unmounts what is mounted there.
fn remove_what_runs_in(folder: &Path) {
    let folder = folder.display().to_string();
    // Each container has a shim that names the folder, and its processes below.
    for process in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let pid = process.file_name().into_string().unwrap_or_default();
        if String::from_utf8_lossy(&words).contains(&folder) && pid != std::process::id().to_string() {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            for pid in children.split_whitespace().chain([pid.as_str()]) {
                let _ = Command::new("kill").args(["-KILL", pid]).output();
            }
        }
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    for mount in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)).filter(|at| at.starts_with(&folder)) {
        let _ = Command::new("umount").args(["-l", mount]).output();
    }
}

/// Podman's service, which speaks Docker's API.
pub(crate) struct Podman {
    folder: TempDir,
    server: Option<Server>,
}

impl Podman {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("iperftester-podman").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let [root, run] = ["root", "run"].map(at);
        let socket = format!("unix://{}", at("podman.sock"));
        let own = ["--root", &root, "--runroot", &run, "--cgroup-manager=cgroupfs", "--runtime=runc"];
        let service = ["system", "service", "--time=0", &socket];
        // Its own wish may be more than this machine allows (`ulimit -Hn`).
        std::fs::write(
            at("containers.conf"),
            "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n",
        )
        .unwrap();
        let configured = format!("CONTAINERS_CONF={}", at("containers.conf"));
        let words = [&[configured.as_str(), "podman"][..], &own, &service].concat();
        let server = Server::start("env", &words, &folder.path().join("log"));
        let podman = Self { folder, server: Some(server) };
        until(Duration::from_secs(30), "podman", || UnixStream::connect(podman.socket()).is_ok());
        podman
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        self.server = None;
        remove_what_runs_in(self.folder.path());
    }
}

/// An sshd on a port of 127.0.0.1, and the configuration of a user who may enter.
pub(crate) struct Sshd {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    _server: Server,
}

impl Sshd {
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("iperftester-sshd").tempdir().unwrap();
        let port = free_port();
        for key in ["host", "user", "stranger"] {
            must("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", key], folder.path());
        }
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir_all("/run/sshd").unwrap();
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n",
            at("host"),
            at("user.pub")
        );
        std::fs::write(at("sshd_config"), server).unwrap();
        let sshd = Server::start("/usr/sbin/sshd", &["-D", "-e", "-f", &at("sshd_config")], &folder.path().join("log"));
        until(Duration::from_secs(10), "sshd", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        let sshd = Self { folder, port, _server: sshd };
        sshd.know("host");
        sshd.show("user");
        sshd
    }

    /// The user's ssh, which is plain ssh with a configuration of its own.
    pub(crate) fn ssh(&self) -> Vec<String> {
        ["ssh".to_owned(), "-F".to_owned(), self.folder.path().join("ssh_config").display().to_string()].to_vec()
    }

    /// Lets the user know this key as that of the host.
    pub(crate) fn know(&self, key: &str) {
        let public = std::fs::read_to_string(self.folder.path().join(format!("{key}.pub"))).unwrap();
        std::fs::write(self.folder.path().join("known_hosts"), format!("[127.0.0.1]:{} {public}", self.port)).unwrap();
    }

    /// Lets the user know no host.
    pub(crate) fn know_nobody(&self) {
        std::fs::write(self.folder.path().join("known_hosts"), "").unwrap();
    }

    /// Lets the user show this key.
    pub(crate) fn show(&self, key: &str) {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let text = format!(
            "Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n",
            at(key),
            at("known_hosts")
        );
        std::fs::write(at("ssh_config"), text).unwrap();
    }
}
