//! A server of this machine itself that speaks TLS and is no engine, killed with its group at the end.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::certificates::Authority;
use super::machine::eventually;

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
