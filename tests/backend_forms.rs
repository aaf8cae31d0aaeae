//! The forms of local probes and far ends that are not ours, through the real binary. Needs root, to become somebody else.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use world::{World, runs, text};

const SHAPED: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
links: { wire: { between: [a, b], impair: { rate: 50M } } }
tests: { t: { iperf3: { duration: 1s } }, six: { iperf3: { duration: 1s, family: ipv6 } }, rtt: { ping: { count: 3 } } }
campaigns: { c: { group: all, run: [t, six, rtt] } }
";

fn expect(output: &Output, code: i32) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "--- stdout\n{out}\n--- stderr\n{err}");
    out + &err
}

fn nobody(world: &World, code: i32, arguments: &[&str]) -> String {
    expect(&world.as_nobody(arguments).output().unwrap(), code)
}

#[test]
fn without_root_probes_live_in_user_namespaces_until_destroy() {
    let world = World::new(SHAPED);
    let said = nobody(&world, 0, &["deploy"]);
    assert!(said.contains("2 probes ready as user-namespaces"), "{said}");
    assert_eq!(world.keepers().len(), 1);
    assert_eq!(world.namespaces(), Vec::<String>::new(), "nothing of it is the machine's");
    let doctor = text(&world.as_nobody(&["doctor"]).output().unwrap().stdout);
    assert!(doctor.contains(&world.name), "a keeper is found without its file: {doctor}");
    let again = nobody(&world, 0, &["deploy"]);
    assert!(again.contains("nothing to do, 5 resources"), "{again}");
    assert!(nobody(&world, 0, &["status"]).contains("(user-namespaces): everything is as the file says"));
    for _ in 0..3 {
        let output = world.as_nobody(&["run"]).output().unwrap();
        let report: Value =
            serde_json::from_slice(&world.as_nobody(&["report", "--format", "json"]).output().unwrap().stdout).unwrap();
        // A run that was starved says nothing; whatever was measured went through the shaper, by both families.
        let rates: Vec<f64> =
            runs(&report).iter().filter_map(|r| r["measurement"]["throughput_bits_per_second"].as_f64()).collect();
        assert_eq!(rates.len(), 4, "{}", text(&output.stderr));
        if output.status.code() == Some(0) {
            assert!(rates.iter().all(|rate| (0.85..1.02).contains(&(rate / 50e6))), "{rates:?}");
            break;
        }
    }
    // Its keeper killed, all is gone; that is told and mended.
    assert!(Command::new("kill").args(["-9", &world.keepers()[0]]).status().unwrap().success());
    assert!(nobody(&world, 3, &["status"]).contains("not deployed"));
    nobody(&world, 0, &["deploy"]);
    nobody(&world, 0, &["destroy"]);
    assert_eq!(world.keepers(), Vec::<String>::new());
    assert!(nobody(&world, 0, &["destroy"]).contains("nothing is deployed"));
}

