//! `exec`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::args::Exec;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use super::stop;
use crate::backend::{BackendError, Channel, Program, Reach};
use crate::process::ProcessError;

/// Most that is passed on at once, in bytes.
const CHUNK: usize = 64 * 1024;

pub(super) async fn perform(context: &Context<'_>, with: &Exec) -> Result<Exit, Failure> {
    let (topology, fleet) = context.expand(context.load()?).await?;
    let probe = &with.probe;
    Context::knows(&topology, &fleet, probe)?;
    let backend = Context::backend(&topology, &fleet).await?;
    let mut stop = stop::watch()?;
    let program = Program { executable: &Context::executable()?, command: Some(&with.command), lang: lang() };
    let mut running = backend.connect(probe, program).await.map_err(|fault| match fault {
        BackendError::System { .. } => Failure::from(fault)
            .hint(lang().word("`iperftester deploy` makes the probes", "`iperftester deploy` crea las sondas")),
        other => other.into(),
    })?;
    let interrupted = async {
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let code = tokio::select! {
        code = attend(context, &mut running) => code?,
        () = interrupted => return Ok(Exit::Interrupted),
    };
    Ok(Exit::Command(code))
}

/// Passes input and output on until the command has ended.
async fn attend(context: &Context<'_>, running: &mut Channel) -> Result<u8, Failure> {
    if let Some(mut to) = running.take_input() {
        // Ends with the process: a command that does not read must not wait for the end of our input.
        tokio::spawn(async move {
            // A command that has closed its input wants no more of it.
            let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut to).await;
            let _ = to.shutdown().await;
            // Held on to: elsewhere, the end of the stream would be taken for ours.
            std::future::pending::<()>().await;
        });
    }
    if let Some(mut from) = running.take_output() {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = from.read(&mut chunk).await.map_err(|fault| Failure::of(Exit::Unavailable, &fault))?;
            if read == 0 {
                break;
            }
            context.output.bytes(&chunk[..read]);
        }
    }
    running.wait().await.map_err(|fault: ProcessError| Failure::of(Exit::Unavailable, &fault))
}
