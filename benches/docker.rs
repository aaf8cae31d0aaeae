//! The figures of probes on Docker engines, measured on the real binary and an engine of their own against Docker's own
//! tools: a line each, as in `figures.rs`. Needs what the tests of engines need, and mmdebstrap, jq, iperf3 and docker-compose.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench starts programs, reads the clock and prints its lines"
)]

#[path = "../tests/engines/mod.rs"]
mod engines;
mod line;
mod rivals;
#[path = "../tests/world/mod.rs"]
mod world;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use engines::Engine;
use line::{line, line_at_least, median};
use rivals::{Compose, Rival, Shell};
use serde_json::Value;
use world::{World, jq, runs, text};

/// Rounds of each comparison; each way comes first in turn.
const ROUNDS: usize = 5;
/// Rounds of the throughput, which differs more from one to the next.
const THROUGHPUT_ROUNDS: usize = 7;

fn main() {
    if let Some(why) = missing() {
        println!("docker\tskipped: {why}");
        return;
    }
    let image = Image::build();
    let engine = Engine::start();
    engine.load(&image.archive);
    sizes(&image, &engine);
    deploy_eight_probes(&engine);
    two_probes(&engine);
}

fn missing() -> Option<String> {
    let programs = ["mmdebstrap", "jq", "iperf3", "docker-compose"];
    let is_absent = |program: &str| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err()
    };
    engines::missing().or_else(|| {
        let absent = programs.into_iter().find(|program| is_absent(program));
        absent.map(|program| format!("there is no `{program}` here"))
    })
}

/// A topology on `engine` with these probes.
fn topology(engine: &Engine, probes: &[&str], more: &str) -> String {
    let probes = probes.iter().map(|probe| format!("{probe}: {{ host: here }}")).collect::<Vec<_>>().join(", ");
    format!(
        "name: NAME\nimage: {{ base: small }}\nhosts: {{ here: {{ docker: {{ endpoint: \"{}\" }} }} }}\n\
         probes: {{ {probes} }}\n{more}",
        engine.url()
    )
}

/// The probe image as `iperftester build` leaves it.
struct Image {
    tag: String,
    archive: PathBuf,
}

impl Image {
    /// Made once for each build of the executable: its root is kept.
    fn build() -> Self {
        let world = World::new(
            "name: NAME\nimage: { base: small }\nhosts: { here: { docker: {} } }\nprobes: { a: { host: here }, b: { host: here } }\n",
        );
        let mut build = world.command(&["build", "--output", "json"]);
        let output = build.env("XDG_CACHE_HOME", world::cache()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        Self { tag: told["tag"].as_str().unwrap().to_owned(), archive: told["path"].as_str().unwrap().into() }
    }
}

/// What the engine says of the image, less the file that was put in.
fn sizes(image: &Image, engine: &Engine) {
    let executable = Path::new(env!("CARGO_BIN_EXE_iperftester")).metadata().unwrap().len() as f64;
    let whole: f64 = engine.say(&["image", "inspect", "--format", "{{.Size}}", &image.tag]).parse().unwrap();
    line("docker-image-beyond-executable", (whole - executable) / 1e6, "MB", 60.0);
    line("executable-size", executable / 1e6, "MB", 25.0);
}

/// From the built image to eight ready probes, against Docker's own ways to start the same containers.
fn deploy_eight_probes(engine: &Engine) {
    let probes = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"];
    let world = World::new(&topology(engine, &probes, ""));
    // What was deployed once tells the others what to start.
    world.expect(0, &["deploy"]);
    let bodies: Vec<Value> = probes.iter().map(|probe| rivals::inspect(engine, &container(&world, probe))).collect();
    let network = rivals::inspect(engine, rivals::network(&bodies[0]));
    world.expect(0, &["destroy"]);
    let shell = Shell::new(engine, &network, &bodies);
    let compose = Compose::new(engine, world.folder.path(), &network, &bodies);
    let ours = || {
        let took = timed(&mut world.command(&["deploy"]));
        world.expect(0, &["destroy"]);
        (0.0, took)
    };
    let ways: [&dyn Fn() -> (f64, f64); 3] = [&ours, &|| rival(&shell, &bodies), &|| rival(&compose, &bodies)];
    let mut took = [vec![], vec![], vec![]];
    for round in 0..ROUNDS {
        for turn in 0..ways.len() {
            let way = (round + turn) % ways.len();
            took[way].push(ways[way]());
        }
    }
    let with_network = median(took[1].iter().map(|(before, took)| before + took).collect());
    let [ours, shell, compose] = took.map(|times| median(times.into_iter().map(|(_, took)| took).collect()));
    println!(
        "# docker-deploy-8: deploy {ours:.3} s, docker run {shell:.3} s, with its network {with_network:.3} s, \
         docker-compose up {compose:.3} s"
    );
    line("docker-deploy-8-to-docker-run", ours / shell, "", 1.0);
    line("docker-deploy-8-to-network-and-docker-run", ours / with_network, "", 1.0);
    line("docker-deploy-8-to-docker-compose", ours / compose, "", 1.0);
}

fn container(world: &World, probe: &str) -> String {
    format!("iperftester-{}-{probe}", world.name)
}

/// Seconds that a command takes that must succeed.
fn timed(command: &mut Command) -> f64 {
    let began = Instant::now();
    let output = command.output().unwrap();
    let took = began.elapsed().as_secs_f64();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    took
}

/// Seconds of its preparation and of starting all containers.
fn rival(rival: &dyn Rival, bodies: &[Value]) -> (f64, f64) {
    let began = Instant::now();
    rival.prepare();
    let before = began.elapsed().as_secs_f64();
    let took = timed(&mut rival.up());
    rival.check(bodies);
    rival.down();
    (before, took)
}

const TESTS: &str = "tests:\n  full: { iperf3: { duration: 5s } }\n  tcp: { iperf3: { duration: 1s, rate: 50M } }\n";

/// What two deployed probes take and give.
fn two_probes(engine: &Engine) {
    let world = World::new(&topology(engine, &["a", "b"], TESTS));
    world.expect(0, &["deploy"]);
    idle(engine, &world);
    let a = rivals::inspect(engine, &container(&world, "a"));
    let by_hand = ["hand-a", "hand-b"];
    for name in by_hand {
        engine.say(&rivals::run(&a, name, &["iperf3", "-s"]).iter().map(String::as_str).collect::<Vec<_>>());
    }
    throughput(engine, &world, by_hand);
    engine.say(&["rm", "--force", by_hand[0], by_hand[1]]);
    overhead(engine, &world);
    world.expect(0, &["destroy"]);
}

/// Memory of all processes of a probe's container to which nobody speaks.
fn idle(engine: &Engine, world: &World) {
    let told = engine.say(&["top", &container(world, "a"), "-eo", "pid"]);
    let of = |pid: &str| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        kibibytes.trim().trim_end_matches(" kB").parse::<f64>().unwrap()
    };
    let kibibytes: f64 = told.lines().skip(1).map(|pid| of(pid.trim())).sum();
    line("docker-idle-vmrss", kibibytes / 1024.0, "MiB", 10.0);
}

