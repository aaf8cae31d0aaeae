//! What Docker's daemon and Podman's service have in common: they answer on a socket, and the `docker` command speaks to them.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use super::text;

/// A daemon is ready within a second; on a busy machine it takes more.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Waits until `daemon` answers on `socket`. One that does not is ended, and told with its log.
pub(super) fn wait_for(daemon: &mut Child, socket: &Path, log: &Path) {
    let until = Instant::now() + READY_WITHIN;
    while !answers(socket) {
        let ended = daemon.try_wait().unwrap();
        if ended.is_some() || Instant::now() > until {
            let _ = daemon.kill();
            let _ = daemon.wait();
            panic!(
                "no answer at {} ({ended:?}):\n{}",
                socket.display(),
                std::fs::read_to_string(log).unwrap_or_default()
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Does a daemon answer on this socket?
fn answers(socket: &Path) -> bool {
    let ask = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    };
    ask().is_ok_and(|answer: String| answer.contains(" 200 OK"))
}

/// The `docker` command on an engine, with nothing of the user's.
pub(crate) fn docker(home: &Path, url: &str) -> Command {
    let mut command = Command::new("docker");
    command.args(["-H", url]).env("DOCKER_CONFIG", home);
    for variable in ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"] {
        command.env_remove(variable);
    }
    command
}

/// Standard output of such a command, which must succeed.
pub(super) fn said(output: &Output, arguments: &[&str]) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "docker {arguments:?}\n{out}{err}");
    out.trim().to_owned()
}
