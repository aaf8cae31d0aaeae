//! The controller's end of a probe session.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::backend::{Backend, BackendError};
use crate::domain::facts::ProbeFacts;
use crate::domain::name::Name;
use crate::domain::topology::PortRange;
use crate::process::Running;
use crate::protocol::{self, Reply, Request, VERSION};

/// A probe whose agent does not answer hello within this is not ready.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// An agent gets this long to end by itself at the end of its session.
const END_WITHIN: Duration = Duration::from_secs(2);

/// Why a probe has no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The backend could not start the agent.
    #[error("cannot start the agent of {probe}")]
    Connect {
        /// The probe.
        probe: Name,
        /// Why.
        source: BackendError,
    },
    /// The agent ended or was silent.
    #[error("the agent of {probe} {what}")]
    Silent {
        /// The probe.
        probe: Name,
        /// What it did instead of answering.
        what: String,
    },
    /// The agent speaks another version of the protocol.
    #[error("the agent of {probe} speaks protocol {theirs}, this iperftester {VERSION}: deploy the probe again")]
    Version {
        /// The probe.
        probe: Name,
        /// Its version.
        theirs: u32,
    },
}

/// An open session. Dropping it kills the agent, which takes its tools with it.
pub struct Session {
    /// The probe.
    pub probe: Name,
    /// The address at which it is tested.
    pub address: IpAddr,
    outbox: mpsc::UnboundedSender<Request>,
    routes: Arc<Mutex<Routes>>,
    next: AtomicU64,
    running: Running,
    pumps: [JoinHandle<()>; 2],
}

struct Routes {
    jobs: HashMap<u64, mpsc::UnboundedSender<Reply>>,
    hello: Option<oneshot::Sender<(u32, Box<ProbeFacts>)>>,
    open: bool,
}

/// A piece of work on a probe: where its replies arrive. Dropping it cancels the work.
pub struct Work {
    id: u64,
    replies: mpsc::UnboundedReceiver<Reply>,
    outbox: mpsc::UnboundedSender<Request>,
    routes: Arc<Mutex<Routes>>,
}

impl Drop for Work {
    fn drop(&mut self) {
        lock(&self.routes).jobs.remove(&self.id);
        // Cancelling what has ended is no fault; a closed session has nothing left to cancel.
        let _ = self.outbox.send(Request::Cancel { job: self.id });
    }
}

impl Work {
    /// The next reply; `None` where the session has ended.
    pub async fn reply(&mut self) -> Option<Reply> {
        self.replies.recv().await
    }
}

fn lock(routes: &Mutex<Routes>) -> std::sync::MutexGuard<'_, Routes> {
    routes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Starts the agent by `argv` on `probe` and says hello.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open(
        backend: &impl Backend,
        probe: &Name,
        address: IpAddr,
        ports: PortRange,
        argv: &[String],
    ) -> Result<(Self, ProbeFacts), SessionError> {
        let silent = |what: &str| SessionError::Silent { probe: probe.clone(), what: what.to_owned() };
        let mut running = backend
            .connect(probe, argv)
            .await
            .map_err(|source| SessionError::Connect { probe: probe.clone(), source })?;
        let (Some(stdin), Some(stdout)) = (running.take_stdin(), running.take_stdout()) else {
            return Err(silent("has no streams"));
        };
        let (outbox, requests) = mpsc::unbounded_channel();
        let (hello, answer) = oneshot::channel();
        let routes = Arc::new(Mutex::new(Routes { jobs: HashMap::new(), hello: Some(hello), open: true }));
        let pumps =
            [tokio::spawn(send(stdin, requests)), tokio::spawn(receive(BufReader::new(stdout), routes.clone()))];
        let session = Self { probe: probe.clone(), address, outbox, routes, next: AtomicU64::new(1), running, pumps };
        session.send(Request::Hello { protocol: VERSION, ports });
        match tokio::time::timeout(HELLO_WITHIN, answer).await {
            Ok(Ok((VERSION, facts))) => Ok((session, *facts)),
            Ok(Ok((theirs, _))) => Err(SessionError::Version { probe: probe.clone(), theirs }),
            Ok(Err(_)) => Err(silent("ended before it answered hello")),
            Err(_) => Err(silent("did not answer hello within 10 s")),
        }
    }

    /// Sends the request that `make` builds around a fresh job number.
    pub fn begin(&self, make: impl FnOnce(u64) -> Request) -> Work {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (route, replies) = mpsc::unbounded_channel();
        let mut routes = lock(&self.routes);
        if routes.open {
            routes.jobs.insert(id, route);
        }
        drop(routes);
        self.send(make(id));
        Work { id, replies, outbox: self.outbox.clone(), routes: self.routes.clone() }
    }

    /// Is the agent still there?
    #[must_use]
    pub fn is_open(&self) -> bool {
        lock(&self.routes).open
    }

    fn send(&self, request: Request) {
        // A closed session shows where the replies are awaited.
        let _ = self.outbox.send(request);
    }

    /// Process id of the agent, as this machine knows it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running.pid()
    }

    /// Ends the session: the agent sees the end of its input, stops its work and ends.
    pub async fn close(mut self) {
        self.pumps[0].abort();
        let _ = tokio::time::timeout(END_WITHIN, self.running.wait()).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for pump in &self.pumps {
            pump.abort();
        }
    }
}

async fn send(mut stdin: ChildStdin, mut requests: mpsc::UnboundedReceiver<Request>) {
    while let Some(request) = requests.recv().await {
        if stdin.write_all(&protocol::line(&request)).await.is_err() {
            return;
        }
    }
}

async fn receive(mut stdout: BufReader<tokio::process::ChildStdout>, routes: Arc<Mutex<Routes>>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match stdout.read_until(b'\n', &mut line).await {
            Ok(read) if read > 0 => {}
            _ => break,
        }
        // An agent that says what is no reply is not one of ours; its session is over.
        let Ok(reply) = serde_json::from_slice::<Reply>(&line) else { break };
        let mut routes = lock(&routes);
        match reply {
            Reply::Hello { protocol, facts } => {
                if let Some(hello) = routes.hello.take() {
                    let _ = hello.send((protocol, facts));
                }
            }
            reply => {
                if let Some(route) = reply.job().and_then(|job| routes.jobs.get(&job)) {
                    let _ = route.send(reply);
                }
            }
        }
    }
    let mut routes = lock(&routes);
    routes.open = false;
    routes.hello = None;
    routes.jobs.clear();
}
