//! What can go wrong between this program and one Docker engine: it is named, nothing is left half made, and the next deploy
//! finishes the work.

#[path = "support/docker_lab.rs"]
mod docker_lab;
mod engines;
mod world;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use docker_lab::{Lab, steps};
use engines::{BUSYBOX, eventually};
use serde_json::{Value, json};
use world::{World, runs, text};

const TWO: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } } }
probes: { a: { host: e }, b: { host: e } }
tests:
  rtt: { ping: { count: 2, interval: 50ms } }
  tcp: { iperf3: { duration: 20s, rate: 20M } }
groups: { pair: { pairs: [[a, b]], one-way: true } }
campaigns: { check: { group: pair, run: [rtt, tcp] } }
";

/// Two names of one engine, so that the probes are reached at published ports.
const PUBLISHED: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } }, f: { docker: { endpoint: \"ENDPOINT\" } } }
probes:
  a: { host: e, address: 192.0.2.1, ports: 5201-5202 }
  b: { host: f, address: 192.0.2.2, ports: 5301-5302 }
";

/// On the network of the engine's machine, which has only a loopback interface.
const SHARED: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } } }
probes:
  a: { host: e, network: host, address: 127.0.0.1, ports: 5201-5203 }
  b: { host: e, network: host, address: 127.0.0.2, ports: 5211-5213 }
tests: { tcp: { iperf3: { duration: 1s, rate: 20M } } }
groups: { pair: { pairs: [[a, b]], one-way: true } }
campaigns: { check: { group: pair, run: [tcp] } }
";

/// A verb may take so long where it has lost its engine.
const SOON: Duration = Duration::from_secs(30);

#[test]
fn without_an_engine_every_verb_says_so() {
    let world = World::new(&TWO.replace("ENDPOINT", "unix:///nowhere/docker.sock"));
    for arguments in [&["plan"][..], &["deploy"], &["status"], &["run"], &["exec", "a", "--", "true"], &["destroy"]] {
        let output = world.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        assert!(said.contains("there is no socket /nowhere/docker.sock"), "{arguments:?}: {said}");
        assert!(said.contains("hint: start the engine"), "{arguments:?}: {said}");
    }
}

#[test]
fn what_stands_in_the_way_is_named_and_what_stops_a_deploy_leaves_nothing() {
    let Some(mut lab) = Lab::new(TWO) else { return };
    lab.engine.import_busybox();
    interrupted(&lab);
    killed_at_any_moment(&lab);
    // By now the image is there, and stays.
    names_taken(&lab);
    a_stranger_under_the_images_name(&lab);
    ports_taken(&lab);
    lab.write(TWO);
    lab.json(0, &["deploy"]);
    a_killed_controller_leaves_no_tool(&lab);
    a_command_that_does_not_read_ends_with_its_controller(&lab);
    what_becomes_of_a_container_is_told(&lab);
    lab.write(TWO);
    lab.json(0, &["deploy"]);
    an_engine_that_goes_amid_a_run(&mut lab);
    lab.json(0, &["deploy"]);
    assert_eq!(lab.json(0, &["status"])["pending"]["actions"], json!([]));
    lab.json(0, &["destroy"]);
    lab.assert_empty();
}

fn names_taken(lab: &Lab) {
    let (container, network) = (lab.name("b"), lab.name("e"));
    lab.engine.say(&["run", "-d", "--name", &container, "--network", "none", BUSYBOX, "sleep", "600"]);
    let before = (lab.containers(), lab.networks());
    let said = lab.complaint(3, &["deploy"]);
    assert!(
        said.contains(&format!("there is a container called {container} already: iperftester did not make it")),
        "{said}"
    );
    assert!(said.contains(&format!("docker rm -f {container}")) && said.contains("as it was before"), "{said}");
    assert_eq!((lab.containers(), lab.networks()), before, "the stranger's is untouched, ours is undone");
    lab.engine.say(&["rm", "-f", &container]);

    lab.engine.say(&["network", "create", &network]);
    let before = (lab.containers(), lab.networks());
    let said = lab.complaint(3, &["deploy"]);
    assert!(said.contains(&format!("there is a network called {network} already")), "{said}");
    assert!(said.contains(&format!("docker network rm {network}")), "{said}");
    // Not even destroy takes it for ours.
    lab.json(0, &["destroy"]);
    assert_eq!((lab.containers(), lab.networks()), before);
    lab.engine.say(&["network", "rm", &network]);
}

