//! Process 1 of a container ends agents that their controller has left and that do not end by themselves: one that was
//! stopped (SIGSTOP) or hangs does not see the end of its input, and no engine kills what it was asked to start. Where the
//! pipe of their input has no writer any more, the controller has gone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, getppid, kill_process};
use tokio::task::JoinSet;

/// So long one has to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// Asks process 1 to watch this one, where an engine started it beside a process 1 of ours.
pub(super) fn be_watched() {
    // The engine's process is in no namespace of the container's (pid_namespaces(7)).
    if getppid().is_none() && program(Pid::INIT).is_some_and(|program| Some(program) == program_of_this()) {
        // One that cannot be asked watches nobody.
        let _ = kill_process(Pid::INIT, Signal::USR1);
    }
}

fn program(pid: Pid) -> Option<PathBuf> {
    fs_err::read_link(Path::new("/proc").join(pid.to_string()).join("exe")).ok()
}

fn program_of_this() -> Option<PathBuf> {
    program(getpid())
}

/// Where the standard input of a process is.
fn input(pid: Pid) -> PathBuf {
    Path::new("/proc").join(pid.to_string()).join("fd/0")
}

/// Those that are watched, by the pipes of their inputs.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pipes: BTreeSet<PathBuf>,
    watching: JoinSet<PathBuf>,
}

impl Watched {
    /// Takes in those that are not watched yet: processes of our program that were started from outside.
    pub(super) fn look(&mut self) {
        let ours = program_of_this();
        for entry in fs_err::read_dir("/proc").into_iter().flatten().filter_map(Result::ok) {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
            let Some(pid) = pid.filter(|pid| *pid != Pid::INIT && is_from_outside(*pid) && program(*pid) == ours)
            else {
                continue;
            };
            let Ok(pipe) = fs_err::read_link(input(pid)) else { continue };
            if pipe.to_string_lossy().starts_with("pipe:") && self.pipes.insert(pipe.clone()) {
                self.watching.spawn(watch(pid, pipe));
            }
        }
    }

    /// Waits until one need not be watched any more; for ever where none is.
    pub(super) async fn one_less(&mut self) {
        match self.watching.join_next().await {
            Some(pipe) => drop(pipe.is_ok_and(|pipe| self.pipes.remove(&pipe))),
            None => std::future::pending().await,
        }
    }
}

/// Has it a parent outside of this namespace?
fn is_from_outside(pid: Pid) -> bool {
    let status = fs_err::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"));
    status.is_ok_and(|status| status.lines().any(|line| line == "PPid:\t0"))
}

/// Waits until nobody writes to `pipe`, the input of `pid`, and ends it where that does not.
async fn watch(pid: Pid, pipe: PathBuf) -> PathBuf {
    if let Ok(Ok(())) = tokio::task::spawn_blocking(move || without_writer(pid)).await {
        tokio::time::sleep(GRACE).await;
        // Its number may be another's by now, the pipe is not.
        if fs_err::read_link(input(pid)).is_ok_and(|now| now == pipe) {
            // It may have ended at this very moment.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    pipe
}

fn without_writer(pid: Pid) -> std::io::Result<()> {
    // Opened for itself, so that what comes is left to it to be read.
    let pipe = rustix::fs::open(input(pid), OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
    // Asked for nothing, the kernel tells that nobody writes (POLLHUP, poll(2)).
    while let Err(fault) = poll(&mut [PollFd::new(&pipe, PollFlags::empty())], None) {
        if fault != Errno::INTR {
            return Err(fault.into());
        }
    }
    Ok(())
}
