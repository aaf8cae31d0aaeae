//! The program inside a probe: reads requests from its standard input, answers on its standard output. End of input means
//! that the controller has gone: every child is killed and the agent ends. It leaves no process behind on any way out; even
//! its own death by SIGKILL takes its tools with it (PR_SET_PDEATHSIG, prctl(2)). One that was stopped or hangs is ended by
//! whoever started it, or in a container by process 1.
#![allow(clippy::disallowed_methods, reason = "an edge: it reads this machine's counters and clock")]

mod attending;
mod facts;
mod jobs;
mod listening;
mod ports;
mod reach;
mod sampler;
mod waiting;
mod watching;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::domain::port::PortRange;
use crate::domain::test::{Test, ToolKind};
use crate::process;
use crate::protocol::{self, LINE_MAX, Reply, Request, VERSION};
use crate::tool::Endpoints;
use ports::Leases;

pub use attending::{AttendError, attend_stdio};
pub use ports::bind;
pub use waiting::wait_for_end;

/// The number of hello among the session's work; the controller counts from 1.
const HELLO: u64 = 0;

/// Serves one session on standard input and output until the controller goes.
///
/// # Errors
/// The system's, where signals or the streams cannot be used.
pub async fn serve_stdio() -> std::io::Result<()> {
    watching::be_watched();
    serve(BufReader::new(tokio::io::stdin()), tokio::io::stdout()).await
}

/// Serves one session on any pair of streams.
///
/// # Errors
/// The system's, where signals or the streams cannot be used.
pub async fn serve(
    mut input: impl AsyncBufRead + Unpin,
    mut output: impl AsyncWrite + Unpin + Send + 'static,
) -> std::io::Result<()> {
    let (replies, mut outbox) = mpsc::unbounded_channel::<Reply>();
    let writer = tokio::spawn(async move {
        while let Some(reply) = outbox.recv().await {
            if output.write_all(&fitting(reply)).await.is_err() || output.flush().await.is_err() {
                return;
            }
        }
    });
    let leases = Leases::new(PortRange::DEFAULT);
    let mut session = Session { replies, jobs: HashMap::new(), leases, tools: Arc::default() };
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let mut line = Vec::new();
    let mut outcome = Ok(());
    loop {
        tokio::select! {
            read = process::read_line(&mut input, &mut line, LINE_MAX) => match read {
                Ok(true) => {}
                Ok(false) => break,
                Err(fault) => {
                    outcome = Err(fault);
                    break;
                }
            },
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
            _ = hung_up.recv() => break,
        }
        match serde_json::from_slice(&line) {
            Ok(request) => session.handle(request).await,
            Err(fault) => session.reply(Reply::Refused { job: 0, reason: format!("not a request: {fault}") }),
        }
        if writer.is_finished() {
            break;
        }
    }
    for (_, job) in session.jobs.drain() {
        job.abort();
        // Waiting for the aborted task runs its destructors, which kill its children.
        let _ = job.await;
    }
    drop(session);
    writer.abort();
    outcome
}

/// A reply as a line that the controller takes: escaped as JSON, an output that was short enough may be too long.
fn fitting(reply: Reply) -> Vec<u8> {
    let line = protocol::line(&reply);
    match reply {
        Reply::Finished { job, ending } if line.len() > LINE_MAX => {
            let what = format!("its output takes more than {} MiB to be sent", LINE_MAX >> 20);
            protocol::line(&Reply::Finished { job, ending: Box::new(jobs::too_much(&what, ending.counters)) })
        }
        _ => line,
    }
}

struct Session {
    replies: mpsc::UnboundedSender<Reply>,
    jobs: HashMap<u64, JoinHandle<()>>,
    leases: Leases,
    /// The versions of this probe's tools, from hello on.
    tools: Arc<OnceLock<BTreeMap<ToolKind, String>>>,
}

impl Session {
    fn version(&self, test: &Test) -> Option<String> {
        self.tools.get()?.get(&test.tool()).cloned()
    }

