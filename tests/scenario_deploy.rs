//! A deploy killed at any moment is finished by the next one, `destroy` always leaves nothing, and an edited topology
//! touches only what was edited.

mod world;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use world::{World, text};

/// Every kind of resource and of shaper.
const OFFICE: &str = "
name: NAME
hosts: { here: { local: {} } }
sites: { east: { uplink: 200M }, west: { uplink: { down: 100M, up: 50M } } }
probes: { e1: { host: here, site: east }, w1: { host: here, site: west }, w2: { host: here, site: west }, free: { host: here } }
links:
  wan:  { between: [east, west], impair: { rate: 80M, loss: 1% } }
  roof: { between: [free, east], impair: { rate: 20M } }
";

/// How long a verb takes from its start to its end.
fn time(world: &World, arguments: &[&str]) -> Duration {
    let start = Instant::now();
    world.expect(0, arguments);
    start.elapsed()
}

/// Starts a verb and kills it after `delay`.
fn killed(world: &World, verb: &str, delay: Duration) {
    let mut child = world.command(&[verb]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// `parts` moments, spread over somewhat more than `whole`.
fn moments(whole: Duration, parts: u32) -> impl Iterator<Item = Duration> {
    (0..parts).map(move |n| whole * n / (parts - 2))
}

/// The topology is there and works: nothing is left to do, and packets go from each probe to each other.
fn stands(world: &World, probes: &[&str]) {
    let plan: Value = serde_json::from_str(&world.expect(0, &["plan", "--output", "json"])).unwrap();
    assert_eq!(plan["actions"], Value::Array(vec![]), "{plan}");
    let status: Value = serde_json::from_str(&world.expect(0, &["status", "--output", "json"])).unwrap();
    let address = |probe: &Value| probe["address"].as_str().unwrap().to_owned();
    let addresses: Vec<_> = status["probes"].as_array().unwrap().iter().map(address).collect();
    for from in probes {
        for to in &addresses {
            // Two, for the links lose some.
            let ping = ["netns", "exec", &world.namespace(from), "ping", "-qc3", "-i0.01", "-W0.2", to];
            let output = Command::new("ip").args(ping).output().unwrap();
            assert!(output.status.success(), "{from} to {to}: {}", text(&output.stdout));
        }
    }
}

#[test]
fn a_killed_deploy_is_finished_by_the_next() {
    let world = World::new(OFFICE);
    let whole = time(&world, &["deploy"]);
    world.expect(0, &["destroy"]);
    for delay in moments(whole, 14) {
        killed(&world, "deploy", delay);
        world.expect(0, &["deploy"]);
        stands(&world, &["e1", "w1", "free"]);
        world.expect(0, &["destroy"]);
        assert_eq!(world.namespaces(), Vec::<String>::new(), "killed after {delay:?}");
    }
}

/// A folder with an `ip` that takes its time, to stand first in `PATH`.
fn slow_ip(world: &World, seconds: f32) -> String {
    let folder = world.folder.path().join("slow");
    std::fs::create_dir_all(&folder).unwrap();
    let (file, path) = (folder.join("ip"), std::env::var("PATH").unwrap());
    std::fs::write(&file, format!("#!/bin/sh\nsleep {seconds}\nPATH='{path}' exec ip \"$@\"\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{path}", folder.display())
}

/// A killed controller cannot stop the program that it has just started.
#[test]
fn the_next_verb_waits_for_what_a_killed_deploy_left_running() {
    let world = World::new(OFFICE);
    let path = slow_ip(&world, 0.5);
    for delay in [800, 1800, 2300, 3300] {
        let mut child = world.command(&["deploy"]).env("PATH", &path).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        world.expect(0, &["destroy"]);
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(world.namespaces(), Vec::<String>::new(), "deploy killed after {delay} ms");
    }
}

#[test]
fn destroy_leaves_nothing_of_a_killed_deploy_or_destroy() {
    let world = World::new(OFFICE);
    let whole = time(&world, &["deploy"]);
    let down = time(&world, &["destroy"]);
    for delay in moments(whole, 8) {
        killed(&world, "deploy", delay);
        world.expect(0, &["destroy"]);
        assert_eq!(world.namespaces(), Vec::<String>::new(), "deploy killed after {delay:?}");
    }
    for delay in moments(down, 8) {
        world.expect(0, &["deploy"]);
        killed(&world, "destroy", delay);
        world.expect(0, &["destroy"]);
        assert_eq!(world.namespaces(), Vec::<String>::new(), "destroy killed after {delay:?}");
    }
}

#[test]
fn a_killed_change_is_finished_by_the_next_deploy() {
    let world = World::new(OFFICE);
    let mut whole = time(&world, &["deploy"]);
    for n in 0..8_u32 {
        let rate = if n % 2 == 0 { "150M" } else { "200M" };
        world.write(&OFFICE.replace("uplink: 200M", &format!("uplink: {rate}")));
        killed(&world, "deploy", whole * n / 6);
        whole = whole.min(time(&world, &["deploy"]));
        stands(&world, &["e1", "w1", "free"]);
    }
}

/// Inode of each namespace: another one is another network.
fn inodes(world: &World) -> BTreeMap<String, u64> {
    let inode = |name: &String| Path::new("/run/netns").join(name).metadata().unwrap().ino();
    let prefix = world.namespace("");
    world.namespaces().iter().map(|name| (name.strip_prefix(&prefix).unwrap().to_owned(), inode(name))).collect()
}

/// Holds each namespace, so that no other gets its inode.
fn hold(world: &World) -> Vec<File> {
    world.namespaces().iter().map(|name| File::open(Path::new("/run/netns").join(name)).unwrap()).collect()
}

/// Index of each link's device at `node`, by the link's name: a replaced one has another.
fn links(world: &World, node: &str) -> BTreeMap<String, u64> {
    let output = Command::new("ip").args(["-n", &world.namespace(node), "-j", "link", "show"]).output().unwrap();
    let shown: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let link = |device: &Value| {
        let alias = device["ifalias"].as_str()?.strip_prefix("iperftester link=")?;
        Some((alias.split(' ').next()?.to_owned(), device["ifindex"].as_u64()?))
    };
    shown.iter().filter_map(link).collect()
}

/// Names whose value is another now, or that came or went.
fn changed(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

#[test]
fn an_edited_topology_touches_only_what_was_edited() {
    let world = World::new(OFFICE);
    world.expect(0, &["deploy"]);
    let edits: [(&str, &str, &[&str], &[&str]); 5] = [
        ("rate: 80M, loss: 1%", "rate: 60M, loss: 1%", &[], &["wan"]),
        ("impair: { rate: 20M }", "contract: { rate: 20M }, impair: { rate: 20M }", &[], &[]),
        ("free: { host: here }", "free: { host: here }, w3: { host: here, site: west }", &["w3"], &[]),
        ("uplink: { down: 100M, up: 50M }", "uplink: 100M", &["w1", "w2", "w3", "west"], &["wan"]),
        ("west", "occident", &["occident", "w1", "w2", "w3", "west"], &["wan"]),
    ];
    let mut file = OFFICE.to_owned();
    for (from, to, namespaces, at_east) in edits {
        let (_held, before) = (hold(&world), (inodes(&world), links(&world, "east")));
        file = file.replace(from, to);
        world.write(&file);
        world.expect(0, &["deploy"]);
        assert_eq!(changed(&before.0, &inodes(&world)), namespaces, "{to}");
        assert_eq!(changed(&before.1, &links(&world, "east")), at_east, "{to}");
        stands(&world, &["e1", "w1", "free"]);
    }
}

/// A process ended and reaped with this value.
struct Guest(Child);

impl Guest {
    fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }

    fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_namespace_that_somebody_holds_is_no_hindrance() {
    let world = World::new(OFFICE);
    world.expect(0, &["deploy"]);
    let here = world.namespace("w1");
    let _others = hold(&world);
    let file = File::open(Path::new("/run/netns").join(&here)).unwrap();
    let old = file.metadata().unwrap().ino();
    // One in a mount namespace of its own keeps the mount too.
    let mut other = Guest::start(Command::new("unshare").args(["-m", "sleep", "60"]));
    let before = inodes(&world);
    world.write(&OFFICE.replace("down: 100M", "down: 90M"));
    world.expect(0, &["deploy"]);
    assert_eq!(changed(&before, &inodes(&world)), ["w1", "w2", "west"]);
    assert_ne!(inodes(&world)["w1"], old);
    stands(&world, &["e1", "w1", "free"]);
    world.expect(0, &["destroy"]);
    assert_eq!(world.namespaces(), Vec::<String>::new());
    assert!(other.runs(), "what only holds a namespace is no process in it");
    // The old network has no way out any more.
    let show = format!("/proc/{}/fd/{}", std::process::id(), std::os::fd::AsRawFd::as_raw_fd(&file));
    let output = Command::new("nsenter").args([&format!("--net={show}"), "ip", "-br", "link"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 1, "{}", text(&output.stdout));
}

#[test]
fn an_agent_that_still_runs_stays_until_its_probe_is_replaced() {
    let world = World::new(OFFICE);
    world.expect(0, &["deploy"]);
    let program = env!("CARGO_BIN_EXE_iperftester");
    let mut agent = Guest::start(Command::new("ip").args(["netns", "exec", &world.namespace("w1"), program, "agent"]));
    world.expect(0, &["deploy"]);
    world.write(&OFFICE.replace("rate: 80M", "rate: 70M"));
    world.expect(0, &["deploy"]);
    assert!(agent.runs(), "its probe was not touched");
    world.write(&OFFICE.replace("down: 100M", "down: 90M"));
    world.expect(0, &["deploy"]);
    assert!(!agent.runs(), "its network has gone");
    stands(&world, &["e1", "w1", "free"]);
}

/// Names that begin with `iperftester.TOPOLOGY.` are this program's. What is found under one without a label may be a
/// deploy's that was killed, so it goes; the plan names it first.
#[test]
fn an_unlabelled_namespace_under_our_name_goes_and_is_named_before() {
    let world = World::new(OFFICE);
    let (ours, other) = (world.namespace("w1"), world.namespace("stranger"));
    let neighbour = format!("iperftester.{}x.w1", world.name);
    for namespace in [&ours, &other, &neighbour] {
        assert!(Command::new("ip").args(["netns", "add", namespace]).status().unwrap().success());
    }
    let plan = world.expect(0, &["plan"]);
    assert!(plan.contains("remove probe/w1") && plan.contains("it was left half made"), "{plan}");
    assert!(plan.contains("remove probe/stranger") && plan.contains("the topology does not have it"), "{plan}");
    world.expect(0, &["deploy"]);
    stands(&world, &["e1", "w1", "free"]);
    assert!(!world.namespaces().contains(&other));
    world.expect(0, &["destroy"]);
    let stays = Path::new("/run/netns").join(&neighbour).exists();
    assert!(Command::new("ip").args(["netns", "del", &neighbour]).status().unwrap().success());
    assert!(stays, "another topology's is not touched");
}
