//! The main process of a container, in a process namespace of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const US: &str = env!("CARGO_BIN_EXE_iperftester");

/// A process namespace whose process 1 is `iperftester wait`, after `before` has been run by a shell as process 1.
struct Container {
    unshare: Child,
    first: String,
}

impl Container {
    fn start(before: &str) -> Self {
        let script = format!("{before}\nexec {US} wait");
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", &script]).stdout(Stdio::piped());
        let mut unshare = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(unshare.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, format!("iperftester {} waits\n", env!("CARGO_PKG_VERSION")));
        let pid = unshare.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        Self { unshare, first: children.trim().to_owned() }
    }

    /// Runs `script` by a shell in its namespaces.
    fn run(&self, script: &str) -> String {
        let enter = ["-t", &self.first, "--pid", "--mount", "sh", "-c", script];
        let output = Command::new("nsenter").args(enter).stderr(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Process ids, seen from outside, of every process that has the namespace of process 1.
    fn processes(&self) -> Vec<String> {
        let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let own = of(&self.first).expect("process 1 runs");
        let all = std::fs::read_dir("/proc").unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        all.filter(|pid| pid.parse::<u32>().is_ok() && of(pid).as_ref() == Some(&own)).collect()
    }

    /// Sends `signal` to process 1 and waits for its end: the exit code and how long it took.
    fn end(mut self, signal: &str) -> (Option<i32>, Duration) {
        let began = Instant::now();
        assert!(Command::new("kill").args([signal, &self.first]).status().unwrap().success());
        (self.unshare.wait().unwrap().code(), began.elapsed())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Its child dies with it (--kill-child), and process 1 takes all others along.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}

fn gone(pid: &str) -> bool {
    !std::path::Path::new("/proc").join(pid).exists()
}

#[test]
fn process_1_takes_in_orphans_and_keeps_no_zombie() {
    let container = Container::start("");
    assert_eq!(container.run("readlink /proc/1/exe"), US);
    // Its parent ends at once.
    let orphan = container.run("(sleep 1 > /dev/null & echo $!)");
    assert_eq!(container.run(&format!("sed -n 's/^PPid:.//p' /proc/{orphan}/status")), "1", "it is ours now");
    let until = Instant::now() + Duration::from_secs(5);
    while container.run(&format!("test -e /proc/{orphan} && echo there")) == "there" {
        assert!(Instant::now() < until, "{}", container.run(&format!("cat /proc/{orphan}/status")));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        container.processes(),
        std::slice::from_ref(&container.first),
        "nothing else was touched, nothing is left"
    );
}

#[test]
fn sigterm_and_sigint_end_it_at_once_with_0_and_with_every_child() {
    for signal in ["-TERM", "-INT"] {
        // One of its own children, an orphan, and one that hears no SIGTERM.
        let container = Container::start("sleep 600 &");
        container.run("sleep 600 > /dev/null & (sleep 600 > /dev/null &)");
        container.run("(trap '' TERM; sleep 600 > /dev/null &)");
        let all = container.processes();
        assert_eq!(all.len(), 5, "{all:?}");
        let (code, took) = container.end(signal);
        assert_eq!(code, Some(0), "{signal}");
        assert!(took < Duration::from_secs(1), "{signal}: {took:?}");
        assert!(all.iter().all(|pid| gone(pid)), "{all:?}");
    }
}

#[test]
fn those_who_hear_sigterm_are_given_time_to_clean_up() {
    let container = Container::start("");
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("cleaned");
    let ready = folder.path().join("ready");
    let script = format!(
        "(trap 'sleep 0.1; echo > {}; exit' TERM; echo > {}; while :; do sleep 0.05; done) > /dev/null 2>&1 &",
        note.display(),
        ready.display()
    );
    container.run(&script);
    while !ready.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let (code, took) = container.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(note.exists(), "it was killed before it could");
    assert!(took < Duration::from_millis(500), "nobody was left to be waited for: {took:?}");
}

#[test]
fn one_that_is_not_process_1_leaves_others_alone() {
    let mut other = Command::new("sleep").arg("600").spawn().unwrap();
    let mut us = Command::new(US).arg("wait").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(us.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(Command::new("kill").arg(us.id().to_string()).status().unwrap().success());
    assert_eq!(us.wait().unwrap().code(), Some(0));
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
}
