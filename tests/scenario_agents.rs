//! Agents that die or stop answering in the middle of a campaign: their runs are named and given up, another agent is started
//! for the rest, and where none can be, the rest of that probe is skipped.

mod world;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::Value;
use world::{World, runs};

const THREE: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here }, c: { host: here } }
tests:
  tcp: { iperf3: { duration: 2s, rate: 20M } }
  rtt: { ping: { count: 30, interval: 100ms } }
groups:
  line: { pairs: [[a, b], [b, c], [c, a]] }
  ways: { pairs: [[a, b], [c, b], [b, c], [c, a]], one-way: true }
campaigns:
  tcp: { group: line, run: [tcp] }
  ways: { group: ways, run: [tcp] }
  rtt: { group: line, run: [rtt], repeat: 2 }
";

/// Runs `campaign` and sends `signal` to the agent of `probe` when a run between `pair` is on its way.
fn run_and_signal(world: &World, campaign: &str, pair: [&str; 2], probe: &str, signal: &str) -> (Child, Vec<Value>) {
    run_and(world, campaign, pair, || {
        Command::new("kill").args([signal, &agent(world, probe)]).status().unwrap();
    })
}

/// Runs `campaign` and does `what` when a run between `pair` is on its way.
fn run_and(world: &World, campaign: &str, pair: [&str; 2], what: impl Fn()) -> (Child, Vec<Value>) {
    let mut child = world.spawn(&["run", campaign, "--output", "json"]);
    let mut events = Vec::new();
    let mut sent = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if !sent && event["event"] == "started" && event["source"] == pair[0] && event["destination"] == pair[1] {
            std::thread::sleep(Duration::from_secs(1));
            what();
            sent = true;
        }
        events.push(event);
    }
    assert!(sent, "{events:#?}");
    (child, events)
}

/// Process id of the agent of `probe`.
fn agent(world: &World, probe: &str) -> String {
    let namespace = world.namespace(probe);
    let all = world.processes();
    let line = all.iter().find(|line| line.starts_with(&namespace) && line.trim_end().ends_with(" agent"));
    line.unwrap_or_else(|| panic!("no agent in {all:#?}")).split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn an_agent_that_dies_fails_its_run_and_another_serves_the_rest_of_its_probe() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    let (mut child, events) = run_and_signal(&world, "tcp", ["a", "b"], "b", "-KILL");
    assert_eq!(child.wait().unwrap().code(), Some(4), "{events:#?}");
    world.wait_for_silence(Duration::from_secs(2));
    let report = world.report();
    assert_eq!(runs(&report).len(), 6);
    for run in runs(&report) {
        let pair = (run["source"].as_str().unwrap(), run["destination"].as_str().unwrap());
        let reason = run["reason"].as_str().unwrap();
        let told = "the agent of b has ended: its exit code is 137; see `iperftester status`";
        let has_failed = pair == ("a", "b");
        assert_eq!(run["status"], if has_failed { "failed" } else { "ok" }, "{run}");
        assert_eq!(reason.contains(told), has_failed, "{pair:?}: {reason}");
    }
}

#[test]
fn a_stopped_agent_is_given_up_after_the_deadline_of_its_run() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    let began = Instant::now();
    let (mut child, events) = run_and_signal(&world, "rtt", ["a", "b"], "a", "-STOP");
    assert_eq!(child.wait().unwrap().code(), Some(4), "{events:#?}");
    // 2.9 s of pings, 1 s for the last answer, 15 s of grace, 5 s for the agent: waited for once, not for each run.
    assert!(began.elapsed() < Duration::from_secs(70), "{:?}", began.elapsed());
    world.wait_for_silence(Duration::from_secs(2));
    let report = world.report();
    assert_eq!(runs(&report).len(), 12);
    for run in runs(&report) {
        let of_a = run["source"] == "a" || run["destination"] == "a";
        let told =
            run["reason"].as_str().unwrap().contains("the agent of a gave no answer within 23.9 s and was stopped");
        // What was asked of the others before it fell silent has ended well.
        assert!(if of_a { told || run["status"] == "ok" } else { run["status"] == "ok" }, "{run}");
    }
    let failed = runs(&report).iter().filter(|run| run["status"] == "failed").count();
    assert!(failed >= 1, "{report}");
}

