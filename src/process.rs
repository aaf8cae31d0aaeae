//! The only place that starts other programs: each in a process group of its own, with a deadline, and killed with all
//! its children on every way out.
#![allow(clippy::disallowed_methods, reason = "an edge: it acts on this machine")]

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

mod lasting;
mod search;

pub use lasting::{hand_down, start_lasting};

/// What a program left behind.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Standard error, trimmed, for a message.
    #[must_use]
    pub fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim().to_owned()
    }
}

/// Why a program could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It ran past its deadline and was killed.
    #[error("`{program}` did not end within {} s and was stopped", limit.as_secs_f64())]
    Deadline {
        /// The program.
        program: String,
        /// Its deadline.
        limit: Duration,
    },
    /// It wrote without end and was killed.
    #[error("`{program}` wrote more than {} MiB and was stopped", OUTPUT_MAX >> 20)]
    Flood {
        /// The program.
        program: String,
    },
    /// It could not be talked to.
    #[error("cannot talk to `{program}`")]
    Pipe {
        /// The program.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It ended with an error.
    #[error("`{command}` failed: {complaint}")]
    Failed {
        /// The whole command.
        command: String,
        /// Its standard error, or its exit status where it said nothing.
        complaint: String,
    },
}

/// A running program, killed with its process group when dropped.
#[derive(Debug)]
pub struct Running {
    program: String,
    child: Child,
    group: Option<Pid>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Running {
    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Takes its standard input; closing that is how most programs are told to end.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes its standard output.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Takes its standard error, where it was captured.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Kills it and all of its group.
    pub fn kill(&mut self) {
        if let Some(group) = self.group.take() {
            // The group may already be gone; there is nothing left to do then.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Waits for its end, without its output.
    ///
    /// # Errors
    /// [`ProcessError::Pipe`] where the system cannot tell.
    pub async fn wait(&mut self) -> Result<ExitStatus, ProcessError> {
        let status =
            self.child.wait().await.map_err(|source| ProcessError::Pipe { program: self.program.clone(), source })?;
        self.kill();
        Ok(status)
    }

    /// Waits for its end within `limit` and collects what it wrote.
    ///
    /// # Errors
    /// [`ProcessError::Deadline`] after `limit`, [`ProcessError::Flood`] beyond [`OUTPUT_MAX`], the group killed in both
    /// cases; [`ProcessError::Pipe`].
    pub async fn finish(self, limit: Duration) -> Result<Finished, ProcessError> {
        let (status, [stdout, stderr]) = self.finish_keeping(limit).await;
        status.map(|status| Finished { status, stdout, stderr })
    }

    /// The same, with what it wrote to standard output and standard error until then beside the error.
    pub async fn finish_keeping(mut self, limit: Duration) -> (Result<ExitStatus, ProcessError>, [Vec<u8>; 2]) {
        let program = self.program.clone();
        let stdout = self.child.stdout.take();
        let stderr = self.child.stderr.take();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let collect =
            async { tokio::try_join!(read_all(stdout, &mut out), read_all(stderr, &mut err), self.child.wait()) };
        let status = match tokio::time::timeout(limit, collect).await {
            Ok(Ok(((), (), status))) => {
                self.kill();
                Ok(status)
            }
            Ok(Err(fault)) if fault.kind() == ErrorKind::FileTooLarge => Err(ProcessError::Flood { program }),
            Ok(Err(source)) => Err(ProcessError::Pipe { program, source }),
            Err(_) => Err(ProcessError::Deadline { program, limit }),
        };
        (status, [out, err])
    }
}

/// Most that a program may write to one of its outputs, in bytes: a day of iperf3's intervals of a second, 609 bytes each,
/// has room.
pub const OUTPUT_MAX: usize = 64 * 1024 * 1024;

/// Reads `pipe` to its end into `bytes`, which hold what came until then wherever this is stopped.
async fn read_all(pipe: Option<impl AsyncRead + Unpin>, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    if let Some(pipe) = pipe {
        let mut pipe = pipe.take(OUTPUT_MAX as u64 + 1);
        while pipe.read_buf(bytes).await? > 0 {}
    }
    if bytes.len() > OUTPUT_MAX {
        // Nobody reads what has no end.
        *bytes = Vec::new();
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(())
}

/// Reads one line of at most `limit` bytes into `line`, its line feed included; false at the end of input.
///
/// # Errors
/// The system's, or [`ErrorKind::FileTooLarge`] for a longer line.
pub async fn read_line(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
    limit: usize,
) -> std::io::Result<bool> {
    line.clear();
    let room = u64::try_from(limit).unwrap_or(u64::MAX);
    input.take(room).read_until(b'\n', line).await?;
    match line.last() {
        Some(b'\n') => Ok(true),
        _ if line.len() >= limit => {
            let text = format!("a line is longer than {limit} bytes");
            Err(std::io::Error::new(ErrorKind::FileTooLarge, text))
        }
        // What was begun and not ended is no line.
        _ => Ok(false),
    }
}

/// What the program's standard error is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// Collected by [`Running::finish`].
    Captured,
    /// Shown to whoever started us.
    Inherited,
}

impl From<Errors> for Stdio {
    fn from(errors: Errors) -> Self {
        match errors {
            Errors::Captured => Self::piped(),
            Errors::Inherited => Self::inherit(),
        }
    }
}

/// This executable, as the kernel knows it even after it was moved or replaced (proc_pid_exe(5)).
const OURSELVES: &str = "/proc/self/exe";

/// The program of a tool that is this executable itself, whatever its file is called and wherever it is.
const OURSELVES_NAMED: &str = "iperftester";

/// Starts `argv` like [`start`], and so that it dies with this process, whatever ends this process: it is started through
/// [`become_bound`] of this executable. Only for the `iperftester` executable itself.
///
/// # Errors
/// [`ProcessError::Start`].
pub fn start_bound(argv: &[String], errors: Errors) -> Result<Running, ProcessError> {
    start_by(argv, &bound(argv), errors)
}

/// The words that start `argv` through [`become_bound`].
fn bound(argv: &[String]) -> Vec<String> {
    let parent = std::process::id().to_string();
    [OURSELVES, BOUND_VERB, &parent, "--"].into_iter().map(str::to_owned).chain(argv.iter().cloned()).collect()
}

/// The verb under which the executable calls [`become_bound`].
pub const BOUND_VERB: &str = "bound";

/// Turns this process into `argv` that dies with `parent` (PR_SET_PDEATHSIG, prctl(2)). A parent that died before the
/// kernel was asked would never be noticed, so it is looked for once more after that. Returns only where it fails.
pub fn become_bound(parent: u32, argv: &[String]) -> ProcessError {
    use std::os::unix::process::CommandExt;
    let program = argv.first().cloned().unwrap_or_default();
    let start = |source| ProcessError::Start { program: program.clone(), source };
    if let Err(fault) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        return start(fault.into());
    }
    let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get());
    if now.and_then(|pid| u32::try_from(pid).ok()) != Some(parent) {
        return start(std::io::Error::other("whoever asked for it has ended"));
    }
    let executable = if program == OURSELVES_NAMED { OURSELVES } else { &program };
    start(std::process::Command::new(executable).args(argv.get(1..).unwrap_or_default()).exec())
}

/// Starts `argv` in a process group of its own, with pipes for its input and output.
///
/// # Errors
/// [`ProcessError::Start`].
pub fn start(argv: &[String], errors: Errors) -> Result<Running, ProcessError> {
    start_by(argv, argv, errors)
}

/// Starts `argv` like [`start`], with `file` and without the files that other programs inherit ([`hand_down`]): what it does is
/// no part of what they stand for.
///
/// # Errors
/// [`ProcessError::Start`].
pub fn start_apart(argv: &[String], errors: Errors, file: &File) -> Result<Running, ProcessError> {
    lasting::with_file_alone(file, || start(argv, errors))
}

/// Starts the program that messages name as `named` by `words`.
fn start_by(named: &[String], words: &[String], errors: Errors) -> Result<Running, ProcessError> {
    let program = named.first().cloned().unwrap_or_default();
    let (first, rest) = words.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    let mut command = Command::new(first);
    command
        .args(rest)
        .env("LC_ALL", "C")
        .envs(search::path().map(|path| ("PATH", path)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors)
        .process_group(0)
        .kill_on_drop(true);
    let child = command.spawn().map_err(|source| ProcessError::Start { program: program.clone(), source })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    Ok(Running { program, child, group })
}

/// How it ended as the exit code that a shell would give: 128 and the signal where one ended it.
#[must_use]
pub fn shell_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Runs `argv` to its end within `limit`, feeding it `input`.
///
/// # Errors
/// Any [`ProcessError`] but [`ProcessError::Failed`]: the exit status is the caller's to judge.
pub async fn run(argv: &[String], input: &[u8], limit: Duration) -> Result<Finished, ProcessError> {
    let mut running = start(argv, Errors::Captured)?;
    let stdin = running.take_stdin();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program that ends without reading everything is judged by its exit status.
            let _ = stdin.write_all(input).await;
        }
    };
    let (finished, ()) = tokio::join!(running.finish(limit), feed);
    finished
}

