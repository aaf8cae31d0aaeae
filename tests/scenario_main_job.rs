//! The main job through the real binary: from a first file to a report, over real namespaces with real tools.

mod world;

use serde_json::Value;
use world::{World, jq, runs};

/// Two sites, one bought link that is shaped below its contract.
const SHORT: &str = "
name: NAME
hosts: { here: { local: {} } }
sites: { north: {}, south: {} }
probes:
  n1: { host: here, site: north }
  s1: { host: here, site: south }
links:
  leased: { between: [north, south], contract: { rate: 100M }, impair: { rate: 80M } }
tests:
  tcp: { iperf3: { duration: 2s } }
  udp: { iperf3: { protocol: udp, rate: contract, duration: 2s } }
  rtt: { ping: { count: 5, interval: 100ms } }
  path: { traceroute: {} }
campaigns:
  check: { group: all, run: [rtt, path, tcp, udp] }
";

#[test]
fn from_nothing_to_a_report_and_back_to_nothing() {
    let world = World::new(SHORT);
    assert!(world.expect(0, &["validate"]).contains("is valid"));
    let plan = world.expect(0, &["plan"]);
    assert!(plan.contains("create link/leased"), "{plan}");
    assert!(world.namespaces().is_empty(), "a plan changes nothing");

    let created = world.expect(0, &["deploy"]);
    assert!(created.contains("2 probes ready"), "{created}");
    assert_eq!(world.namespaces().len(), 5, "two probes, two sites, the core");
    let again = world.expect(0, &["deploy"]);
    assert!(again.contains("nothing to do"), "{again}");
    let status: Value = serde_json::from_str(&world.expect(0, &["status", "--output", "json"])).unwrap();
    assert_eq!(status["probes"][0]["ready"], true);
    assert_eq!(status["pending"]["actions"].as_array().unwrap().len(), 0);

    let said = world.expect(1, &["run"]);
    assert!(said.contains("north → south delivers 7"), "{said}");
    assert!(said.contains("of the contracted 100 Mbit/s"), "{said}");
    assert!(world.processes().is_empty(), "{:?}", world.processes());

    let report = world.report();
    assert_eq!(runs(&report).len(), 8);
    for run in runs(&report) {
        for key in [
            "id",
            "source",
            "destination",
            "test",
            "tool",
            "direction",
            "status",
            "started",
            "ended",
            "command",
            "measurement",
            "verdict",
            "reason",
            "raw",
        ] {
            assert!(run.get(key).is_some(), "{key} is missing in {run}");
        }
        assert_eq!(run["status"], "ok", "{run}");
    }
    // The oracle reads the stored raw output; our parser has no part in it.
    for run in runs(&report).iter().filter(|r| r["test"] == "tcp") {
        let raw = jq(".end.sum_received.bits_per_second", run["raw"].as_str().unwrap());
        let ours = run["measurement"]["throughput_bits_per_second"].as_f64().unwrap();
        assert_eq!(ours.to_bits(), raw.parse::<f64>().unwrap().to_bits(), "{ours} is not {raw}");
        assert!((0.90..1.05).contains(&(ours / (80e6 * 1448.0 / 1514.0))), "{ours}");
        assert_eq!(run["verdict"], "fail");
        assert!(run["source_counters"]["samples"].as_u64().unwrap() > 5);
        assert!(run["destination_counters"]["interfaces"][0]["rx_bytes"].as_u64().unwrap() > 1_000_000);
    }
    let hops = &runs(&report).iter().find(|r| r["test"] == "path").unwrap()["measurement"]["hops"];
    assert_eq!(hops.as_array().unwrap().len(), 3, "two routers and the far end: {hops}");

    let listed: Value = serde_json::from_str(&world.expect(0, &["list", "--output", "json"])).unwrap();
    assert_eq!(listed[0]["campaign"], "check");
    world.expect(0, &["report", "--format", "html", "--out", "report.html"]);
    let html = std::fs::read_to_string(world.folder.path().join("report.html")).unwrap();
    assert!(html.contains("of the contracted 100"), "the answer leads the page");
    let terminal = world.expect(0, &["report"]);
    assert!(terminal.contains("iperf3 -c"), "the exact commands are in the evidence: {terminal}");

    let gone = world.expect(0, &["destroy"]);
    assert!(gone.contains("nothing is left"), "{gone}");
    assert!(world.namespaces().is_empty());
    assert!(world.expect(0, &["destroy"]).contains("nothing is deployed"));
}

#[test]
fn a_run_needs_no_campaign_and_a_shortened_one_says_so() {
    let world = World::of_file("tests/topologies/valid/smallest.yaml", "office");
    world.expect(0, &["deploy"]);
    world.run(&["run", "--from", "alpha", "--to", "beta", "--test", "tcp", "--duration", "1s"]);
    let report = world.report();
    let all = runs(&report);
    // Both ways, one after the other, from the one end that was named.
    assert_eq!(all.iter().map(|r| r["direction"].as_str().unwrap()).collect::<Vec<_>>(), ["forward", "reverse"]);
    for run in all {
        assert_eq!((run["source"].as_str(), run["destination"].as_str()), (Some("alpha"), Some("beta")));
        assert_eq!(jq(".start.test_start.duration", run["raw"].as_str().unwrap()), "1");
    }
    assert!(world.expect(0, &["report"]).contains("shortened to 1 s"));
}

#[test]
fn the_language_s_own_examples_run_unchanged() {
    let world = World::of_file("tests/topologies/valid/contract.yaml", "contract-check");
    world.expect(0, &["deploy"]);
    world.expect(1, &["run", "--duration", "1s"]);
    let report = world.report();
    // Four probes: twelve ordered pairs, four tests; without a contract there is no rate for `udp`.
    assert_eq!(runs(&report).len(), 48);
    let findings = report["findings"].to_string();
    assert!(findings.contains("madrid → sevilla"), "{findings}");
    let open = runs(&report).iter().filter(|r| r["status"] == "skipped");
    for run in open {
        assert_eq!(run["test"], "udp", "{run}");
        assert!(run["reason"].as_str().unwrap().contains("no link with a contract"), "{run}");
    }
    // The slower way of an asymmetric link is judged by its own rate.
    let up =
        runs(&report).iter().find(|r| r["source"] == "c1" && r["destination"] == "m1" && r["test"] == "tcp").unwrap();
    let rate = up["measurement"]["throughput_bits_per_second"].as_f64().unwrap();
    assert!((17e6..21e6).contains(&rate), "{rate}");
}
