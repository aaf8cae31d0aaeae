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

#[test]
fn a_full_disk_loses_no_finished_run() {
    let world = World::new(TWO);
    let data = world.data();
    std::fs::create_dir(&data).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&data).status().unwrap();
    assert!(mounted.success());
    let _mount = Mount(&data);
    world.expect(0, &["deploy"]);
    world.expect(0, &["list"]);
    // Full from the first result on.
    let mut child = world.spawn(&["run", "--output", "json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(first["event"], "preflight", "{first}");
    let filled = std::fs::File::create(data.join("ballast")).unwrap();
    let chunk = vec![1_u8; 4096];
    while (&filled).write_all(&chunk).is_ok() {}
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
