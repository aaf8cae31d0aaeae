//! iperf3 as three Debian releases have it, each against the others: 3.9 of bullseye, the installed one, 3.18 of trixie.
//! `scripts/iperf3-releases.sh` lays them into target/; where it could not, the tests say "skipped" and why.

mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
  four: { iperf3: { duration: 5s, streams: 4 } }
  at-once: { iperf3: { duration: 2s, direction: bidirectional } }
groups: { one: { pairs: [[a, b]], one-way: true } }
campaigns: { check: { group: one, run: [tcp, back, udp, four, at-once] } }
";

/// The result of each process, whether it was asked for `-J` or for `--json-stream`.
const ENDS: &str = "[., inputs] | map(.end // (select(.event == \"end\") | .data))";

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

/// A deployed pair with `source` on a and `destination` on b, and the PATH that has it so: an `iperf3` that is the one or the
/// other by where it is started.
fn pair(topology: &str, source: &Path, destination: &Path) -> (World, String) {
    let world = World::new(topology);
    let script = format!(
        "case \"$(ip netns identify $$)\" in *.a) exec {} \"$@\";; *) exec {} \"$@\";; esac",
        source.display(),
        destination.display()
    );
    let paths = world.instead_of("iperf3", &script);
    world.expect(0, &["deploy"]);
    (world, paths)
}

fn measure(source: &Path, destination: &Path) -> Value {
    let (world, paths) = pair(PAIR, source, destination);
    // On a busy machine the processes of several streams may start too far apart to be a measurement.
    let run = || world.command(&["run"]).env("PATH", &paths).output().unwrap();
    let mut output = run();
    for _ in 0..2 {
        if output.status.code() != Some(0) {
            output = run();
        }
    }
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    world.wait_for_silence(Duration::from_secs(2));
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
        // Of several processes it is all that came from the first start to the last end, or in the time that all shared.
        let least = if test == "four" && processes > 1 { 0.85 } else { 0.93 };
        assert!((least..1.03).contains(&share), "{pair}, {test}: {share} of the link, {}", run["measurement"]);
    }
    let udp = of(&report, "udp");
    assert!((0.95..1.01).contains(&(rate(udp) / 20e6)), "{pair}: {}", udp["measurement"]);
    assert_eq!(udp["measurement"]["loss_ratio"], 0.0, "{pair}: {}", udp["measurement"]);

    let four = of(&report, "four");
    assert_eq!(four["measurement"]["processes"].as_u64().unwrap_or(1), processes, "{pair}: {}", four["measurement"]);
    assert_eq!(four["measurement"]["streams"], 4, "{pair}");
    let notes = four["measurement"]["notes"].to_string();
    assert_eq!(notes.contains("processes of one stream each"), processes > 1, "{pair}: {notes}");
    let raw = four["raw"].as_str().unwrap();
    assert_eq!(jq(&format!("{ENDS} | length"), raw), processes.to_string(), "{pair}");
    let sum: f64 = jq(&format!("{ENDS} | map(.sum_received.bits_per_second) | add"), raw).parse().unwrap();
    let exact = if processes > 1 { 0.15 } else { 1e-9 };
    assert!((sum / rate(four) - 1.0).abs() < exact, "{pair}: {sum} {}", four["measurement"]);

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

#[test]
fn a_client_that_is_cut_off_leaves_what_it_had_measured() {
    let Some(new) = release("trixie") else { return };
    let (world, paths) = pair(&PAIR.replace("tcp: { iperf3: { duration: 2s } }", "tcp: { iperf3: {} }"), &new, &new);
    let mut command = world.command(&["run", "--from", "a", "--to", "b", "--test", "tcp"]);
    let child = command.env("PATH", paths).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    let client = loop {
        let client = world.processes().into_iter().find(|line| line.contains(" --json-stream"));
        if let Some(client) = client {
            break client;
        }
        assert!(Instant::now() < until, "no client: {:#?}", world.processes());
        std::thread::sleep(Duration::from_millis(20));
    };
    std::thread::sleep(Duration::from_millis(3500));
    let pid = client.split(' ').nth(1).unwrap();
    assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let run = runs(&world.report())[0].clone();
    assert_eq!(run["status"], "failed", "{}", text(&output.stderr));
    assert!(run["measurement"].is_null(), "{run}");
    let raw = run["raw"].as_str().unwrap();
    assert_eq!(jq("[., inputs] | map(select(.event == \"interval\")) | length", raw), "3");
    let error = run["error"].as_str().unwrap();
    assert!(error.starts_with("ended by signal 9; iperf3 stopped before the end of the test"), "{error}");
    let told = error.split("; ").last().unwrap();
    assert!(told.starts_with("partial: from 0.0 to 3.0 s the client counted "), "{error}");
    let counted: f64 = told.split(' ').nth(9).unwrap().parse().unwrap();
    assert!((GOODPUT / 1e6 * 0.9..60.0).contains(&counted), "{error}");
    world.wait_for_silence(Duration::from_secs(2));
}
