//! One run over two sessions: server ready, client through, both endings gathered.

use std::net::IpAddr;
use std::time::Duration;

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
}

/// Time after which a run of this test is given up, known before it starts.
pub(super) fn deadline(test: &Test) -> Duration {
    let tool = tool::of(test);
    tool.duration() + tool.patience() + GRACE
}

/// Runs `test` from `source` to `destination`, which is tested at `address`; `live` hears the rate at the receiving end.
pub(super) async fn execute(
    test: &Test,
    source: &Session,
    destination: &Session,
    address: IpAddr,
    live: impl Fn(f64) + Copy,
) -> Executed {
    let mut executed = Executed::default();
    if let Err(fault) = run(test, source, (destination, address), live, &mut executed).await {
        executed.fault = Some(fault);
    }
    executed
}

async fn run(
    test: &Test,
    source: &Session,
    (destination, address): (&Session, IpAddr),
    live: impl Fn(f64) + Copy,
    executed: &mut Executed,
) -> Result<(), String> {
    let limit = deadline(test);
    let (mut server, port) = match serve(test, destination, address, limit, executed).await? {
        Some((work, port)) => (Some(work), port),
        None => (None, 0),
    };
    let interface = source.interface.clone();
    let mut client =
        source.begin(|job| Request::Start { job, test: test.clone(), address, port, interface, deadline: limit });
    let Reply::Started { command, .. } = source.answer(&mut client).await? else { return Err(source.misfit()) };
    executed.command = command;
    let at_source = test.direction() == Direction::Reverse;
    let live_if = |here: bool| {
        move |rate: f64| {
            if here {
                live(rate);
            }
        }
    };
    let at_client = end(&mut client, source, limit, live_if(at_source));
    let Some(work) = &mut server else {
        executed.client = Some(at_client.await?);
        return Ok(());
    };
    let at_server = end(work, destination, limit, live_if(!at_source));
    let (client, server) = both(at_client, at_server).await;
    match server {
        Some(Ok(ending)) => executed.server = Some(ending),
        Some(Err(fault)) => executed.server_fault = Some(fault),
        None => {}
    }
    executed.client = Some(client?);
    Ok(())
}

/// Starts the server, if the test has one: its work and port.
async fn serve(
    test: &Test,
    destination: &Session,
    address: IpAddr,
    deadline: Duration,
    executed: &mut Executed,
) -> Result<Option<(Work, u16)>, String> {
    let interface = destination.interface.clone();
    if tool::of(test).server_command(&tool::Endpoints::new(address, 0)).is_none() {
        return Ok(None);
    }
    let mut work = destination.begin(|job| Request::Serve { job, test: test.clone(), address, interface, deadline });
    let ready = destination.answer(&mut work).await?;
    let Reply::Ready { port, command, .. } = ready else { return Err(destination.misfit()) };
    executed.server_command = Some(command);
    Ok(Some((work, port)))
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
