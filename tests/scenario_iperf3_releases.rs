//! iperf3 as three Debian releases have it, each against the others: 3.9 of bullseye, the installed one, 3.18 of trixie.
//! `scripts/iperf3-releases.sh` lays them into target/; where it could not, the tests say "skipped" and why.

mod world;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use world::{World, jq, runs, text};

/// TCP's payload of 50 Mbit/s in frames: 1448 of 1514 bytes.
const GOODPUT: f64 = 50e6 * 1448.0 / 1514.0;

const PAIR: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
links: { wire: { between: [a, b], impair: { rate: 50M } } }
tests:
  tcp: { iperf3: { duration: 2s } }
  back: { iperf3: { duration: 2s, direction: reverse } }
  udp: { iperf3: { duration: 2s, protocol: udp, rate: 20M } }
  four: { iperf3: { duration: 2s, streams: 4 } }
  at-once: { iperf3: { duration: 2s, direction: bidirectional } }
groups: { one: { pairs: [[a, b]], one-way: true } }
campaigns: { check: { group: one, run: [tcp, back, udp, four, at-once] } }
";

/// The iperf3 of another release; without it the reason is told, and counted by scripts/test.sh.
fn release(suite: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/iperf3").join(suite);
    if place.join("iperf3").exists() {
        return Some(place.join("iperf3"));
    }
    let why = fs::read_to_string(place.join("missing"))
        .unwrap_or_else(|_| "scripts/iperf3-releases.sh has not run".to_owned());
    world::skipped(&format!("iperf3 of {suite}: {}", why.trim()));
    None
}

fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output().unwrap();
    text(&output.stdout).split_whitespace().nth(1).unwrap().to_owned()
}

/// Measures with `source` on a and `destination` on b: an `iperf3` that is the one or the other by where it is started.
fn measure(source: &Path, destination: &Path) -> Value {
    let world = World::new(PAIR);
    let folder = world.folder.path().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("iperf3");
    let script = format!(
        "#!/bin/sh\ncase \"$(ip netns identify $$)\" in *.a) exec {} \"$@\";; *) exec {} \"$@\";; esac\n",
        source.display(),
        destination.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    world.expect(0, &["deploy"]);
    let paths = std::env::var("PATH").unwrap();
    let mut command = world.command(&["run"]);
    let output = command.env("PATH", format!("{}:{paths}", folder.display())).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    world.wait_for_silence(std::time::Duration::from_secs(2));
    world.report()
}

fn of<'a>(report: &'a Value, test: &str) -> &'a Value {
    let run =
        runs(report).iter().find(|run| run["test"] == test).unwrap_or_else(|| panic!("no run of {test}: {report}"));
    assert_eq!(run["status"], "ok", "{test}: {run}");
    run
}

fn rate(run: &Value) -> f64 {
    run["measurement"]["throughput_bits_per_second"].as_f64().unwrap_or_else(|| panic!("no throughput: {run}"))
}

/// What holds for each two releases.
fn check(source: &Path, destination: &Path, processes: u64) {
    let pair = format!("{} to {}", version(source), version(destination));
    let report = measure(source, destination);
    for test in ["tcp", "back", "four"] {
        let run = of(&report, test);
        let share = rate(run) / GOODPUT;
        // In 2 s the link's burst (1 %) and the last round trip of an old server (2 %) show.
        // Several processes do not start at one moment, as their note says.
        let most = if test == "four" && processes > 1 { 1.10 } else { 1.03 };
        assert!((0.93..most).contains(&share), "{pair}, {test}: {share} of the link, {}", run["measurement"]);
    }
    let udp = of(&report, "udp");
    assert!((0.95..1.01).contains(&(rate(udp) / 20e6)), "{pair}: {}", udp["measurement"]);
    assert_eq!(udp["measurement"]["loss_ratio"], 0.0, "{pair}: {}", udp["measurement"]);

    let four = of(&report, "four");
    assert_eq!(four["measurement"]["processes"].as_u64().unwrap_or(1), processes, "{pair}: {}", four["measurement"]);
    assert_eq!(four["measurement"]["streams"], 4, "{pair}");
    let notes = four["measurement"]["notes"].to_string();
    assert_eq!(notes.contains("the sum can exceed the link"), processes > 1, "{pair}: {notes}");
    let raw = four["raw"].as_str().unwrap();
    assert_eq!(jq("[., inputs] | length", raw), processes.to_string(), "{pair}");
    let sum: f64 = jq("[., inputs] | map(.end.sum_received.bits_per_second) | add", raw).parse().unwrap();
    assert!((sum / rate(four) - 1.0).abs() < 1e-9, "{pair}: {sum} {}", four["measurement"]);

    let at_once = &of(&report, "at-once")["measurement"];
    let reverse = at_once["reverse"]["throughput_bits_per_second"].as_f64();
    assert!(reverse.is_some_and(|rate| rate > 10e6), "{pair}, both ways at once: {at_once}");
    assert_eq!(of(&report, "tcp")["measurement"]["tool_version"], version(source), "{pair}");
}

#[test]
fn an_old_client_measures_against_a_new_server() {
    let (Some(old), Some(new)) = (release("bullseye"), release("trixie")) else { return };
    check(&old, &new, 4);
}

#[test]
fn a_new_client_measures_against_an_old_server() {
    let (Some(old), Some(new)) = (release("bullseye"), release("trixie")) else { return };
    check(&new, &old, 4);
}

#[test]
fn streams_with_threads_of_their_own_are_one_process() {
    let Some(new) = release("trixie") else { return };
    check(&new, &new, 1);
}

#[test]
fn the_installed_one_and_each_other_understand_each_other() {
    for suite in ["bullseye", "trixie"] {
        let Some(other) = release(suite) else { continue };
        check(&world::installed("iperf3"), &other, 4);
    }
}
