//! Failures that say nothing about the link and go away by themselves: the run is made again in its place.

use std::time::Duration;

use crate::domain::test::{Protocol, Test};
use crate::protocol::Ending;
use crate::tool;

/// Attempts at a busy server: the first, and four more.
const BUSY_TRIES: u32 = 5;
/// Wait before the second attempt at a busy server; it doubles each time.
const BUSY_WAIT: Duration = Duration::from_secs(1);
/// The words of an iperf3 server that serves somebody else.
const BUSY: &str = "the server is busy running a test";
/// The words of an iperf3 client after 30 s without an answer to its UDP greeting (`iperf_udp_connect` in iperf_udp.c).
const NO_GREETING: &str = "unable to read from stream socket: Resource temporarily unavailable";
/// A client whose greeting was lost exchanged one datagram for each stream and no data; a little room for what else runs on
/// the probe.
const GREETING_DATAGRAMS: u64 = 20;

/// What was tried so far.
#[derive(Debug, Default)]
pub(super) struct Retries {
    busy: u32,
    /// Time of the clients so far, and of the waits between them.
    spent: Duration,
    ungreeted: bool,
    notes: Vec<String>,
}

impl Retries {
    /// The wait before the next attempt, `None` where what `client` left behind is to stand. All attempts together end within
    /// `deadline`, but for one after a lost greeting, which has a deadline of its own.
    pub(super) fn after(&mut self, test: &Test, client: Option<&Ending>, deadline: Duration) -> Option<Duration> {
        let client = client?;
        let took = client.counters.wall_seconds;
        self.spent += Duration::try_from_secs_f64(took).unwrap_or_default();
        if is_busy(test, client) {
            let wait = BUSY_WAIT * 2_u32.pow(self.busy);
            if self.busy + 1 >= BUSY_TRIES || self.spent + wait + tool::of(test).duration() > deadline {
                return None;
            }
            self.busy += 1;
            self.spent += wait;
            return Some(wait);
        }
        if lost_greeting(test, client) && !self.ungreeted {
            self.ungreeted = true;
            self.notes.push(format!(
                "a first attempt was lost after {took:.0} s: iperf3 greets its server with one UDP datagram, and it or its answer \
                 did not arrive",
            ));
            return Some(Duration::ZERO);
        }
        None
    }

    /// What was tried, as sentences.
    pub(super) fn notes(self) -> Vec<String> {
        let mut notes = self.notes;
        if self.busy > 0 {
            notes.push(format!("the server was busy with somebody else's test, and was asked {} times", self.busy + 1));
        }
        notes
    }
}

fn is_busy(test: &Test, client: &Ending) -> bool {
    matches!(test, Test::Iperf3(_)) && (client.stdout.contains(BUSY) || client.stderr.contains(BUSY))
}

/// The one datagram that opens a UDP test was lost: the client says so, or it was stopped at its deadline before it had said
/// anything and exchanged no data.
fn lost_greeting(test: &Test, client: &Ending) -> bool {
    if !matches!(test, Test::Iperf3(iperf3) if iperf3.protocol == Protocol::Udp) {
        return false;
    }
    let udp = &client.counters.udp;
    let no_data = udp.in_datagrams.saturating_add(udp.out_datagrams) <= GREETING_DATAGRAMS;
    let stopped = client.fault.as_deref().is_some_and(|fault| fault.contains("did not end within"));
    let said = client.stdout.contains(NO_GREETING) || client.stderr.contains(NO_GREETING);
    no_data && (said || (stopped && client.stdout.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::counters::{EndCounters, UdpGrowth};
    use crate::domain::test::{Direction, Iperf3};

    fn test(protocol: Protocol) -> Test {
        Test::Iperf3(Iperf3 {
            protocol,
            direction: Direction::Forward,
            streams: 1,
            duration: Duration::from_secs(2),
            omit: Duration::ZERO,
            interval: Duration::from_secs(1),
            rate_bits_per_second: None,
            congestion_control: None,
            length: None,
            mss: None,
            window: None,
            dscp: None,
            family: None,
            fq_rate_bits_per_second: None,
            zero_copy: false,
        })
    }

    fn ending(stdout: &str, fault: Option<&str>, datagrams: u64) -> Ending {
        let udp = UdpGrowth { out_datagrams: datagrams, ..UdpGrowth::default() };
        let counters = EndCounters { udp, ..EndCounters::default() };
        Ending { stdout: stdout.to_owned(), fault: fault.map(str::to_owned), counters, ..Ending::default() }
    }

    const LIMIT: Duration = Duration::from_secs(27);

    #[test]
    fn a_busy_server_is_asked_five_times_with_growing_waits() {
        let busy = ending(&format!(r#"{{"error": "error - {BUSY}. try again later"}}"#), None, 0);
        let mut retries = Retries::default();
        let mut waits = Vec::new();
        while let Some(wait) = retries.after(&test(Protocol::Tcp), Some(&busy), LIMIT) {
            waits.push(wait.as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8]);
        assert_eq!(retries.notes(), ["the server was busy with somebody else's test, and was asked 5 times"]);
        let mut late = busy;
        late.counters.wall_seconds = 25.0;
        assert_eq!(Retries::default().after(&test(Protocol::Tcp), Some(&late), LIMIT), None, "no time is left");
    }

    #[test]
    fn a_lost_greeting_is_made_up_for_once() {
        let stopped = ending("", Some("`iperf3` did not end within 27 s and was stopped"), 1);
        let said = ending(&format!(r#"{{"error": "{NO_GREETING}"}}"#), None, 1);
        for lost in [stopped, said] {
            let mut retries = Retries::default();
            let mut again = || retries.after(&test(Protocol::Udp), Some(&lost), LIMIT);
            assert_eq!((again(), again()), (Some(Duration::ZERO), None));
            assert_eq!(retries.notes().len(), 1);
        }
    }

    #[test]
    fn what_only_looks_like_it_stands() {
        let deadline = Some("`iperf3` did not end within 27 s and was stopped");
        let cases = [
            (Protocol::Tcp, ending("", deadline, 1)),
            (Protocol::Udp, ending("", deadline, 5000)),
            (Protocol::Udp, ending("{", deadline, 1)),
            (Protocol::Udp, ending("", Some("ended by signal 9"), 1)),
            (Protocol::Udp, ending(r#"{"error": "unable to connect to server: Connection refused"}"#, None, 0)),
        ];
        for (protocol, ending) in cases {
            let again = Retries::default().after(&test(protocol), Some(&ending), LIMIT);
            assert_eq!(again, None, "{protocol:?} {ending:?}");
        }
    }
}
