//! An ssh server on a simulated host, and a client that knows it.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use super::machine::{Machine, eventually, found, must};

/// Its port.
const PORT: u16 = 2222;

/// A name that only the client's configuration knows.
pub(crate) const ALIAS: &str = "the-edge";
/// Another, of the same server by a way through itself; as with ProxyJump, nobody here knows the name that it stands for.
pub(crate) const BEHIND: &str = "the-edge-behind";
/// That name.
pub(crate) const NOWHERE: &str = "inside.invalid";

/// A running server. On its host the engine's socket is where it is everywhere: /var/run/docker.sock.
pub(crate) struct Sshd {
    server: Child,
    folder: PathBuf,
    address: Ipv4Addr,
}

impl Sshd {
    pub(super) fn start(machine: &Machine, address: Ipv4Addr) -> Self {
        let folder = machine.folder().join("ssh");
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        for key in ["host_key", "key", "stranger"] {
            let _ = std::fs::remove_file(folder.join(key));
            let file = folder.join(key);
            must(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file));
        }
        let at = folder.display();
        write(
            "sshd_config",
            &format!(
                "Port {PORT}\nListenAddress {address}\nHostKey {at}/host_key\nAuthorizedKeysFile {at}/key.pub\n\
                 StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin prohibit-password\n\
                 PasswordAuthentication no\n"
            ),
        );
        let ssh = found("ssh").expect("ssh is there");
        write("bin/ssh", &format!("#!/bin/sh\nexec {} -F {at}/config \"$@\"\n", ssh.display()));
        must(Command::new("chmod").arg("755").arg(folder.join("bin/ssh")));
        let log = std::fs::File::create(folder.join("log")).unwrap();
        // sshd wants to be called by its whole path.
        let sshd = found("sshd").expect("sshd is there");
        let mut command = machine.command(sshd.to_str().unwrap());
        command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config")).stderr(log);
        let server = command.spawn().unwrap();
        let started = Self { server, folder, address };
        let here = SocketAddr::from((address, PORT));
        let listens = eventually(|| TcpStream::connect_timeout(&here, Duration::from_secs(1)).is_ok());
        assert!(listens, "{}", std::fs::read_to_string(started.folder.join("log")).unwrap());
        started.know("host_key");
        started.show("key");
        started
    }

    /// Lets the client know this key as that of the host.
    pub(crate) fn know(&self, key: &str) {
        let public = std::fs::read_to_string(self.folder.join(format!("{key}.pub"))).unwrap();
        std::fs::write(self.folder.join("known_hosts"), format!("[{}]:{PORT} {public}", self.address)).unwrap();
    }

    /// Lets the client know no host.
    pub(crate) fn know_nobody(&self) {
        std::fs::write(self.folder.join("known_hosts"), "").unwrap();
    }

    /// Lets the client show this key.
    pub(crate) fn show(&self, key: &str) {
        let (at, address) = (self.folder.display(), self.address);
        let text = format!(
            "Host {ALIAS}\n  HostName {address}\n  Port {PORT}\n  User root\n\
             Host {BEHIND}\n  HostName {NOWHERE}\n  HostKeyAlias [{address}]:{PORT}\n  User root\n  \
             ProxyCommand {at}/bin/ssh -W {address}:{PORT} {ALIAS}\n\
             Host *\n  IdentityFile {at}/{key}\n  IdentitiesOnly yes\n  UserKnownHostsFile {at}/known_hosts\n  \
             GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  BatchMode yes\n"
        );
        std::fs::write(self.config(), text).unwrap();
    }

    /// Where it is: `ssh://root@IP:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("ssh://root@{}:{PORT}", self.address)
    }

    /// The configuration of a client that knows this server and has its key: `ssh -F`.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("config")
    }

    /// A `PATH` whose `ssh` uses that configuration; OpenSSH looks for a user's own in no `HOME`, only in passwd(5).
    pub(crate) fn path(&self) -> String {
        format!("{}:{}", self.folder.join("bin").display(), std::env::var("PATH").unwrap())
    }

    /// `ssh` to it, with a command.
    pub(crate) fn ssh(&self, command: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.env("PATH", self.path()).args([&self.url(), command]);
        ssh
    }

    /// Where it keeps its keys.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
