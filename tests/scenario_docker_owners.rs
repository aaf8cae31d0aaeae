//! Whose is what on an engine that several people and several hosts of a topology share, and hosts that hold up nobody else.

#[path = "support/docker_lab.rs"]
mod docker_lab;
mod engines;
mod world;

use std::collections::BTreeMap;
use std::os::unix::net::UnixListener;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use docker_lab::{Lab, steps};
use serde_json::{Value, json};
use world::{World, runs, text};

const ONE: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } } }
probes: { a: { host: e }, b: { host: e } }
";

/// Somebody else's, who has chosen the same name.
const OTHER: &str = "
name: NAME
image: { base: small }
hosts: { x: { docker: { endpoint: \"ENDPOINT\" } } }
probes: { a: { host: x }, c: { host: x } }
";

/// Two names of one engine.
const TWO: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } }, f: { docker: { endpoint: \"ENDPOINT\" } } }
probes:
  a: { host: e, address: 192.0.2.1, ports: 5201-5202 }
  b: { host: f, address: 192.0.2.2, ports: 5301-5302 }
";

/// On the engine at the usual socket.
const USUAL: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: {} } }
probes: { a: { host: e }, b: { host: e } }
";

/// A host that is there, with a link to shape, and one that is not.
const ONE_GONE: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } }, gone: { docker: { endpoint: \"unix:///nowhere/docker.sock\" } } }
probes: { a: { host: e }, b: { host: e } }
links: { wire: { between: [a, b], impair: { rate: 50M } } }
";

/// A swarm that is not there, and probes that reach each other without it.
const WITH_SWARM: &str = "
name: NAME
image: { base: small }
hosts:
  e: { docker: { endpoint: \"ENDPOINT\" } }
  sw: { swarm: { endpoint: \"unix:///nowhere/docker.sock\" } }
probes:
  a: { host: e, network: host, address: 127.0.0.1, ports: 5201-5203 }
  b: { host: e, network: host, address: 127.0.0.2, ports: 5211-5213 }
  node: { host: sw, placement: each-node }
tests: { tcp: { iperf3: { duration: 1s, rate: 20M } } }
groups:
  pair: { pairs: [[a, b]], one-way: true }
  nodes: { mesh: [node] }
campaigns:
  every: { group: all, run: [tcp] }
  pair: { group: pair, run: [tcp] }
  nodes: { group: nodes, run: [tcp] }
";

/// How long a silent engine keeps still: less than the 10 s that it is given.
const STILL: Duration = Duration::from_secs(9);

/// A verb as it is when `user` calls sudo.
fn as_user(lab: &Lab, user: &str, code: i32, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = lab.world.command(arguments).env("SUDO_USER", user).output().unwrap();
    let said = text(&stdout) + &text(&stderr);
    assert_eq!(status.code(), Some(code), "{user}: {arguments:?}\n{said}");
    said
}

/// What `own` is on the engine's own machine, where the engine is at its usual socket.
fn beside(lab: &Lab, own: &Command) -> Command {
    let mut command = lab.engine.machine.command(own.get_program().to_str().unwrap());
    command.args(own.get_args()).current_dir(own.get_current_dir().unwrap());
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// A verb of `user`'s there.
fn beside_it(lab: &Lab, user: &str, code: i32, own: &Command) -> String {
    let Output { status, stdout, stderr } = beside(lab, own).env("SUDO_USER", user).output().unwrap();
    let said = text(&stdout) + &text(&stderr);
    assert_eq!(status.code(), Some(code), "{user}: {own:?}\n{said}");
    said
}

/// What `doctor` tells, by host and name; its exit code depends on the machine too.
fn doctor(command: &mut Command) -> BTreeMap<(Option<String>, String), Value> {
    let output = command.output().unwrap();
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|fault| panic!("{fault}: {}{}", text(&output.stdout), text(&output.stderr)));
    let missing = checks.iter().any(|check| check["state"] == "missing");
    assert_eq!(output.status.code(), Some(if missing { 3 } else { 0 }), "{checks:?}");
    let key = |check: &Value| (check["host"].as_str().map(str::to_owned), check["name"].as_str().unwrap().to_owned());
    checks.into_iter().map(|check| (key(&check), check)).collect()
}

fn machine() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned()
}

#[test]
fn two_people_with_one_name_leave_each_others_probes_alone() {
    let Some(lab) = Lab::new(ONE) else { return };
    as_user(&lab, "ana", 0, &["deploy"]);
    let before = (lab.containers(), lab.networks());
    let ana = format!("ana@{}", machine());

    // Neither replaced nor removed, however far the other file is from it.
    for topology in
        [OTHER, &ONE.replace("b: { host: e }", "b: { host: e, raw-sockets: true }"), &ONE.replace(", b:", ", d:")]
    {
        lab.write(topology);
        for verb in ["plan", "deploy", "status"] {
            let said = as_user(&lab, "luis", 3, &[verb]);
            assert!(said.contains(&format!(" is {ana}'s since 20")), "{verb}: {said}");
            assert!(said.contains("give your topology another `name:`"), "{verb}: {said}");
            assert!(said.contains(&format!("write `owner: {ana}` into its file")), "{verb}: {said}");
        }
    }
    lab.write(OTHER);
    as_user(&lab, "luis", 3, &["destroy"]);
    assert_eq!((lab.containers(), lab.networks()), before);

    // Who has the same file may use what is there, and add to it.
    lab.write(ONE);
    let said = as_user(&lab, "luis", 0, &["deploy"]);
    assert!(said.contains("nothing to do, 4 resources"), "{said}");
    lab.write(&ONE.replace("b: { host: e }", "b: { host: e }, c: { host: e }"));
    as_user(&lab, "luis", 0, &["deploy"]);
    assert_eq!(lab.containers()[&lab.name("a")], before.0[&lab.name("a")]);
    let said = as_user(&lab, "ana", 3, &["destroy"]);
    assert!(said.contains(&format!("probe/c on host e is luis@{}'s since 20", machine())), "{said}");

    // A team says so in the file that it shares; what its people made before is theirs still.
    lab.write(&ONE.replace("image:", &format!("owner: {ana}\nimage:")));
    as_user(&lab, "luis", 0, &["deploy"]);
    assert_eq!(lab.containers(), before.0);
    as_user(&lab, "luis", 0, &["destroy"]);
    lab.assert_empty();
}

#[test]
fn what_a_lost_file_described_goes_by_its_name_and_nothing_else_does() {
    let Some(mut lab) = Lab::new(USUAL) else { return };
    let name = lab.world.name.clone();
    let as_root = |lab: &Lab, user: &str, code: i32, arguments: &[&str]| {
        beside_it(lab, user, code, &lab.world.command(arguments))
    };
    lab.write(&USUAL.replace("name: NAME", "name: NAME-b").replace("a:", "c:").replace("b:", "d:"));
    as_root(&lab, "ana", 0, &["deploy"]);
    let others = (lab.containers(), lab.networks());
    lab.write(USUAL);
    as_root(&lab, "ana", 0, &["deploy"]);
    let both = (lab.containers(), lab.networks());
    std::fs::remove_file(lab.world.topology()).unwrap();

    let usual =
        &doctor(&mut beside(&lab, &lab.world.command(&["doctor", "--output", "json"])))[&(None, "engine".to_owned())];
    assert!(usual["detail"].as_str().unwrap().starts_with("Docker "), "{usual}");
    // Whoever may not use the engine is told what was not looked for.
    let nobody = beside_it(&lab, "nobody", 0, &lab.world.as_nobody(&["destroy", "--name", &name]));
    assert!(nobody.contains("containers were not looked for: host `here` at unix:///var/run/docker.sock"), "{nobody}");
    let luis = as_root(&lab, "luis", 3, &["destroy", "--name", &name]);
    assert!(luis.contains(" on host here is ana@"), "{luis}");
    assert_eq!((lab.containers(), lab.networks()), both);

    let said = as_root(&lab, "ana", 0, &["destroy", "--name", &name]);
    assert!(said.contains(": removed 3 resources, nothing is left"), "{said}");
    assert_eq!((lab.containers(), lab.networks()), others);
    let again = as_root(&lab, "ana", 0, &["destroy", "--name", &name]);
    assert!(
        again.contains(": nothing is deployed on this machine; probes on other hosts go with their file"),
        "{again}"
    );
    as_root(&lab, "ana", 0, &["destroy", "--name", &format!("{name}-b")]);
    lab.assert_empty();

    // A machine without an engine lacks nothing.
    lab.engine.stop();
    let without = as_root(&lab, "ana", 0, &["destroy", "--name", &name]);
    assert!(
        without.contains(": nothing is deployed on this machine") && !without.contains("not looked for"),
        "{without}"
    );
}

#[test]
fn doctor_tells_of_each_engine_what_deploy_would_meet() {
    let Some(lab) = Lab::new(ONE_GONE) else { return };
    let look = || doctor(&mut lab.world.command(&["doctor", "--output", "json"]));
    let of = |host: &str, name: &str| (Some(host.to_owned()), name.to_owned());
    let before = look();
    let engine = before[&of("e", "engine")]["detail"].as_str().unwrap();
    let version = lab.engine.say(&["version", "--format", "{{.Server.Version}}, API {{.Server.APIVersion}}"]);
    assert!(engine.starts_with(&format!("Docker {version}, on ")) && engine.ends_with(", as root"), "{engine}");
    for name in ["engine", "clock", "limits", "shaping", "image"] {
        assert_eq!(before[&of("e", name)]["state"], "ok", "{:?}", before[&of("e", name)]);
    }
    // The data of this engine are in a folder of this machine.
    assert!(before[&of("e", "disk")]["detail"].as_str().unwrap().ends_with(" MB free where it keeps its images"));
    assert!(before[&of("e", "image")]["detail"].as_str().unwrap().contains("`deploy` brings it"));
    let gone = &before[&of("gone", "engine")];
    assert_eq!(gone["state"], "missing");
    assert_eq!(before.keys().filter(|(host, _)| host.as_deref() == Some("gone")).count(), 1, "{before:?}");
    lab.assert_empty();

    let said = lab.complaint(4, &["deploy"]);
    for told in ["detail", "mend"] {
        assert!(said.contains(gone[told].as_str().unwrap()), "{gone}\n{said}");
    }
    let after = look();
    assert_eq!(after[&of("e", "image")]["detail"], "the engine has it");
    let spanish = text(&lab.world.run(&["doctor", "--lang", "es"]).stdout);
    assert!(
        spanish.contains(" e: motor ") && spanish.contains("no existe el socket /nowhere/docker.sock"),
        "{spanish}"
    );
    lab.complaint(4, &["destroy"]);

    // A file with faults does not keep it from the rest, and where there is none no host is looked for.
    lab.write(&ONE_GONE.replace("hosts:", "hosst:"));
    let faulty = look();
    assert_eq!(faulty[&(None, "topology".to_owned())]["state"], "missing");
    assert!(faulty.contains_key(&(None, "cpus".to_owned())));
    std::fs::remove_file(lab.world.topology()).unwrap();
    let without = look();
    assert!(without.keys().all(|(host, name)| host.is_none() && name != "topology"), "{without:?}");
    assert_eq!(
        lab.world.run(&["-t", "other.yaml", "doctor"]).status.code(),
        Some(2),
        "a file that was named is needed"
    );
}

#[test]
fn a_host_of_another_name_takes_over_what_was_made_under_the_old_one() {
    let Some(lab) = Lab::new(TWO) else { return };
    lab.json(0, &["deploy"]);
    let b = lab.containers()[&lab.name("b")].clone();
    lab.write(&TWO.replace(" e:", " g:").replace("host: e", "host: g"));
    let plan = lab.json(0, &["plan"]);
    assert!(steps(&plan).contains(&"remove network/e".to_owned()), "{plan}");
    lab.json(0, &["deploy"]);
    let after = lab.containers();
    assert_eq!(after.keys().collect::<Vec<_>>(), [&lab.name("a"), &lab.name("b")]);
    assert_eq!(after[&lab.name("b")], b, "that of the other name of the engine");
    let networks: Vec<String> = lab.networks().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(networks, [lab.name("f"), lab.name("g")]);
    assert_eq!(lab.json(0, &["plan"])["actions"], json!([]));
    // Each goes to the other name of the engine, which may make it before the first has removed it.
    let swapped =
        TWO.replace(" e:", " g:").replace("a: { host: e", "a: { host: f").replace("b: { host: f", "b: { host: g");
    lab.write(&swapped);
    lab.json(0, &["deploy"]);
    assert_eq!(lab.json(0, &["plan"])["actions"], json!([]));
    // One name is taken out: what it had is found by the other.
    lab.write(
        &TWO.replace(" e: { docker: { endpoint: \"ENDPOINT\" } },", "").replace("  a: { host: e,", "  c: { host: f,"),
    );
    lab.json(0, &["destroy"]);
    lab.assert_empty();

    // Two topologies can come to one name; the other is told.
    lab.write(&ONE.replace("name: NAME", "name: NAME-a"));
    lab.json(0, &["deploy"]);
    let before = (lab.containers(), lab.networks());
    lab.write(&ONE.replace("a: { host: e }, b:", "a-b: { host: e }, c:"));
    let said = lab.complaint(3, &["deploy"]);
    let name = &lab.world.name;
    assert!(
        said.contains(&format!(
            "there is a container called iperftester-{name}-a-b already: it is of the topology {name}-a, which is "
        )),
        "{said}"
    );
    assert!(said.contains("give one of the two topologies another `name:`") && !said.contains("docker rm"), "{said}");
    assert_eq!((lab.containers(), lab.networks()), before);
    lab.write(&ONE.replace("name: NAME", "name: NAME-a"));
    lab.json(0, &["destroy"]);
    lab.assert_empty();
}

#[test]
fn a_swarm_that_is_away_and_an_engine_that_is_silent_hold_up_no_other_host() {
    let Some(lab) = Lab::new(WITH_SWARM) else { return };
    let why = "cannot ask the swarm sw on host sw";
    assert!(lab.complaint(4, &["plan"]).contains(why));
    let said = lab.complaint(4, &["deploy"]);
    assert!(said.contains(why) && said.contains("there is no socket /nowhere/docker.sock"), "{said}");
    assert_eq!(lab.containers().len(), 2);
    let status = lab.json(3, &["status"]);
    for probe in status["probes"].as_array().unwrap() {
        let fault = probe["fault"].as_str().unwrap_or_default();
        assert_eq!((probe["ready"] == true, fault.contains(why)), (probe["probe"] != "node", probe["probe"] == "node"));
    }
    let said = lab.complaint(4, &["run", "every"]);
    let report = lab.world.report();
    let skipped = |run: &Value| run["status"] == "skipped" && run["reason"].to_string().contains("there is no socket");
    assert_eq!(runs(&report).len(), 6, "{report}");
    for run in runs(&report) {
        let with_it = ["source", "destination"].iter().any(|end| run[end] == "node");
        assert_eq!((skipped(run), run["measurement"].is_null()), (with_it, with_it), "{said}\n{run}");
    }
    // Nobody knows what pairs its nodes make; where none of it is asked for, nothing is missing.
    lab.complaint(4, &["run", "nodes"]);
    assert!(matches!(lab.world.run(&["run", "pair"]).status.code(), Some(0 | 4)));
    assert!(lab.complaint(3, &["exec", "node-m1", "--", "true"]).contains(why));
    assert!(lab.complaint(3, &["run", "--from", "a", "--to", "node-m1"]).contains(why));
    assert!(lab.complaint(3, &["run", "--resume"]).contains(why));
    assert!(lab.complaint(4, &["destroy"]).contains("host `sw` at unix:///nowhere/docker.sock"));
    lab.assert_empty();

    // It answers as soon as the other host has got something.
    let socket = lab.world.folder.path().join("silent.sock");
    let silent = UnixListener::bind(&socket).unwrap();
    lab.write(&TWO.replacen(
        "f: { docker: { endpoint: \"ENDPOINT\"",
        &format!("f: {{ docker: {{ endpoint: \"unix://{}\"", socket.display()),
        1,
    ));
    let child = lab.world.spawn(&["deploy"]);
    let _asked = silent.accept().unwrap();
    let until = Instant::now() + STILL;
    while lab.networks().is_empty() {
        assert!(Instant::now() < until, "nothing is made while one host is silent");
        std::thread::sleep(Duration::from_millis(100));
    }
    drop((silent, _asked));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    lab.complaint(4, &["destroy"]);
    lab.assert_empty();
}

/// `plan` of `topology` where the Docker context `edge` leads to `host`: what it refuses.
fn refused_in_context(topology: &str, host: &str) -> String {
    let world = World::new(topology);
    // SHA-256 of `edge`, as the Docker CLI has it.
    let meta =
        world.folder.path().join("contexts/meta/a1cb100f57e971cacf269e7c26e4630a25a8e9d4bdd35e32df1a80b66b896254");
    std::fs::create_dir_all(&meta).unwrap();
    let context = json!({ "Name": "edge", "Metadata": {}, "Endpoints": { "docker": { "Host": host } } });
    std::fs::write(meta.join("meta.json"), context.to_string()).unwrap();
    world.expect(0, &["validate"]);
    let output = world.command(&["plan"]).env("DOCKER_CONFIG", world.folder.path()).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    said
}

/// What an endpoint in the file would have told to `validate`, a context tells where it is read.
#[test]
fn a_context_that_leads_to_a_socket_does_not_say_where_its_host_is() {
    let two = TWO.replace("endpoint: \"ENDPOINT\"", "context: edge").replacen(", address: 192.0.2.1", "", 1);
    let said = refused_in_context(&two, "unix:///nowhere/docker.sock");
    assert!(said.contains("a is reached at its host, whose engine is at a socket of this machine"), "{said}");
    assert!(said.contains("`address: 192.0.2.1` at the probe `a`"), "{said}");
}

#[test]
fn links_at_an_engine_that_a_context_puts_elsewhere_cannot_be_shaped() {
    let shaped = "name: NAME\nimage: { base: small }\nhosts: { e: { docker: { context: edge } } }\n\
                  probes: { a: { host: e }, b: { host: e } }\nlinks: { wire: { between: [a, b], impair: { rate: 1M } } }\n";
    let said = refused_in_context(shaped, "ssh://far.example.net");
    assert!(
        said.contains("link `wire` asks for `impair.rate`, and the engine of host `e` is not at a socket"),
        "{said}"
    );
    assert!(said.contains("run iperftester on that machine"), "{said}");
}
