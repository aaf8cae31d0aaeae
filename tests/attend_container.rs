//! A container as a probe: `iperftester wait` holds it up, and a command attended in it by `docker exec` ends with its client.

mod engines;
mod world;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};

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

fn attend(engine: &Engine, command: &[&str]) -> Child {
    let mut client = engines::docker(engine.machine.folder(), &engine.url());
    client.args(["exec", "-i", "probe", "/iperftester", "attend", "--"]).args(command);
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
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
    let mut said = String::new();
    client.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((said.as_str(), client.wait().unwrap().code()), ("hello", Some(3)));

    for before in [&b""[..], b"\0\0\0\0"] {
        let mut client = attend(&engine, &["sh", "-c", "sleep 600 & echo runs; sleep 600"]);
        client.stdin.as_mut().unwrap().write_all(before).unwrap();
        let mut line = String::new();
        BufReader::new(client.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "runs\n");
        assert!(beside(&engine).len() >= 3, "{:?}", beside(&engine));
        client.kill().unwrap();
        client.wait().unwrap();
        assert!(eventually(|| beside(&engine).is_empty()), "{:?} after {before:?}", beside(&engine));
    }

    // Process 1 hears the engine's SIGTERM: no ten seconds until it is killed.
    let began = std::time::Instant::now();
    engine.say(&["stop", "probe"]);
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(engine.say(&["inspect", "-f", "{{.State.ExitCode}}", "probe"]), "0");
}
