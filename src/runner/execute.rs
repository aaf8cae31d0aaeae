//! One run over two sessions: servers ready, clients through, both endings gathered.

use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use futures_util::stream::FuturesUnordered;

use super::retry::Retry;
use super::session::{Session, Work};
use crate::domain::test::{Direction, Test};
use crate::protocol::{Ending, Reply, Request};
use crate::tool;

/// Beyond a test's own duration: connecting, the exchange of results, a slow far end.
const GRACE: Duration = Duration::from_secs(15);
/// The server has this long to end after its client.
const SERVER_ENDS_WITHIN: Duration = Duration::from_secs(3);
/// It has this long where the client failed: then it has nothing to tell that is worth a wait.
const FAILED_SERVER_ENDS_WITHIN: Duration = Duration::from_millis(200);
/// An agent tells the end of a run this long after the run's deadline at the latest.
const OVERDUE: Duration = Duration::from_secs(5);

/// What a run left behind on both probes.
#[derive(Debug, Default)]
pub(super) struct Executed {
    pub(super) command: Vec<String>,
    pub(super) server_command: Option<Vec<String>>,
    pub(super) client: Option<Ending>,
    pub(super) server: Option<Ending>,
    /// Why the server's end is not known.
    pub(super) server_fault: Option<String>,
    /// Why it came to no end of its own.
    pub(super) fault: Option<String>,
    /// What was tried before, as sentences.
    pub(super) notes: Vec<String>,
    /// What was known before it started and says why it failed, if it did.
    pub(super) foreboding: Option<String>,
}

/// Time after which a run of this test is given up, known before it starts.
pub(super) fn deadline(test: &Test) -> Duration {
    let tool = tool::of(test);
    tool.duration() + tool.patience() + GRACE
}

/// Runs a test from `source` to `destination`, which is tested at `address`: `parts` are the processes side by side that it
/// takes, one for most. `live` hears the rate at the receiving end. What says nothing about the link is tried again.
pub(super) async fn execute(
    parts: &[Test],
    source: &Session,
    destination: &Session,
    address: IpAddr,
    live: impl Fn(f64) + Copy,
) -> Executed {
    let Some(test) = parts.first() else { return Executed::default() };
    let mut retry = Retry::default();
    loop {
        let mut executed = Executed::default();
        if let Err(fault) = run(parts, source, (destination, address), live, &mut executed).await {
            executed.fault = Some(fault);
        }
        if !retry.again(test, executed.client.as_ref()) {
            executed.notes.extend(retry.note());
            return executed;
        }
    }
}

async fn run(
    parts: &[Test],
    source: &Session,
    (destination, address): (&Session, IpAddr),
    live: impl Fn(f64) + Copy,
    executed: &mut Executed,
) -> Result<(), String> {
    // All servers listen before the first client starts, so that the clients measure the same time.
    let mut servers = try_join_all(parts.iter().map(|test| serve(test, destination, address))).await?;
    executed.server_command = servers.first_mut().and_then(Option::as_mut).map(|server| mem::take(&mut server.command));
    let started =
        parts.iter().zip(&servers).map(|(test, server)| start(test, source, (destination, address), server.as_ref()));
    let mut clients = try_join_all(started).await?;
    executed.command = clients.first_mut().map(|(_, command)| mem::take(command)).unwrap_or_default();
    let mut ends: FuturesUnordered<_> = (0..)
        .zip(parts.iter().zip(clients).zip(servers))
        .map(|(number, ((test, (client, _)), server))| async move {
            // The rate is that of the whole interface: one of them hears it for all.
            let live = move |rate| {
                if number == 0 {
                    live(rate);
                }
            };
            (number, finish(test, client, server, source, destination, live).await)
        })
        .collect();
    let mut all = BTreeMap::new();
    while let Some((number, ended)) = ends.next().await {
        let failed = !ended.0.as_ref().is_ok_and(|e| e.exit_code == Some(0));
        if failed {
            // The others are stopped: without this one they are no measurement.
            all = BTreeMap::from([(number, ended)]);
            break;
        }
        all.insert(number, ended);
    }
    drop(ends);
    let (mut at_source, mut at_destination) = (Vec::new(), Vec::new());
    for (client, server) in all.into_values() {
        match server {
            Some(Ok(ending)) => at_destination.push(ending),
            Some(Err(fault)) => executed.server_fault = Some(fault),
            None => {}
        }
        at_source.push(client?);
    }
    executed.client = together(at_source);
    executed.server = together(at_destination);
    Ok(())
}

/// A listening server.
struct Server {
    work: Work,
    port: u16,
    command: Vec<String>,
}

