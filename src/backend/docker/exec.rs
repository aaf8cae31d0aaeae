//! A program started in a container, with its byte stream.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use futures_util::StreamExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;

use crate::backend::{Channel, Input, Program, Unframed, framed};
use crate::process::ProcessError;

/// Bytes of a program's output that wait to be read.
const WAITING: usize = 64 * 1024;

/// Starts `program` in the running container `id`.
///
/// # Errors
/// The engine's.
pub(in crate::backend) async fn start(
    engine: &Docker,
    id: &str,
    program: Program<'_>,
    executable: &str,
) -> Result<Channel, bollard::errors::Error> {
    let wanted = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(program.attended(executable)),
        ..CreateExecOptions::default()
    };
    let exec = engine.create_exec(id, wanted).await?.id;
    let StartExecResults::Attached { output, input } = engine.start_exec(&exec, None).await? else {
        return Err(std::io::Error::other("the engine gave no stream").into());
    };
    let input = ClosedWithIt(Some(input));
    let (input, unframed): (Input, _) = match program.command {
        None => (Box::new(input), None),
        Some(_) => {
            let (mut input, unframed) = framed(input);
            input.flush().await?;
            (Box::new(input), Some(unframed))
        }
    };
    let (ours, theirs) = tokio::io::duplex(WAITING);
    let pump = Pump(tokio::spawn(pump(engine.clone(), exec, output, unframed, theirs)));
    Ok(Channel::elsewhere(input, Box::new(ours), pump))
}

/// What the engine says of a program's output.
type Said = Pin<Box<dyn futures_util::Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;

/// Passes the program's output on until its end: its exit code.
async fn pump(
    engine: Docker,
    exec: String,
    mut said: Said,
    mut unframed: Option<Unframed>,
    mut output: tokio::io::DuplexStream,
) -> Result<u8, ProcessError> {
    let mut heard = true;
    while let Some(piece) = said.next().await {
        match piece.map_err(lost)? {
            LogOutput::StdOut { message } => {
                let message = match &mut unframed {
                    None => Cow::Borrowed(&*message),
                    Some(unframed) => Cow::Owned(unframed.output(&message).map_err(|_| instead(&message))?),
                };
                // Nobody listens any more; its end is still waited for.
                heard = heard && output.write_all(&message).await.is_ok();
            }
            // As a child's standard error is: whoever started us sees it.
            LogOutput::StdErr { message } => drop(tokio::io::stderr().write_all(&message).await),
            LogOutput::StdIn { .. } | LogOutput::Console { .. } => {}
        }
    }
    drop(output);
    let code = engine.inspect_exec(&exec).await.map_err(lost)?.exit_code;
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}

fn lost(fault: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ProcessError {
    ProcessError::Pipe { program: "a program in a container".to_owned(), source: std::io::Error::other(fault) }
}

/// An engine that cannot start a program says why in the place of its output.
fn instead(said: &[u8]) -> ProcessError {
    lost(format!("the engine says in its place: {}", String::from_utf8_lossy(said).trim()))
}

/// The task that passes output on; the stream is closed with it, which ends the program.
struct Pump(JoinHandle<Result<u8, ProcessError>>);

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Future for Pump {
    type Output = Result<u8, ProcessError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|ended| ended.unwrap_or_else(|fault| Err(lost(fault))))
    }
}

/// The program's input. Half of a connection does not close by being dropped; the program sees the end of its input only
/// where that is said.
struct ClosedWithIt(Option<Pin<Box<dyn AsyncWrite + Send>>>);

impl ClosedWithIt {
    fn inner(&mut self) -> Pin<&mut (dyn AsyncWrite + Send)> {
        self.0.as_mut().expect("it is taken by drop alone").as_mut()
    }
}

impl Drop for ClosedWithIt {
    fn drop(&mut self) {
        if let (Some(mut input), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            // Where the runtime ends before this, the process does, and its connections with it.
            runtime.spawn(async move { input.shutdown().await });
        }
    }
}

impl AsyncWrite for ClosedWithIt {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.inner().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.inner().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.inner().poll_shutdown(context)
    }
}