#[test]
fn a_killed_deploy_in_user_namespaces_is_finished_by_the_next() {
    let world = World::new(SHAPED);
    let start = std::time::Instant::now();
    nobody(&world, 0, &["deploy"]);
    let whole = start.elapsed();
    nobody(&world, 0, &["destroy"]);
    for part in 0..10_u32 {
        let mut child = world.as_nobody(&["deploy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * part / 8);
        child.kill().unwrap();
        child.wait().unwrap();
        nobody(&world, 0, &["deploy"]);
        assert_eq!(world.keepers().len(), 1);
        assert!(nobody(&world, 0, &["status"]).contains("everything is as the file says"), "killed at {part}/8");
        nobody(&world, 0, &["destroy"]);
        assert_eq!(world.keepers(), Vec::<String>::new());
    }
}

#[test]
fn what_another_form_left_goes_with_the_next_deploy() {
    let world = World::new(SHAPED);
    let say = |isolation: &str| {
        let host = format!("local: {{ isolation: {isolation} }}");
        world.write(
            &SHAPED
                .replace("local: {}", &host)
                .replace("links: { wire: { between: [a, b], impair: { rate: 50M } } }", ""),
        );
    };
    world.expect(0, &["deploy"]);
    say("user-namespaces");
    assert!(world.expect(0, &["plan"]).contains("remove namespaces"));
    world.expect(0, &["deploy"]);
    assert_eq!((world.namespaces().len(), world.keepers().len()), (0, 1));
    say("processes");
    assert!(world.expect(0, &["plan"]).contains("remove keeper"));
    world.expect(0, &["deploy"]);
    assert_eq!(world.keepers().len(), 0);
    say("user-namespaces");
    world.expect(0, &["deploy"]);
    say("namespaces");
    world.expect(0, &["deploy"]);
    assert_eq!((world.namespaces().len(), world.keepers().len()), (3, 0));
    world.expect(0, &["destroy"]);
    assert_eq!(world.namespaces().len(), 0);
}

const PLAIN: &str = "
name: NAME
hosts: { here: { local: { isolation: processes } } }
probes: { a: { host: here }, b: { host: here }, c: { host: here } }
tests: { t: { iperf3: { duration: 1s, rate: 10M } }, rtt: { ping: { count: 3 } } }
campaigns: { c: { group: all, run: [t, rtt] } }
";

#[test]
fn plain_processes_need_no_deploy_and_two_runs_do_not_meet() {
    let world = World::new(PLAIN);
    let said = nobody(&world, 0, &["deploy"]);
    assert!(said.contains("there is nothing to deploy as processes, 3 probes ready"), "{said}");
    assert!(said.contains("no shaping and no path"), "{said}");
    let second = world.folder.path().join("second.yaml");
    std::fs::write(&second, PLAIN.replace("NAME", &format!("{}-b", world.name))).unwrap();
    let start = |file: &str, data: &str| {
        let mut command = world.command(&["-t", file, "run"]);
        command.env("IPERFTESTER_DATA_DIR", world.folder.path().join(data));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start("topology.yaml", "one"), start("second.yaml", "two")];
    for (child, (file, data)) in both.into_iter().zip([("topology.yaml", "one"), ("second.yaml", "two")]) {
        let output: Output = child.wait_with_output().unwrap();
        let mut report = world.command(&["-t", file, "report", "--format", "json"]);
        let report = report.env("IPERFTESTER_DATA_DIR", world.folder.path().join(data)).output().unwrap();
        let report: Value = serde_json::from_slice(&report.stdout).unwrap();
        assert_eq!(runs(&report).len(), 12);
        assert!(runs(&report).iter().all(|run| run["measurement"].is_object()), "{}", text(&output.stderr));
    }
    let mut shown = world.command(&["report"]);
    let shown = shown.env("IPERFTESTER_DATA_DIR", world.folder.path().join("one")).output().unwrap();
    assert!(text(&shown.stdout).contains("plain processes of one machine"), "{}", text(&shown.stdout));
    let mut shown = world.command(&["report", "--lang", "es"]);
    let shown = shown.env("IPERFTESTER_DATA_DIR", world.folder.path().join("one")).output().unwrap();
    let shown = text(&shown.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("simples procesos de una sola máquina"), "{shown}");
    assert!(!shown.contains("no network lies"), "{shown}");
}

#[test]
fn every_test_of_the_built_in_suite_measures_between_plain_processes() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: { isolation: processes } } }\n\
         probes: { a: { host: here }, b: { host: here } }\n\
         links: { wire: { between: [a, b], contract: { rate: 20M } } }\n\
         tests: { old: { iperf2: { protocol: udp, rate: 5M, duration: 1s } } }\n",
    );
    let measured = |arguments: &[&str], count: usize| {
        let output = world.run(arguments);
        let report = world.report();
        assert_eq!(runs(&report).len(), count, "{}", text(&output.stderr));
        for run in runs(&report) {
            assert!(run["measurement"].is_object(), "{}: {}", run["test"], run["error"]);
        }
        report
    };
    let suite = measured(&["run", "--duration", "1s"], 10);
    for run in runs(&suite).iter().filter(|run| run["test"] == "udp") {
        let bound = |command: &str| run[command].as_array().unwrap().iter().any(|word| word == "-B");
        assert!(bound("command") && bound("server_command"), "{run}");
    }
    measured(&["run", "--from", "a", "--to", "b", "--test", "old"], 1);
}

#[test]
fn what_cannot_be_shaped_is_refused_before_anything() {
    let world = World::new(&SHAPED.replace("local: {}", "local: { isolation: processes }"));
    for verb in ["validate", "plan", "deploy", "run", "status"] {
        let said = expect(&world.run(&[verb]), 2);
        assert!(said.contains("link `wire` asks for `impair.rate`, and plain processes"), "{verb}: {said}");
        assert!(said.contains("help:") && said.contains("isolation: user-namespaces"), "{verb}: {said}");
    }
}

