//! Stopping, locking, what cannot be reached, what is not as the file says.

mod world;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use world::{World, runs, text};

const THREE: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here }, c: { host: here } }
tests:
  tcp: { iperf3: { duration: 2s, rate: 20M } }
  rtt: { ping: { count: 3, interval: 100ms } }
campaigns: { check: { group: all, run: [rtt, tcp] } }
";

#[test]
fn ctrl_c_keeps_the_finished_runs() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    let mut child = world.spawn(&["run", "--output", "json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut finished = 0;
    while finished < 3 {
        let value: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        finished += usize::from(value["event"] == "finished");
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    world.wait_for_silence(Duration::from_secs(1));
    let report = world.report();
    assert!(runs(&report).len() >= 3, "{}", report["runs"]);
    assert!(runs(&report).len() < 12);
    assert_eq!(report["interrupted"], true);
}

#[test]
fn one_verb_at_a_time_and_the_second_says_who_is_first() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    let mut first = world.spawn(&["run", "--output", "json"]);
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    for verb in ["deploy", "run", "destroy"] {
        let second = world.run(&[verb]);
        let said = text(&second.stderr);
        assert_eq!(second.status.code(), Some(3), "{said}");
        assert!(said.contains(&first.id().to_string()) && said.contains("run"), "{said}");
        assert!(said.contains("hint:"), "{said}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
    world.expect(0, &["deploy"]);
}

#[test]
fn who_cannot_be_reached_is_named_and_the_rest_goes_on() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    // A firewall in the probe, which is no change to the lab: that would be refused.
    firewall(&world, "c", "policy drop;");
    let output = world.run(&["run"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("preflight: a cannot reach c"), "{}", text(&output.stderr));
    let report = world.report();
    for run in runs(&report) {
        let of_c = run["source"] == "c" || run["destination"] == "c";
        assert_eq!(run["status"], if of_c { "skipped" } else { "ok" }, "{run}");
        if of_c {
            assert!(run["reason"].as_str().unwrap().contains("cannot reach"), "{run}");
        }
    }
    assert!(text(&output.stdout).contains("could not be measured"), "{}", text(&output.stdout));
}

/// Replaces what the firewall of a probe does with what comes in.
fn firewall(world: &World, probe: &str, rules: &str) {
    let rules =
        format!("flush ruleset\ntable inet shut {{ chain input {{ type filter hook input priority 0; {rules} }}; }}\n");
    let namespace = world.namespace(probe);
    let mut nft =
        Command::new("ip").args(["netns", "exec", &namespace, "nft", "-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    nft.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
    assert!(nft.wait().unwrap().success());
}

#[test]
fn only_the_order_that_does_not_work_is_skipped_and_every_hindrance_found() {
    let world =
        World::new(&THREE.replace("b: { host: here }, c: { host: here }", "c: { host: here, ports: 5301 }").replace(
            "check: { group: all, run: [rtt, tcp] }",
            "rtt: { group: all, run: [rtt] }, tcp: { group: all, run: [tcp] }",
        ));
    world.expect(0, &["deploy"]);
    // Towards c nothing can be opened, from there everything.
    firewall(&world, "c", "tcp dport 5301 drop;");
    let measured = |campaign: &str| {
        let said = text(&world.run(&["run", campaign]).stderr);
        let order =
            |run: &Value| format!("{} {}", run["source"].as_str().unwrap(), run["destination"].as_str().unwrap());
        for run in runs(&world.report()) {
            let is_towards_c = order(run).ends_with(" c");
            assert_eq!(run["status"] == "skipped", is_towards_c, "{run}\n{said}");
            assert_eq!(run["measurement"].is_null(), is_towards_c, "{run}\n{said}");
        }
        said
    };
    let said = measured("tcp");
    assert!(said.contains("a cannot reach c: TCP port 5301"), "{said}");
    // Its one port is taken, and it cannot be pinged: the one is no reason not to see the other.
    firewall(&world, "c", "icmp type echo-request drop;");
    let namespace = world.namespace("c");
    let mut server = Command::new("ip")
        .args(["netns", "exec", &namespace, "iperf3", "-s", "--forceflush", "-p", "5301"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("Server listening")), "it says so");
    let said = measured("rtt");
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(said.contains("a cannot reach c: ICMP echo"), "{said}");
    assert!(said.contains("a cannot reach c: c: "), "the port is told too: {said}");
}

#[test]
fn a_run_refuses_what_is_not_deployed_as_the_file_says() {
    let world = World::new(THREE);
    let output = world.run(&["run"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("is not deployed"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("iperftester deploy"));
    world.expect(0, &["deploy"]);
    world.write(&THREE.replace("c: { host: here } }", "c: { host: here }, d: { host: here } }"));
    let output = world.run(&["run"]);
    assert!(text(&output.stderr).contains("as its file says"), "{}", text(&output.stderr));
    assert!(world.expect(0, &["deploy", "--dry-run"]).contains("create probe/d"));
}

#[test]
fn a_dry_run_shows_order_time_and_bytes() {
    let world = World::of_file("tests/topologies/valid/contract.yaml", "contract-check");
    let said = world.expect(0, &["run", "--dry-run"]);
    assert!(said.contains("link macrolan: about"), "{said}");
    let value: Value = serde_json::from_str(&world.expect(0, &["run", "--dry-run", "--output", "json"])).unwrap();
    assert!(value["total_seconds"].as_f64().unwrap() > 50.0, "{}", value["total_seconds"]);
    let shared = |run: &Value| [run["source"].clone(), run["destination"].clone()];
    let timed: Vec<&Value> = value["runs"].as_array().unwrap().iter().filter(|r| r["tool"] == "iperf3").collect();
    for (i, one) in timed.iter().enumerate() {
        for other in &timed[i + 1..] {
            let times = |r: &Value| {
                let start = r["start_seconds"].as_f64().unwrap();
                (start, start + r["duration_seconds"].as_f64().unwrap())
            };
            let ((s1, e1), (s2, e2)) = (times(one), times(other));
            if s1 < e2 && s2 < e1 {
                assert!(shared(one).iter().all(|p| !shared(other).contains(p)), "{one} beside {other}");
            }
        }
    }
    assert!(world.namespaces().is_empty());
}

#[test]
fn every_fault_is_told_at_once_and_nothing_is_created() {
    let world = World::new("name: NAME\nhosts: { here: { lokal: {} } }\nprobes: { a: { host: there, ports: 9-3 } }\n");
    let output = world.run(&["deploy"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("lokal") && said.contains("there") && said.contains("9-3"), "{said}");
    let value: Value = serde_json::from_str(&world.expect(2, &["validate", "--output", "json"])).unwrap();
    assert!(value["diagnostics"].as_array().unwrap().len() >= 3, "{value}");
    assert!(world.namespaces().is_empty());
}

#[test]
fn what_is_deployed_goes_without_a_sound_file_too() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    world.write(&THREE.replace("local", "lokal"));
    let refused = world.run(&["destroy"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("destroy --name"), "{}", text(&refused.stderr));
    std::fs::remove_file(world.topology()).unwrap();
    // Whoever has forgotten the name as well is told it.
    let labs = || {
        let checks: Value = serde_json::from_slice(&world.run(&["doctor", "--output", "json"]).stdout).unwrap();
        let labs = checks.as_array().unwrap().iter().find(|check| check["name"] == "labs").unwrap().clone();
        assert_eq!(labs["state"], "ok", "{labs}");
        let detail = labs["detail"].as_str().unwrap().rsplit(": ").next().unwrap().to_owned();
        detail.split(", ").any(|name| name == world.name)
    };
    assert!(labs());
    world.expect(0, &["destroy", "--name", &world.name]);
    assert!(world.namespaces().is_empty());
    assert!(!labs());
}

#[test]
fn a_report_takes_its_form_from_what_was_said() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    world.expect(0, &["run", "--from", "a", "--to", "b", "--test", "rtt"]);
    let whole: Value = serde_json::from_str(&world.expect(0, &["report", "--output", "json"])).unwrap();
    assert_eq!(whole["schema_version"], 1);
    world.expect(0, &["report", "--out", "r.html"]);
    assert!(std::fs::read_to_string(world.folder.path().join("r.html")).unwrap().starts_with("<!"));
}

#[test]
fn a_reader_that_goes_early_changes_no_exit_code() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    world.expect(0, &["run", "--from", "a", "--to", "b", "--test", "rtt"]);
    let mut child = world.spawn(&["report", "--format", "json"]);
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_ordinary_user_cannot_touch_what_is_roots() {
    let world = World::new(THREE);
    world.expect(0, &["deploy"]);
    for verb in ["run", "destroy"] {
        let output = world.as_nobody(&[verb]).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{verb}: {said}");
        assert!(said.contains("root"), "{verb}: {said}");
        assert!(said.contains("hint:"), "{verb}: {said}");
    }
    assert_eq!(world.namespaces().len(), 4, "nothing was touched");
}
