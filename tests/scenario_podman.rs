//! Podman's service as an engine, from nothing to a report and back to nothing: root's, an ordinary user's, and one among
//! Docker hosts.

mod engines;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "support/images.rs"]
mod images;
mod world;

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use engines::{Hosts, Podman, Whose, eventually};
use serde_json::Value;
use world::{World, runs, skipped, text};

const LAB: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } } }
probes: { a: { host: e }, b: { host: e }, raw: { host: e, raw-sockets: true } }
tests:
  rtt: { ping: { count: 3, interval: 50ms } }
  tcp: { iperf3: { duration: 1s, rate: 50M } }
  udp: { iperf3: { protocol: udp, duration: 1s, rate: 10M } }
groups: { pair: { pairs: [[a, b]], one-way: true } }
campaigns: { check: { group: pair, run: [rtt, tcp, udp] } }
";

/// Runs the campaign, in which every run must be measured. A busy machine may make one invalid.
fn measures(world: &World, count: usize) {
    let ended = world.run(&["run", "--output", "json"]);
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", text(&ended.stderr));
    let report = world.report();
    assert_eq!(runs(&report).len(), count);
    assert!(runs(&report).iter().all(|run| !run["measurement"].is_null()), "{report}");
}

/// The whole job. `limited`: does the engine hold containers to their limits?
fn from_nothing_and_back(podman: &Podman, limited: bool) {
    let world = World::with_images(&LAB.replace("ENDPOINT", &podman.url()));
    let deployed = world.json(0, &["deploy"]);
    assert_eq!(deployed["created"], 5);
    let before = podman.inventory();
    assert_eq!(before.len(), 4);
    assert_eq!((world.json(0, &["deploy"])["unchanged"].clone(), podman.inventory()), (5.into(), before.clone()));

    let status = world.json(0, &["status"]);
    for probe in status["probes"].as_array().unwrap() {
        assert_eq!((&probe["ready"], probe["addresses"].as_array().unwrap().len()), (&true.into(), 2), "{probe}");
        let container = &probe["container"];
        assert_eq!((&container["engine"], &container["state"]), (&"Podman".into(), &"running".into()), "{probe}");
        assert_eq!((&container["limited"], container["memory_bytes"].is_u64()), (&limited.into(), limited), "{probe}");
    }
    let doctor = world.run(&["doctor", "--output", "json"]);
    let checks: Vec<Value> = serde_json::from_slice(&doctor.stdout).unwrap();
    let of = |name: &str| checks.iter().find(|check| check["host"] == "e" && check["name"] == name).unwrap();
    assert!(of("engine")["detail"].as_str().unwrap().starts_with("Podman "), "{}", of("engine"));
    assert_eq!(of("limits")["state"] == "ok", limited, "{}", of("limits"));
    assert_eq!(of("image")["detail"], "the engine has it");
    measures(&world, 3);
    hardened(&world, limited);
    commands(&world);

    // Another specification: nothing else is touched. And what was done by hand is mended.
    world.write(&LAB.replace("ENDPOINT", &podman.url()).replace(", raw-sockets: true", ""));
    assert_eq!(world.json(0, &["deploy"])["created"], 1);
    let after = podman.inventory();
    assert_eq!(before.iter().filter(|line| !after.contains(line)).count(), 1, "{before:?} {after:?}");
    let [a, b, network] = ["a", "b", "e"].map(|what| format!("iperftester-{}-{what}", world.name));
    podman.say(&["stop", "-t1", &a]);
    podman.say(&["network", "disconnect", "-f", &network, &b]);
    let plan = world.expect(0, &["plan"]);
    for why in ["its container is exited", &format!("its container is not in the network {network}")] {
        assert!(plan.contains(why), "{plan}");
    }
    assert_eq!(world.json(0, &["deploy"])["created"], 2);

    // A container of somebody's holds a name, or our network.
    podman.say(&["rm", "-f", &a]);
    let image = podman.say(&["inspect", "-f", "{{.Image}}", &b]);
    podman.say(&["run", "-d", "--name", &a, "--network", &network, &image, "wait"]);
    let taken = world.run(&["deploy"]);
    assert!(text(&taken.stderr).contains("there is a container called"), "{}", text(&taken.stderr));
    let held = text(&world.run(&["destroy"]).stderr);
    assert!(held.contains("network is being used") && held.contains("disconnect it first"), "{held}");
    podman.say(&["rm", "-f", &a]);
    world.json(0, &["destroy"]);
    assert_eq!(podman.inventory(), [] as [String; 0]);
    assert!(world.expect(0, &["destroy"]).ends_with(": nothing is deployed\n"));
}