/// Runs `argv` like [`run`] and takes a non-zero exit status as an error.
///
/// # Errors
/// Any [`ProcessError`].
pub async fn check(argv: &[String], input: &[u8], limit: Duration) -> Result<Finished, ProcessError> {
    let finished = run(argv, input, limit).await?;
    if finished.status.success() {
        return Ok(finished);
    }
    let complaint = finished.complaint();
    Err(ProcessError::Failed {
        command: argv.join(" "),
        complaint: if complaint.is_empty() { finished.status.to_string() } else { complaint },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(argv: &[&str]) -> Vec<String> {
        argv.iter().map(|word| (*word).to_owned()).collect()
    }

    #[tokio::test]
    async fn a_program_that_writes_without_end_is_stopped() {
        let argv = words(&["sh", "-c", "yes >&2 & exec yes"]);
        let fault = run(&argv, b"", Duration::from_secs(60)).await.unwrap_err();
        assert_eq!(fault.to_string(), "`sh` wrote more than 64 MiB and was stopped");
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_stopped_with_its_children() {
        let argv = words(&["sh", "-c", "sleep 600 & echo $!; wait"]);
        let mut running = start(&argv, Errors::Captured).unwrap();
        let mut stdout = tokio::io::BufReader::new(running.take_stdout().unwrap());
        let mut line = Vec::new();
        assert!(read_line(&mut stdout, &mut line, 100).await.unwrap());
        let child = String::from_utf8(line).unwrap().trim().to_owned();
        let fault = running.finish(Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(fault.to_string(), "`sh` did not end within 0.05 s and was stopped");
        for _ in 0..200 {
            // Gone, or waiting for its new parent to look.
            let state = fs_err::read_to_string(format!("/proc/{child}/stat"));
            if state.map_or(true, |text| text.contains(") Z ")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("process {child} is left");
    }

    #[tokio::test]
    async fn what_a_stopped_program_wrote_is_kept() {
        let running =
            start(&words(&["sh", "-c", "echo first; echo why >&2; exec sleep 600"]), Errors::Captured).unwrap();
        let (fault, written) = running.finish_keeping(Duration::from_millis(500)).await;
        assert_eq!(fault.unwrap_err().to_string(), "`sh` did not end within 0.5 s and was stopped");
        assert_eq!(written, [b"first\n".to_vec(), b"why\n".to_vec()]);
    }

    #[tokio::test]
    async fn lines_end_with_a_line_feed_and_at_the_limit() {
        let mut input = &b"one\n\nlonger\nrest"[..];
        let mut line = Vec::new();
        assert!(read_line(&mut input, &mut line, 5).await.unwrap());
        assert_eq!(line, b"one\n");
        assert!(read_line(&mut input, &mut line, 5).await.unwrap());
        assert_eq!(line, b"\n");
        assert!(read_line(&mut input, &mut line, 5).await.unwrap_err().to_string().contains("longer than 5 bytes"));
        let mut rest = &b"rest"[..];
        assert!(!read_line(&mut rest, &mut line, 5).await.unwrap(), "no line without its end");
    }
}
