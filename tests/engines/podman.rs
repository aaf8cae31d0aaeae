//! Podman's service, which speaks Docker's API, on a machine of its own: root's, or an ordinary user's.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use super::machine::{Machine, found};
use super::{Sshd, daemon, docker, text};

/// Its own wishes may be more than this machine allows (`ulimit -Hn`), and nothing of the machine's own Podman is shared.
const SETTINGS: &str = r#"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[network]
network_backend = "netavark"
network_config_dir = "NETWORKS"
[engine]
lock_type = "file"
cgroup_manager = "cgroupfs"
runtime = "RUNTIME"
"#;

/// Makes a user that only this machine knows, and gives it what an ordinary system gives to all: /dev/net/tun.
const AS_USER: &str = r#"
set -eu
folder=$1; shift
mount --make-rshared /
for file in passwd group subuid subgid; do
    [ ! -e /etc/$file ] || cp /etc/$file "$folder/$file"
done
echo "podman:x:NUMBER:NUMBER::$folder/home:/bin/sh" >> "$folder/passwd"
echo "podman:x:NUMBER:" >> "$folder/group"
echo "podman:300000:65536" > "$folder/subuid"
cp "$folder/subuid" "$folder/subgid"
for file in passwd group subuid subgid; do
    [ -e /etc/$file ] || touch /etc/$file
    mount --bind "$folder/$file" /etc/$file
done
[ -e "$folder/tun" ] || mknod -m 666 "$folder/tun" c 10 200
mount --bind "$folder/tun" /dev/net/tun
mkdir -p "$folder/home" "$folder/run/podman" "$folder/run/user"
chown NUMBER:NUMBER "$folder/home" "$folder/run/podman" "$folder/run/user"
chmod 700 "$folder/run/user"
exec setpriv --reuid NUMBER --regid NUMBER --init-groups env HOME="$folder/home" USER=podman XDG_RUNTIME_DIR="$folder/run/user" "$@"
"#;

/// The user's number, nobody else's.
const USER: &str = "54321";

/// Under whom it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Roots,
    Users,
}

/// A service that answers; with it goes everything that it made.
pub(crate) struct Podman {
    service: Child,
    pub(crate) machine: Machine,
}

impl Podman {
    /// What is missing for it here; `None` where it can be started.
    pub(crate) fn missing(whose: Whose) -> Option<String> {
        let mut programs = vec!["podman", "conmon", "docker"];
        if whose == Whose::Users {
            programs.extend(["newuidmap", "slirp4netns", "setpriv"]);
        }
        let without = super::missing();
        let lacks = programs.iter().find(|program| found(program).is_none()).map(|program| format!("`{program}`"));
        let network = (!Path::new("/usr/lib/podman/netavark").exists()).then(|| "netavark".to_owned());
        without.or_else(|| lacks.or(network).map(|what| format!("Podman's service: there is no {what} here")))
    }

    /// One on a machine without a network.
    pub(crate) fn start(whose: Whose) -> Self {
        Self::on(Machine::new(), whose)
    }

    pub(super) fn on(machine: Machine, whose: Whose) -> Self {
        let folder = machine.folder().to_owned();
        std::fs::create_dir_all(folder.join("run/podman")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let runtime = if found("crun").is_some() { "crun" } else { "runc" };
        let networks = at(if whose == Whose::Roots { "networks" } else { "home/networks" });
        let configured = folder.join("containers.conf");
        std::fs::write(&configured, SETTINGS.replace("NETWORKS", &networks).replace("RUNTIME", runtime)).unwrap();
        let url = format!("unix://{}", folder.join("run/podman/podman.sock").display());
        let mut command = match whose {
            Whose::Roots => {
                let mut podman = machine.command("podman");
                podman.args(["--root", &at("root"), "--runroot", "/run/containers"]);
                podman
            }
            Whose::Users => {
                let mut shell = machine.command("sh");
                shell.args(["-c", &AS_USER.replace("NUMBER", USER), "as-user"]).arg(&folder).arg("podman");
                shell
            }
        };
        let log = folder.join("podman.log");
        let file = std::fs::File::create(&log).unwrap();
        command.args(["system", "service", "--time=0", &url]).env("CONTAINERS_CONF", configured);
        let service = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
        let mut podman = Self { service, machine };
        let socket = podman.socket();
        daemon::wait_for(&mut podman.service, &socket, &log);
        podman
    }

    /// Its unix socket, /run/podman/podman.sock of its machine.
    pub(crate) fn socket(&self) -> PathBuf {
        self.machine.folder().join("run/podman/podman.sock")
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Starts an ssh server on its machine.
    pub(crate) fn sshd(&self, address: Ipv4Addr) -> Sshd {
        Sshd::start(&self.machine, address)
    }

    /// Runs the `docker` command on it.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Output {
        docker(self.machine.folder(), &self.url()).args(arguments).output().unwrap()
    }

    /// Standard output of a `docker` command on it, which must succeed.
    pub(crate) fn say(&self, arguments: &[&str]) -> String {
        daemon::said(&self.docker(arguments), arguments)
    }

    /// All containers and networks on it that it has not of itself, with their identities and, for containers, since when.
    pub(crate) fn inventory(&self) -> Vec<String> {
        let containers = self.say(&["ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.ID}} {{.State}}"]);
        let networks = self.say(&["network", "ls", "--no-trunc", "--format", "{{.Name}} {{.ID}}"]);
        // Its own is called as Docker's is.
        let networks = networks.lines().filter(|line| !line.starts_with("bridge "));
        let mut all: Vec<String> = containers.lines().chain(networks).map(str::to_owned).collect();
        all.sort();
        all
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // What a failed test leaves; its processes are in namespaces and groups that are not the machine's.
        let left = text(&self.docker(&["ps", "-aq"]).stdout);
        if !left.trim().is_empty() {
            let _ = self.docker(&[&["rm", "-f"][..], &left.split_whitespace().collect::<Vec<_>>()].concat());
        }
        // Without root it may itself be in the network of its containers.
        let folder = format!("{}/", self.machine.folder().display());
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            if text(&words).contains(&folder) {
                let _ = Command::new("kill").arg("-9").arg(process.file_name()).output();
            }
        }
        self.machine.kill_all();
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}
