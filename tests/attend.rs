//! A command of the user's on a probe elsewhere, attended by the real executable: framed input and output, its own errors,
//! and its end with the controller's.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Far longer than an end takes, far shorter than the commands would run.
const SOON: Duration = Duration::from_secs(3);
const END: [u8; 4] = [0; 4];

fn attend(command: &[&str]) -> (Child, ChildStdin) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_iperftester"));
    process.args(["attend", "--"]).args(command).env("LC_ALL", "C");
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"\n").unwrap();
    (child, input)
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// Its end, at which its controller is still there.
fn end_of(child: Child, input: &ChildStdin) -> Output {
    let _open = input;
    child.wait_with_output().unwrap()
}

/// A head with this bit says how many bytes of input were taken.
const TAKEN: u32 = 1 << 31;

/// The next output in a stream of frames; empty at its end.
fn next(from: &mut impl Read) -> Vec<u8> {
    loop {
        let mut head = [0; 4];
        if from.read_exact(&mut head).is_err() {
            return vec![];
        }
        let length = u32::from_be_bytes(head);
        if length & TAKEN == 0 {
            let mut bytes = vec![0; length.try_into().unwrap()];
            from.read_exact(&mut bytes).unwrap();
            return bytes;
        }
    }
}

/// All output in a stream of frames.
fn unframed(mut stream: &[u8]) -> Vec<u8> {
    std::iter::from_fn(|| Some(next(&mut stream)).filter(|bytes| !bytes.is_empty())).flatten().collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits until every process of `pids` has ended.
fn wait_for_end(pids: &[String]) {
    let until = Instant::now() + SOON;
    let runs = |pid: &String| {
        // What has ended may wait for a parent that does not look.
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    };
    while pids.iter().any(runs) {
        assert!(Instant::now() < until, "{pids:?} are left");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A shell that does not read, with two children: its process ids, and that of the shell first.
fn family() -> (Child, ChildStdin, Vec<String>) {
    let (mut child, input) = attend(&["sh", "-c", "sleep 600 & (sleep 600 & echo $$ $!); echo $!; wait"]);
    let mut stdout = child.stdout.take().unwrap();
    let mut said = String::new();
    while said.matches('\n').count() < 2 {
        said += &text(&next(&mut stdout));
    }
    let pids = said.split_whitespace().map(str::to_owned).collect();
    (child, input, pids)
}

#[test]
fn outputs_and_exit_code_are_the_commands_own_while_the_controller_stays() {
    for (command, code, out, err) in [
        (&["sh", "-c", "echo out; echo err >&2"][..], 0, "out\n", "err\n"),
        (&["sh", "-c", "exit 3"], 3, "", ""),
        (&["sh", "-c", "kill -9 $$"], 137, "", ""),
        (&["sh", "-c", "kill -15 $$"], 143, "", ""),
        (&["no-such-program"], 127, "", "cannot start `no-such-program`"),
        (&["/etc/passwd"], 126, "", "cannot start `/etc/passwd`"),
        (&["echo", "--", "-x"], 0, "-- -x\n", ""),
    ] {
        let (child, input) = attend(command);
        let output = end_of(child, &input);
        assert_eq!(output.status.code(), Some(code), "{command:?}: {}", text(&output.stderr));
        assert_eq!(text(&unframed(&output.stdout)), out, "{command:?}");
        assert!(text(&output.stderr).contains(err), "{command:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_command_gets_its_input_and_the_end_of_it() {
    let (child, mut input) = attend(&["cat"]);
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let feed = std::thread::spawn({
        let bytes = bytes.clone();
        move || {
            for part in bytes.chunks(64 * 1024) {
                input.write_all(&frame(part)).unwrap();
            }
            input.write_all(&END).unwrap();
            input
        }
    });
    let output = child.wait_with_output().unwrap();
    let _open = feed.join().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(unframed(&output.stdout) == bytes);
}

#[test]
fn an_input_that_ends_at_once_does_not_end_the_command() {
    let (child, mut input) = attend(&["sh", "-c", "sleep 0.3; echo printed"]);
    input.write_all(&END).unwrap();
    let output = end_of(child, &input);
    assert_eq!((output.status.code(), text(&unframed(&output.stdout)).as_str()), (Some(0), "printed\n"));
}

#[test]
fn a_command_that_closes_its_input_is_no_fault() {
    let (child, mut input) = attend(&["sh", "-c", "exec <&-; sleep 0.3; echo done"]);
    for _ in 0..100 {
        input.write_all(&frame(&[b'x'; 1000])).unwrap();
    }
    let output = end_of(child, &input);
    assert_eq!((output.status.code(), text(&unframed(&output.stdout)).as_str()), (Some(0), "done\n"));
}

#[test]
fn whatever_the_controller_had_sent_its_end_is_that_of_the_command_and_its_children() {
    // As much as is sent to a command that has taken nothing.
    let much = frame(&[b'x'; 64 * 1024]).repeat(16);
    for before in [&[][..], &END, b"\0\0", b"\0\0\0\x09half", &much] {
        let (mut child, mut input, pids) = family();
        input.write_all(before).unwrap();
        drop(input);
        assert_eq!(child.wait().unwrap().code(), Some(137), "{} bytes", before.len());
        wait_for_end(&pids);
    }
}

#[test]
fn whatever_ends_the_attendant_ends_the_command() {
    for (signal, code) in [("-TERM", Some(137)), ("-HUP", Some(137)), ("-INT", Some(137)), ("-KILL", None)] {
        let (mut child, _input, pids) = family();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), code, "{signal}");
        // By SIGKILL the kernel takes only the command itself along.
        wait_for_end(if signal == "-KILL" { &pids[..1] } else { &pids });
        let _ = Command::new("kill").arg("-9").args(&pids).stderr(Stdio::null()).status();
    }
}

#[test]
fn a_frame_of_four_gigabytes_is_refused_and_the_command_ends() {
    let (mut child, mut input, pids) = family();
    input.write_all(&[255; 100]).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("a frame of 4294967295 bytes was announced"), "{told}");
    wait_for_end(&pids);
}

#[test]
fn what_comes_unasked_is_refused_and_the_command_ends() {
    let (mut child, mut input, pids) = family();
    let mut told = child.stderr.take().unwrap();
    for _ in 0..20 {
        // It may have ended before the last.
        let _ = input.write_all(&frame(&[b'x'; 64 * 1024]));
    }
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let mut said = String::new();
    told.read_to_string(&mut said).unwrap();
    assert!(said.contains("more than 1024 KiB came that the command has not taken"), "{said}");
    wait_for_end(&pids);
}

#[test]
fn what_left_the_command_and_holds_its_output_is_not_waited_for() {
    let (mut child, input) = attend(&["sh", "-c", "setsid sleep 600 & echo $!"]);
    let mut stdout = child.stdout.take().unwrap();
    let pid = text(&next(&mut stdout)).trim().to_owned();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(input);
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success(), "it left the group");
}
