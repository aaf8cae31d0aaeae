//! One side of a run: the tool is started, watched and reported.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::listening;
use super::ports::Leases;
use super::sampler::Sampler;
use crate::domain::counters::EndCounters;
use crate::domain::test::Test;
use crate::process::{self, Errors, ProcessError, Running};
use crate::protocol::{Ending, Reply};
use crate::tool::{self, Endpoints};

/// A server that is not seen listening within this is given up.
const LISTENING_WITHIN: Duration = Duration::from_secs(5);

/// Runs the test's one-off server.
pub(super) async fn serve(
    job: u64,
    test: Test,
    at: Endpoints,
    deadline: Duration,
    leases: Leases,
    replies: UnboundedSender<Reply>,
) {
    let outcome = async {
        let lease = leases.take()?;
        let at = Endpoints { port: lease.port(), ..at };
        let command =
            tool::of(&test).server_command(&at).ok_or_else(|| format!("a {} test has no server", test.tool()))?;
        let mut running = start_tool(&command)?;
        let ready = tokio::time::timeout(LISTENING_WITHIN, async {
            tokio::select! {
                () = listening::wait_for(lease.port(), tool::listens_on(&test)) => true,
                _ = running.wait() => false,
            }
        });
        let seen = ready.await;
        match seen {
            Ok(true) => {}
            Ok(false) => {
                let ending = watch(job, running, &test, Duration::from_secs(1), None).await;
                let said = format!("{} {}", ending.stdout.trim(), ending.stderr.trim());
                return Err(format!("the server ended before it listened: {}", said.trim()));
            }
            Err(_) => {
                return Err(format!("the server did not listen within {} s", LISTENING_WITHIN.as_secs()));
            }
        }
        let _ = replies.send(Reply::Ready { job, port: lease.port(), command });
        Ok(watch(job, running, &test, deadline, Some(&replies)).await)
    }
    .await;
    conclude(job, outcome, &replies);
}

/// Runs the test's client.
pub(super) async fn start(job: u64, test: Test, at: Endpoints, deadline: Duration, replies: UnboundedSender<Reply>) {
    let outcome = async {
        let command = tool::of(&test).client_command(&at);
        let running = start_tool(&command)?;
        let _ = replies.send(Reply::Started { job, command });
        Ok(watch(job, running, &test, deadline, Some(&replies)).await)
    }
    .await;
    conclude(job, outcome, &replies);
}

fn conclude(job: u64, outcome: Result<Ending, String>, replies: &UnboundedSender<Reply>) {
    let reply = match outcome {
        Ok(ending) => Reply::Finished { job, ending: Box::new(ending) },
        Err(reason) => Reply::Refused { job, reason },
    };
    let _ = replies.send(reply);
}

/// Starts a tool so that it dies with this agent, whatever kills it.
fn start_tool(command: &[String]) -> Result<Running, String> {
    process::start_bound(command, Errors::Captured).map_err(|fault| format!("{fault}: {}", source_of(&fault)))
}

fn source_of(fault: &dyn std::error::Error) -> String {
    fault.source().map(ToString::to_string).unwrap_or_default()
}

/// Waits for the end of `running`, sampling this probe meanwhile.
async fn watch(
    job: u64,
    running: Running,
    test: &Test,
    deadline: Duration,
    live: Option<&UnboundedSender<Reply>>,
) -> Ending {
    let mut sampler = Sampler::new(running.pid(), test).await;
    let finish = running.finish_keeping(deadline);
    tokio::pin!(finish);
    let finished = loop {
        tokio::select! {
            finished = &mut finish => break finished,
            () = sampler.tick() => {
                if let (Some(rates), Some(replies)) = (sampler.sample().await, live) {
                    let _ = replies.send(Reply::Progress {
                        job,
                        elapsed_seconds: rates.elapsed_seconds,
                        received_bits_per_second: rates.received_bits_per_second,
                        sent_bits_per_second: rates.sent_bits_per_second,
                    });
                }
            }
        }
    };
    let counters = sampler.growth().await;
    let (status, [stdout, stderr]) = finished;
    let (exit_code, fault) = match status {
        Ok(status) => (status.code(), status.signal().map(|signal| format!("ended by signal {signal}"))),
        Err(fault @ ProcessError::Flood { .. }) => return too_much(&fault.to_string(), counters),
        Err(fault) => (None, Some(fault.to_string())),
    };
    Ending { exit_code, fault, stdout: text(stdout), stderr: text(stderr), flooded: false, counters }
}

/// The end of a tool that wrote more than is kept of it: its output is not, for half of it is no result.
pub(super) fn too_much(what: &str, counters: EndCounters) -> Ending {
    let fault = format!(
        "{what}: nothing of it is kept; it writes less with a longer `interval`, a shorter `duration` or a smaller `count`"
    );
    Ending { fault: Some(fault), flooded: true, counters, ..Ending::default() }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned())
}
