//! Versions of iperf3 that are not like today's: several processes for several streams, no option that they do not know.

mod world;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use world::{World, jq, runs, text};

const PAIR: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
links: { wire: { between: [a, b], impair: { rate: 50M } } }
tests:
  four: { iperf3: { streams: 4 } }
  four-back: { iperf3: { streams: 4, direction: reverse, protocol: udp, rate: 20M } }
  plain: { iperf3: {} }
  at-once: { iperf3: { direction: bidirectional } }
";

fn run(world: &World, test: &str, path: Option<&str>) -> Output {
    let mut command = world.command(&["run", "--from", "a", "--to", "b", "--test", test, "--duration", "2s"]);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command.output().unwrap()
}

/// Puts an `iperf3` into the world that calls itself `version`, refuses the options that came later, lets the real one do the
/// work and, as a client, answers with what that version once wrote.
fn old_iperf3(world: &World, version: &str, later: &[&str]) -> String {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/tools/iperf3-{version}-tcp.json"));
    let refuse = later.join("|");
    let script = format!(
        "real={}\ncase \"$*\" in *--version*) echo 'iperf {version}'; exit 0;; esac\n\
         for word in \"$@\"; do case \"$word\" in {refuse}) echo \"iperf3: unrecognized option '$word'\" >&2; exit 1;; esac; done\n\
         case \"$1\" in -s) exec $real \"$@\";; esac\n\
         $real \"$@\" > /dev/null || exit\ncat {}",
        world::installed("iperf3").display(),
        fixture.display()
    );
    world.instead_of("iperf3", &script)
}

/// The installed iperf3's minor version.
fn installed() -> u32 {
    let output = std::process::Command::new("iperf3").arg("--version").output().unwrap();
    let said = text(&output.stdout);
    let version = said.split_whitespace().nth(1).unwrap().to_owned();
    version.split('.').nth(1).unwrap().parse().unwrap()
}

/// A run of several processes; on a busy machine they may start too far apart, which is said and no measurement.
fn together(world: &World, test: &str) -> (Output, Value) {
    let mut last = None;
    for _ in 0..5 {
        let output = run(world, test, None);
        let run = runs(&world.report())[0].clone();
        if run["measurement"].is_object() {
            return (output, run);
        }
        assert!(run["error"].as_str().unwrap().contains("did not start at one moment"), "{run}");
        last = Some((output, run));
    }
    last.unwrap()
}

#[test]
fn streams_without_threads_are_processes_side_by_side() {
    if installed() >= 16 {
        // Then tests/scenario_iperf3_releases.rs shows it with 3.9.
        world::skipped("the installed iperf3 has threads, so its streams are one process");
        return;
    }
    let world = World::new(PAIR);
    world.expect(0, &["deploy"]);
    // The plain form is an old iperf3's below, and that of tests/scenario_iperf3_releases.rs.
    let (output, run) = together(&world, "four-back");
    let measured = &run["measurement"];
    assert_eq!(measured["processes"], 4, "{} {run}", text(&output.stderr));
    assert_eq!(measured["streams"], 4);
    let raw = run["raw"].as_str().unwrap();
    let sum = jq("[., inputs] | map(.end.sum_received.bits_per_second) | add", raw).parse::<f64>().unwrap();
    let told = measured["throughput_bits_per_second"].as_f64().unwrap();
    assert!((10e6..22e6).contains(&told) && told < sum * 1.1, "{sum} {told}");
    assert_eq!(jq("[., inputs] | length", raw), "4");
    assert_eq!(jq("[., inputs] | length", run["server_raw"].as_str().unwrap()), "4");
    assert_eq!(
        jq("[., inputs] | map(.start.connected[0].remote_port) | unique | length", raw),
        "4",
        "ports of their own"
    );
    assert!(measured["intervals"].as_array().unwrap().len() >= 2, "{measured}");
    assert!(measured["notes"][0].as_str().unwrap().contains("4 processes of one stream each"), "{measured}");
    world.wait_for_silence(std::time::Duration::from_secs(2));
}

#[test]
fn an_old_iperf3_is_asked_for_nothing_that_it_does_not_know() {
    let world = World::new(PAIR);
    world.expect(0, &["deploy"]);
    let later = ["--connect-timeout", "--bidir", "--bind-dev", "--json-stream", "--dscp"];
    let old = old_iperf3(&world, "3.1.7", &later);
    let output = run(&world, "plain", Some(&old));
    let plain = runs(&world.report())[0].clone();
    assert_eq!(plain["status"], "ok", "{} {plain}", text(&output.stderr));
    assert_eq!(plain["measurement"]["tool_version"], "3.1.7");

    let began = std::time::Instant::now();
    run(&world, "at-once", Some(&old));
    let refused = runs(&world.report())[0].clone();
    assert_eq!(refused["status"], "skipped", "{refused}");
    let why = refused["error"].as_str().unwrap();
    assert_eq!(why, "both directions at once (`--bidir`) needs iperf3 3.7 or later, a has 3.1.7");
    assert!(began.elapsed().as_secs() < 8, "said before anything was started");

    run(&world, "four", Some(&old));
    let four = runs(&world.report())[0].clone();
    // What it once wrote has no server's part, so on a busy machine nothing tells what the four shared.
    let why = four["error"].as_str().unwrap_or_default();
    assert!(four["measurement"]["processes"] == 4 || why.starts_with("4 processes of iperf3 did not start"), "{why}");
}

#[test]
fn a_lost_greeting_is_made_up_for() {
    let world = World::new(&PAIR.replace("plain: { iperf3: {} }", "plain: { iperf3: { protocol: udp, rate: 5M } }"));
    world.expect(0, &["deploy"]);
    let rules = "table ip t {\n chain c {\n type filter hook input priority 0;\n udp dport 5201-5220 limit rate 1/day burst 1 \
                 packets drop;\n}\n}\n";
    let file = world.folder.path().join("rules");
    fs::write(&file, rules).unwrap();
    let mut nft = std::process::Command::new("ip");
    let done = nft.args(["netns", "exec", &world.namespace("b"), "nft", "-f"]).arg(&file).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    run(&world, "plain", None);
    let run = runs(&world.report())[0].clone();
    assert_eq!(run["status"], "ok", "{run}");
    let notes = run["measurement"]["notes"].to_string();
    assert!(notes.contains("a first attempt was lost after"), "{notes}");
    assert_eq!(run["measurement"]["loss_ratio"], 0.0, "the greeting is no part of the measurement");
}
