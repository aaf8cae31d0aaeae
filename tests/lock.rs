//! One lock per topology, held by the kernel.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chrono::{DateTime, Utc};
use iperftester::domain::name::Name;
use iperftester::lock::{Holder, LockError, acquire};

const FOLDER: &str = "LOCK_TEST_FOLDER";

fn office() -> Name {
    "office".parse().unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-24T10:44:06.5Z".parse().unwrap()
}

/// The second process: takes the lock, says so, and keeps it until it is ended. Does nothing where the test below has not
/// started it.
#[test]
fn holds_the_lock() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let _guard = acquire(Path::new(&folder), &office(), "deploy", now()).unwrap();
    println!("\nheld");
    std::io::stdout().flush().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(60));
}

fn second_process(folder: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_the_lock", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "held"));
    child
}

#[test]
fn a_second_process_is_told_who_holds_it_and_a_kill_frees_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = second_process(folder.path());
    let error = acquire(folder.path(), &office(), "run", now()).unwrap_err();
    let pid = child.id();
    let said = format!("the topology `office` is in use by `deploy` (process {pid}) since 2026-11-24 10:44:06 UTC");
    assert_eq!(error.to_string(), said);
    assert_eq!(error.hint(), format!("wait for it to end, or stop it with `kill -INT {pid}`"));
    assert!(matches!(error, LockError::Held { holder: Some(Holder { pid: p, .. }), .. } if p == pid));

    child.kill().unwrap();
    child.wait().unwrap();
    // What the killed process wrote is still in the file, and does no harm.
    let stale = std::fs::read_to_string(folder.path().join("office.lock")).unwrap();
    assert!(stale.contains("deploy"), "{stale}");
    let guard = acquire(folder.path(), &office(), "run", now()).unwrap();
    let held = std::fs::read_to_string(folder.path().join("office.lock")).unwrap();
    assert!(held.contains(&format!("{{\"pid\":{},\"verb\":\"run\"", std::process::id())), "{held}");
    assert!(!held.contains("deploy"));
    drop(guard);
}

#[test]
fn each_topology_has_a_lock_of_its_own_and_a_dropped_one_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made/on the way");
    let guard = acquire(&made, &office(), "run", now()).unwrap();
    let _other = acquire(&made, &"branch".parse().unwrap(), "run", now()).unwrap();
    assert!(matches!(acquire(&made, &office(), "destroy", now()), Err(LockError::Held { .. })));
    drop(guard);
    assert_eq!(acquire(&made, &office(), "destroy", now()).unwrap().killed(), None, "it was let go of");
}

#[test]
fn a_program_started_meanwhile_does_not_keep_it() {
    let folder = tempfile::tempdir().unwrap();
    let guard = acquire(folder.path(), &office(), "run", now()).unwrap();
    let mut program = Command::new("sleep").arg("60").spawn().unwrap();
    drop(guard);
    let again = acquire(folder.path(), &office(), "run", now());
    program.kill().unwrap();
    program.wait().unwrap();
    again.unwrap();
}

/// The second process again, killed while something that it has started goes on for a second.
#[test]
fn what_a_killed_holder_left_running_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = second_process(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
    let file = folder.path().join("office.lock");
    let mut left = Command::new("flock").arg(&file).args(["sleep", "1"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let start = std::time::Instant::now();
    let guard = acquire(folder.path(), &office(), "run", now()).unwrap();
    assert!(start.elapsed().as_secs_f64() > 0.4, "{:?}", start.elapsed());
    assert_eq!(guard.killed().map(|holder| holder.pid), Some(child.id()));
    left.wait().unwrap();
    let held = std::fs::read_to_string(&file).unwrap();
    assert!(held.starts_with(&format!("{{\"pid\":{}", std::process::id())), "{held:?}");
    drop(guard);
}

#[test]
fn a_program_inherits_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let _guard = acquire(folder.path(), &office(), "run", now()).unwrap();
    let file = folder.path().join("office.lock");
    let output = Command::new("find").args(["-L", "/proc/self/fd", "-samefile"]).arg(file).output().unwrap();
    assert!(!output.stdout.is_empty(), "it has no such file open");
}

#[test]
fn a_holder_that_wrote_nothing_yet_and_an_unusable_folder_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("office.lock")).unwrap();
    file.lock().unwrap();
    let error = acquire(folder.path(), &office(), "run", now()).unwrap_err();
    assert_eq!(error.to_string(), "the topology `office` is in use by another process");

    let error = acquire(&folder.path().join("office.lock"), &office(), "run", now()).unwrap_err();
    assert!(matches!(error, LockError::File { .. }), "{error:?}");
    assert!(error.hint().contains("office.lock can be written by this user"), "{}", error.hint());
}