#[test]
fn a_probe_whose_wire_is_cut_fails_its_runs_and_the_rest_goes_on_until_a_deploy_mends_it() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    let cut = || {
        let wire = ["-n", &world.namespace("b"), "link", "set", "eth0", "down"];
        assert!(Command::new("ip").args(wire).status().unwrap().success());
    };
    let (mut child, events) = run_and(&world, "ways", ["a", "b"], cut);
    assert_eq!(child.wait().unwrap().code(), Some(4), "{events:#?}");
    world.wait_for_silence(Duration::from_secs(2));
    let report = world.report();
    // Each that fails takes iperf3's time to notice: one on its way, one to b, one from b, and one of others.
    assert_eq!(runs(&report).len(), 4);
    for run in runs(&report) {
        let of_b = run["source"] == "b" || run["destination"] == "b";
        assert_eq!(run["status"], if of_b { "failed" } else { "ok" }, "{run}");
        assert!(!run["reason"].as_str().unwrap().is_empty(), "{run}");
    }
    let refused = world.run(&["run", "ways"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(world.expect(0, &["plan"]).contains("the device eth0 is down in b"));
    world.expect(0, &["deploy"]);
    world.expect(0, &["run", "--from", "a", "--to", "b", "--test", "tcp", "--duration", "1s"]);
}

#[test]
fn a_probe_that_vanishes_whole_skips_what_it_had_yet_to_run_and_is_made_anew() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    let vanish = || {
        let here = world.namespace("b");
        let inside = Command::new("ip").args(["netns", "pids", &here]).output().unwrap();
        // Before its agent ends: another one is started at once where the namespace is still there.
        assert!(Command::new("ip").args(["netns", "del", &here]).status().unwrap().success());
        for pid in world::text(&inside.stdout).split_whitespace() {
            Command::new("kill").args(["-KILL", pid]).status().unwrap();
        }
    };
    let (mut child, events) = run_and(&world, "tcp", ["a", "b"], vanish);
    assert_eq!(child.wait().unwrap().code(), Some(4), "{events:#?}");
    world.wait_for_silence(Duration::from_secs(2));
    let report = world.report();
    for run in runs(&report) {
        let of_b = run["source"] == "b" || run["destination"] == "b";
        let told = run["reason"].as_str().unwrap().contains("the agent of b has ended");
        assert!(if of_b { told && run["status"] != "ok" } else { run["status"] == "ok" }, "{run}");
    }
    assert_eq!(world.run(&["run", "tcp"]).status.code(), Some(3));
    assert!(world.expect(0, &["plan"]).contains("create probe/b"));
    world.expect(0, &["deploy"]);
    world.expect(0, &["run", "--from", "a", "--to", "b", "--test", "tcp", "--duration", "1s"]);
}

#[test]
fn an_agent_that_was_stopped_ends_with_its_killed_controller() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    let mut child = world.spawn(&["run", "tcp", "--output", "json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("\"started\"")));
    Command::new("kill").args(["-STOP", &agent(&world, "b")]).status().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    world.wait_for_silence(Duration::from_secs(2));
}

/// Puts an `iperf3` into the world whose client does `writes` instead of measuring; gives the `PATH` that has it first.
fn talkative(world: &World, writes: &str) -> String {
    let real = world::installed("iperf3");
    world.instead_of("iperf3", &format!("case \"$*\" in *-c*) {writes};; *) exec {} \"$@\";; esac", real.display()))
}

#[test]
fn a_tool_that_writes_more_than_is_kept_fails_its_run_with_the_limit_and_a_way_out_and_the_rest_goes_on() {
    let world = World::new(
        &THREE
            .replace("rate: 20M } }", "rate: 20M } }\n  udp: { iperf3: { protocol: udp, rate: 20M } }")
            .replace("  tcp: { group: line, run: [tcp] }", "  tcp: { group: one, run: [tcp, udp, rtt] }")
            .replace("groups:\n", "groups:\n  one: { pairs: [[a, b]], one-way: true }\n"),
    );
    world.expect(0, &["deploy"]);
    // The second is less than the limit until it is sent: as JSON, each of its characters takes six bytes.
    for (writes, limit) in [
        ("exec yes '{\"interval\": 1}'", "`iperf3` wrote more than 64 MiB and was stopped"),
        ("head -c 40000000 /dev/zero | tr '\\0' '\\1'", "its output takes more than 128 MiB to be sent"),
    ] {
        let path = talkative(&world, writes);
        let output = world.command(&["run", "tcp"]).env("PATH", path).output().unwrap();
        let report = world.report();
        assert_eq!(runs(&report).len(), 3, "{}", world::text(&output.stderr));
        for run in runs(&report) {
            if run["test"] == "rtt" {
                assert_eq!(run["status"], "ok", "the session goes on: {run}");
                continue;
            }
            assert_eq!(run["status"], "failed", "{run}");
            let told = run["reason"].as_str().unwrap();
            assert!(told.contains(limit) && told.contains("longer `interval`, a shorter `duration`"), "{told}");
            assert!(!told.contains("datagram"), "nothing was lost on the link: {told}");
        }
        world.wait_for_silence(Duration::from_secs(2));
    }
}
