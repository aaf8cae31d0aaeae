//! The figures that this project promises, measured on the real binary: `name<TAB>value unit<TAB>goal<TAB>ok|short`.
//! Needs root, iperf3 and jq, as the scenarios do.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench starts programs, reads the clock and prints its lines"
)]

#[allow(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../tests/support/campaign_run.rs"]
mod campaign_run;
mod line;
#[path = "../tests/support/stored.rs"]
mod stored;
#[path = "../tests/world/mod.rs"]
mod world;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use line::{line, median};
use serde_json::Value;
use world::{World, jq, runs, text};

/// Share of TCP payload in a full Ethernet frame with TCP time stamps: 1448 of 1514 bytes (RFC 7323 option in every
/// segment; the frame as tbf counts it, without FCS).
const PAYLOAD: f64 = 1448.0 / 1514.0;

fn main() {
    validate_a_thousand_probes();
    report_of_ten_thousand_runs();
    deploy_eight_probes();
    idle_agent();
    overhead();
    fidelity();
}

fn validate_a_thousand_probes() {
    let mut topology = String::from("name: NAME\nhosts: { here: { local: {} } }\nsites:\n");
    for site in 0..20 {
        writeln!(topology, "  site-{site}: {{ uplink: 1G }}").unwrap();
    }
    topology.push_str("probes:\n");
    for probe in 0..1000 {
        writeln!(topology, "  p{probe}: {{ host: here, site: site-{} }}", probe % 20).unwrap();
    }
    topology.push_str("links:\n");
    for link in 1..20 {
        writeln!(topology, "  l{link}: {{ between: [site-0, site-{link}], contract: {{ rate: 100M }} }}").unwrap();
    }
    let world = World::new(&topology);
    let once = || {
        let began = Instant::now();
        world.expect(0, &["validate"]);
        began.elapsed().as_secs_f64()
    };
    line("validate-1000-probes", median((0..5).map(|_| once()).collect()), "s", 0.3);
}

/// The page of 9,900 pairs, from the store: time and memory of the whole process.
fn report_of_ten_thousand_runs() {
    let folder = tempfile::tempdir().unwrap();
    stored::keep(folder.path(), &campaign_run::mesh(100, 10_000));
    let took: Vec<stored::Took> = (0..3).map(|_| stored::report(folder.path(), "html")).collect();
    line("report-10000-runs", median(took.iter().map(|t| t.seconds).collect()), "s", 3.0);
    line("report-10000-runs-memory", took.iter().map(|t| t.peak_megabytes).fold(0.0, f64::max), "MB", 200.0);
    line("report-10000-runs-html", took.iter().map(|t| t.bytes).max().unwrap() as f64 / 1e6, "MB", 10.0);
    // The forms with the outputs of the tools.
    for form in ["json", "jsonl"] {
        let took: Vec<stored::Took> = (0..3).map(|_| stored::report(folder.path(), form)).collect();
        let peak = took.iter().map(|t| t.peak_megabytes).fold(0.0, f64::max);
        line(&format!("report-10000-runs-{form}"), median(took.iter().map(|t| t.seconds).collect()), "s", 3.0);
        line(&format!("report-10000-runs-{form}-memory"), peak, "MB", 200.0);
    }
}

fn deploy_eight_probes() {
    let mut topology = String::from("name: NAME\nhosts: { here: { local: {} } }\nprobes:\n");
    for probe in 0..8 {
        writeln!(topology, "  p{probe}: {{ host: here }}").unwrap();
    }
    let world = World::new(&topology);
    let once = || {
        let began = Instant::now();
        world.expect(0, &["deploy"]);
        let took = began.elapsed().as_secs_f64();
        world.expect(0, &["destroy"]);
        took
    };
    line("deploy-8-probes", median((0..5).map(|_| once()).collect()), "s", 1.0);
}

const TWO: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
tests: { tcp: { iperf3: { duration: 1s, rate: 50M } } }
";

fn idle_agent() {
    let world = World::new(TWO);
    world.expect(0, &["deploy"]);
    let mut agent = Command::new("ip")
        .args(["netns", "exec", &world.namespace("a"), env!("CARGO_BIN_EXE_iperftester"), "agent"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = agent.stdin.take().unwrap();
    let hello = r#"{"request":"hello","protocol":1,"ports":{"first":5201,"last":5210}}"#;
    std::io::Write::write_all(&mut stdin, format!("{hello}\n").as_bytes()).unwrap();
    let mut reply = String::new();
    BufReader::new(agent.stdout.take().unwrap()).read_line(&mut reply).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.id())).unwrap();
    let kibibytes = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: f64 = kibibytes.trim().trim_end_matches(" kB").parse().unwrap();
    line("idle-agent-vmrss", kibibytes / 1024.0, "MiB", 10.0);
    drop(stdin);
    agent.wait().unwrap();
}

