//! A swarm of two nodes: probes on each, a node that is killed and comes back, one that leaves.

mod engines;
mod world;

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::{Duration, Instant};

use engines::{Engine, Hosts, missing};
use serde_json::Value;
use world::{World, skipped, text};

/// A worker that is killed is down after some 12 s.
const NOTICED_WITHIN: Duration = Duration::from_secs(60);

/// Two nodes, the first of which manages.
struct Swarm {
    hosts: Hosts,
}

impl Swarm {
    fn new() -> Self {
        let hosts = Hosts::new(2);
        for engine in &hosts.engines {
            // As distributions set it (systemd's 50-default.conf); a new namespace lets nobody ping.
            let mut sysctl = Command::new("nsenter");
            sysctl.arg(format!("--net=/run/netns/{}", engine.machine.name));
            sysctl.args(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"]);
            assert!(sysctl.status().unwrap().success());
        }
        let swarm = Self { hosts };
        let address = swarm.hosts.address(0).to_string();
        swarm.node(0).say(&["swarm", "init", "--advertise-addr", &address, "--listen-addr", &address]);
        swarm.join();
        swarm
    }

    fn node(&self, index: usize) -> &Engine {
        &self.hosts.engines[index]
    }

    fn name(&self, index: usize) -> &str {
        &self.node(index).machine.name
    }

    fn address(&self, index: usize) -> Ipv4Addr {
        self.hosts.address(index)
    }

    /// The second node becomes a worker.
    fn join(&self) {
        let token = self.node(0).say(&["swarm", "join-token", "-q", "worker"]);
        let address = self.address(1).to_string();
        let manager = format!("{}:2377", self.address(0));
        let join =
            ["swarm", "join", "--token", &token, "--advertise-addr", &address, "--listen-addr", &address, &manager];
        self.node(1).say(&join);
        self.await_state("ready");
    }

    /// Waits until the manager says this of the second node.
    fn await_state(&self, state: &str) {
        let until = Instant::now() + NOTICED_WITHIN;
        let ask = || self.node(0).say(&["node", "ls", "--filter", "role=worker", "--format", "{{.Status}}"]);
        while ask().to_lowercase() != state {
            assert!(Instant::now() < until, "the worker is {}, not {state}", ask());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn services(&self) -> Vec<String> {
        let said = self.node(0).say(&["service", "ls", "--format", "{{.ID}} {{.Name}}"]);
        said.lines().map(str::to_owned).collect()
    }

    /// What `docker` says of each container of the topology on a node.
    fn containers(&self, index: usize, world: &World) -> Vec<String> {
        let label = format!("label=iperftester.topology={}", world.name);
        let said =
            self.node(index).say(&["ps", "-a", "--no-trunc", "--filter", &label, "--format", "{{.ID}} {{.Image}}"]);
        said.lines().map(str::to_owned).collect()
    }

    /// A topology on it; `more` is added.
    fn topology(&self, more: &str) -> String {
        let (socket, folders) = (self.node(0).socket(), self.node(0).machine.folder().parent().unwrap().to_owned());
        format!(
            "
name: NAME
hosts:
  sw:
    swarm: {{ endpoint: \"unix://{}\", node-endpoint: \"unix://{}/{{name}}/run/docker.sock\" }}
tests:
  rtt: {{ ping: {{ count: 5, interval: 100ms }} }}
  tcp: {{ iperf3: {{ duration: 1s, rate: 20M }} }}
  slow: {{ ping: {{ count: 40, interval: 100ms }} }}
{more}",
            socket.display(),
            folders.display()
        )
    }
}

/// Two probes on each node.
const PROBES: &str = "
probes:
  node: { host: sw, placement: each-node }
  other: { host: sw, placement: each-node, ports: 5301-5310 }
groups:
  nodes: { mesh: [node] }
  across: { between: { from: [node], to: [other] }, one-way: true }
campaigns:
  nodes: { group: nodes, run: [rtt, tcp] }
  across: { group: across, run: [rtt] }
";

fn expect(world: &World, code: i32, arguments: &[&str]) -> Value {
    let mut command = world.command(arguments);
    command.args(["--output", "json"]);
    let output = command.output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n--- stdout\n{out}\n--- stderr\n{err}");
    serde_json::from_str(&out)
        .unwrap_or_else(|_| Value::Array(out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()))
}

/// Probe, address and fault of each probe that `status` names.
fn status(world: &World, code: i32) -> Vec<(String, String, Option<String>)> {
    let told = expect(world, code, &["status"]);
    let probes = told["probes"].as_array().unwrap().iter().map(|probe| {
        let word = |key: &str| probe[key].as_str().unwrap_or_default().to_owned();
        (word("probe"), word("address"), probe["fault"].as_str().map(str::to_owned))
    });
    probes.collect()
}

/// What `plan` would do, as `verb resource`, sorted.
fn plan(world: &World, code: i32) -> Vec<String> {
    let told = expect(world, code, &["plan"]);
    let actions = told["actions"].as_array().unwrap().iter();
    let told = actions.map(|action| format!("{} {}", action["verb"].as_str().unwrap(), action["id"].as_str().unwrap()));
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

/// Source, destination and status of each run of the newest report.
fn runs(world: &World) -> Vec<(String, String, String)> {
    let report = world.report();
    let runs = report["runs"].as_array().unwrap().iter();
    let word = |run: &Value, key: &str| run[key].as_str().unwrap().to_owned();
    runs.map(|run| (word(run, "source"), word(run, "destination"), word(run, "status"))).collect()
}

#[test]
fn a_swarm_is_a_probe_on_each_node_through_its_losses() {
    if let Some(why) = missing() {
        skipped(&why);
        return;
    }
    let mut swarm = Swarm::new();
    let world = World::with_images(&swarm.topology(PROBES));
    let probes: Vec<String> =
        ["node", "other"].iter().flat_map(|p| [0, 1].map(|i| format!("{p}-{}", swarm.name(i)))).collect();

    // From nothing to four probes at their nodes' addresses, and then nothing more to do.
    let made = expect(&world, 0, &["deploy"]);
    assert_eq!((&made["created"], &made["removed"]), (&6.into(), &0.into()), "two images and four services");
    let ready = status(&world, 0);
    for (index, (probe, address, fault)) in ready.iter().enumerate() {
        assert_eq!((probe, fault), (&probes[index], &None));
        assert_eq!(*address, swarm.address(index % 2).to_string());
    }
    assert_eq!(ready.len(), 4);
    let doctor = world.run(&["doctor", "--output", "json"]);
    let checks: Vec<Value> = serde_json::from_slice(&doctor.stdout).unwrap();
    let engines = checks.iter().filter(|check| check["name"] == "engine");
    let engines: Vec<_> = engines.map(|check| (check["node"].as_str(), check["state"].as_str().unwrap())).collect();
    let nodes = [0, 1].map(|index| swarm.name(index));
    assert_eq!(engines, [(None, "ok"), (Some(nodes[0]), "ok"), (Some(nodes[1]), "ok")]);
    let before = (swarm.services(), [0, 1].map(|index| swarm.containers(index, &world)));
    assert_eq!((before.0.len(), before.1.each_ref().map(Vec::len)), (4, [2, 2]));
    let again = expect(&world, 0, &["deploy"]);
    assert_eq!((&again["created"], &again["removed"], &again["unchanged"]), (&0.into(), &0.into(), &6.into()));
    assert_eq!((swarm.services(), [0, 1].map(|index| swarm.containers(index, &world))), before);

    // Hardened as the engine shows it, and started without asking a registry: by the image's identity.
    let id = before.1[0][0].split(' ').next().unwrap();
    let format = "{{.HostConfig.CapDrop}} {{.HostConfig.ReadonlyRootfs}} {{.Config.User}} {{.HostConfig.PidsLimit}} \
                  {{.HostConfig.NetworkMode}} {{.HostConfig.Memory}}";
    assert_eq!(swarm.node(0).say(&["inspect", "-f", format, id]), "[ALL] true 10001:10001 1024 host 536870912");
    assert!(before.1[0][0].ends_with(&swarm.node(0).say(&["inspect", "-f", "{{.Image}}", id])), "{:?}", before.1);

    // Ping and TCP both ways between the nodes.
    expect(&world, 0, &["run", "nodes"]);
    let done = runs(&world);
    assert_eq!(done.len(), 4, "{done:?}");
    assert!(done.iter().all(|(source, destination, status)| status == "ok" && source != destination), "{done:?}");
    let said = world.command(&["exec", &probes[1], "--", "uname", "-n"]).output().unwrap();
    assert_eq!(text(&said.stdout).trim(), swarm.name(1), "{}", text(&said.stderr));

    // A worker dies with all that is on it: its probes are told, the others go on.
    swarm.hosts.engines[1].kill();
    swarm.await_state("down");
    let away = format!("node {} is down", swarm.name(1));
    for (index, (probe, _, fault)) in status(&world, 3).iter().enumerate() {
        assert_eq!(fault.as_ref().is_some_and(|fault| fault.ends_with(&away)), index % 2 == 1, "{probe}: {fault:?}");
    }
    assert_eq!(plan(&world, 4), [] as [&str; 0]);
    let kept = expect(&world, 4, &["deploy"]);
    assert_eq!((&kept["created"], &kept["removed"], &kept["unchanged"]), (&0.into(), &0.into(), &3.into()));
    assert_eq!(kept["failed"][0]["host"], "sw");
    expect(&world, 4, &["run", "across"]);
    let statuses: Vec<(bool, String)> = runs(&world)
        .into_iter()
        .map(|(source, destination, status)| ([source, destination].iter().all(|p| p.ends_with(swarm.name(0))), status))
        .collect();
    assert_eq!(statuses.len(), 4);
    for (is_here, status) in statuses {
        assert_eq!(status, if is_here { "ok" } else { "skipped" });
    }

    // It comes back, and its probes with it.
    swarm.hosts.engines[1].start_again();
    swarm.await_state("ready");
    expect(&world, 0, &["deploy"]);
    assert!(status(&world, 0).iter().all(|(_, _, fault)| fault.is_none()));

    // It leaves for good: what was its own is unwanted.
    swarm.node(1).say(&["swarm", "leave"]);
    swarm.await_state("down");
    swarm.node(0).say(&["node", "rm", swarm.name(1)]);
    let leaving = plan(&world, 0);
    assert_eq!(leaving, [1, 3].map(|index| format!("remove probe/{}", probes[index])));
    expect(&world, 0, &["deploy"]);
    assert_eq!(swarm.services().len(), 2);

    // And joins again: it lacks its probes.
    swarm.join();
    let mut joining = plan(&world, 0);
    joining.retain(|action| action.starts_with("create probe/"));
    assert_eq!(joining, [1, 3].map(|index| format!("create probe/{}", probes[index])));
    expect(&world, 0, &["deploy"]);
    assert_eq!(swarm.containers(1, &world).len(), 2);

    let gone = expect(&world, 0, &["destroy"]);
    assert_eq!(gone["removed"], 4);
    assert_eq!(swarm.services(), [] as [&str; 0]);
    // An agent removes a container a moment after its task has ended.
    let none = || [0, 1].iter().all(|index| swarm.containers(*index, &world).is_empty());
    assert!(engines::eventually(none), "{:?}", [0, 1].map(|index| swarm.containers(index, &world)));
}

#[test]
fn what_a_swarm_cannot_give_is_told() {
    if let Some(why) = missing() {
        skipped(&why);
        return;
    }
    let swarm = Swarm::new();
    let world = World::with_images(&swarm.topology(
        "
probes: { node: { host: sw, placement: each-node } }
groups: { nodes: { mesh: [node] } }
campaigns: { slow: { group: nodes, run: [slow] } }
",
    ));
    let said = |code: i32, arguments: &[&str]| {
        let output = world.command(arguments).output().unwrap();
        let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{told}");
        told
    };
    let holds = |told: &str, words: &[&str]| {
        for words in words {
            assert!(told.contains(words), "`{words}` is not in\n{told}");
        }
    };
    let whole = std::fs::read_to_string(world.topology()).unwrap();
    let with = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        std::fs::write(world.topology(), whole.replace(from, to)).unwrap();
    };
    let (first, second) = (swarm.name(0), swarm.name(1));
    let endpoint = format!("unix://{}", swarm.node(0).socket().display());
    let node_endpoint = whole.split("node-endpoint: ").nth(1).unwrap().split(" }").next().unwrap().to_owned();

    // Without a way to the other nodes, the manager's own is still there.
    with(&format!(", node-endpoint: {node_endpoint}"), "");
    holds(
        &said(4, &["deploy"]),
        &[
            &format!("there is no way to the engine of node {second}"),
            "add `node-endpoint: ssh://USER@{address}` to the `swarm` host",
            "1 probe ready",
        ],
    );
    assert_eq!(swarm.services().len(), 1);

    // The engine of another node is not taken for one's own.
    for (name, target) in [(first, 1), (second, 0)] {
        std::os::unix::fs::symlink(swarm.node(target).socket(), world.folder.path().join(format!("{name}.sock")))
            .unwrap();
    }
    let crossed = format!("\"unix://{}/{{name}}.sock\"", world.folder.path().display());
    with(&node_endpoint, &crossed);
    holds(&said(3, &["plan"]), &[&format!(".sock is not that of node {first}")]);

    // A manager that is none, and one that is not there.
    with(&endpoint, &format!("unix://{}", swarm.node(1).socket().display()));
    holds(
        &said(3, &["plan"]),
        &["cannot ask the swarm sw on host sw", "is not a swarm manager", "name the engine of a manager"],
    );
    with(&endpoint, "unix:///nowhere/docker.sock");
    holds(&said(3, &["status"]), &["host `sw` at unix:///nowhere/docker.sock: there is no socket"]);

    // Ports of one node, and more nodes than there are.
    with("placement: each-node }", "placement: { replicas: 3 } }, more: { host: sw, placement: { replicas: 2 } }");
    let told = said(3, &["plan"]);
    holds(&told, &["probe node is to be on 3 of the nodes of sw and can be on 2"]);
    holds(&told, &[&format!("more-{second} and node-{second} share the ports of node {second} of swarm sw")]);

    // Labels choose among the nodes.
    swarm.node(0).say(&["node", "update", "--label-add", "rack=b", second]);
    with("placement: each-node }", "placement: { replicas: 2, labels: [rack=b] } }");
    holds(
        &said(0, &["plan"]),
        &[&format!("create probe/node-{second}"), &format!("remove probe/node-{first}"), "can be on 1"],
    );

    // A name that is taken, and a node that takes no work: nothing is left of what was begun.
    std::fs::write(world.topology(), &whole).unwrap();
    let taken = format!("iperftester-{}-node-{second}", world.name);
    swarm.node(0).say(&[
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--replicas",
        "0",
        "--name",
        &taken,
        "none:1",
    ]);
    holds(
        &said(4, &["deploy"]),
        &["there is a service called", "already: iperftester did not make it", &format!("docker service rm {taken}")],
    );
    swarm.node(0).say(&["service", "rm", &taken]);
    said(0, &["deploy"]);

    // An interrupted campaign goes on with the same nodes.
    let mut child = world.spawn(&["run", "slow", "--output", "json"]);
    std::thread::sleep(Duration::from_secs(4));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    said(0, &["run", "--resume"]);
    assert_eq!(runs(&world).iter().filter(|(_, _, status)| status == "ok").count(), 2);

    // A probe stays where it is, though another node would come first now.
    let labelled = whole
        .replace("each-node }", "{ replicas: 1, labels: [rack=b] } }, one: { host: sw, ports: 5401-5410 }")
        .replace("[node]", "[node, one]");
    std::fs::write(world.topology(), labelled).unwrap();
    said(0, &["deploy"]);
    assert_eq!(swarm.services().len(), 2);
    swarm.node(0).say(&["node", "update", "--label-add", "rack=b", first]);
    holds(&said(0, &["plan"]), &["nothing to do"]);

    // Somebody else with a topology of this name is told whose it is, and a host of a new name finds what it had under the old.
    std::fs::write(world.topology(), whole.replace("  sw:", "  other:").replace("host: sw", "host: other")).unwrap();
    for verb in ["plan", "destroy"] {
        let output = world.command(&[verb]).env("SUDO_USER", "luis").output().unwrap();
        let told = text(&output.stderr);
        assert_ne!(output.status.code(), Some(0), "{told}");
        holds(&told, &[" on host other is ", "'s since 20", "another `name:`"]);
    }
    assert_eq!(swarm.services().len(), 2);
    holds(&said(0, &["destroy"]), &["nothing is left"]);
    assert_eq!(swarm.services(), [] as [&str; 0]);
}
