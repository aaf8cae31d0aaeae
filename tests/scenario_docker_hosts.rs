//! A fleet of Docker hosts, one over TLS, one over ssh and one at a socket: deployed side by side, measured, and whatever is
//! wrong with one of them told and survived.

mod engines;
mod world;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use engines::{ALIAS, Authority, BEHIND, Documented, Engine, Hosts, NOWHERE, Use, probe_image};
use iperftester::domain::host::Tls;
use serde_json::Value;
use world::{World, skipped, text};

/// What is left to the system before a host counts as gone: 10 s of ours and what else a verb does.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(15);

fn able() -> bool {
    let why = engines::missing();
    why.iter().for_each(|why| skipped(why));
    why.is_none()
}

/// `tls: { … }` of a host with these files.
fn tls(files: &Tls) -> String {
    let Tls { ca, cert, key } = files;
    format!("tls: {{ ca: {}, cert: {}, key: {} }}", ca.display(), cert.display(), key.display())
}

/// A world, its hosts, and the `ssh` of its user.
struct Fleet {
    hosts: Hosts,
    world: World,
    path: String,
}

impl Fleet {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(arguments);
        command.env("PATH", &self.path).env_remove("XDG_RUNTIME_DIR");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs, expects exit code `code`, and gives both outputs.
    fn expect(&self, code: i32, arguments: &[&str]) -> [String; 2] {
        let output = self.run(arguments);
        let [out, err] = [text(&output.stdout), text(&output.stderr)];
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n--- stdout\n{out}\n--- stderr\n{err}");
        [out, err]
    }

    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let [out, _] = self.expect(code, &[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&out).unwrap()
    }

