//! The executable needs nothing of the system that it starts on: as an agent in a root that is empty but for busybox, and in
//! the user land of a Debian whose C library is older than the one that it was built with.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/images.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod images;
mod world;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use iperftester::protocol::VERSION;
use serde_json::{Value, json};

fn inside(root: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("chroot");
    command.arg(root).args(words).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// Puts the executable into `root` and has it tell its version and be an agent there.
fn starts_in(root: &Path) {
    std::fs::create_dir_all(root.join("usr/local/bin")).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_iperftester"), root.join("usr/local/bin/iperftester")).unwrap();
    let version = inside(root, &["/usr/local/bin/iperftester", "--version"]).output().unwrap();
    assert!(version.status.success(), "{}", world::text(&version.stderr));
    assert_eq!(world::text(&version.stdout), format!("iperftester {}\n", env!("CARGO_PKG_VERSION")));
    let mut agent = inside(root, &["/usr/local/bin/iperftester", "agent"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let hello = json!({ "request": "hello", "protocol": VERSION, "ports": { "first": 5201, "last": 5220 } });
    // Held open until it has answered: its end is the controller's, to whom nothing more is said.
    let mut to = agent.stdin.take().unwrap();
    writeln!(to, "{hello}").unwrap();
    let mut said = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut said).unwrap();
    drop(to);
    let ended = agent.wait_with_output().unwrap();
    let first: Value =
        serde_json::from_str(&said).unwrap_or_else(|fault| panic!("{fault}: {said}{}", world::text(&ended.stderr)));
    assert_eq!(first["reply"], "hello", "{first}");
    assert_eq!(first["facts"]["agent_version"], env!("CARGO_PKG_VERSION"), "{first}");
}

#[test]
fn it_starts_where_there_is_only_busybox() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("bin")).unwrap();
    std::fs::copy(world::installed("busybox"), root.path().join("bin/busybox")).unwrap();
    let libraries = inside(root.path(), &["/bin/busybox", "find", "/", "-name", "*.so*"]).output().unwrap();
    assert_eq!((libraries.status.code(), world::text(&libraries.stdout)), (Some(0), String::new()));
    starts_in(root.path());
}

#[test]
fn it_starts_in_the_user_land_of_debian_11() {
    let Some(tar) = images::user_land("bullseye") else { return };
    let root = tempfile::tempdir().unwrap();
    let mut unpack = Command::new("tar");
    unpack.args(["--extract", "--exclude=./dev", "--file"]).arg(&tar).current_dir(root.path());
    assert!(unpack.status().unwrap().success());
    let version = std::fs::read_to_string(root.path().join("etc/debian_version")).unwrap();
    assert!(version.starts_with("11."), "{version}");
    starts_in(root.path());
}
