//! The controller's end of a probe session. Nothing here waits for an agent without an end: one that is silent, or says what
//! it was not asked, is killed, and its session is over.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::io::{AsyncBufRead, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::backend::{BackendError, Channel, Input, Program, Reach};
use crate::domain::facts::ProbeFacts;
use crate::domain::name::Name;
use crate::domain::topology::Probe;
use crate::process;
use crate::protocol::{self, LINE_MAX, Reply, Request, VERSION};

/// A probe whose agent does not answer hello within this is not ready.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// An agent answers any other request within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Replies to one piece of work that may wait to be read. An agent gives two, and live rates, which are left out where
/// half of this is full.
const REPLIES: usize = 16;
/// Room for a line that is kept from one reply to the next, in bytes.
const LINE_KEPT: usize = 64 * 1024;
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
    /// Nobody knows where it is.
    #[error("{0} is not in this topology")]
    Unknown(Name),
    /// Its address is not known.
    #[error("cannot tell the address of {probe}")]
    Address {
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
    /// The addresses at which it is tested, at most one of each family, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// Interface that its tools are bound to, where it has several.
    pub interface: Option<String>,
    /// Its own address, which its tools are bound to where other probes share its network.
    pub own: Option<IpAddr>,
    /// Can it not be connected to?
    pub behind_nat: bool,
    outbox: mpsc::UnboundedSender<Request>,
    routes: Arc<Mutex<Routes>>,
    next: AtomicU64,
    /// `None` once its end was asked for.
    running: Mutex<Option<Channel>>,
    pumps: [JoinHandle<()>; 2],
    since: Option<DateTime<Utc>>,
    /// Was it found out why it is over? Held meanwhile.
    explained: tokio::sync::Mutex<bool>,
}

/// Where replies go.
struct Routes {
    jobs: HashMap<u64, mpsc::Sender<Reply>>,
    hello: Option<oneshot::Sender<(u32, Box<ProbeFacts>)>>,
    /// What the agent did that ended the session.
    over: Option<String>,
}

impl Routes {
    /// Hands a reply to who waits for it.
    fn deliver(&mut self, reply: Reply) -> Result<(), String> {
        match reply {
            Reply::Hello { protocol, facts } => {
                if let Some(hello) = self.hello.take() {
                    // Nobody listens any more only where the session is being given up.
                    let _ = hello.send((protocol, facts));
                }
                Ok(())
            }
            reply => {
                let Some(route) = reply.job().and_then(|job| self.jobs.get(&job)) else { return Ok(()) };
                if matches!(reply, Reply::Progress { .. }) && route.capacity() <= REPLIES / 2 {
                    return Ok(());
                }
                match route.try_send(reply) {
                    Err(mpsc::error::TrySendError::Full(_)) => Err("says more than it was asked".to_owned()),
                    // What has just been cancelled may still be answered.
                    Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
                }
            }
        }
    }

    /// Ends the session for `why`, unless it is over already; whoever waits for a reply gets none.
    fn end(&mut self, why: String) {
        self.over.get_or_insert(why);
        self.hello = None;
        self.jobs.clear();
    }
}

/// A piece of work on a probe: where its replies arrive. Dropping it cancels the work.
pub struct Work {
    id: u64,
    replies: mpsc::Receiver<Reply>,
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

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Starts the agent, `program`, on `probe`, which is `of`, and says hello.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open(
        backend: &impl Reach,
        probe: &Name,
        addresses: Vec<IpAddr>,
        of: &Probe,
        program: Program<'_>,
    ) -> Result<(Self, ProbeFacts), SessionError> {
        let silent = |what: &str| SessionError::Silent { probe: probe.clone(), what: what.to_owned() };
        let mut running = backend
            .connect(probe, program)
            .await
            .map_err(|source| SessionError::Connect { probe: probe.clone(), source })?;
        let (Some(stdin), Some(stdout)) = (running.take_input(), running.take_output()) else {
            return Err(silent("has no streams"));
        };
        let (outbox, requests) = mpsc::unbounded_channel();
        let (hello, answer) = oneshot::channel();
        let routes = Arc::new(Mutex::new(Routes { jobs: HashMap::new(), hello: Some(hello), over: None }));
        let pumps =
            [tokio::spawn(send(stdin, requests)), tokio::spawn(receive(BufReader::new(stdout), routes.clone()))];
        let running = Mutex::new(Some(running));
        let session = Self {
            probe: probe.clone(),
            addresses,
            interface: of.attachment.interface.clone(),
            own: backend.own(probe),
            behind_nat: of.attachment.behind_nat,
            outbox,
            routes,
            next: AtomicU64::new(1),
            running,
            pumps,
            since: None,
            explained: tokio::sync::Mutex::new(false),
        };
        let ports = of.ports;
        session.send(Request::Hello { protocol: VERSION, ports });
        match tokio::time::timeout(HELLO_WITHIN, answer).await {
            Ok(Ok((VERSION, facts))) => Ok((session, *facts)),
            Ok(Ok((theirs, _))) => Err(SessionError::Version { probe: probe.clone(), theirs }),
            Ok(Err(_)) => {
                let why = lock(&session.routes).over.clone().unwrap_or_default();
                Err(silent(&format!("{why} instead of answering hello")))
            }
            Err(_) => Err(silent(&format!("did not answer hello within {} s", HELLO_WITHIN.as_secs_f64()))),
        }
    }