/// A probe can do what its tools need and nothing else, seen from within, as on Docker.
fn hardened(world: &World, limited: bool) {
    let shell = |probe: &str, script: &str| {
        let output = world.run(&["exec", probe, "--", "sh", "-c", script]);
        text(&output.stdout) + &text(&output.stderr)
    };
    let said = shell("a", "id -u; cat /proc/self/status /proc/1/status");
    assert!(said.starts_with("10001\n"), "{said}");
    for line in ["CapBnd:\t0000000000000000", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert_eq!(said.matches(line).count(), 2, "{line}: {said}");
    }
    let script = "touch /x; touch /run/x; touch /var/tmp/x";
    for probe in ["a", "raw"] {
        let said = shell(probe, script);
        assert_eq!(said.matches("Read-only file system").count(), 3, "{probe}: {said}");
    }
    assert!(shell("raw", "cat /proc/self/status").contains("CapBnd:\t0000000000002000\n"));
    let said = shell("a", "cp /bin/busybox /tmp/x && chmod +x /tmp/x && /tmp/x true");
    assert!(said.contains("Permission denied"), "{said}");
    if limited {
        let files = "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory/memory.limit_in_bytes || \
                     cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max";
        assert!(shell("a", files).starts_with(&format!("1024\n{}\n", 512 << 20)));
    }
}

/// A command has our input, its output is ours whole, and so is its exit code; and it ends with us.
fn commands(world: &World) {
    let mut command = world.command(&["exec", "a", "--", "sh", "-c", "cat; echo aside >&2; exit 7"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let (mut input, sent) = (child.stdin.take().unwrap(), bytes.clone());
    let sender = std::thread::spawn(move || input.write_all(&sent).unwrap());
    let output = child.wait_with_output().unwrap();
    sender.join().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(7), "aside\n"));
    assert!(output.stdout == bytes, "what went in came out");
    // Of a command that ends at once nothing is lost, as it was before its monitor had taken the connection in.
    for _ in 0..5 {
        assert_eq!(world.expect(0, &["exec", "a", "--", "echo", "all"]), "all\n");
    }
    assert_eq!(world.run(&["exec", "a", "--", "no-such-command"]).status.code(), Some(127));
    let sleeps = || text(&world.run(&["exec", "a", "--", "ps"]).stdout).contains("sleep 4321");
    let mut child = world.spawn(&["exec", "a", "--", "sleep", "4321"]);
    assert!(eventually(sleeps));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(eventually(|| !sleeps()), "a command outlives its controller");
}

#[test]
fn podman_of_root_is_an_engine_as_dockers() {
    if let Some(why) = Podman::missing(Whose::Roots) {
        return skipped(&why);
    }
    engines::probe_image();
    from_nothing_and_back(&Podman::start(Whose::Roots), true);
}

#[test]
fn podman_of_a_user_is_one_too() {
    if let Some(why) = Podman::missing(Whose::Users) {
        return skipped(&why);
    }
    engines::probe_image();
    // Without root, limits are a matter of version 2 of control groups, whose root has this file.
    from_nothing_and_back(&Podman::start(Whose::Users), Path::new("/sys/fs/cgroup/cgroup.controllers").exists());
}

const FLEET: &str = "
name: NAME
image: { base: debian }
hosts:
  builder: { docker: { endpoint: \"SSH/run/podman/podman.sock\" } }
  docker: { docker: { endpoint: \"tcp+tls://TLS\", tls: { ca: CA, cert: CERT, key: KEY } } }
probes: { p: { host: builder, ports: 5201-5204 }, d: { host: docker, ports: 5201-5204 } }
tests:
  rtt: { ping: { count: 3, interval: 50ms } }
  tcp: { iperf3: { duration: 1s, rate: 50M } }
  udp: { iperf3: { protocol: udp, duration: 1s, rate: 10M } }
campaigns: { check: { group: all, run: [rtt, tcp, udp] } }
";

#[test]
fn podman_builds_the_image_of_a_fleet_and_publishes_ports_as_docker_does() {
    if let Some(why) = Podman::missing(Whose::Roots) {
        return skipped(&why);
    }
    let world = World::new(
        "name: NAME\nimage: { base: small }\nhosts: { h: { local: {} } }\nprobes: { a: { host: h }, b: { host: h } }\n",
    );
    images::lend(&world);
    world.expect(0, &["build"]);
    images::keep(&world);
    let hosts = Hosts::new(1);
    let (podman, address) = hosts.podman(2);
    let sshd = podman.sshd(address);
    // It gives what it imports no name, and tells its id.
    let imported = podman.say(&["import", images::slim(&world).to_str().unwrap()]);
    podman.say(&["tag", imported.split(' ').next_back().unwrap(), "debian:bookworm-slim"]);

    let tls = hosts.authority.tls("client");
    let file = FLEET.replace("SSH", &sshd.url()).replace("TLS", &hosts.tls(0));
    let [ca, cert, key] = [tls.ca, tls.cert, tls.key].map(|file| file.display().to_string());
    world.write(&file.replace("CA,", &format!("{ca},")).replace("CERT", &cert).replace("KEY", &key));
    let run = |arguments: &[&str]| {
        let output = world.command(arguments).env("PATH", sshd.path()).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 4)), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout) + &text(&output.stderr)
    };
    run(&["deploy"]);
    let said = run(&["deploy"]);
    assert!(said.contains("nothing to do"), "{said}");
    run(&["run"]);
    let report: Value = serde_json::from_str(&run(&["report", "--format", "json"])).unwrap();
    assert_eq!(runs(&report).len(), 6);
    assert!(runs(&report).iter().all(|run| !run["measurement"].is_null()), "{report}");
    run(&["destroy"]);
    assert_eq!(podman.inventory(), [] as [String; 0]);
    assert_eq!(hosts.engines[0].say(&["ps", "-aq"]), "");
}
