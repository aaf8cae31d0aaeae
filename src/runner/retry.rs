//! A failure that says nothing about the link and goes away by itself: the run is made again in its place.

use crate::domain::test::{Protocol, Test};
use crate::protocol::Ending;

/// The words of an iperf3 client after 30 s without an answer to its UDP greeting (`iperf_udp_connect` in iperf_udp.c).
const NO_GREETING: &str = "unable to read from stream socket: Resource temporarily unavailable";
/// A client whose greeting was lost exchanged one datagram for each stream and no data; a little room for what else runs on
/// the probe.
const GREETING_DATAGRAMS: u64 = 20;

/// Whether a run is made again, which it is once at most.
#[derive(Debug, Default)]
pub(super) struct Retry {
    note: Option<String>,
}

impl Retry {
    /// Whether the run is to be made again, `false` where what `client` left behind is to stand.
    pub(super) fn again(&mut self, test: &Test, client: Option<&Ending>) -> bool {
        let lost = client.filter(|client| self.note.is_none() && lost_greeting(test, client));
        let Some(client) = lost else { return false };
        self.note = Some(format!(
            "a first attempt was lost after {:.0} s: iperf3 greets its server with one UDP datagram, and it or its answer did \
             not arrive",
            client.counters.wall_seconds
        ));
        true
    }

    /// What was tried before, as a sentence.
    pub(super) fn note(self) -> Option<String> {
        self.note
    }
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
    use std::time::Duration;

    use super::*;
    use crate::domain::counters::{EndCounters, UdpGrowth};
    use crate::domain::test::Iperf3;

    fn test(protocol: Protocol) -> Test {
        Test::Iperf3(Iperf3 { protocol, duration: Duration::from_secs(2), ..Iperf3::plain() })
    }

    fn ending(stdout: &str, fault: Option<&str>, datagrams: u64) -> Ending {
        let udp = UdpGrowth { out_datagrams: datagrams, ..UdpGrowth::default() };
        let counters = EndCounters { udp, ..EndCounters::default() };
        Ending { stdout: stdout.to_owned(), fault: fault.map(str::to_owned), counters, ..Ending::default() }
    }

    #[test]
    fn a_lost_greeting_is_made_up_for_once() {
        let stopped = ending("", Some("`iperf3` did not end within 27 s and was stopped"), 1);
        let said = ending(&format!(r#"{{"error": "{NO_GREETING}"}}"#), None, 1);
        for lost in [stopped, said] {
            let mut retry = Retry::default();
            let mut again = || retry.again(&test(Protocol::Udp), Some(&lost));
            assert_eq!((again(), again()), (true, false));
            assert!(retry.note().unwrap().starts_with("a first attempt was lost after 0 s"));
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
            let mut retry = Retry::default();
            assert!(!retry.again(&test(protocol), Some(&ending)), "{protocol:?} {ending:?}");
            assert_eq!(retry.note(), None);
        }
    }
}