/// Starts the server, if the test has one.
async fn serve(test: &Test, destination: &Session, address: IpAddr) -> Result<Option<Server>, String> {
    if tool::of(test).server_command(&tool::Endpoints::new(address, 0)).is_none() {
        return Ok(None);
    }
    let (interface, own, deadline) = (destination.interface.clone(), destination.own, deadline(test));
    let mut work =
        destination.begin(|job| Request::Serve { job, test: test.clone(), address, interface, own, deadline });
    let ready = destination.answer(&mut work).await?;
    let Reply::Ready { port, command, .. } = ready else { return Err(destination.misfit()) };
    Ok(Some(Server { work, port, command }))
}

/// Starts the client: its work and argument list.
async fn start(
    test: &Test,
    source: &Session,
    (destination, address): (&Session, IpAddr),
    server: Option<&Server>,
) -> Result<(Work, Vec<String>), String> {
    let (port, interface, deadline) = (server.map_or(0, |s| s.port), source.interface.clone(), deadline(test));
    // Bound to an address of loopback, it would reach nobody elsewhere.
    let own = source.own.filter(|_| destination.own.is_some());
    let mut client =
        source.begin(|job| Request::Start { job, test: test.clone(), address, port, interface, own, deadline });
    let Reply::Started { command, .. } = source.answer(&mut client).await? else { return Err(source.misfit()) };
    Ok((client, command))
}

/// Waits for both ends of one process.
async fn finish(
    test: &Test,
    mut client: Work,
    server: Option<Server>,
    source: &Session,
    destination: &Session,
    live: impl Fn(f64) + Copy,
) -> (Ended, Option<Ended>) {
    let limit = deadline(test);
    let at_source = test.direction() == Direction::Reverse;
    let live_if = |here: bool| {
        move |rate: f64| {
            if here {
                live(rate);
            }
        }
    };
    let at_client = end(&mut client, source, limit, live_if(at_source));
    match server {
        Some(mut server) => both(at_client, end(&mut server.work, destination, limit, live_if(!at_source))).await,
        None => (at_client.await, None),
    }
}

/// What processes side by side on one probe left behind, as one: their outputs one after the other, the worst ending.
fn together(endings: Vec<Ending>) -> Option<Ending> {
    endings.into_iter().reduce(|mut all, more| {
        for (text, other) in [(&mut all.stdout, more.stdout), (&mut all.stderr, more.stderr)] {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&other);
        }
        all.exit_code = all.exit_code.filter(|code| *code != 0 || more.exit_code == Some(0)).or(more.exit_code);
        all.fault = all.fault.or(more.fault);
        // The probe's own counters saw all of them; what is counted for each process is the worst or the sum of them.
        let most = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::max);
        let (counters, other) = (&mut all.counters, more.counters);
        counters.run_queue_wait_ratio = most(counters.run_queue_wait_ratio, other.run_queue_wait_ratio);
        counters.on_cpu_ratio = most(counters.on_cpu_ratio, other.on_cpu_ratio);
        // They were started one right after the other, so the longest is the time of all.
        counters.wall_seconds = counters.wall_seconds.max(other.wall_seconds);
        counters.tcp.extend(other.tcp);
        all
    })
}

type Ended = Result<Ending, String>;

/// Waits for the client and, not for long, for the server; `None` where the server was not waited for any more.
async fn both(client: impl Future<Output = Ended>, server: impl Future<Output = Ended>) -> (Ended, Option<Ended>) {
    tokio::pin!(client, server);
    tokio::select! {
        client = &mut client => {
            let measured = client.as_ref().is_ok_and(|e| e.exit_code == Some(0));
            let patience = if measured { SERVER_ENDS_WITHIN } else { FAILED_SERVER_ENDS_WITHIN };
            (client, tokio::time::timeout(patience, server).await.ok())
        }
        server = &mut server => (client.await, Some(server)),
    }
}

/// The end of a client or server, which the agent tells within `limit`; a silent agent is its session's end.
pub(super) async fn end(work: &mut Work, session: &Session, limit: Duration, live: impl Fn(f64)) -> Ended {
    let replies = async {
        loop {
            match work.reply().await {
                Some(Reply::Progress { received_bits_per_second, .. }) => live(received_bits_per_second),
                Some(Reply::Finished { ending, .. }) => return Ok(*ending),
                Some(Reply::Refused { reason, .. }) => return Err(format!("{}: {reason}", session.probe)),
                Some(_) => return Err(session.misfit()),
                None => return Err(session.gone()),
            }
        }
    };
    session.within(limit + OVERDUE, replies).await?
}
