//! What the main process of a container does: it holds the container up. As process 1 of its namespace it takes in every
//! orphan, for whom the kernel has nobody else, and it ends all others before it ends itself (pid_namespaces(7)). Agents
//! that ask for it are watched.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process_group, test_kill_process_group, wait};
use tokio::signal::unix::{SignalKind, signal};

use super::watching::Watched;

/// What is left of a container has this long to end by itself; whoever stops it waits for ten seconds as a rule.
const GRACE: Duration = Duration::from_millis(500);
/// How often it is looked whether anything is left: what others put into the container ends without a signal to us.
const LOOK: Duration = Duration::from_millis(10);

/// Waits for SIGTERM or SIGINT, `ready` called when they are heard, and takes in orphans until then. Process 1 then ends all
/// others of its namespace, by SIGTERM and after half a second by SIGKILL; any other process leaves them alone.
///
/// # Errors
/// The system's, where it takes no handler of a signal.
pub async fn wait_for_end(ready: impl FnOnce()) -> std::io::Result<()> {
    // Process 1 has no default handlers: without these it could not be ended from within its namespace.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut child_ended = signal(SignalKind::child())?;
    let mut asked_to_watch = signal(SignalKind::user_defined1())?;
    let mut watched = Watched::default();
    ready();
    loop {
        take_in();
        tokio::select! {
            _ = child_ended.recv() => {}
            _ = asked_to_watch.recv() => watched.look(),
            () = watched.one_less() => {}
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
        }
    }
    if getpid() == Pid::INIT {
        end_all_others().await;
    }
    Ok(())
}

/// Takes in every child that has ended, our own or not.
fn take_in() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}

/// Only for process 1: "group 1" means every process of its namespace but itself (kill(2)).
async fn end_all_others() {
    let others_are_left = || {
        take_in();
        test_kill_process_group(Pid::INIT).is_ok()
    };
    // Each of these fails only where nobody is left.
    let _ = kill_process_group(Pid::INIT, Signal::TERM);
    let all_gone = async {
        while others_are_left() {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(GRACE, all_gone).await.is_err() {
        let _ = kill_process_group(Pid::INIT, Signal::KILL);
    }
}