/// The same iperf3 in the same containers, through sessions and by hand; the oracle is its own raw output read by `jq`.
fn throughput(engine: &Engine, world: &World, [from, to]: [&str; 2]) {
    let received = |raw: &str| jq(".end.sum_received.bits_per_second", raw).parse::<f64>().unwrap();
    let ours = || {
        // Starved of a CPU it may be judged invalid; what it measured is a figure all the same.
        world.run(&["run", "--from", "a", "--to", "b", "--test", "full"]);
        received(runs(&world.report())[0]["raw"].as_str().unwrap())
    };
    let bare = || received(&engine.say(&["exec", from, "iperf3", "-c", to, "-t", "5", "-J"]));
    let (mut through, mut by_hand) = (vec![], vec![]);
    for round in 0..THROUGHPUT_ROUNDS {
        if round % 2 == 0 {
            through.push(ours());
            by_hand.push(bare());
        } else {
            by_hand.push(bare());
            through.push(ours());
        }
    }
    let told = |all: &[f64]| all.iter().map(|rate| format!("{:.2}", rate / 1e9)).collect::<Vec<_>>().join(" ");
    println!("# docker-throughput, Gbit/s: probes {}; by hand {}", told(&through), told(&by_hand));
    let (through, by_hand) = (median(through), median(by_hand));
    line_at_least("docker-throughput-ratio", through / by_hand, "", 0.98);
}

/// From `started` to `kept`, less a bare client of the same minute.
fn overhead(engine: &Engine, world: &World) {
    let pid = |probe| rivals::inspect(engine, &container(world, probe))["State"]["Pid"].to_string();
    let address = engine.say(&[
        "inspect",
        "--format",
        "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        &container(world, "b"),
    ]);
    let (a, b) = (pid("a"), pid("b"));
    let (mut ours, mut bare) = (vec![], vec![]);
    for _ in 0..20 {
        ours.push(through_agents(world));
        bare.push(by_hand(&a, &b, &address));
    }
    line("docker-overhead-of-a-1s-test", (median(ours) - median(bare)) * 1e3, "ms", 100.0);
}

fn through_agents(world: &World) -> f64 {
    let mut child = world.spawn(&["run", "--from", "a", "--to", "b", "--test", "tcp", "--output", "json"]);
    let (mut started, mut kept) = (None, None);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
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

/// Seconds of a client in the network of process `from`, to a server in that of process `to`.
fn by_hand(from: &str, to: &str, address: &str) -> f64 {
    let inside = |pid: &str| {
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", pid]).stdout(Stdio::piped()).stdin(Stdio::null());
        command
    };
    let mut server = inside(to).args(["iperf3", "-s", "-1", "-J", "-p", "5300"]).spawn().unwrap();
    while !text(&inside(to).args(["ss", "-tlnH"]).output().unwrap().stdout).contains(":5300") {}
    // The shell inside takes the times, so that entering the namespace is not counted.
    let script = format!("date +%s%N; iperf3 -c {address} -p 5300 -t 1 -b 50M -J >/dev/null; date +%s%N");
    let output = inside(from).args(["sh", "-c", &script]).output().unwrap();
    server.wait().unwrap();
    let times: Vec<f64> = text(&output.stdout).lines().map(|line| line.parse().unwrap()).collect();
    (times[1] - times[0]) / 1e9
}