/// Starts a deploy and waits until it begins the step.
fn begun(lab: &Lab, step: &str) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = lab.world.command(&["deploy"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(step) {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it ended before {step}");
    }
    (child, said)
}

fn interrupted(lab: &Lab) {
    // Of the image, which takes longest.
    let (mut child, said) = begun(lab, "create image/e");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let said: String = said.lines().map(|line| line.unwrap() + "\n").collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("stopped after 0 of 4 steps: everything is as it was before"), "{said}");
    lab.assert_empty();
    let images = lab.engine.say(&["images", "--format", "{{.Repository}}"]);
    assert_eq!(images, "busybox", "its image is gone again");
}

fn killed_at_any_moment(lab: &Lab) {
    // Once while the image is on its way.
    let (mut child, _) = begun(lab, "create image/e");
    std::thread::sleep(Duration::from_millis(700));
    child.kill().unwrap();
    child.wait().unwrap();
    lab.json(0, &["deploy"]);
    lab.json(0, &["destroy"]);
    let start = Instant::now();
    lab.json(0, &["deploy"]);
    let whole = start.elapsed();
    for verb in ["deploy", "destroy"] {
        for part in 1..=3 {
            lab.json(0, &[if verb == "deploy" { "destroy" } else { "deploy" }]);
            let mut child = lab.world.command(&[verb]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
            std::thread::sleep(whole * part / 4);
            child.kill().unwrap();
            child.wait().unwrap();
            lab.json(0, &["deploy"]);
            let status = lab.json(0, &["status"]);
            assert_eq!(status["pending"]["actions"], json!([]), "{verb} killed at {part}/4: {status}");
            assert_eq!((lab.containers().len(), lab.networks().len()), (2, 1), "{verb} killed at {part}/4");
        }
    }
    lab.json(0, &["destroy"]);
    lab.assert_empty();
}

/// The label says what an image is, not its name.
fn a_stranger_under_the_images_name(lab: &Lab) {
    let listed = lab.engine.say(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let tag = listed.lines().find(|line| line.starts_with("iperftester-probe:")).unwrap();
    lab.engine.say(&["rmi", "-f", tag]);
    lab.engine.say(&["tag", BUSYBOX, tag]);
    assert_eq!(steps(&lab.json(0, &["plan"]))[0], "create image/e");
    lab.json(0, &["deploy"]);
    lab.json(0, &["destroy"]);
    assert_eq!(lab.engine.say(&["run", "--rm", "--network", "none", BUSYBOX, "echo", "whole"]), "whole");
}

fn ports_taken(lab: &Lab) {
    let listen = |port| {
        lab.engine.say(&[
            "run",
            "-d",
            "--name",
            "them",
            "--network",
            "host",
            BUSYBOX,
            "nc",
            "-l",
            "-p",
            port,
            "-e",
            "cat",
        ])
    };
    lab.write(PUBLISHED);
    listen("5301");
    // One host stands, the other is told; the next deploy does what is missing.
    let output = lab.world.run(&["deploy", "--output", "json"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("give the probe other `ports`"), "{said}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((told["failed"].as_array().unwrap().len(), &told["failed"][0]["host"]), (1, &json!("f")), "{told}");
    assert_eq!(lab.containers().keys().collect::<Vec<_>>(), [&lab.name("a"), "them"]);
    lab.engine.say(&["rm", "-f", "them"]);
    lab.json(0, &["deploy"]);
    lab.json(0, &["destroy"]);

    // Two that would meet at one port are refused before anything is made.
    lab.write(&format!("{PUBLISHED}  c: {{ host: e, address: 192.0.2.3, ports: 5202-5203 }}\n"));
    let said = lab.complaint(2, &["deploy"]);
    assert!(said.contains("`a` and `c` share an address and ports"), "{said}");
    // Of those of the machine, one that is free is taken.
    lab.write(SHARED);
    listen("5211");
    lab.json(0, &["deploy"]);
    let ended = lab.world.run(&["run"]);
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", text(&ended.stderr));
    let report = lab.world.report();
    assert!(!runs(&report)[0]["measurement"].is_null(), "{report}");
    assert!(lab.world.expect(0, &["report"]).contains("-p 5212"), "{report}");
    lab.engine.say(&["rm", "-f", "them"]);
    lab.json(0, &["destroy"]);
    lab.assert_empty();
}

/// Starts a campaign and waits for the first such event of a run of `test`.
fn running(lab: &Lab, event: &str, test: &str) -> Child {
    let mut child = lab.world.spawn(&["run", "--output", "json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let seen = lines.any(|line| {
        let value: Value = serde_json::from_str(&line.unwrap()).unwrap();
        value["event"] == event && value["test"] == test
    });
    assert!(seen, "no event {event} of {test}");
    // Read on, or its next line would end it.
    std::thread::spawn(move || lines.count());
    child
}

/// What runs in a probe's container besides its main process.
fn tools(lab: &Lab, probe: &str) -> Vec<String> {
    let shown = lab.engine.say(&["top", &lab.name(probe), "-o", "pid,args"]);
    shown.lines().skip(1).filter(|line| !line.ends_with("iperftester wait")).map(str::to_owned).collect()
}

fn a_killed_controller_leaves_no_tool(lab: &Lab) {
    let mut child = running(lab, "rate", "tcp");
    for probe in ["a", "b"] {
        assert!(tools(lab, probe).iter().any(|line| line.contains("iperf3")), "what is looked for can be seen");
    }
    // One whose agent was stopped too, which does not see the end of its input.
    let agent = tools(lab, "a").into_iter().find(|line| line.ends_with("iperftester agent")).unwrap();
    let agent = agent.split_whitespace().next().unwrap();
    assert!(Command::new("kill").args(["-STOP", agent]).status().unwrap().success());
    child.kill().unwrap();
    child.wait().unwrap();
    for probe in ["a", "b"] {
        assert!(eventually(|| tools(lab, probe).is_empty()), "{:?}", tools(lab, probe));
        let execs = || lab.engine.say(&["inspect", "-f", "{{len .ExecIDs}}", &lab.name(probe)]);
        assert!(eventually(|| execs() == "0"), "{}", execs());
    }
}

/// Whatever waits for it on the way.
fn a_command_that_does_not_read_ends_with_its_controller(lab: &Lab) {
    let mut command = lab.world.command(&["exec", "a", "--", "sh", "-c", "echo runs; exec sleep 600"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let fed = std::thread::spawn(move || input.write_all(&vec![b'x'; 8 << 20]));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "runs\n");
    // Until everything on the way is full: what was held back until now does not move any more.
    let waits = || std::fs::read_to_string(format!("/proc/{}/io", child.id())).unwrap();
    let mut before = String::new();
    assert!(eventually(|| {
        std::thread::sleep(Duration::from_millis(200));
        let now = waits();
        std::mem::replace(&mut before, now.clone()) == now
    }));
    assert!(tools(lab, "a").iter().any(|line| line.ends_with("sleep 600")), "{:?}", tools(lab, "a"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fed.join().unwrap().is_err(), "8 MiB have no room on the way");
    assert!(eventually(|| tools(lab, "a").is_empty()), "{:?}", tools(lab, "a"));
}

/// The run that it was in fails, and the next one is made where the probe is back.
fn what_becomes_of_a_container_is_told(lab: &Lab) {
    lab.write(&TWO.replace("duration: 20s", "duration: 6s").replace("run: [rtt, tcp]", "run: [tcp], repeat: 2"));
    for (words, fate, is_back) in [
        // It is looked at while it ends, or once it runs again.
        (&["restart", "-t1"][..], "its container ", true),
        (&["kill"], "its container exited with 137; see `iperftester logs --container a`", false),
        (&["rm", "-f"], "its container is gone; `iperftester deploy` makes it again", false),
    ] {
        lab.json(0, &["deploy"]);
        let mut child = running(lab, "rate", "tcp");
        lab.engine.say(&[words, &[&lab.name("a")]].concat());
        assert_eq!(child.wait().unwrap().code(), Some(4), "{words:?}");
        let report = lab.world.report();
        let [first, second] = &runs(&report)[..] else { panic!("{report}") };
        let told = |run: &Value| run["reason"].as_str().unwrap().contains(&format!("the agent of a has ended: {fate}"));
        assert!(first["status"] == "failed" && told(first), "{words:?}: {first}");
        assert_eq!(second["measurement"].is_null(), !is_back, "{words:?}: {second}");
        assert!(is_back || (second["status"] == "skipped" && told(second)), "{words:?}: {second}");
    }
}

fn an_engine_that_goes_amid_a_run(lab: &mut Lab) {
    let mut child = running(lab, "rate", "tcp");
    lab.engine.kill();
    let start = Instant::now();
    let output = child.wait().unwrap();
    assert!(start.elapsed() < SOON, "it took {:?}", start.elapsed());
    assert_eq!(output.code(), Some(4), "what was measured before is kept");
    let report = lab.world.report();
    let [rtt, tcp] = &runs(&report)[..] else { panic!("{report}") };
    assert!(!rtt["measurement"].is_null() && tcp["status"] == "failed", "{report}");
    assert!(tcp["reason"].as_str().unwrap().contains("the connection to host e was lost"), "{tcp}");
    lab.engine.start_again();
}

#[test]
fn a_deploy_that_loses_its_engine_or_its_disk_is_finished_by_the_next() {
    let Some(mut lab) = Lab::new(TWO) else { return };
    lab.json(0, &["deploy"]);
    lab.json(0, &["destroy"]);
    for step in ["create network/e", "create probe/a", "create probe/b"] {
        let (mut child, said) = begun(&lab, step);
        lab.engine.kill();
        let start = Instant::now();
        let code = child.wait().unwrap().code();
        assert!(start.elapsed() < SOON, "{step}: it took {:?}", start.elapsed());
        let said: String = said.lines().map(|line| line.unwrap() + "\n").collect();
        assert_eq!(code, Some(3), "{step}: {said}");
        assert!(!said.contains("os error"), "{step}: {said}");
        assert!(!said.contains("hint: ") || said.contains("`deploy` makes what is missing"), "{step}: {said}");
        lab.engine.start_again();
        lab.json(0, &["deploy"]);
        assert_eq!(lab.json(0, &["status"])["pending"]["actions"], json!([]), "{step}");
        lab.json(0, &["destroy"]);
        lab.assert_empty();
    }
    full_disk(&mut lab);
}

fn full_disk(lab: &mut Lab) {
    lab.engine.stop();
    let disk = Disk::of(&lab.engine.machine.folder().join("data"));
    lab.engine.start_again();
    let said = lab.complaint(3, &["deploy"]);
    assert!(said.contains("no space left on device") && said.contains("docker system df"), "{said}");
    lab.assert_empty();
    lab.engine.stop();
    drop(disk);
    lab.engine.start_again();
    lab.json(0, &["deploy"]);
}

/// A file system in memory, too small for an image, over a folder.
struct Disk(std::path::PathBuf);

impl Disk {
    fn of(folder: &std::path::Path) -> Self {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=40m", "none"]).arg(folder).status();
        assert!(mount.unwrap().success());
        Self(folder.to_owned())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