    /// The same, known to be open since then.
    pub(super) fn since(mut self, since: DateTime<Utc>) -> Self {
        self.since = Some(since);
        self
    }

    /// Sends the request that `make` builds around a fresh job number.
    pub fn begin(&self, make: impl FnOnce(u64) -> Request) -> Work {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (route, replies) = mpsc::channel(REPLIES);
        let mut routes = lock(&self.routes);
        if routes.over.is_none() {
            routes.jobs.insert(id, route);
        }
        drop(routes);
        self.send(make(id));
        Work { id, replies, outbox: self.outbox.clone(), routes: self.routes.clone() }
    }

    /// The first reply to a request.
    ///
    /// # Errors
    /// A sentence that names the probe: the agent refused, is silent (its session is over then), or has ended.
    pub async fn answer(&self, work: &mut Work) -> Result<Reply, String> {
        self.within(ANSWER_WITHIN, work.reply()).await?.map_or_else(
            || Err(self.gone()),
            |reply| match reply {
                Reply::Refused { reason, .. } => Err(format!("{}: {reason}", self.probe)),
                reply => Ok(reply),
            },
        )
    }

    /// What `replies` come to within `limit`; an agent that is silent beyond it is killed and its session over.
    ///
    /// # Errors
    /// A sentence that names the probe.
    pub async fn within<T>(&self, limit: Duration, replies: impl Future<Output = T>) -> Result<T, String> {
        match tokio::time::timeout(limit, replies).await {
            Ok(outcome) => Ok(outcome),
            Err(_) => {
                lock(&self.routes).end(format!("gave no answer within {} s and was stopped", limit.as_secs_f64()));
                // A stopped or hung agent does not see the end of its input, so it is not asked to end.
                if let Some(mut running) = lock(&self.running).take() {
                    running.kill();
                }
                Err(self.gone())
            }
        }
    }

    /// Why the session is over; `None` while it is not.
    #[must_use]
    pub fn over(&self) -> Option<String> {
        lock(&self.routes).over.as_ref().map(|why| format!("the agent of {} {why}", self.probe))
    }

    /// The same with what has become of its probe and what shows more, which is asked for once.
    pub(super) async fn explained(&self, backend: &impl Reach, now: fn() -> DateTime<Utc>) -> Option<String> {
        self.over()?;
        let mut explained = self.explained.lock().await;
        if !*explained {
            *explained = true;
            let running = lock(&self.running).take();
            // One that we have stopped has no end of its own.
            let exit = match running {
                Some(mut running) => tokio::time::timeout(END_WITHIN, running.wait()).await.ok().and_then(Result::ok),
                None => None,
            };
            let age = self.since.and_then(|since| (now() - since).to_std().ok()).unwrap_or_default();
            let fate = backend.fate(&self.probe, age, exit).await;
            let fate = fate.or_else(|| Some(format!("its exit code is {}; see `iperftester status`", exit?)));
            let mut routes = lock(&self.routes);
            if let (Some(why), Some(fate)) = (routes.over.as_mut(), fate) {
                *why = format!("{why}: {fate}");
            }
        }
        self.over()
    }

    /// The same for who has just seen that it is.
    pub fn gone(&self) -> String {
        self.over().unwrap_or_else(|| format!("the agent of {} has ended", self.probe))
    }

    /// What to say of an agent whose answer belongs to another request.
    #[must_use]
    pub fn misfit(&self) -> String {
        format!("the agent of {} gave an answer that does not fit", self.probe)
    }

    fn send(&self, request: Request) {
        // A closed session shows where the replies are awaited.
        let _ = self.outbox.send(request);
    }

    /// Ends the session: the agent sees the end of its input, stops its work and ends.
    pub async fn close(mut self) {
        self.pumps[0].abort();
        if let Some(running) = self.running.get_mut().unwrap_or_else(PoisonError::into_inner) {
            let _ = tokio::time::timeout(END_WITHIN, running.wait()).await;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for pump in &self.pumps {
            pump.abort();
        }
    }
}

async fn send(mut stdin: Input, mut requests: mpsc::UnboundedReceiver<Request>) {
    while let Some(request) = requests.recv().await {
        if stdin.write_all(&protocol::line(&request)).await.is_err() {
            return;
        }
    }
}

async fn receive(mut stdout: impl AsyncBufRead + Unpin, routes: Arc<Mutex<Routes>>) {
    let mut line = Vec::new();
    let why = loop {
        match process::read_line(&mut stdout, &mut line, LINE_MAX).await {
            Ok(true) => {}
            Ok(false) => break "has ended".to_owned(),
            Err(fault) => break format!("cannot be understood: {fault}"),
        }
        // An agent that says what is no reply is not one of ours.
        let delivered = match serde_json::from_slice::<Reply>(&line) {
            Ok(reply) => lock(&routes).deliver(reply),
            Err(fault) => Err(format!("said what is no reply: {fault}")),
        };
        if let Err(why) = delivered {
            break why;
        }
        // The room of a long reply is not kept for the next short one.
        line.clear();
        line.shrink_to(LINE_KEPT);
    };
    lock(&routes).end(why);
}
