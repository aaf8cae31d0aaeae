//! Whatever ends a controller, no process stays behind on a probe.

mod world;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use world::World;

const TWO: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
tests:
  tcp: { iperf3: { duration: 20s } }
  rtt: { ping: { count: 3, interval: 100ms } }
campaigns: { check: { group: { pairs: [[a, b]] , one-way: true }, run: [rtt, tcp] } }
groups: { one: { pairs: [[a, b]], one-way: true } }
";

fn two() -> World {
    World::new(&TWO.replace("group: { pairs: [[a, b]] , one-way: true }", "group: one"))
}

/// Long enough for the kernel and the agents, far shorter than the test that would otherwise go on.
const SILENCE: Duration = Duration::from_secs(4);

#[test]
fn a_killed_controller_leaves_nothing_at_any_event() {
    let world = two();
    world.expect(0, &["deploy"]);
    let before = world.namespaces();
    for event in ["preflight", "started", "finished", "rate"] {
        let mut child = world.spawn(&["run", "--output", "json"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let seen = lines.any(|line| {
            let value: Value = serde_json::from_str(&line.unwrap()).unwrap();
            value["event"] == event
        });
        assert!(seen, "no event {event}");
        child.kill().unwrap();
        child.wait().unwrap();
        world.wait_for_silence(SILENCE);
        assert_eq!(world.namespaces(), before);
    }
    // The next one starts from where the killed one stood: nothing holds the lock.
    world.expect(0, &["deploy"]);
}

#[test]
fn a_controller_killed_at_any_moment_of_its_start_leaves_nothing() {
    let world = two();
    world.expect(0, &["deploy"]);
    for milliseconds in [0, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280] {
        let mut child = world.spawn(&["run"]);
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        world.wait_for_silence(SILENCE);
    }
}

/// A controller's end spoken by hand, to stop at each message.
struct ByHand {
    agent: Child,
    stdin: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl ByHand {
    fn new(world: &World, probe: &str) -> Self {
        let mut agent = Command::new("ip")
            .args(["netns", "exec", &world.namespace(probe), env!("CARGO_BIN_EXE_iperftester"), "agent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let replies = BufReader::new(agent.stdout.take().unwrap());
        Self { stdin: agent.stdin.take(), agent, replies }
    }

    fn ask(&mut self, request: &Value) {
        writeln!(self.stdin.as_mut().unwrap(), "{request}").unwrap();
    }

    fn wait_for(&mut self, reply: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.replies.read_line(&mut line).unwrap() > 0, "the agent ended before `{reply}`");
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["reply"] == reply {
                return value;
            }
        }
    }
}

fn test() -> Value {
    json!({ "iperf3": { "protocol": "tcp", "direction": "forward", "streams": 1, "duration_seconds": 20.0,
        "omit_seconds": 0.0, "interval_seconds": 1.0, "rate_bits_per_second": null, "congestion_control": null,
        "length_bytes": null } })
}

fn address(world: &World, probe: &str) -> Value {
    let status: Value = serde_json::from_str(&world.expect(0, &["status", "--output", "json"])).unwrap();
    let all = status["probes"].as_array().unwrap().clone();
    all.into_iter().find(|p| p["probe"] == probe).unwrap()["address"].clone()
}

/// Brings two sessions to `step`: the last message before the controller vanishes.
fn at_step(world: &World, step: &str) -> (ByHand, ByHand) {
    let b_address = address(world, "b");
    let (mut a, mut b) = (ByHand::new(world, "a"), ByHand::new(world, "b"));
    if step == "connected" {
        return (a, b);
    }
    for side in [&mut a, &mut b] {
        side.ask(&json!({ "request": "hello", "protocol": iperftester::protocol::VERSION, "ports": { "first": 5201, "last": 5210 } }));
    }
    if step == "hello sent" {
        return (a, b);
    }
    a.wait_for("hello");
    b.wait_for("hello");
    b.ask(&json!({ "request": "listen", "job": 1 }));
    let port = b.wait_for("ready")["port"].clone();
    a.ask(&json!({ "request": "reach", "job": 1, "address": b_address, "port": port, "timeout_seconds": 2.0 }));
    if step == "reach sent" {
        return (a, b);
    }
    a.wait_for("reached");
    b.ask(&json!({ "request": "serve", "job": 2, "test": test(), "address": b_address, "deadline_seconds": 60.0 }));
    if step == "serve sent" {
        return (a, b);
    }
    let port = b.wait_for("ready")["port"].clone();
    if step == "ready" {
        return (a, b);
    }
    a.ask(&json!({ "request": "start", "job": 2, "test": test(), "address": b_address, "port": port,
        "deadline_seconds": 60.0 }));
    a.wait_for("started");
    if step == "started" {
        return (a, b);
    }
    a.wait_for("progress");
    (a, b)
}

const STEPS: [&str; 7] = ["connected", "hello sent", "reach sent", "serve sent", "ready", "started", "progress"];

#[test]
fn a_session_that_ends_at_any_step_leaves_nothing() {
    let world = two();
    world.expect(0, &["deploy"]);
    for step in STEPS {
        let (mut a, mut b) = at_step(&world, step);
        // What the kernel does to the pipes of a killed controller.
        drop((a.stdin.take(), b.stdin.take()));
        world.wait_for_silence(SILENCE);
        assert!(a.agent.wait().unwrap().success(), "{step}: an ended session is no fault of the agent");
        assert!(b.agent.wait().unwrap().success(), "{step}");
    }
}

#[test]
fn a_killed_agent_takes_its_tools_with_it() {
    let world = two();
    world.expect(0, &["deploy"]);
    for step in STEPS {
        let (mut a, mut b) = at_step(&world, step);
        for side in [&mut a, &mut b] {
            side.agent.kill().unwrap();
            side.agent.wait().unwrap();
        }
        world.wait_for_silence(SILENCE);
    }
}

#[test]
fn what_is_no_request_is_refused_and_the_session_goes_on() {
    let world = two();
    world.expect(0, &["deploy"]);
    let mut agent = ByHand::new(&world, "a");
    agent.ask(&json!({ "request": "shell", "argv": ["sh", "-c", "id"] }));
    assert!(agent.wait_for("refused")["reason"].as_str().unwrap().contains("not a request"));
    agent.ask(&json!({ "request": "hello", "protocol": iperftester::protocol::VERSION, "ports": { "first": 5201, "last": 5210 } }));
    assert_eq!(agent.wait_for("hello")["protocol"], iperftester::protocol::VERSION);
    drop(agent.stdin.take());
    assert!(agent.agent.wait().unwrap().success());
}
