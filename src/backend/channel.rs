//! What is started on a probe, and the byte stream to it: one type wherever the probe is.

use std::fmt;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::ChildStdin;

use crate::i18n::Lang;
use crate::process::{BOUND_VERB, ProcessError, Running, shell_code};

/// The verb under which the executable is the main process of a container.
pub const WAIT_VERB: &str = "wait";

/// What it says there once it does: a line.
pub const WAITS: &str = concat!("iperftester ", env!("CARGO_PKG_VERSION"), " waits");

/// The verb under which the executable attends a command on a probe elsewhere.
pub const ATTEND_VERB: &str = "attend";

/// A program to be started on a probe.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// This executable on this machine; a probe elsewhere has one of its own.
    pub executable: &'a str,
    /// A command of the user's; `None` is the agent.
    pub command: Option<&'a [String]>,
    /// What the user is told in where that command does not start.
    pub lang: Lang,
}

impl<'a> Program<'a> {
    /// The agent, which is `executable` itself.
    #[must_use]
    pub const fn agent(executable: &'a str) -> Self {
        Self { executable, command: None, lang: Lang::En }
    }

    /// As words for a child of this process. It is bound to this process, so that even one that was stopped (SIGSTOP) and
    /// cannot see the end of its input ends with it; and started by our executable, which tells a command that is not there
    /// from one that failed, as what enters a namespace does not (ip-netns(8) ends with 1 or 255 for either).
    #[must_use]
    pub fn bound(&self) -> Vec<String> {
        let us = std::process::id().to_string();
        let code = self.lang.code().to_owned();
        let mut words = vec![self.executable.to_owned(), BOUND_VERB.to_owned(), us, code, "--".to_owned()];
        match self.command {
            None => words.extend([self.executable.to_owned(), "agent".to_owned()]),
            Some(command) => words.extend_from_slice(command),
        }
        words
    }

    /// As words for a probe elsewhere, which has our executable as `executable_there`. The agent ends with its input; a
    /// command is attended, since its input may end long before the controller, and its streams are
    /// [`framed`](super::framed()).
    #[must_use]
    pub fn attended(&self, executable_there: &str) -> Vec<String> {
        let mut words = vec![executable_there.to_owned()];
        match self.command {
            None => words.push("agent".to_owned()),
            Some(command) => {
                words.extend([ATTEND_VERB.to_owned(), self.lang.code().to_owned(), "--".to_owned()]);
                words.extend_from_slice(command);
            }
        }
        words
    }
}

/// Bytes to a program. Shutting it down ends the program's input; dropping it may end the program.
pub type Input = Box<dyn AsyncWrite + Send + Unpin>;
/// Bytes from it.
pub type Output = Box<dyn AsyncRead + Send + Unpin>;

/// A program that runs on a probe; it ends with this, and nothing that it started outlives it.
pub struct Channel {
    input: Option<Input>,
    output: Option<Output>,
    end: End,
}

/// How its end is known.
enum End {
    /// A child of this process.
    Child(Box<Running>),
    /// Elsewhere, seen by a task.
    Elsewhere(Pin<Box<dyn Elsewhere>>),
}

/// The end of a program that runs elsewhere: its exit code as a shell would give it. Dropping it ends the program.
pub trait Elsewhere: Future<Output = Result<u8, ProcessError>> + Send + Sync {}

impl<T: Future<Output = Result<u8, ProcessError>> + Send + Sync> Elsewhere for T {}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end: &dyn fmt::Debug = match &self.end {
            End::Child(running) => running,
            End::Elsewhere(_) => &"elsewhere",
        };
        f.debug_struct("Channel").field("end", end).finish_non_exhaustive()
    }
}

impl From<Running> for Channel {
    fn from(mut running: Running) -> Self {
        let input = running.take_stdin().map(|input| Box::new(Pipe(Some(input))) as Input);
        let output = running.take_stdout().map(|output| Box::new(output) as Output);
        Self { input, output, end: End::Child(Box::new(running)) }
    }
}

/// A child's standard input, which ends when it is shut down; tokio's own ends only when it is dropped.
struct Pipe(Option<ChildStdin>);

impl Pipe {
    fn open(&mut self) -> std::io::Result<Pin<&mut ChildStdin>> {
        self.0.as_mut().map(Pin::new).ok_or_else(|| ErrorKind::BrokenPipe.into())
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.open()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.open()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

impl Channel {
    /// A program elsewhere, with its standard input and output; `end` comes with its end.
    #[must_use]
    pub fn elsewhere(input: Input, output: Output, end: impl Elsewhere + 'static) -> Self {
        Self { input: Some(input), output: Some(output), end: End::Elsewhere(Box::pin(end)) }
    }

    /// Takes its standard input; the end of that is how most programs are told to end.
    pub fn take_input(&mut self) -> Option<Input> {
        self.input.take()
    }

    /// Takes its standard output.
    pub fn take_output(&mut self) -> Option<Output> {
        self.output.take()
    }

    /// Ends it now, with all that it started.
    pub fn kill(&mut self) {
        match &mut self.end {
            End::Child(running) => running.kill(),
            End::Elsewhere(end) => *end = Box::pin(std::future::ready(Ok(128 + 9))),
        }
    }

    /// Waits for its end: the exit code as a shell would give it, 128 and the signal where one ended it.
    ///
    /// # Errors
    /// [`ProcessError::Pipe`] where nobody can tell any more.
    pub async fn wait(&mut self) -> Result<u8, ProcessError> {
        match &mut self.end {
            End::Child(running) => running.wait().await.map(shell_code),
            End::Elsewhere(end) => {
                let ended = end.await;
                // What has ended is not asked again.
                self.kill();
                ended
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Errors, start};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn words(argv: &[&str]) -> Vec<String> {
        argv.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn elsewhere_a_command_is_attended_and_an_agent_is_not() {
        let command = words(&["ls", "-l"]);
        let program = Program { executable: "/here", command: Some(&command), lang: Lang::Es };
        assert_eq!(program.attended("/there"), ["/there", "attend", "es", "--", "ls", "-l"]);
        assert_eq!(Program::agent("/here").attended("/there"), ["/there", "agent"]);
    }

    #[tokio::test]
    async fn shutting_its_input_down_ends_the_input_of_a_child() {
        let mut channel = Channel::from(start(&words(&["cat"]), Errors::Inherited).unwrap());
        let (mut input, mut output) = (channel.take_input().unwrap(), channel.take_output().unwrap());
        input.write_all(b"seen").await.unwrap();
        input.shutdown().await.unwrap();
        let mut text = String::new();
        output.read_to_string(&mut text).await.unwrap();
        assert_eq!((text.as_str(), channel.wait().await.unwrap()), ("seen", 0));
        assert_eq!(input.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
