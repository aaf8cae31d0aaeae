//! Servers of this machine itself, each killed with its group at the end: one that speaks TLS and is no engine, and Podman.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::certificates::Authority;
use super::machine::eventually;

/// Its own wish may be more than this machine allows (`ulimit -Hn`).
const LIMITS: &str = "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n";

/// A port of 127.0.0.1 at which nobody listens.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A program that is ended with its group.
pub(crate) struct Server(Child);

impl Server {
    /// Starts it, its output in `log`.
    pub(super) fn start(program: &str, arguments: &[&str], log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out).process_group(0);
        Self(command.spawn().unwrap())
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
        assert!(eventually(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()), "s_server does not listen");
        (server, port)
    }

    fn signal(&self, signal: &str, target: &str) {
        let _ = Command::new("kill").args([signal, "--", target]).output();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        self.signal("-TERM", &pid);
        eventually(|| !matches!(self.0.try_wait(), Ok(None)));
        self.signal("-KILL", &format!("-{pid}"));
        let _ = self.0.wait();
    }
}

/// Podman's service, which speaks Docker's API.
pub(crate) struct Podman {
    folder: TempDir,
    server: Option<Server>,
}

impl Podman {
    /// One that answers.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("iperftester-podman").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let [root, run] = ["root", "run"].map(at);
        let socket = format!("unix://{}", at("podman.sock"));
        let own = ["--root", &root, "--runroot", &run, "--cgroup-manager=cgroupfs", "--runtime=runc"];
        let service = ["system", "service", "--time=0", &socket];
        std::fs::write(at("containers.conf"), LIMITS).unwrap();
        let configured = format!("CONTAINERS_CONF={}", at("containers.conf"));
        let words = [&[configured.as_str(), "podman"][..], &own, &service].concat();
        let server = Server::start("env", &words, &folder.path().join("log"));
        let podman = Self { folder, server: Some(server) };
        assert!(eventually(|| UnixStream::connect(podman.socket()).is_ok()), "podman does not listen");
        podman
    }

    /// Its unix socket.
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

/// Kills what is left of containers below `folder`, and unmounts what is mounted there.
fn remove_what_runs_in(folder: &Path) {
    let folder = folder.display().to_string();
    // Each container has a monitor that names the folder, and its processes below.
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
