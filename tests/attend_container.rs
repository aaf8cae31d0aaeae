//! A container as a probe: `iperftester wait` holds it up, and whatever of ours is started in it by `docker exec` ends with its
//! client, also where it was stopped.

mod engines;
mod world;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use engines::{BUSYBOX, Engine, eventually, missing};
use world::skipped;

/// A container whose process 1 is our executable, which is not in the image.
fn probe(engine: &Engine) {
    engine.import_busybox();
    let executable = format!("{}:/iperftester:ro", env!("CARGO_BIN_EXE_iperftester"));
    let hard = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "10001:10001"];
    let run = ["run", "-d", "--name", "probe", "--network", "none", "-v", &executable];
    engine.say(&[&run[..], &hard, &[BUSYBOX, "/iperftester", "wait"]].concat());
    assert!(eventually(|| engine.say(&["logs", "probe"]).ends_with(" waits")));
}

/// Starts our executable in it.
fn start(engine: &Engine, arguments: &[&str]) -> Child {
    let mut client = engines::docker(engine.machine.folder(), &engine.url());
    client.args(["exec", "-i", "probe", "/iperftester"]).args(arguments);
    client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn attend(engine: &Engine, command: &[&str]) -> Child {
    let mut client = start(engine, &[&["attend", "--"], command].concat());
    client.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    client
}

/// Processes in the container beside process 1.
fn beside(engine: &Engine) -> Vec<String> {
    let all = engine.say(&["top", "probe", "-o", "pid,args"]);
    all.lines().skip(1).filter(|line| !line.ends_with("/iperftester wait")).map(str::to_owned).collect()
}

#[test]
fn a_command_in_a_container_has_its_input_and_ends_with_a_killed_client() {
    if let Some(why) = missing() {
        return skipped(&why);
    }
    let engine = Engine::start();
    probe(&engine);

    let mut client = attend(&engine, &["sh", "-c", "cat; exit 3"]);
    let mut input = client.stdin.take().unwrap();
    input.write_all(b"\0\0\0\x05hello\0\0\0\0").unwrap();
    let mut said = Vec::new();
    client.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    assert!(said.windows(9).any(|part| part == b"\0\0\0\x05hello"), "{said:?}");
    assert_eq!(client.wait().unwrap().code(), Some(3));

    for before in [&b""[..], b"\0\0\0\0"] {
        let mut client = attend(&engine, &["sh", "-c", "sleep 600 & echo runs; sleep 600"]);
        client.stdin.as_mut().unwrap().write_all(before).unwrap();
        let mut line = String::new();
        BufReader::new(client.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.ends_with("runs\n"), "{line:?}");
        assert!(beside(&engine).len() >= 3, "{:?}", beside(&engine));
        client.kill().unwrap();
        client.wait().unwrap();
        assert!(eventually(|| beside(&engine).is_empty()), "{:?} after {before:?}", beside(&engine));
    }

    stopped_ones_end(&engine);

    // Process 1 hears the engine's SIGTERM: no ten seconds until it is killed.
    let began = std::time::Instant::now();
    engine.say(&["stop", "probe"]);
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(engine.say(&["inspect", "-f", "{{.State.ExitCode}}", "probe"]), "0");
}

/// The process id in a line of `docker top`, seen from outside.
fn pid(line: &str) -> &str {
    line.split_whitespace().next().unwrap()
}

/// Has process 1 the input of this process open?
fn is_watched(engine: &Engine, process: &str) -> bool {
    let first = engine.say(&["inspect", "-f", "{{.State.Pid}}", "probe"]);
    let input = std::fs::read_link(format!("/proc/{process}/fd/0")).unwrap();
    let files = std::fs::read_dir(format!("/proc/{first}/fd")).unwrap();
    files.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok()).any(|file| file == input)
}

/// Nothing in the container kills what was stopped but process 1, and it leaves alone whoever has a controller.
fn stopped_ones_end(engine: &Engine) {
    let mut stays = start(engine, &["agent"]);
    assert!(eventually(|| beside(engine).len() == 1), "{:?}", beside(engine));
    let first = pid(&beside(engine)[0]).to_owned();
    for arguments in [&["agent"][..], &["attend", "--", "sleep", "600"], &["agent"]] {
        let mut client = start(engine, arguments);
        let ours = || beside(engine).into_iter().filter(|line| pid(line) != first);
        let words = format!("/iperftester {}", arguments.join(" "));
        let watched = || ours().any(|line| line.ends_with(&words) && is_watched(engine, pid(&line)));
        assert!(eventually(watched), "{:?}", beside(engine));
        for line in ours() {
            assert!(Command::new("kill").args(["-STOP", pid(&line)]).status().unwrap().success());
        }
        client.kill().unwrap();
        client.wait().unwrap();
        assert!(eventually(|| ours().count() == 0), "{arguments:?}: {:?}", beside(engine));
    }
    assert!(is_watched(engine, &first), "the one with a controller stays: {:?}", beside(engine));
    stays.stdin.as_mut().unwrap().write_all(b"nonsense\n").unwrap();
    let mut line = String::new();
    BufReader::new(stays.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("not a request"), "and answers: {line}");
    stays.kill().unwrap();
    stays.wait().unwrap();
    assert!(eventually(|| beside(engine).is_empty()), "{:?}", beside(engine));
}
