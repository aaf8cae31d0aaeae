//! A Docker engine of the test's own: on a socket in a temporary folder, without networks, removed at the end.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::world::text;

pub(crate) struct Dockerd {
    folder: TempDir,
    daemon: Child,
}

impl Dockerd {
    pub(crate) fn start() -> Self {
        // Its sockets lie deep, and a socket's path has 107 bytes at most (unix(7)).
        let folder = tempfile::Builder::new().prefix("dockerd").tempdir_in("/tmp").unwrap();
        let at = |name: &str| folder.path().join(name);
        let log = std::fs::File::create(at("log")).unwrap();
        let daemon = Command::new("dockerd")
            .args(["--bridge=none", "--iptables=false", "--host"])
            .arg(format!("unix://{}", at("docker.sock").display()))
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut started = Self { folder, daemon };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !started.docker(&["version"]).status.success() {
            let log = || std::fs::read_to_string(started.folder.path().join("log")).unwrap();
            assert!(Instant::now() < deadline, "the engine does not answer:\n{}", log());
            assert!(started.daemon.try_wait().unwrap().is_none(), "the engine has ended:\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        started
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// Docker's own client on this engine.
    pub(crate) fn docker(&self, words: &[&str]) -> Output {
        let socket = format!("unix://{}", self.socket().display());
        Command::new("docker").args(words).env("DOCKER_HOST", socket).stdin(Stdio::null()).output().unwrap()
    }

    /// The same, which has to succeed; its output, trimmed.
    pub(crate) fn expect(&self, words: &[&str]) -> String {
        let ran = self.docker(words);
        assert!(ran.status.success(), "docker {words:?}: {}", text(&ran.stderr));
        text(&ran.stdout).trim().to_owned()
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.daemon.id().to_string()).status();
        let deadline = Instant::now() + Duration::from_secs(20);
        while matches!(self.daemon.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        // The network of a container that has ended stays mounted.
        let _ = Command::new("umount").arg(self.folder.path().join("exec/netns/default")).output();
    }
}
