//! One run against somebody else's server: the client alone, by the first of its ports that serves us.

use std::net::IpAddr;
use std::time::Duration;

use super::ends::Foreign;
use super::execute::{Executed, deadline, end};
use super::retry::Retry;
use super::session::Session;
use crate::domain::port::PortRange;
use crate::domain::test::{Direction, Test, ToolKind};
use crate::protocol::{Ending, Reply, Request};

/// The words of an iperf3 server that serves somebody else (src/iperf_error.c).
const BUSY: &str = "the server is busy running a test";
/// The words of a client where nobody listens (strerror(3) of ECONNREFUSED).
const CLOSED: &str = "Connection refused";
/// The words of a client that reached nobody (src/iperf_error.c); what follows is why.
const NOT_CONNECTED: &str = "unable to connect to server";
/// Waits when every port was busy, each before all are tried again: a minute together.
const WAITS_SECONDS: [u64; 6] = [1, 2, 4, 8, 15, 30];

/// Runs `test` from `source` to `address`; `live` hears the rate at our end, where the data arrives there.
pub(super) async fn execute(
    test: &Test,
    source: &Session,
    foreign: &Foreign,
    address: IpAddr,
    live: impl Fn(f64) + Copy,
) -> Executed {
    let mut executed = Executed::default();
    let mut waits = WAITS_SECONDS.into_iter().map(Duration::from_secs);
    let (mut retry, mut busy_before) = (Retry::default(), 0);
    loop {
        let mut busy = false;
        for port in ports(test, foreign.ports) {
            let mut ended = attempt(test, source, (address, port), live, &mut executed).await;
            if retry.again(test, ended.as_ref().ok()) {
                ended = attempt(test, source, (address, port), live, &mut executed).await;
            }
            let refusal = ended.as_ref().ok().and_then(refusal);
            match ended {
                Ok(ending) => executed.client = Some(ending),
                Err(fault) => executed.fault = Some(fault),
            }
            match refusal {
                Some(Refusal::Busy) => (busy, busy_before) = (true, busy_before + 1),
                Some(Refusal::Closed) => {}
                None => return noted(executed, retry, busy_before),
            }
        }
        // Where nobody listens, nobody will a moment later.
        let Some(wait) = waits.next().filter(|_| busy) else { return noted(executed, retry, busy_before) };
        tokio::time::sleep(wait).await;
    }
}

/// Adds what was tried before, as sentences.
fn noted(mut executed: Executed, retry: Retry, busy: u32) -> Executed {
    executed.notes.extend(retry.note());
    if busy > 0 {
        executed
            .notes
            .push(format!("the server was found busy {busy}× with a test of somebody else, and was asked again"));
    }
    executed
}

/// The ports to try, in order; a tool without one needs none.
fn ports(test: &Test, range: PortRange) -> Vec<u16> {
    match test.tool() {
        ToolKind::Iperf3 => (range.first()..=range.last()).collect(),
        ToolKind::Connect => vec![range.first()],
        _ => vec![0],
    }
}

async fn attempt(
    test: &Test,
    source: &Session,
    (address, port): (IpAddr, u16),
    live: impl Fn(f64),
    executed: &mut Executed,
) -> Result<Ending, String> {
    let (limit, interface) = (deadline(test), source.interface.clone());
    let mut client = source.begin(|job| Request::Start {
        job,
        test: test.clone(),
        address,
        port,
        interface,
        own: None,
        deadline: limit,
    });
    let Reply::Started { command, .. } = source.answer(&mut client).await? else { return Err(source.misfit()) };
    executed.command = command;
    let arrives_here = test.direction() != Direction::Forward;
    let live = |rate| {
        if arrives_here {
            live(rate);
        }
    };
    end(&mut client, source, limit, live).await
}

/// Why another port may serve us where this one did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It serves somebody else.
    Busy,
    /// Nobody listens.
    Closed,
}

fn refusal(ending: &Ending) -> Option<Refusal> {
    // In its JSON or on standard error; its exit code is 0 with -J.
    let says = |words: &str| ending.stdout.contains(words) || ending.stderr.contains(words);
    if says(BUSY) {
        Some(Refusal::Busy)
    } else if says(CLOSED) {
        Some(Refusal::Closed)
    } else {
        None
    }
}

/// Did the server never say a word to this client?
pub(super) fn is_unanswered(ending: &Ending) -> bool {
    let says = |words: &str| ending.stdout.contains(words) || ending.stderr.contains(words);
    let stopped = ending.fault.is_some() && ending.stdout.is_empty();
    stopped || (says(NOT_CONNECTED) && !says(CLOSED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_refuses_has_answered() {
        let ending = |stdout: &str, fault: Option<&str>| Ending {
            stdout: stdout.to_owned(),
            fault: fault.map(str::to_owned),
            ..Ending::default()
        };
        let deadline = Some("`iperf3` did not end within 29 s and was stopped");
        assert!(is_unanswered(&ending("", deadline)));
        assert!(is_unanswered(&ending("unable to connect to server: No route to host", None)));
        assert!(!is_unanswered(&ending("unable to connect to server: Connection refused", None)));
        assert!(!is_unanswered(&ending(r#"{"event":"start"}"#, deadline)));
        assert!(!is_unanswered(&ending("", None)));
    }

    #[test]
    fn a_busy_and_a_closed_port_are_told_from_a_failed_test() {
        let ending = |stdout: &str| Ending { exit_code: Some(1), stdout: stdout.to_owned(), ..Ending::default() };
        let busy = ending(r#"{"error":"error - the server is busy running a test. try again later"}"#);
        assert_eq!(refusal(&busy), Some(Refusal::Busy));
        assert_eq!(refusal(&ending("unable to connect to server: Connection refused")), Some(Refusal::Closed));
        assert_eq!(refusal(&ending("control socket has closed unexpectedly")), None);
        assert_eq!(refusal(&Ending { exit_code: Some(0), ..busy }), Some(Refusal::Busy), "as iperf3 3.12 with -J");
    }
}