    fn reply(&self, reply: Reply) {
        // The writer is gone only where the controller is; the next read ends the session then.
        let _ = self.replies.send(reply);
    }

    async fn handle(&mut self, request: Request) {
        self.jobs.retain(|_, job| !job.is_finished());
        let replies = self.replies.clone();
        match request {
            Request::Hello { protocol: _, ports } => {
                self.leases = Leases::new(ports);
                // A piece of work like the others, so that the end of the session is seen meanwhile.
                let tools = self.tools.clone();
                self.spawn(HELLO, async move {
                    let facts = Box::new(facts::gather().await);
                    // A second hello finds the same tools.
                    let _ = tools.set(facts.tools.clone());
                    let _ = replies.send(Reply::Hello { protocol: VERSION, facts });
                });
            }
            Request::Listen { job } => {
                let leases = self.leases.clone();
                self.spawn(job, reach::listen(job, leases, replies));
            }
            Request::Reach { job, address, port, timeout } => {
                self.spawn(job, reach::reach(job, address, port, timeout, replies));
            }
            Request::Serve { job, test, address, interface, own, deadline } => {
                let at = Endpoints { interface, own, version: self.version(&test), ..Endpoints::new(address, 0) };
                let leases = self.leases.clone();
                self.spawn(job, jobs::serve(job, test, at, deadline, leases, replies));
            }
            Request::Start { job, test, address, port, interface, own, deadline } => {
                let at = Endpoints { interface, own, version: self.version(&test), ..Endpoints::new(address, port) };
                self.spawn(job, jobs::start(job, test, at, deadline, replies));
            }
            Request::Cancel { job } => {
                if let Some(handle) = self.jobs.remove(&job) {
                    handle.abort();
                    let _ = handle.await;
                }
            }
        }
    }

    fn spawn(&mut self, job: u64, work: impl Future<Output = ()> + Send + 'static) {
        match self.jobs.entry(job) {
            // Two under one number could not be told apart, nor both be cancelled.
            Entry::Occupied(_) => self.reply(Reply::Refused { job, reason: format!("work {job} is still going on") }),
            Entry::Vacant(place) => {
                place.insert(tokio::spawn(work));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Ending;
    use tokio::io::AsyncBufReadExt;

    #[test]
    fn an_output_that_its_escapes_make_too_long_is_told_and_does_not_end_the_session() {
        let finished = |stdout| Reply::Finished { job: 7, ending: Box::new(Ending { stdout, ..Ending::default() }) };
        let short = finished("{}".to_owned());
        assert_eq!(fitting(short.clone()), protocol::line(&short));
        // Six bytes each as JSON has them.
        let line = fitting(finished("\u{1}".repeat(LINE_MAX / 5)));
        assert!(line.len() < 1000);
        let Ok(Reply::Finished { job: 7, ending }) = serde_json::from_slice(&line) else { panic!("another reply") };
        assert!(ending.flooded, "{ending:?}");
        assert!(ending.fault.unwrap().starts_with("its output takes more than 128 MiB to be sent: nothing of it"));
    }

    #[tokio::test]
    async fn a_number_in_use_is_refused_and_the_end_of_input_ends_the_session() {
        let (controller, agent) = tokio::io::duplex(1 << 20);
        let (agent_in, agent_out) = tokio::io::split(agent);
        let served = tokio::spawn(serve(BufReader::new(agent_in), agent_out));
        let (controller_in, mut requests) = tokio::io::split(controller);
        let mut replies = BufReader::new(controller_in).lines();
        let listen = protocol::line(&Request::Listen { job: 7 });
        requests.write_all(&listen).await.unwrap();
        assert!(replies.next_line().await.unwrap().unwrap().contains("ready"));
        requests.write_all(&listen).await.unwrap();
        let refused = replies.next_line().await.unwrap().unwrap();
        assert!(refused.contains("refused") && refused.contains("still going on"), "{refused}");
        requests.shutdown().await.unwrap();
        served.await.unwrap().unwrap();
    }
}
