//! Programs that outlive this process, and the files that some programs must not take with them.

use std::fs::File;
use std::io::ErrorKind;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd};
use tokio::io::BufReader;
use tokio::process::Command;

use super::{Finished, ProcessError, read_all, read_line};

/// Files that programs inherit from this process; some must not, or they would hold what the files stand for.
static HANDED_DOWN: Mutex<Vec<Weak<File>>> = Mutex::new(Vec::new());

/// Lets every program started from now on inherit `file`, but for those that are started without.
///
/// # Errors
/// The system's.
pub fn hand_down(file: &Arc<File>) -> std::io::Result<()> {
    fcntl_setfd(file, FdFlags::empty())?;
    let mut held = HANDED_DOWN.lock().unwrap_or_else(PoisonError::into_inner);
    held.retain(|file| file.strong_count() > 0);
    held.push(Arc::downgrade(file));
    Ok(())
}

/// What `start` gives; a program that it starts inherits none of the files that were handed down.
pub(super) fn without_files<T>(start: impl FnOnce() -> T) -> T {
    flag_all(FdFlags::CLOEXEC);
    let started = start();
    flag_all(FdFlags::empty());
    started
}

/// What `start` gives; a program that it starts inherits `file`, and none of those that were handed down.
pub(super) fn with_file_alone<T>(file: &File, start: impl FnOnce() -> T) -> T {
    // An open file always takes flags.
    let _ = fcntl_setfd(file, FdFlags::empty());
    let started = without_files(start);
    let _ = fcntl_setfd(file, FdFlags::CLOEXEC);
    started
}

fn flag_all(flags: FdFlags) {
    let held = HANDED_DOWN.lock().unwrap_or_else(PoisonError::into_inner);
    for file in held.iter().filter_map(Weak::upgrade) {
        // An open file always takes flags.
        let _ = fcntl_setfd(&file, flags);
    }
}

/// Starts `argv` so that it outlives this process, and waits until it has written a line, which tells that it is ready.
/// Its process id.
///
/// # Errors
/// [`ProcessError::Start`]; [`ProcessError::Failed`] where it ends instead; [`ProcessError::Deadline`] after `limit`, the
/// program killed.
pub async fn start_lasting(argv: &[String], limit: Duration) -> Result<u32, ProcessError> {
    let program = argv.first().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command
        .args(argv.get(1..).unwrap_or_default())
        .env("LC_ALL", "C")
        .envs(super::search::path().map(|path| ("PATH", path)))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child =
        without_files(|| command.spawn()).map_err(|source| ProcessError::Start { program: program.clone(), source })?;
    let none = || ProcessError::Pipe { program: program.clone(), source: ErrorKind::BrokenPipe.into() };
    let pid = child.id().ok_or_else(none)?;
    let mut stdout = BufReader::new(child.stdout.take().ok_or_else(none)?);
    let mut line = Vec::new();
    match tokio::time::timeout(limit, read_line(&mut stdout, &mut line, 1024)).await {
        Ok(Ok(true)) => Ok(pid),
        Ok(_) => {
            // Whatever it said last, it is not ready and shall not stay.
            let _ = child.start_kill();
            let pipe = |source| ProcessError::Pipe { program: program.clone(), source };
            let mut stderr = Vec::new();
            read_all(child.stderr.take(), &mut stderr).await.map_err(pipe)?;
            let status = child.wait().await.map_err(pipe)?;
            let finished = Finished { status, stdout: vec![], stderr };
            let complaint = finished.complaint();
            let complaint = if complaint.is_empty() { status.to_string() } else { complaint };
            Err(ProcessError::Failed { command: argv.join(" "), complaint })
        }
        Err(_) => {
            let _ = child.start_kill();
            Err(ProcessError::Deadline { program, limit })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, Signal, kill_process};

    /// What is handed down is the process's, so one test at a time starts a lasting program.
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

    fn sh(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn a_lasting_program_takes_no_file_that_others_inherit() {
        let _alone = ALONE.lock().await;
        let file = Arc::new(tempfile::tempfile().unwrap());
        hand_down(&file).unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&*file);
        let has = format!("test -e /proc/$$/fd/{number}");
        let others = super::super::run(&sh(&has), b"", Duration::from_secs(5)).await.unwrap();
        assert!(others.status.success());
        let other = tempfile::tempfile().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&other);
        let apart = format!("{has} || test -e /proc/$$/fd/{number} && exit 7");
        let apart = super::super::start_apart(&sh(&apart), super::super::Errors::Captured, &other).unwrap();
        assert_eq!(apart.finish(Duration::from_secs(5)).await.unwrap().status.code(), Some(7));
        let apart = super::super::start_apart(&sh(&has), super::super::Errors::Captured, &other).unwrap();
        assert!(!apart.finish(Duration::from_secs(5)).await.unwrap().status.success());
        let pid = start_lasting(&sh(&format!("{has} || echo; exec sleep 60")), Duration::from_secs(5)).await.unwrap();
        let again = super::super::run(&sh(&has), b"", Duration::from_secs(5)).await.unwrap();
        assert!(again.status.success(), "the next program inherits it again");
        kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    }

    #[tokio::test]
    async fn one_that_ends_or_is_silent_is_told() {
        let _alone = ALONE.lock().await;
        let ended = start_lasting(&sh("echo no way >&2; exit 3"), Duration::from_secs(5)).await.unwrap_err();
        assert!(ended.to_string().ends_with("failed: no way"), "{ended}");
        let silent = start_lasting(&sh("exec sleep 60"), Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(silent, ProcessError::Deadline { .. }), "{silent}");
    }
}