/// From the moment both probes are free (`started`) to the stored result (`kept`), less a bare client of the same minute.
fn overhead() {
    let world = World::new(TWO);
    world.expect(0, &["deploy"]);
    let status: Value = serde_json::from_str(&world.expect(0, &["status", "--output", "json"])).unwrap();
    let address = status["probes"].as_array().unwrap().iter().find(|p| p["probe"] == "b").unwrap()["address"].clone();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        ours.push(through_agents(&world));
        bare.push(by_hand(&world, address.as_str().unwrap()));
    }
    let (ours, bare) = (median(ours), median(bare));
    line("overhead-of-a-1s-test", (ours - bare) * 1e3, "ms", 100.0);
}

fn through_agents(world: &World) -> f64 {
    let mut child = world.spawn(&["run", "--from", "a", "--to", "b", "--test", "tcp", "--output", "json"]);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut started, mut kept) = (None, None);
    for line in lines {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match event["event"].as_str() {
            Some("started") => started = Some(Instant::now()),
            Some("kept") => kept = Some(Instant::now()),
            _ => {}
        }
    }
    child.wait().unwrap();
    (kept.unwrap() - started.unwrap()).as_secs_f64()
}

fn by_hand(world: &World, address: &str) -> f64 {
    let inside = |probe: &str| {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &world.namespace(probe)]).stdout(Stdio::piped()).stdin(Stdio::null());
        command
    };
    let mut server = inside("b").args(["iperf3", "-s", "-1", "-J", "-p", "5300"]).spawn().unwrap();
    while !text(&inside("b").args(["ss", "-tlnH"]).output().unwrap().stdout).contains(":5300") {}
    // The shell inside takes the times, so that entering the namespace is not counted.
    let script = format!("date +%s%N; iperf3 -c {address} -p 5300 -t 1 -b 50M -J >/dev/null; date +%s%N");
    let output = inside("a").args(["sh", "-c", &script]).output().unwrap();
    server.wait().unwrap();
    let times: Vec<f64> = text(&output.stdout).lines().map(|l| l.parse().unwrap()).collect();
    (times[1] - times[0]) / 1e9
}

/// TCP goodput at the receiver over one shaped link against the shaper's rate; the oracle is the raw output read by `jq`
/// and the shaper's own byte counter.
fn fidelity() {
    for rate in [10_u32, 50, 100, 500] {
        let world = World::new(&format!(
            "name: NAME\nhosts: {{ here: {{ local: {{}} }} }}\nprobes: {{ a: {{ host: here }}, b: {{ host: here }} }}\n\
             links: {{ wire: {{ between: [a, b], impair: {{ rate: {rate}M }} }} }}\n\
             tests: {{ tcp: {{ iperf3: {{ duration: 10s }} }} }}\n"
        ));
        world.expect(0, &["deploy"]);
        let before = shaped_bytes(&world);
        world.run(&["run", "--from", "a", "--to", "b", "--test", "tcp"]);
        let sent = shaped_bytes(&world) - before;
        let report = world.report();
        let raw = runs(&report)[0]["raw"].as_str().unwrap();
        let number = |filter: &str| jq(filter, raw).parse::<f64>().unwrap();
        let goodput = number(".end.sum_received.bits_per_second");
        let expected = f64::from(rate) * 1e6 * PAYLOAD;
        let off = (goodput / expected - 1.0).abs() * 100.0;
        line(&format!("fidelity-tcp-{rate}M"), off, "%", 1.0);
        // Every byte that arrived went through the shaper, and the shaper passed little else.
        let through = number(".end.sum_received.bytes") / PAYLOAD;
        line(&format!("fidelity-tcp-{rate}M-shaper-bytes"), (sent / through - 1.0).abs() * 100.0, "%", 1.0);
    }
}

/// Bytes that the shaper at the sender's end of the wire has passed, by `tc -s`.
fn shaped_bytes(world: &World) -> f64 {
    let output = Command::new("tc").args(["-n", &world.namespace("a"), "-s", "-j", "qdisc", "show"]).output().unwrap();
    jq("[.[] | select(.kind == \"tbf\") | .bytes] | add", &text(&output.stdout)).parse().unwrap()
}