    /// What a campaign said. It ends with 4 on a machine too busy to measure well.
    fn measured(&self, campaign: &str) -> String {
        let output = self.run(&["run", campaign]);
        let said = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 4)), "{said}");
        said
    }

    /// Each run of the newest report, by its two ends.
    fn runs(&self) -> BTreeMap<String, Vec<Value>> {
        let [report, _] = self.expect(0, &["report", "--format", "json"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        let mut runs: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for run in report["runs"].as_array().unwrap() {
            let [from, to] = ["source", "destination"].map(|end| run[end].as_str().unwrap());
            runs.entry(format!("{from} {to}")).or_default().push(run.clone());
        }
        runs
    }
}

/// What of a topology is on an engine.
fn left(engine: &Engine) -> String {
    let ours = ["--filter", "label=iperftester.topology"];
    let containers = engine.say(&[&["ps", "-aq"][..], &ours].concat());
    containers + &engine.say(&[&["network", "ls", "-q"][..], &ours].concat())
}

/// Why a run is what it is.
fn told_of(run: &Value) -> String {
    format!("{}{}", run["reason"], run["error"])
}

/// The words of a run's command.
fn command(run: &Value) -> Vec<&str> {
    run["command"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_fleet_is_deployed_measured_and_removed_and_one_host_may_be_down() {
    if !able() {
        return;
    }
    probe_image();
    let mut hosts = Hosts::new(3);
    let sshd = hosts.sshd(1);
    let [rack, edge] = [0, 1].map(|index| hosts.address(index).to_string());
    let lan = hosts.free_address(42).to_string();
    let topology = format!(
        "name: NAME
hosts:
  rack: {{ docker: {{ endpoint: 'tcp+tls://{rack}:2376', {} }} }}
  edge: {{ docker: {{ endpoint: '{}' }} }}
  lan:  {{ docker: {{ endpoint: '{}' }} }}
probes:
  r1: {{ host: rack }}
  r2: {{ host: rack, ports: 5301-5310 }}
  in: {{ host: rack, behind-nat: true }}
  e:  {{ host: edge, network: host }}
  m:  {{ host: lan, network: {{ macvlan: {{ parent: eth0, address: {lan}/24 }} }} }}
groups:
  all-of-them: {{ mesh: [r1, r2, e, m] }}
  outwards: {{ between: {{ from: [in], to: [e, m] }}, one-way: true }}
  one: {{ pairs: [[e, r1]], one-way: true }}
tests:
  rtt: {{ ping: {{ count: 2, interval: 200ms }} }}
  tcp: {{ iperf3: {{ duration: 1s, rate: 50M }} }}
  udp: {{ iperf3: {{ duration: 1s, protocol: udp, rate: 10M }} }}
  long: {{ iperf3: {{ duration: 4s, rate: 20M }} }}
campaigns:
  check: {{ group: all-of-them, run: [rtt, tcp], repeat: 1 }}
  quick: {{ group: all-of-them, run: [rtt], repeat: 1 }}
  out:   {{ group: outwards, run: [rtt, udp], repeat: 1 }}
  cut:   {{ group: one, run: [long], repeat: 2 }}
",
        tls(&hosts.authority.tls("client")),
        format_args!("ssh://{ALIAS}"),
        hosts.engines[2].url(),
    );
    let path = sshd.path();
    hosts.engines[2].stop();
    let mut fleet = Fleet { hosts, world: World::with_images(&topology), path };

    // One is down from the beginning: the others go on, side by side.
    let [_, told] = fleet.expect(4, &["deploy"]);
    let down = format!("host `lan` at {}: there is no socket", fleet.hosts.engines[2].url());
    assert!(told.contains(&down) || told.contains("nobody listens at the socket"), "{told}");
    assert!(told.contains("hint: start the engine"), "{told}");
    let first = |host: &str| told.find(&format!("{host} [1/")).unwrap_or_else(|| panic!("{told}"));
    let last = |host: &str| told.rfind(&format!("{host} [")).unwrap();
    assert!(first("edge") < last("rack") && first("rack") < last("edge"), "one after the other: {told}");

    fleet.hosts.engines[2].start_again();
    let healed = fleet.json(0, &["deploy"]);
    assert_eq!((&healed["created"], &healed["unchanged"]), (&Value::from(3), &Value::from(7)), "{healed}");
    let began = SystemTime::now();
    let again = fleet.json(0, &["deploy"]);
    assert_eq!((&again["created"], &again["removed"], &again["failed"]), (&0.into(), &0.into(), &Value::Array(vec![])));
    for engine in &fleet.hosts.engines {
        let quiet = ["create", "start", "die", "destroy", "import", "load"];
        let events = engine.events(began);
        let changed = events.iter().any(|event| quiet.iter().any(|action| event["Action"] == *action));
        assert!(!changed, "{events:#?}");
    }

    let status = fleet.json(0, &["status"]);
    let addresses: BTreeMap<&str, &str> = status["probes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|probe| (probe["probe"].as_str().unwrap(), probe["address"].as_str().unwrap()))
        .collect();
    let [r1, r2, e, m] = ["r1", "r2", "e", "m"].map(|probe| addresses[probe]);
    assert_eq!([r1, r2, e, m], [rack.as_str(), &rack, &edge, &lan], "{addresses:?}");

    // On its host's network a probe may ping as that host allows; it can be pinged all the same.
    fleet.hosts.engines[1].machine.sysctl("net.ipv4.ping_group_range=1 0");
    let [_, said] = fleet.expect(4, &["run", "quick"]);
    let mend = "run `sudo sysctl -w net.ipv4.ping_group_range='0 2147483647'` on its host";
    for (pair, runs) in fleet.runs() {
        assert_eq!(runs[0]["status"] == "skipped", pair.starts_with("e "), "{pair}: {said}");
        assert_eq!(told_of(&runs[0]).contains(mend), pair.starts_with("e "), "{pair}: {said}");
    }
    fleet.hosts.engines[1].machine.sysctl("net.ipv4.ping_group_range=0 2147483647");

    // Each meets each; two in one network of one host meet there, not at the host's proxy.
    let said = fleet.measured("check");
    assert!(!said.contains("cannot reach"), "{said}");
    let runs = fleet.runs();
    assert_eq!(runs.len(), 12, "{:?}", runs.keys());
    for (pair, runs) in &runs {
        assert_eq!(runs.len(), 2, "{pair}");
        let to = pair.split(' ').nth(1).unwrap();
        for run in runs {
            assert!(["ok", "invalid"].map(Value::from).contains(&run["status"]), "{pair}: {run}");
            let at_host = command(run).contains(&addresses[to]);
            assert_eq!(at_host, !["r1 r2", "r2 r1"].contains(&pair.as_str()), "{pair}: {:?}", command(run));
        }
    }
    // Nothing is asked of one behind NAT but what it opens itself.
    let said = fleet.measured("out");
    assert!(!said.contains("cannot reach"), "{said}");
    assert_eq!(fleet.runs().keys().collect::<Vec<_>>(), ["in e", "in m"]);

    an_ssh_session_that_is_cut_costs_one_run(&fleet);

    // ssh gets there, and where that is nobody here knows: an address has to be written.
    fleet.world.write(&topology.replace(&format!("ssh://{ALIAS}"), &format!("ssh://{BEHIND}")));
    let status = fleet.json(3, &["status"]);
    let why = format!("the name `{NOWHERE}` of its host cannot be resolved here, so the probe e needs an `address`");
    for probe in status["probes"].as_array().unwrap() {
        let fault = probe["fault"].as_str().unwrap_or_default();
        assert_eq!(fault.contains(&why), probe["probe"] == "e", "{probe}");
    }
    assert_eq!(status["pending"]["actions"], Value::Array(vec![]));
    fleet.world.write(&topology);

    // A host goes away: its probes are told to be unavailable, what they have no part in is measured.
    fleet.hosts.engines[1].stop();
    let why = "ssh works, but the socket /var/run/docker.sock there does not answer";
    let status = fleet.json(3, &["status"]);
    for probe in status["probes"].as_array().unwrap() {
        let fault = probe["fault"].as_str().unwrap_or_default();
        assert_eq!(probe["ready"], probe["probe"] != "e", "{probe}");
        assert_eq!(fault.contains(why), probe["probe"] == "e", "{probe}");
    }
    let [_, said] = fleet.expect(4, &["run", "quick"]);
    assert!(said.contains(why), "{said}");
    for (pair, runs) in fleet.runs() {
        let with_it = pair.split(' ').any(|end| end == "e");
        assert_eq!(runs[0]["status"] == "ok", !with_it, "{pair}: {said}");
        assert_eq!(told_of(&runs[0]).contains(why), with_it, "{pair}: {said}");
    }
    let [out, told] = fleet.expect(4, &["destroy"]);
    assert!(out.contains("what is on hosts that failed is left") && told.contains("host `edge`"), "{out}{told}");
    assert!(told.contains("the probe image stays on lan, rack for"), "{told}");
    fleet.hosts.engines[1].start_again();
    assert!([0, 2].into_iter().all(|index| left(&fleet.hosts.engines[index]).is_empty()));
    assert!(!left(&fleet.hosts.engines[1]).is_empty());
    fleet.expect(0, &["destroy"]);
    assert_eq!(left(&fleet.hosts.engines[1]), "");
    let [out, _] = fleet.expect(0, &["destroy"]);
    assert!(out.contains("nothing is deployed"), "{out}");
}

/// The next run goes over a new session.
fn an_ssh_session_that_is_cut_costs_one_run(fleet: &Fleet) {
    let mut child = fleet
        .command(&["run", "cut", "--output", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("\"event\":\"rate\"")));
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    let is_ssh = |pid: &&str| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        text(&words).contains("ControlMaster=yes")
    };
    let ssh: Vec<&str> = children.split_whitespace().filter(is_ssh).collect();
    assert_eq!(ssh.len(), 1, "{children}");
    assert!(Command::new("kill").args(["-KILL", ssh[0]]).status().unwrap().success());
    let said: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(4), "{said:#?}");
    let runs = fleet.runs();
    let [first, second] = &runs["e r1"][..] else { panic!("{runs:#?}") };
    assert_eq!(first["status"], "failed", "{first}");
    assert!(told_of(first).contains("the agent of e has ended: the connection to host edge was lost"), "{first}");
    assert!(!second["measurement"].is_null(), "{second}");
}

#[test]
fn whatever_is_wrong_with_a_host_is_told_in_time_and_the_others_stand() {
    if !able() {
        return;
    }
    probe_image();
    let hosts = Hosts::new(2);
    let sshd = hosts.sshd(1);
    let folder = tempfile::tempdir().unwrap();
    let others = Authority::new(folder.path(), "others");
    others.certify("client", Use::Client, "", None);
    hosts.authority.certify("early", Use::Client, "", Some(2049));
    sshd.know_nobody();
    // It takes connections, for the system does, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp+tls://{}", hosts.tls(0));
    let client = hosts.authority.tls("client");
    let stranger = Tls { ca: client.ca.clone(), ..others.tls("client") };
    let wrong = format!(
        "
  stranger: {{ docker: {{ endpoint: '{endpoint}', {} }} }}
  early:    {{ docker: {{ endpoint: '{endpoint}', {} }} }}
  unknown:  {{ docker: {{ endpoint: '{}' }} }}
  gone:     {{ docker: {{ endpoint: 'tcp+tls://{}', {} }} }}
  silent:   {{ docker: {{ endpoint: 'tcp+tls://{}', {} }} }}",
        tls(&stranger),
        tls(&hosts.authority.tls("early")),
        sshd.url(),
        hosts.free_address(77),
        tls(&client),
        silent.local_addr().unwrap(),
        tls(&client),
    );
    let names = ["stranger", "early", "unknown", "gone", "silent"];
    // Several of them are one engine, whose ports they divide.
    let probe = |(name, first): (&&str, u16)| format!("  {name}: {{ host: {name}, ports: {first}-{} }}\n", first + 4);
    let probes = |names: &[&str]| names.iter().zip((5201..).step_by(5)).map(probe).collect::<String>();
    let all = format!("name: NAME\nhosts:{wrong}\nprobes:\n{}", probes(&names));
    let path = sshd.path();
    let fleet = Fleet { hosts, world: World::with_images(&all), path };
    let hint = format!("run `ssh -p 2222 root@{} true` once", fleet.hosts.address(1));
    let expected = [
        ("stranger", "it does not accept the certificate"),
        ("early", "which is valid from 2049-01-01 00:00:00 UTC; here it is"),
        ("unknown", "ssh does not know the key of that host"),
        ("unknown", &hint),
        ("gone", "it cannot be reached: "),
        ("silent", "no answer within 10 s"),
    ];
    for verb in ["deploy", "status", "destroy"] {
        let began = Instant::now();
        let [_, err] = fleet.expect(3, &[verb]);
        assert!(began.elapsed() < GIVEN_UP_WITHIN, "{verb}: {:?}", began.elapsed());
        for (host, words) in expected {
            assert!(err.contains(&format!("host `{host}` at ")) && err.contains(words), "{verb}, {host}: {err}");
        }
    }

    let one = format!("  rack: {{ docker: {{ endpoint: '{endpoint}', {} }} }}", tls(&client));
    let both = [&names[..], &["rack"]].concat();
    fleet.world.write(&format!("name: NAME\nhosts:{wrong}\n{one}\nprobes:\n{}", probes(&both)));
    let [out, err] = fleet.expect(4, &["deploy"]);
    assert!(out.contains("1 probe ready"), "{out}{err}");
    assert!(expected.iter().all(|(_, words)| err.contains(words)), "{err}");
    let [out, told] = fleet.expect(4, &["destroy"]);
    assert!(told.contains("the probe image stays on rack for"), "which alone was reached: {told}");
    assert!(out.contains("removed 2 resources; what is on hosts that failed is left"), "{out}");
    assert_eq!(left(&fleet.hosts.engines[0]), "");
}

#[test]
fn the_examples_go_from_nothing_to_a_report_and_back() {
    if !able() {
        return;
    }
    let documented = Documented::start();
    for (example, name) in
        [("docker", "containers"), ("docker-lab", "docker-lab"), ("docker-multi-host", "docker-fleet")]
    {
        let world = World::of_file(&format!("examples/{example}.yaml"), name);
        world.write(&documented.real(&std::fs::read_to_string(world.topology()).unwrap()));
        let expect = |codes: &[i32], arguments: &[&str]| {
            let mut command = world.command(arguments);
            documented.lend(&mut command, world.folder.path());
            let output = command.output().unwrap();
            let [out, err] = [text(&output.stdout), text(&output.stderr)];
            assert!(output.status.code().is_some_and(|code| codes.contains(&code)), "{arguments:?}\n{out}\n{err}");
            out
        };
        expect(&[0], &["deploy"]);
        // 4 on a machine too busy to measure well.
        expect(&[0, 4], &["run", "--duration", "1s"]);
        let report: Value = serde_json::from_str(&expect(&[0], &["report", "--format", "json"])).unwrap();
        for run in report["runs"].as_array().unwrap() {
            let measured = ["ok", "invalid"].map(Value::from).contains(&run["status"]);
            // On a busy machine TCP may tell no rate to follow.
            assert!(measured || told_of(run).contains("TCP told none"), "{example}: {run}");
        }
        expect(&[0], &["destroy"]);
        assert!(documented.hosts.engines.iter().all(|engine| left(engine).is_empty()), "{example}");
    }
}
