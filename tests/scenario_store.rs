//! A disk that is full and a database that is held: no finished run is lost, and the user is told what to do.

mod world;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use world::{World, runs, text};

const TWO: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
tests:
  tcp: { iperf3: { duration: 1s, rate: 10M } }
  rtt: { ping: { count: 2, interval: 100ms } }
campaigns: { check: { group: all, run: [rtt, tcp] } }
";

struct Mount<'a>(&'a Path);

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

impl<'a> Mount<'a> {
    /// A disk of its own at `place`.
    fn new(place: &'a Path, size: &str) -> Self {
        std::fs::create_dir(place).unwrap();
        let size = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(place).status().unwrap();
        assert!(mounted.success());
        Self(place)
    }

    /// Leaves no byte free.
    fn fill(&self) {
        let filled = std::fs::File::create(self.0.join("ballast")).unwrap();
        while (&filled).write_all(&[1; 4096]).is_ok() {}
    }
}

#[test]
fn a_disk_that_is_full_before_anything_is_measured_is_told_and_nothing_is() {
    let world = World::new(TWO);
    let data = world.data();
    let disk = Mount::new(&data, "1m");
    world.expect(0, &["deploy"]);
    world.expect(0, &["list"]);
    disk.fill();
    let output = world.run(&["run"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("error: cannot") && said.contains(": the disk with") && said.contains("is full"), "{said}");
    assert!(said.contains("hint: free some space in"), "{said}");
    assert!(!said.contains("preflight") && output.stdout.is_empty(), "{said}");
    std::fs::remove_file(data.join("ballast")).unwrap();
    assert!(world.expect(0, &["list"]).contains("no campaign runs yet"));
    world.wait_for_silence(std::time::Duration::from_secs(1));
}

#[test]
fn a_folder_that_may_not_be_written_is_named_with_another_way() {
    let world = World::new(TWO);
    // Root may write everywhere but on such a disk.
    let disk = world.folder.path().join("read-only");
    let _mount = Mount::new(&disk, "1m");
    assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&disk).status().unwrap().success());
    for verb in [["list"].as_slice(), &["report"], &["run", "--from", "a", "--to", "b"]] {
        world.expect(0, &["deploy"]);
        let output = world.command(verb).env("IPERFTESTER_DATA_DIR", disk.join("data")).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{verb:?}: {said}");
        assert!(said.contains(&format!("cannot make the folder {}", disk.join("data").display())), "{said}");
        assert!(said.contains("IPERFTESTER_DATA_DIR=FOLDER"), "{said}");
    }
}

#[test]
fn a_full_disk_loses_no_finished_run() {
    let world = World::new(TWO);
    let data = world.data();
    let disk = Mount::new(&data, "1m");
    world.expect(0, &["deploy"]);
    world.expect(0, &["list"]);
    // Full from the first result on.
    let mut child = world.spawn(&["run", "--output", "json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["event"], "preflight", "{first}");
    disk.fill();
    let events: Vec<Value> = lines.map(|l| serde_json::from_str(&l.unwrap()).unwrap()).collect();
    child.wait().unwrap();
    let notice = events.iter().find(|e| e["event"] == "notice").expect("the user is told");
    assert!(notice["text"].as_str().unwrap().contains("full"), "{notice}");
    assert!(notice["hint"].as_str().unwrap().contains("free some space"), "{notice}");

    std::fs::remove_file(data.join("ballast")).unwrap();
    let report = world.report();
    assert_eq!(runs(&report).len(), 4, "{events:#?}");
    assert!(runs(&report).iter().all(|run| run["status"] == "ok"));
}

#[test]
fn a_held_database_loses_no_finished_run() {
    let world = World::new(TWO);
    world.expect(0, &["deploy"]);
    world.expect(0, &["list"]);
    let mut child = world.spawn(&["run", "--output", "json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    let mut holder = Command::new("sqlite3")
        .arg(world.data().join("results.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut hold = holder.stdin.take().unwrap();
    writeln!(hold, ".timeout 5000\nBEGIN EXCLUSIVE;\nSELECT 'held';").unwrap();
    let mut said = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said.trim(), "held");
    let events: Vec<Value> = lines.map(|l| serde_json::from_str(&l.unwrap()).unwrap()).collect();
    let output = child.wait_with_output().unwrap();
    let notice = events.iter().find(|e| e["event"] == "notice").expect("the user is told");
    assert!(notice["text"].as_str().unwrap().contains("another process"), "{notice} {}", text(&output.stderr));
    drop(hold);
    holder.wait().unwrap();
    assert_eq!(runs(&world.report()).len(), 4, "{events:#?}");
}
