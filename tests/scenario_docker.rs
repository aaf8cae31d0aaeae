//! One Docker engine, from nothing to a report and back to nothing, and nothing of anybody else's touched.

#[path = "support/docker_lab.rs"]
mod docker_lab;
mod engines;
mod world;

use std::io::Write;
use std::process::Stdio;
use std::time::SystemTime;

use docker_lab::{Lab, steps};
use engines::BUSYBOX;
use serde_json::{Value, json};
use world::{runs, text};

const THREE: &str = "
name: NAME
image: { base: small }
hosts: { e: { docker: { endpoint: \"ENDPOINT\" } } }
probes: { a: { host: e }, b: { host: e }, raw: { host: e, raw-sockets: true } }
tests:
  rtt: { ping: { count: 3, interval: 50ms } }
  tcp: { iperf3: { duration: 1s, rate: 50M } }
groups: { pair: { pairs: [[a, b]], one-way: true } }
campaigns: { check: { group: pair, run: [rtt, tcp] } }
";

/// A document is as docs/schemas says.
fn as_its_schema_says(verb: &str, document: &Value) {
    let file = format!("{}/docs/schemas/{verb}.json", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> = validator.iter_errors(document).map(|f| format!("{}: {f}", f.instance_path())).collect();
    assert!(faults.is_empty(), "docs/schemas/{verb}.json does not describe\n{document}\n{faults:#?}");
}

#[test]
fn from_nothing_to_a_report_and_back() {
    let Some(lab) = Lab::new(THREE) else { return };
    // What needs probes says that there are none.
    let plan = lab.json(0, &["plan"]);
    as_its_schema_says("plan", &plan);
    assert_eq!(
        steps(&plan),
        ["image/e", "network/e", "probe/a", "probe/b", "probe/raw"].map(|id| format!("create {id}"))
    );
    as_its_schema_says("status", &lab.json(3, &["status"]));
    for (arguments, fault) in
        [(&["exec", "a", "--", "true"][..], "it is not deployed"), (&["run"], "is not deployed: 5 steps")]
    {
        let said = lab.complaint(3, arguments);
        assert!(said.contains(fault) && said.contains("`iperftester deploy`"), "{arguments:?}: {said}");
    }
    lab.assert_empty();

    let began = SystemTime::now();
    let deployed = lab.json(0, &["deploy"]);
    as_its_schema_says("deploy", &deployed);
    // Each has said itself that it is ready; nothing was started in it to be asked.
    let acts = |event: &Value| event["Action"].as_str().unwrap().to_owned();
    let acts: Vec<String> = lab.engine.events(began).iter().map(acts).collect();
    assert_eq!(acts.iter().filter(|act| *act == "start").count(), 3, "{acts:?}");
    assert!(!acts.iter().any(|act| act.starts_with("exec")), "{acts:?}");
    let count = |created: u64, unchanged: u64| {
        json!({ "topology": lab.world.name, "isolation": null, "created": created, "removed": 0, "unchanged": unchanged,
            "failed": [] })
    };
    assert_eq!(deployed, count(5, 0));
    let before = (lab.containers(), lab.networks());
    assert_eq!(before.0.keys().cloned().collect::<Vec<_>>(), ["a", "b", "raw"].map(|probe| lab.name(probe)));
    assert_eq!(before.1.len(), 1);

    // A second one touches nothing: the engine's own account of it is empty.
    let since = SystemTime::now();
    assert_eq!(lab.json(0, &["deploy"]), count(0, 5));
    assert_eq!(
        lab.world.expect(0, &["deploy"]).trim(),
        format!("{}: nothing to do, 5 resources are as they should be, 3 probes ready", lab.world.name)
    );
    assert_eq!(lab.engine.events(since), [] as [Value; 0]);
    assert_eq!((lab.containers(), lab.networks()), before);

    let status = lab.json(0, &["status"]);
    as_its_schema_says("status", &status);
    for probe in status["probes"].as_array().unwrap() {
        assert_eq!(probe["ready"], true, "{probe}");
        let form = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}";
        let given = lab.engine.say(&["inspect", "-f", form, &lab.name(probe["probe"].as_str().unwrap())]);
        let told: Vec<_> = probe["addresses"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        assert_eq!(told.join(" "), given);
    }

    let log = lab.json(0, &["logs", "--container", "a"]);
    as_its_schema_says("logs", &log);
    assert!(log["log"].as_str().unwrap().ends_with(" waits\n"), "{log}");
    assert!(lab.complaint(2, &["logs", "--container", "c"]).contains("known probes: a, b, raw"));

    // A busy machine may make a run invalid, never unmeasured.
    let ended = lab.world.run(&["run", "--output", "json"]);
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", text(&ended.stderr));
    let report = lab.world.report();
    as_its_schema_says("report", &report);
    assert_eq!(runs(&report).len(), 2);
    assert!(runs(&report).iter().all(|run| !run["measurement"].is_null()), "{report}");
    for form in ["terminal", "html", "md", "csv", "junit"] {
        assert!(lab.world.expect(0, &["report", "--format", form]).len() > 100, "{form}");
    }

    hardened(&lab);
    raw_sockets(&lab);
    commands(&lab);
    another_network(&lab);
    other_limits(&lab);

    let gone = lab.json(0, &["destroy"]);
    as_its_schema_says("destroy", &gone);
    assert_eq!((&gone["removed"], &gone["failed"]), (&json!(4), &json!([])));
    lab.assert_empty();
    assert!(lab.world.expect(0, &["destroy"]).ends_with(": nothing is deployed\n"));
}

/// A probe can do what its tools need and nothing else, seen from within.
fn hardened(lab: &Lab) {
    let (_, said) = lab.shell("a", "id -u; id -g; cat /proc/self/status /proc/1/status; cat /proc/1/cmdline");
    assert!(said.starts_with("10001\n10001\n"), "{said}");
    assert!(said.ends_with("/usr/local/bin/iperftester\0wait\0"), "{said}");
    for (key, value) in [("CapInh", 0), ("CapPrm", 0), ("CapEff", 0), ("CapBnd", 0), ("CapAmb", 0)] {
        assert_eq!(said.matches(&format!("{key}:\t{value:016x}\n")).count(), 2, "{key}: {said}");
    }
    assert_eq!((said.matches("NoNewPrivs:\t1\n").count(), said.matches("Seccomp:\t2\n").count()), (2, 2), "{said}");
    let (code, said) = lab.shell("a", "touch /x || touch /usr/local/bin/x || touch /var/x");
    assert_eq!((code, said.matches("Read-only file system").count()), (1, 3), "{said}");
    let (code, said) = lab.shell("a", "cp /bin/busybox /tmp/x && chmod +x /tmp/x && /tmp/x true");
    assert_eq!((code, said.contains("Permission denied")), (126, true), "{said}");
    let (_, said) = lab.shell("a", "cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null");
    assert_eq!(said, "1024\n");
    let (_, said) =
        lab.shell("a", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null");
    assert_eq!(said, format!("{}\n", 512 << 20));
    // The engine itself holds to it: more processes than that cannot be.
    let (_, said) = lab.shell("a", "i=0; while [ $i -lt 1100 ]; do sleep 5 & i=$((i+1)); done; echo all");
    assert!(said.contains("can't fork") && !said.ends_with("all\n"), "{said}");
}

/// TCP traceroute works where the topology says so, and nowhere else.
fn raw_sockets(lab: &Lab) {
    let status = lab.json(0, &["status"]);
    let address = status["probes"][1]["address"].as_str().unwrap();
    let words =
        |probe: &'static str| ["exec", probe, "--", "traceroute", "-T", "-n", "-q1", "-w1", address].map(str::to_owned);
    let said = lab.world.expect(0, &words("raw").each_ref().map(String::as_str));
    assert!(said.lines().nth(1).unwrap().starts_with(&format!(" 1  {address}  ")), "{said}");
    lab.complaint(1, &words("a").each_ref().map(String::as_str));
    let (_, said) = lab.shell("raw", "id -u; cat /proc/self/status; touch /x");
    assert!(said.starts_with("0\n") && said.contains("CapBnd:\t0000000000002000\n"), "{said}");
    assert!(said.contains("NoNewPrivs:\t1\n") && said.contains("Read-only file system"), "{said}");
}

/// A command has our input, its output is ours, and so is its exit code.
fn commands(lab: &Lab) {
    let mut command = lab.world.command(&["exec", "a", "--", "sh", "-c", "cat; echo aside >&2; exit 7"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut input = child.stdin.take().unwrap();
    let sent = bytes.clone();
    let sender = std::thread::spawn(move || input.write_all(&sent).unwrap());
    let output = child.wait_with_output().unwrap();
    sender.join().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(7), "aside\n"));
    assert!(output.stdout == bytes, "what went in came out");
    for (command, code, why) in [("no-such-command", 127, "No such file"), ("/etc/passwd", 126, "Permission denied")] {
        let said = lab.complaint(code, &["exec", "a", "--", command]);
        assert!(said.contains(&format!("cannot start `{command}`")) && said.contains(why), "{said}");
    }
    lab.complaint(2, &["exec", "nobody", "--", "true"]);
}

/// Where somebody put a probe into a second network, it is measured in its own, which is what is shaped.
fn another_network(lab: &Lab) {
    let addresses = || {
        let probes = lab.json(3, &["status"])["probes"].clone();
        probes.as_array().unwrap().iter().map(|probe| probe["addresses"].clone()).collect::<Vec<_>>()
    };
    lab.engine.say(&["stop", "-t1", &lab.name("raw")]);
    let before = addresses();
    for network in ["zzz", "yyy", "aaa"] {
        lab.engine.say(&["network", "create", network]);
        lab.engine.say(&["network", "connect", network, &lab.name("a")]);
    }
    assert_eq!(addresses(), before);
    let plan = lab.world.expect(0, &["plan"]);
    assert!(plan.contains("its container is in the network aaa too"), "{plan}");
    assert!(lab.complaint(3, &["run"]).contains("is not deployed as its file says"));
    lab.json(0, &["deploy"]);
    assert_eq!(lab.json(0, &["status"])["pending"]["actions"], json!([]));
    lab.engine.say(&["network", "rm", "zzz", "yyy", "aaa"]);
}

/// Limits that somebody changed bound what a probe can measure.
fn other_limits(lab: &Lab) {
    lab.engine.say(&["update", "--memory", "64m", "--memory-swap", "64m", &lab.name("a")]);
    lab.engine.say(&["update", "--cpus", "0.5", &lab.name("b")]);
    lab.engine.say(&["update", "--pids-limit", "100", &lab.name("raw")]);
    let plan = lab.world.expect(0, &["plan"]);
    for told in ["`memory` of its container is 64 MiB instead of 512 MiB", "`cpus` of its container is 0.5", "is 100"] {
        assert!(plan.contains(told), "{told}: {plan}");
    }
    let before = lab.containers();
    lab.json(0, &["deploy"]);
    assert_eq!(lab.json(0, &["status"])["pending"]["actions"], json!([]));
    let after = lab.containers();
    assert!(before.iter().all(|(name, shown)| after[name].0 != shown.0), "{before:?} {after:?}");
}

#[test]
fn only_what_changed_is_touched() {
    let Some(lab) = Lab::new(THREE) else { return };
    lab.json(0, &["deploy"]);
    // Others of the same image, of another topology, of another program.
    let image = lab.engine.say(&["inspect", "-f", "{{.Config.Image}}", &lab.name("a")]);
    lab.engine.import_busybox();
    let other = [
        "--label",
        "iperftester.topology=other",
        "--label",
        "iperftester.host=e",
        "--label",
        "iperftester.resource=probe/a",
    ];
    lab.engine.say(&[&["network", "create"][..], &other, &["other"]].concat());
    lab.engine
        .say(&[&["run", "-d", "--name", "other-a", "--network", "other"][..], &other, &[&image, "wait"]].concat());
    lab.engine.say(&["run", "-d", "--name", "same-image", "--network", "other", &image, "wait"]);
    lab.engine.say(&["run", "-d", "--name", "iperftester-other-a", "--network", "none", BUSYBOX, "sleep", "600"]);
    let theirs = |lab: &Lab| {
        let mut all = lab.containers();
        all.retain(|name, _| name != "renamed" && !name.starts_with(&lab.name("")));
        (all, lab.networks().into_iter().filter(|name| !name.starts_with(&lab.name(""))).collect::<Vec<_>>())
    };
    let strangers = theirs(&lab);
    assert_eq!((strangers.0.len(), strangers.1.len()), (3, 1));
    // Another specification, one more, one fewer: nothing else is touched.
    let before = lab.containers();
    let probes = "b: { host: e, limits: { memory: 64MiB } }, c: { host: e }, d: { host: e }";
    let file = THREE.replace("b: { host: e }", probes).replace(", raw: { host: e, raw-sockets: true }", "");
    lab.write(&file);
    let expected = ["remove probe/raw", "remove probe/b", "create probe/b", "create probe/c", "create probe/d"];
    assert_eq!(steps(&lab.json(0, &["plan"])), expected);
    lab.json(0, &["deploy"]);
    let after = lab.containers();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|probe| lab.name(probe));
    assert_eq!(before[&a], after[&a]);
    assert_ne!(before[&b].0, after[&b].0);
    assert!(!after.contains_key(&lab.name("raw")));
    assert_eq!(theirs(&lab), strangers);

    // What was done by hand shows, and is mended. Its labels say whose a container is, not its name.
    let before = lab.containers();
    let network = lab.name("e");
    for words in [
        &["rename", &a, "renamed"][..],
        &["stop", "-t1", &b],
        &["network", "disconnect", "-f", &network, &c],
        &["rm", "-f", &d],
        &["rmi", "-f", &image],
    ] {
        lab.engine.say(words);
    }
    let expected =
        ["remove probe/c", "remove probe/b", "create image/e", "create probe/b", "create probe/c", "create probe/d"];
    let status = lab.json(3, &["status"]);
    assert_eq!(steps(&status["pending"]), expected);
    let faults: Vec<_> =
        status["probes"].as_array().unwrap().iter().map(|p| p["fault"].as_str().unwrap_or("")).collect();
    assert_eq!(faults[0], "");
    for (said, fault) in
        faults[1..].iter().zip(["its container is exited", "its engine gave it no address", "it is not deployed"])
    {
        assert!(said.contains(fault), "{said}");
    }
    let plan = lab.world.expect(0, &["plan"]);
    for why in ["its container is exited", &format!("its container is not in the network {network}"), "it is not there"]
    {
        assert!(plan.contains(why), "{plan}");
    }
    let said = lab.complaint(3, &["run"]);
    assert!(said.contains("is not deployed as its file says"), "{said}");
    lab.json(0, &["deploy"]);
    assert_eq!(lab.json(0, &["status"])["pending"]["actions"], json!([]));
    let after = lab.containers();
    assert_eq!(before[&a], after["renamed"]);
    assert!([&b, &c, &d].iter().all(|probe| before[*probe].0 != after[*probe].0));

    // A paused one too, whose tools would never answer.
    lab.engine.say(&["pause", &b]);
    assert_eq!(steps(&lab.json(0, &["plan"])), ["remove probe/b", "create probe/b"]);
    assert!(lab.complaint(3, &["exec", "b", "--", "true"]).contains("its container is paused"));

    // A container of somebody's that joined our network holds it up.
    lab.engine.say(&["network", "connect", &network, "same-image"]);
    let said = lab.complaint(3, &["destroy"]);
    assert!(said.contains("has active endpoints") && said.contains("disconnect it first"), "{said}");
    lab.engine.say(&["network", "disconnect", &network, "same-image"]);
    lab.json(0, &["destroy"]);
    assert_eq!(theirs(&lab), strangers);
    let (containers, networks) = strangers;
    assert_eq!((lab.containers(), lab.networks()), (containers, networks), "nothing else is left");
}
