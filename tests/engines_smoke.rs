//! The engines that other tests use: they start, work, and leave nothing.

mod engines;
mod world;

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use engines::{BUSYBOX, Engine, Hosts, missing};
use world::{skipped, text};

/// What of a machine of this name is there.
fn remains(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for file in ["/proc/self/mountinfo", "/proc/net/dev"] {
        let lines = std::fs::read_to_string(file).unwrap();
        found.extend(lines.lines().filter(|line| line.contains(name)).map(str::to_owned));
    }
    let listed = Command::new("pgrep").args(["-af", &format!("[/=]{name}")]).output().unwrap();
    found.extend(text(&listed.stdout).lines().map(str::to_owned));
    for folder in ["/run/netns", "/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/tmp"] {
        let path = Path::new(folder).join(name);
        found.extend(path.exists().then(|| path.display().to_string()));
    }
    found
}

fn able() -> bool {
    let why = missing();
    why.iter().for_each(|why| skipped(why));
    why.is_none()
}

#[test]
fn an_engine_answers_runs_a_container_comes_back_and_leaves_nothing() {
    if !able() {
        return;
    }
    let began = SystemTime::now();
    let mut engine = Engine::start();
    engine.import_busybox();
    assert_eq!(engine.say(&["run", "--rm", "--network", "none", BUSYBOX, "echo", "seen"]), "seen");
    engine.say(&["run", "-d", "--name", "lasting", "--stop-timeout", "1", BUSYBOX, "sleep", "600"]);
    let pid: u32 = engine.say(&["inspect", "-f", "{{.State.Pid}}", "lasting"]).parse().unwrap();
    let name = engine.machine.name.clone();
    assert!(engine.machine.processes().contains(&pid), "its containers are seen from here");
    assert!(!remains(&name).is_empty(), "what is looked for can be found");
    let events = engine.events(began);
    let of = |action: &str| events.iter().filter(|e| e["Type"] == "container" && e["Action"] == action).count();
    assert_eq!((of("start"), of("die"), of("destroy")), (2, 1, 1), "{events:#?}");

    // Its chains are its own, and none is ours.
    let rules = Command::new("ip").args(["netns", "exec", &name, "iptables", "-S", "DOCKER"]).output().unwrap();
    assert!(rules.status.success(), "{}", text(&rules.stderr));
    let archive = engine.machine.folder().join("image.tar");
    engine.say(&["save", "-o", archive.to_str().unwrap(), BUSYBOX]);

    engine.stop();
    assert!(!engine.docker(&["info"]).status.success());
    engine.start_again();
    assert_eq!(engine.say(&["ps", "-aq", "--filter", "status=exited"]).lines().count(), 1);
    engine.say(&["start", "lasting"]);
    engine.kill();
    assert_eq!(engine.machine.processes(), [] as [u32; 0]);
    engine.start_again();
    let other = Engine::start();
    other.load(&archive);
    assert_eq!(other.say(&["run", "--rm", BUSYBOX, "echo", "beside"]), "beside");
    let names = [name, other.machine.name.clone()];
    drop((engine, other));
    for name in names {
        assert_eq!(remains(&name), [] as [String; 0]);
    }
}

#[test]
fn an_engine_of_a_test_that_panics_is_removed() {
    if !able() {
        return;
    }
    let (send, names) = std::sync::mpsc::channel();
    let failed = std::thread::spawn(move || {
        let hosts = Hosts::new(1);
        let _sshd = hosts.sshd(0);
        hosts.engines[0].import_busybox();
        hosts.engines[0].say(&["run", "-d", "--network", "host", BUSYBOX, "sleep", "600"]);
        send.send(hosts.engines[0].machine.name.clone()).unwrap();
        panic!("on purpose");
    });
    let name = names.recv().unwrap();
    assert!(failed.join().is_err());
    assert_eq!(remains(&name), [] as [String; 0]);
}

#[test]
fn hosts_are_reached_by_tls_and_ssh_and_their_containers_reach_each_other() {
    if !able() {
        return;
    }
    let hosts = Hosts::new(2);
    for (index, engine) in hosts.engines.iter().enumerate() {
        engine.import_busybox();
        let told = hosts.docker_over_tls(index).args(["info", "-f", "{{.Name}} {{.ServerVersion}}"]).output().unwrap();
        assert!(told.status.success(), "{}", text(&told.stderr));
        assert!(text(&told.stdout).starts_with(&engine.machine.name), "{}", text(&told.stdout));
    }
    let stranger = engines::docker(&std::env::temp_dir(), &format!("tcp://{}", hosts.tls(0)));
    let refused = { stranger }.args(["--tls", "info"]).output().unwrap();
    assert!(!refused.status.success(), "one without a certificate is let in");

    let there = hosts.address(1).to_string();
    let served = ["run", "-d", "--network", "host", BUSYBOX, "nc", "-l", "-p", "5201", "-e", "echo", "through"];
    hosts.engines[1].say(&served);
    let asked = ["run", "--rm", "--network", "host", BUSYBOX, "sh", "-c"];
    let ask = format!("for i in 1 2 3 4 5 6 7 8 9; do nc {there} 5201 && exit; sleep 0.2; done");
    assert_eq!(hosts.engines[0].say(&[&asked[..], &[&ask]].concat()), "through");
    hosts.engines[0].say(&["run", "--rm", BUSYBOX, "ping", "-c", "1", "-W", "2", &there]);

    let sshd = hosts.sshd(0);
    let name = sshd.ssh("hostname; ls /var/run/docker.sock").output().unwrap();
    let expected = format!("{}\n/var/run/docker.sock\n", hosts.engines[0].machine.name);
    assert_eq!(text(&name.stdout), expected, "{}", text(&name.stderr));
    let mut over_ssh = engines::docker(sshd.folder(), &sshd.url());
    let told = over_ssh.env("PATH", sshd.path()).args(["info", "-f", "{{.Name}}"]).output().unwrap();
    assert_eq!(text(&told.stdout).trim(), hosts.engines[0].machine.name, "{}", text(&told.stderr));

    let leg = format!("/sys/class/net/engines{}", hosts.address(0).octets()[2]);
    assert!(Path::new(&leg).exists());
    let names: Vec<_> = hosts.engines.iter().map(|engine| engine.machine.name.clone()).collect();
    drop(sshd);
    drop(hosts);
    for name in names {
        assert_eq!(remains(&name), [] as [String; 0]);
    }
    assert!(!Path::new(&leg).exists());
}