#[test]
fn kinds_that_this_build_has_no_backend_for_are_named_with_their_probes() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: {} }, edge: { lxd: {} }, branch: { ssh: { address: b.example.net } } }\n\
         probes: { a: { host: here }, d1: { host: edge }, d2: { host: edge }, s: { host: branch } }\n",
    );
    world.expect(0, &["validate"]);
    for verb in ["plan", "deploy", "run", "status"] {
        let said = expect(&world.run(&[verb]), 3);
        assert!(said.contains("cannot act on `lxd` hosts yet (`edge`), which carry the probes `d1`, `d2`"), "{said}");
        assert!(said.contains("cannot act on `ssh` hosts yet (`branch`), which carry the probes `s`"), "{said}");
    }
    assert_eq!(world.namespaces(), Vec::<String>::new());
}

/// Somebody else's program, ended with this value.
struct Stranger(Child);

impl Stranger {
    fn start(command: &str) -> Self {
        let words: Vec<_> = command.split_whitespace().collect();
        let mut child = Command::new(words[0]);
        Self(child.args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asked of the kernel: a connection that says nothing ends this server.
fn listens(port: u16) -> bool {
    let shown = Command::new("ss").args(["-Hltn", &format!("sport = :{port}")]).output().unwrap();
    !shown.stdout.is_empty()
}

#[test]
fn a_foreign_server_is_waited_for_and_its_next_port_tried() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: {} }, carrier: { external: { address: localhost, ports: 5741-5743 } } }\n\
         probes: { a: { host: here }, peer: { host: carrier } }\n\
         groups: { to-peer: { between: { from: [a], to: [peer] }, one-way: true } }\n\
         tests: { t: { iperf3: { duration: 1s, rate: 50M, direction: both } }, rtt: { ping: { count: 2 } }, \
         way: { traceroute: {} } }\n\
         campaigns: { c: { group: to-peer, run: [t, rtt, way] } }\n",
    );
    let said = expect(&world.run(&["deploy"]), 0);
    assert!(said.contains("nothing to deploy as processes, 1 probe ready"), "{said}");
    assert!(world.expect(0, &["status"]).contains("not ours"));
    // Nobody at the first port, somebody busy at the second and the third.
    let _servers = [5742, 5743].map(|port| Stranger::start(&format!("iperf3 -s -p {port}")));
    for port in [5742, 5743] {
        while !listens(port) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let _clients = [(5742, 4), (5743, 9)]
        .map(|(port, seconds)| Stranger::start(&format!("iperf3 -c 127.0.0.1 -p {port} -b 1M -t {seconds}")));
    std::thread::sleep(Duration::from_millis(500));
    let output = world.run(&["run"]);
    let report = world.report();
    let measured = runs(&report).iter().filter(|run| run["measurement"].is_object()).count();
    assert_eq!(measured, 4, "{}{}", text(&output.stdout), text(&output.stderr));
    let tests: Vec<_> = runs(&report).iter().filter(|run| run["test"] == "t").collect();
    let directions: Vec<_> = tests.iter().map(|run| run["specification"]["iperf3"]["direction"].clone()).collect();
    assert_eq!(directions, ["forward", "reverse"]);
    for run in tests {
        let command = run["command"].to_string();
        assert!(command.contains("\"5742\""), "the first that is free: {command}");
        assert_eq!(run["destination_counters"], Value::Null);
    }
    let notes = runs(&report)[0]["measurement"]["notes"].to_string();
    assert!(notes.contains("with a test of somebody else, and was asked again"), "{notes}");
    let shown = world.expect(0, &["report"]);
    assert!(shown.contains("There are no counters of peer: it is not ours"), "{shown}");
    assert!(!shown.contains("no network lies between"), "one of ours alone: {shown}");
    // The way from it starts at our end.
    let from = expect(&world.run(&["run", "--from", "peer", "--to", "a", "--test", "rtt"]), 4);
    assert!(from.contains("peer is not ours: no test can start there"), "{from}");
}

