//! Results are cared for: an interrupted campaign run goes on, moves to another machine and goes when it is old; and every JSON
//! document is as its schema in docs/schemas says.

#[path = "support/images.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod images;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use world::{World, runs, text};

const THREE_TIMES: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
tests:
  tcp: { iperf3: { duration: 1s, rate: 10M } }
  rtt: { ping: { count: 2, interval: 100ms } }
campaigns: { check: { group: all, run: [rtt, tcp], repeat: 2 } }
";

/// Runs to the end; on a busy machine a result may be invalid, which is none of these tests' business.
fn ran(world: &World, arguments: &[&str]) {
    let output = world.run(arguments);
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 4)), "{arguments:?}: {code:?} {}", text(&output.stderr));
}

/// Starts `run` and ends it by `signal` after so many events of this kind.
fn interrupted(world: &World, arguments: &[&str], signal: &str, (event, count): (&str, usize)) {
    let mut child = world.spawn(&[&["run", "--output", "json"], arguments].concat());
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = lines.map(|line| line.unwrap()).filter(|line| line.contains(&format!("\"event\":\"{event}\"")));
    for _ in 0..count {
        seen.next().expect("so many of them");
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    drop(seen);
    child.wait().unwrap();
}

/// What a report says but for figures and times: its keys, and of each run what it is and how it ended.
fn shape(report: &Value) -> (BTreeSet<String>, Vec<Value>) {
    let keys = report.as_object().unwrap().keys().cloned().collect();
    let one = |run: &Value| {
        let measured = |value: &Value| if value == "invalid" { "ok".into() } else { value.clone() };
        let of = |key: &str| (key.to_owned(), measured(&run[key]));
        let known = ["id", "source", "destination", "test", "repetition", "status", "specification"].map(of);
        let keys: Vec<&String> = run.as_object().unwrap().keys().collect();
        serde_json::json!({ "known": known.into_iter().collect::<BTreeMap<_, _>>(), "keys": keys })
    };
    (keys, runs(report).iter().map(one).collect())
}

#[test]
fn what_was_killed_or_stopped_goes_on_under_its_id_and_ends_as_if_it_never_had_been() {
    let world = World::new(THREE_TIMES);
    let nothing = world.run(&["run", "--resume"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(text(&nothing.stderr).contains("there is no interrupted campaign run of topology"));
    world.expect(0, &["deploy"]);
    ran(&world, &["run"]);
    let whole = shape(&world.report());
    for signal in ["-KILL", "-INT"] {
        interrupted(&world, &[], signal, ("kept", 3));
        let cut = world.report();
        let before = runs(&cut).clone();
        assert!((3..8).contains(&before.len()), "{signal}: {}", before.len());
        let left = world.expect(0, &["run", "--resume", "--dry-run", "--output", "json"]);
        let left: Value = serde_json::from_str(&left).unwrap();
        assert_eq!(runs(&left).len(), 8 - before.len(), "{signal}");
        // Stopped once more on its way, then named by its id.
        interrupted(&world, &["--resume"], signal, ("kept", 1));
        let id = cut["id"].as_str().unwrap();
        ran(&world, &["run", "--resume", id]);
        let done = world.report();
        assert_eq!((&done["id"], &done["started"]), (&cut["id"], &cut["started"]));
        assert!(!done["ended"].is_null() && done["interrupted"] == false, "{signal}");
        assert_eq!(runs(&done)[..before.len()], before, "{signal}: what was done is not done again");
        assert_eq!(shape(&done), whole, "{signal}");
        let again = world.run(&["run", "--resume", id]);
        assert_eq!(again.status.code(), Some(2));
        assert!(text(&again.stderr).contains("has come to its end: there is nothing to resume"));
    }
    // A pair without a campaign is remembered, and another topology is told by what differs.
    interrupted(&world, &["--from", "b", "--to", "a", "--test", "tcp"], "-KILL", ("started", 1));
    world.write(&THREE_TIMES.replace("10M", "11M"));
    let other = world.run(&["run", "--resume"]);
    let said = text(&other.stderr);
    assert_eq!(other.status.code(), Some(2));
    assert!(said.contains("caused by: tests.tcp.iperf3.rate.absolute was 10000000, is 11000000"), "{said}");
    world.write(THREE_TIMES);
    ran(&world, &["run", "--resume"]);
    let done = world.report();
    assert_eq!((&done["campaign"], runs(&done).len()), (&Value::from("ad-hoc"), 1));
    assert_eq!(runs(&done)[0]["source"], "b");
}

#[test]
fn what_is_refused_says_what_to_try() {
    let world = World::new(
        "name: NAME\nhosts: { here: { local: { isolation: processes } } }\n\
         probes: { a: { host: here }, b: { host: here } }\n\
         links: { wire: { between: [a, b], contract: { rate: 100M } } }\n\
         tests: { tcp: { iperf3: { rate: 10M, duration: 5s } } }\n\
         campaigns: { nightly: { group: all, run: tcp, budget: { bytes-per-day: 1kB } } }\n",
    );
    let said = |code: i32, arguments: &[&str]| {
        let output = world.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stderr)
    };
    let bare = said(2, &["prune", "--older-than", "5"]);
    assert!(bare.contains("`5d`") && !bare.contains("`5s`"), "{bare}");
    let resumed = said(2, &["run", "nightly", "--resume"]);
    assert!(resumed.contains("hint: `iperftester run --resume` goes on with the newest"), "{resumed}");
    let valid = said(0, &["validate"]);
    assert!(valid.contains("campaign `nightly` cannot run") && valid.contains("hint:"), "{valid}");
    assert!(world.expect(0, &["campaigns"]).contains("  cannot run: "));
    let absent = said(127, &["exec", "a", "--", "no-such-program"]);
    assert!(absent.contains("cannot start `no-such-program`") && absent.contains("hint:"), "{absent}");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let written = world.command(&["schema"]).stdout(full).output().unwrap();
    assert_eq!(written.status.code(), Some(3));
    assert!(text(&written.stderr).contains("hint:"), "{}", text(&written.stderr));
    world.run(&["run", "--from", "a", "--to", "b", "--test", "ping"]);
    let id = runs_of(&world)[0]["id"].as_str().unwrap().to_owned();
    world.expect(0, &["export", &id, "--out", "one.json"]);
    let again = said(2, &["import", "one.json"]);
    assert!(again.contains("is here already, the very same") && again.contains("hint:"), "{again}");
    assert!(said(2, &["import", "none.json"]).contains("hint:"));
}

#[test]
fn what_runs_now_is_never_pruned() {
    let world = World::new(THREE_TIMES);
    world.expect(0, &["deploy"]);
    ran(&world, &["run", "--from", "a", "--to", "b", "--test", "rtt"]);
    let mut child = world.spawn(&["run", "--output", "json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    let said: Value = serde_json::from_str(&world.expect(0, &["prune", "--keep", "0", "--output", "json"])).unwrap();
    assert_eq!(said["removed"].as_array().unwrap().len(), 1, "{said}");
    assert_eq!(said["running"].as_array().unwrap().len(), 1, "{said}");
    assert!(lines.map(|line| line.unwrap()).last().unwrap().contains("\"ended\""));
    child.wait().unwrap();
    assert_eq!(runs(&world.report()).len(), 8);
    assert!(world.expect(0, &["prune", "--older-than", "1h"]).contains("removed 0 campaign runs"));
    assert!(world.expect(0, &["prune", "--keep", "0", "--name", "another"]).contains("1 left"));
    assert!(world.expect(0, &["prune", "--keep", "0", "--dry-run"]).contains("would remove 1 campaign run"));
    assert!(world.expect(0, &["prune", "--keep", "0"]).contains("removed 1 campaign run"));
    assert!(world.expect(0, &["list"]).contains("no campaign runs yet"));
}

#[test]
fn another_user_reads_what_it_may_not_write() {
    let world = World::new(THREE_TIMES);
    world.expect(0, &["deploy"]);
    ran(&world, &["run", "--from", "a", "--to", "b", "--test", "rtt"]);
    let program = world.folder.path().join("iperftester");
    std::fs::copy(env!("CARGO_BIN_EXE_iperftester"), &program).unwrap();
    std::fs::set_permissions(world.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&program).args(arguments);
        command.current_dir(world.folder.path()).env("IPERFTESTER_DATA_DIR", world.data());
        command.env("TMPDIR", world.folder.path()).output().unwrap()
    };
    for arguments in [&["list"][..], &["report"], &["logs"], &["export", "ID"]] {
        let id = runs_of(&world)[0]["id"].as_str().unwrap().to_owned();
        let arguments: Vec<&str> = arguments.iter().map(|word| if *word == "ID" { &id } else { *word }).collect();
        let output = nobody(&arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
    }
    let refused = nobody(&["prune", "--keep", "0"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("can be written by this user"), "{said}");
}

fn runs_of(world: &World) -> Vec<Value> {
    serde_json::from_str(&world.expect(0, &["list", "--output", "json"])).unwrap()
}

fn newest(world: &World) -> String {
    runs_of(world)[0]["id"].as_str().unwrap().to_owned()
}

/// Validators of docs/schemas, and which of them were used.
struct Schemas(BTreeMap<String, jsonschema::Validator>, BTreeSet<String>);

impl Schemas {
    fn load() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let read = |path: std::path::PathBuf| {
            let schema: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            jsonschema::meta::validate(&schema).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), jsonschema::validator_for(&schema).unwrap())
        };
        Self(files.map(read).collect(), BTreeSet::new())
    }

    fn hold(&mut self, name: &str, document: &str) {
        let value: Value = serde_json::from_str(document).unwrap_or_else(|fault| panic!("{name}: {fault}: {document}"));
        let faults: Vec<String> =
            self.0[name].iter_errors(&value).map(|f| format!("{}: {f}", f.instance_path())).collect();
        assert!(faults.is_empty(), "docs/schemas/{name}.json does not describe\n{document}\n{faults:#?}");
        self.1.insert(name.to_owned());
    }
}

#[test]
fn every_json_document_is_as_its_schema_says() {
    let mut schemas = Schemas::load();
    let world = World::new(THREE_TIMES);
    let json = |code: i32, arguments: &[&str]| world.expect(code, &[arguments, &["--output", "json"]].concat());
    let mend = |arguments: &[&str]| text(&world.run(&[arguments, &["--output", "json"]].concat()).stderr);
    for bad in [&["rnu"][..], &["run", "--to", "a"], &["prune"], &["status", "-t", "none.yaml"]] {
        schemas.hold("error", &mend(bad));
    }
    std::fs::write(world.folder.path().join("bad.yaml"), "name: x\nprobs: {}\n").unwrap();
    schemas.hold("error", &mend(&["plan", "-t", "bad.yaml"]));
    schemas.hold("validate", &json(2, &["validate", "-t", "bad.yaml"]));
    schemas.hold("validate", &json(0, &["validate"]));
    schemas.hold("campaigns", &json(0, &["campaigns"]));
    schemas.hold("init", &json(0, &["init", "-t", "first.yaml"]));
    schemas.hold("status", &json(3, &["status"]));
    images::lend(&world);
    schemas.hold("build", &json(0, &["build"]));
    images::keep(&world);
    schemas.hold("plan", &json(0, &["plan"]));
    schemas.hold("deploy", &json(0, &["deploy"]));
    schemas.hold("status", &json(0, &["status"]));
    schemas.hold("run-dry-run", &json(0, &["run", "--dry-run"]));
    let data = world.data();
    let events = text(&world.run(&["run", "--output", "json"]).stdout);
    for line in events.lines() {
        schemas.hold("run", line);
    }
    schemas.hold("list", &json(0, &["list", "--limit", "1", "--campaign", "check"]));
    let id = newest(&world);
    schemas.hold("report", &json(0, &["report"]));
    ran(&world, &["run", "--from", "a", "--to", "b", "--test", "rtt"]);
    schemas.hold("comparison", &json(0, &["report", "--format", "json", &id, &newest(&world)]));
    schemas.hold("report-out", &json(0, &["report", "--out", "r.html"]));
    schemas.hold("logs", &json(0, &["logs", "--probe", "a"]));
    schemas.hold("export", &json(0, &["export", &id, "--out", "x.json"]));
    schemas.hold("exported", &world.expect(0, &["export", &id]));
    schemas.hold("import", &json(2, &["import", "x.json", "topology.yaml"]));
    schemas.hold("prune", &json(0, &["prune", "--keep", "0"]));
    schemas.hold("import", &json(0, &["import", "x.json"]));
    std::fs::write(data.join("rescue-check@x.jsonl"), "no head\n").unwrap();
    schemas.hold("warning", &mend(&["list"]));
    schemas.hold("man", &json(0, &["man", "--out", "man"]));
    let doctor = world.run(&["doctor", "--output", "json"]);
    schemas.hold("doctor", &text(&doctor.stdout));
    schemas.hold("destroy", &json(0, &["destroy"]));
    let all: BTreeSet<String> = schemas.0.keys().cloned().collect();
    assert_eq!(all, schemas.1, "a schema that no document was held against");
    let verbs = iperftester::cli::command();
    let verbs = verbs.get_subcommands().filter(|verb| !verb.is_hide_set()).map(clap_name);
    for verb in verbs.filter(|verb| !["agent", "exec", "completions", "schema", "parse"].contains(&verb.as_str())) {
        assert!(all.contains(&verb), "docs/schemas has no {verb}.json");
    }
}

fn clap_name(verb: &clap::Command) -> String {
    verb.get_name().to_owned()
}

#[test]
fn a_command_on_a_probe_has_our_input_and_output_and_gives_its_exit_code() {
    let world = World::new(THREE_TIMES);
    let missing = world.run(&["exec", "a", "--", "true"]);
    assert_eq!(missing.status.code(), Some(3));
    assert!(text(&missing.stderr).contains("`iperftester deploy`"), "{}", text(&missing.stderr));
    assert_eq!(world.run(&["exec", "zz", "--", "true"]).status.code(), Some(2));
    world.expect(0, &["deploy"]);
    let script = "cat; readlink /proc/self/ns/net; exit 7";
    let mut command = world.command(&["exec", "a", "--", "sh", "-c", script]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"\x00\xff bytes\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    let rest = output.stdout.strip_prefix(b"\x00\xff bytes\n").expect("what went in came out");
    let here = std::fs::read_link("/proc/self/ns/net").unwrap().display().to_string();
    assert!(rest.starts_with(b"net:[") && text(rest).trim() != here, "in the probe's own network");
    // As a shell has it.
    std::fs::write(world.folder.path().join("plain"), "no program\n").unwrap();
    let plain = world.folder.path().join("plain").display().to_string();
    for (command, code, why) in [("no-such-command", 127, "No such file"), (&plain, 126, "Permission denied")] {
        let output = world.run(&["exec", "a", "--", command]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command}: {said}");
        assert!(said.contains(&format!("cannot start `{command}`")) && said.contains(why), "{said}");
    }
    world.wait_for_silence(std::time::Duration::from_secs(1));
}

const FRUGAL: &str = "
name: NAME
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
tests: { tcp: { iperf3: { duration: 1s } } }
campaigns: { check: { group: all, run: tcp, budget: { max-rate: 5M, bytes-per-day: 2MB } } }
";

#[test]
fn a_budget_holds_tests_back_and_refuses_a_run_that_would_break_it() {
    let world = World::new(FRUGAL);
    world.expect(0, &["deploy"]);
    let dry = |code| -> Value {
        serde_json::from_str(&world.expect(code, &["run", "--dry-run", "--output", "json"])).unwrap()
    };
    // Two tests of a second at 5 Mbit/s.
    let before = dry(0)["budget"].clone();
    let expected = [("used_bytes", 0), ("planned_bytes", 1_250_000), ("left_bytes", 750_000)];
    for (key, bytes) in expected {
        assert_eq!(before[key], bytes, "{before}");
    }
    Schemas::load().hold("run-dry-run", &world.expect(0, &["run", "--dry-run", "--output", "json"]));
    ran(&world, &["run"]);
    let report = world.report();
    assert!(world.expect(0, &["report"]).contains("TCP was held to 5 Mbit/s by the campaign's budget"));
    let mut sent = 0;
    for run in runs(&report) {
        let command: Vec<&str> = run["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert!(command.windows(2).any(|pair| pair == ["-b", "5000000"]), "{command:?}");
        // The tool's own count.
        sent += serde_json::from_str::<Value>(run["raw"].as_str().unwrap()).unwrap()["end"]["sum_sent"]["bytes"]
            .as_u64()
            .unwrap();
    }
    let after = dry(2)["budget"].clone();
    assert_eq!((&after["used_bytes"], &after["left_bytes"]), (&sent.into(), &0.into()), "{after}");
    let refused = world.run(&["run"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains("this run would send about 1.25 MB") && said.contains("hint: wait for the next day"),
        "{said}"
    );
    assert_eq!(runs_of(&world).len(), 1, "nothing was begun");
    ran(&world, &["run", "--from", "a", "--to", "b", "--test", "tcp", "--duration", "1s"]);
    world.write(&FRUGAL.replace("max-rate: 5M, ", ""));
    let unbounded = text(&world.run(&["run"]).stderr);
    assert!(unbounded.contains("nothing bounds what `tcp` from a to b, `tcp` from b to a send"), "{unbounded}");
}

#[test]
fn a_budget_that_can_never_be_kept_is_told_by_plan() {
    let world = World::new(&FRUGAL.replace("bytes-per-day: 2MB", "bytes-per-day: 1MB"));
    let warned = |lang: &str| text(&world.run(&["plan", "--lang", lang]).stderr);
    let said = warned("en");
    for words in [
        "campaign `check` cannot run: this run alone would send about 1.25 MB, 250 kB more than the 1 MB",
        "the most: `tcp` from a to b (625 kB), `tcp` from b to a (625 kB)",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    assert!(warned("es").contains("solo esta campaña enviaría unos 1,25 MB"), "{}", warned("es"));
    let refused = world.run(&["run"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("this run alone would send about 1.25 MB"), "{}", text(&refused.stderr));
    let fast = FRUGAL.replace("duration: 1s", "duration: 1s, protocol: udp, rate: { contract-else-tcp: 80% }");
    world.write(
        &fast
            .replace("run: tcp", "run: [free, tcp]")
            .replace("tests: {", "tests: { free: { iperf3: { duration: 1s } },"),
    );
    let followed = text(&world.run(&["plan"]).stderr);
    // TCP at 5 Mbit/s and UDP at 4 for a second, both ways: 2.25 MB of 2.
    assert!(followed.contains("about 2.25 MB, 250 kB more than the 2 MB"), "{followed}");
    world.write(
        &fast
            .replace("run: tcp", "run: [free, tcp]")
            .replace("2MB", "3MB")
            .replace("tests: {", "tests: { free: { iperf3: { duration: 1s } },"),
    );
    let kept = text(&world.run(&["plan"]).stderr);
    assert!(!kept.contains("cannot run"), "{kept}");
}

#[test]
fn the_example_in_two_files_holds_together_and_takes_its_rate_from_the_environment() {
    let world = World::new(FRUGAL);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/parts/topology.yaml");
    let resolved = |rate: Option<&str>| {
        let mut command = world.command(&["-t", file, "validate", "--resolved"]);
        let output = command.env_remove("RATE").envs(rate.map(|rate| ("RATE", rate))).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
        text(&output.stdout)
    };
    assert!(resolved(None).contains("100M") && resolved(None).contains("sites.yaml"), "{}", resolved(None));
    assert!(resolved(Some("50M")).contains("50M"), "{}", resolved(Some("50M")));
}
