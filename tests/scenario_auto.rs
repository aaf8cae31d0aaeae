//! The suite `auto`, which is run where the file has no campaign: UDP at what was bought or, where nothing was, at 80 % of what
//! TCP reached.

mod world;

use serde_json::Value;
use world::{World, jq, runs};

const SHAPED: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
links: { wire: { between: [a, b], impair: { rate: 50M } } }
";

fn measured(topology: &str) -> (World, Value) {
    let world = World::new(topology);
    world.expect(0, &["deploy"]);
    world.expect(0, &["run", "--duration", "2s"]);
    let report = world.report();
    (world, report)
}

fn of<'a>(report: &'a Value, sender: &str, test: &str) -> Vec<&'a Value> {
    // Who sends is the source where the way is forward.
    let sends = |run: &Value| {
        if run["direction"] == "reverse" { run["destination"] == sender } else { run["source"] == sender }
    };
    runs(report).iter().filter(|run| run["test"] == test && sends(run)).collect()
}

#[test]
fn udp_follows_tcp_where_nothing_was_bought_and_says_so() {
    let (world, report) = measured(SHAPED);
    let tests = ["ping", "traceroute", "path-mtu", "tcp", "udp"];
    for (sender, test) in ["a", "b"].iter().flat_map(|sender| tests.map(|test| (*sender, test))) {
        let found = of(&report, sender, test);
        assert_eq!(found.len(), 1, "{test} from {sender}: {report}");
        assert_eq!(found[0]["status"], "ok", "{}", found[0]);
    }
    assert_eq!(of(&report, "a", "ping")[0]["measurement"]["packets"], 10);
    for sender in ["a", "b"] {
        let (tcp, udp) = (of(&report, sender, "tcp")[0], of(&report, sender, "udp")[0]);
        let reached = tcp["measurement"]["throughput_bits_per_second"].as_f64().unwrap();
        assert!((44e6..50e6).contains(&reached), "{reached}");
        // What iperf3 itself was asked for, by its own output: three digits of it.
        let asked: f64 = jq(".start.target_bitrate", udp["raw"].as_str().unwrap()).parse().unwrap();
        assert!((asked / reached - 0.8).abs() < 0.004, "{asked} of {reached}");
        assert_eq!(udp["measurement"]["loss_ratio"], 0.0, "{}", udp["measurement"]);
    }
    let terminal = world.expect(0, &["report"]);
    assert!(terminal.contains("sent at 80 % of the"), "{terminal}");
    let spanish = world.expect(0, &["report", "--lang", "es"]);
    assert!(spanish.contains("enviado al 80 % de los"), "{spanish}");
}

#[test]
fn udp_is_sent_at_what_was_bought() {
    let (world, report) = measured(&SHAPED.replace("impair:", "contract: { rate: 40M }, impair:"));
    let udp = of(&report, "a", "udp")[0];
    let asked: f64 = jq(".start.target_bitrate", udp["raw"].as_str().unwrap()).parse().unwrap();
    // Frames of 1514 bytes at 40 Mbit/s carry 1448 bytes of payload each (docs/decisions/0004).
    assert!((37e6..40e6).contains(&asked), "{asked}");
    assert!(!world.expect(0, &["report"]).contains("sent at 80 %"));
}