#[test]
fn a_foreign_end_that_nobody_is_at_is_told_with_the_preflight_and_tried_once() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: {} }, carrier: { external: { address: 10.9.9.2 } } }\n\
         probes: { a: { host: here }, peer: { host: carrier } }\n\
         groups: { to-peer: { between: { from: [a], to: [peer] }, one-way: true } }\n\
         tests: { t: { iperf3: { duration: 1s } }, u: { iperf3: { duration: 1s, protocol: udp, rate: 1M } } }\n\
         campaigns: { c: { group: to-peer, run: [t, u] } }\n",
    );
    let script = format!(
        "ip link set lo up && ip link add near type veth peer name far && ip addr add 10.9.9.1/24 dev near && \
         ip link set near up && ip link set far up && exec {} run",
        env!("CARGO_BIN_EXE_iperftester")
    );
    let mut inside = Command::new("unshare");
    inside.args(["-n", "sh", "-c", &script]).current_dir(world.folder.path());
    for (key, value) in world.command(&[]).get_envs() {
        if let Some(value) = value {
            inside.env(key, value);
        }
    }
    let said = expect(&inside.stdin(Stdio::null()).output().unwrap(), 4);
    let report = world.report();
    let of = |test: &str| runs(&report).iter().find(|run| run["test"] == test).unwrap().clone();
    let why = |test: &str| of(test)["error"].as_str().unwrap_or_default().to_owned();
    assert_eq!((of("t")["status"].as_str(), of("u")["status"].as_str()), (Some("failed"), Some("skipped")), "{said}");
    assert!(why("t").contains("preflight: a cannot reach peer: ICMP echo to 10.9.9.2: no answer"), "{}", why("t"));
    assert!(why("u").contains("nor did its server answer an earlier test"), "{}", why("u"));
    let spanish = world.expect(0, &["report", "--lang", "es"]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(spanish.contains("ni respondió su servidor a una prueba anterior"), "{spanish}");
}

#[test]
fn a_foreign_name_that_nobody_knows_is_told_and_nothing_is_started() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: {} }, carrier: { external: { address: no-such-host.invalid } } }\n\
         probes: { a: { host: here }, peer: { host: carrier } }\n",
    );
    let said = expect(&world.run(&["run", "--from", "a", "--to", "peer", "--test", "ping"]), 4);
    assert!(said.contains("the address of peer cannot be resolved"), "{said}");
    let planned = text(&world.run(&["plan"]).stderr);
    assert!(planned.contains("the address `no-such-host.invalid` of peer cannot be resolved"), "{planned}");
    let planned = text(&world.run(&["plan", "--lang", "es"]).stderr);
    assert!(planned.contains("corrija el `address`"), "{planned}");
    let status = expect(&world.run(&["status"]), 3);
    let told = status.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("the address `no-such-host.invalid` of peer cannot be resolved"), "{status}");
}

#[test]
fn a_machine_without_ipv6_has_ipv4_and_says_so() {
    let world = World::new(SHAPED);
    let binary = env!("CARGO_BIN_EXE_iperftester");
    // The switch is that of the network namespace which one is in.
    let off = |verb: &str| {
        let script = format!("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && exec {binary} {verb}");
        let mut command = world.command(&[]);
        let mut inside = Command::new("unshare");
        inside.args(["-n", "sh", "-c", &script]).current_dir(world.folder.path());
        for (key, value) in command.stdin(Stdio::null()).get_envs() {
            if let Some(value) = value {
                inside.env(key, value);
            }
        }
        inside.output().unwrap()
    };
    let said = expect(&off("deploy"), 0);
    assert!(said.contains("IPv6 is off on this machine"), "{said}");
    let output = off("run --from a --to b --test six");
    let said = expect(&output, 4);
    assert!(said.contains("b has no IPv6 address"), "{said}");
    let output = off("run --from a --to b --test rtt");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    expect(&off("destroy"), 0);
}

#[test]
fn a_port_takes_ipv4_where_the_kernel_keeps_the_families_apart() {
    let world = World::new(
        &SHAPED.replace("rtt: { ping: { count: 3 } }", "rtt: { ping: {} }, open: { connect: { count: 3 } }"),
    );
    world.expect(0, &["deploy"]);
    let switch = ["netns", "exec", &world.namespace("b"), "sysctl", "-qw", "net.ipv6.bindv6only=1"];
    assert!(Command::new("ip").args(switch).status().unwrap().success());
    // The preflight connects to the one, the test to the other.
    for test in ["t", "open"] {
        let output = world.run(&["run", "--from", "a", "--to", "b", "--test", test, "--duration", "1s"]);
        let run = runs(&world.report())[0].clone();
        assert!(run["measurement"].is_object(), "{run}{}", text(&output.stderr));
        assert_ne!(run["status"], "skipped", "{run}");
    }
}
