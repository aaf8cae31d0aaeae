//! One run over two sessions: server ready, client through, both endings gathered.

use std::time::Duration;

use super::session::{Session, Work};
use crate::domain::test::{Direction, Test};
use crate::protocol::{Ending, Reply, Request};
use crate::tool;

/// Beyond a test's own duration: connecting, the exchange of results, a slow far end.
const GRACE: Duration = Duration::from_secs(15);
/// The server has this long to end after its client.
const SERVER_ENDS_WITHIN: Duration = Duration::from_secs(3);
/// An agent answers a request within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What a run left behind on both probes.
#[derive(Debug, Default)]
pub(super) struct Executed {
    pub(super) command: Vec<String>,
    pub(super) server_command: Option<Vec<String>>,
    pub(super) client: Option<Ending>,
    pub(super) server: Option<Ending>,
    /// Why it came to no end of its own.
    pub(super) fault: Option<String>,
}

/// Time after which a run of this test is given up, known before it starts.
pub(super) fn deadline(test: &Test) -> Duration {
    let tool = tool::of(test);
    tool.duration() + tool.patience() + GRACE
}

/// Runs `test` from `source` to `destination`; `live` hears the rate at the receiving end.
pub(super) async fn execute(
    test: &Test,
    source: &Session,
    destination: &Session,
    live: impl Fn(f64) + Copy,
) -> Executed {
    let mut executed = Executed::default();
    if let Err(fault) = run(test, source, destination, live, &mut executed).await {
        executed.fault = Some(fault);
    }
    executed
}

async fn run(
    test: &Test,
    source: &Session,
    destination: &Session,
    live: impl Fn(f64) + Copy,
    executed: &mut Executed,
) -> Result<(), String> {
    let limit = deadline(test);
    let at = tool::Endpoints { destination: destination.address, port: 0 };
    let mut port = 0;
    let mut server = None;
    if tool::of(test).server_command(&at).is_some() {
        let mut work = destination.begin(|job| Request::Serve {
            job,
            test: test.clone(),
            address: destination.address,
            deadline: limit,
        });
        let ready = answer(&mut work, destination).await?;
        let Reply::Ready { port: leased, command, .. } = ready else { return Err(unexpected(destination)) };
        port = leased;
        executed.server_command = Some(command);
        server = Some(work);
    }
    let mut client = source.begin(|job| Request::Start {
        job,
        test: test.clone(),
        address: destination.address,
        port,
        deadline: limit,
    });
    let Reply::Started { command, .. } = answer(&mut client, source).await? else { return Err(unexpected(source)) };
    executed.command = command;
    let (source_live, destination_live) = match test.direction() {
        Direction::Reverse => (true, false),
        Direction::Forward | Direction::Bidirectional => (false, true),
    };
    let ended = {
        let at_client = end(&mut client, source, |rate| {
            if source_live {
                live(rate);
            }
        });
        tokio::pin!(at_client);
        match &mut server {
            None => (at_client.await, None),
            Some(work) => {
                let at_server = end(work, destination, |rate| {
                    if destination_live {
                        live(rate);
                    }
                });
                tokio::pin!(at_server);
                tokio::select! {
                    client = &mut at_client => {
                        let failed = client.as_ref().is_ok_and(|e| e.exit_code != Some(0));
                        let patience = if failed { Duration::from_millis(200) } else { SERVER_ENDS_WITHIN };
                        let server = tokio::time::timeout(patience, at_server).await.ok().and_then(Result::ok);
                        (client, server)
                    }
                    server = &mut at_server => (at_client.await, server.ok()),
                }
            }
        }
    };
    executed.server = ended.1;
    executed.client = Some(ended.0?);
    Ok(())
}

/// The first reply to a request.
async fn answer(work: &mut Work, session: &Session) -> Result<Reply, String> {
    match tokio::time::timeout(ANSWER_WITHIN, work.reply()).await {
        Ok(Some(Reply::Refused { reason, .. })) => Err(format!("{}: {reason}", session.probe)),
        Ok(Some(reply)) => Ok(reply),
        Ok(None) => Err(gone(session)),
        Err(_) => Err(format!("{}: its agent did not answer within {} s", session.probe, ANSWER_WITHIN.as_secs())),
    }
}

/// The end of a client or server. The agent holds the deadline; a silent agent is its session's end.
async fn end(work: &mut Work, session: &Session, live: impl Fn(f64)) -> Result<Ending, String> {
    loop {
        match work.reply().await {
            Some(Reply::Progress { received_bits_per_second, .. }) => live(received_bits_per_second),
            Some(Reply::Finished { ending, .. }) => return Ok(*ending),
            Some(Reply::Refused { reason, .. }) => return Err(format!("{}: {reason}", session.probe)),
            Some(_) => return Err(unexpected(session)),
            None => return Err(gone(session)),
        }
    }
}

fn gone(session: &Session) -> String {
    format!("{}: its agent has ended in the middle of the run; `iperftester run` starts a new one", session.probe)
}

fn unexpected(session: &Session) -> String {
    format!("{}: its agent gave an answer that does not fit", session.probe)
}
