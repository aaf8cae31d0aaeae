//! A path over which nothing passed for a while: a mean over the whole test hides it.

use super::{DirectedFlow, RunInput, flows};
use crate::domain::campaign::Metric;
use crate::domain::measurement::{Flow, Measurement};
use crate::domain::reason::Reason;
use crate::domain::test::Protocol;
use crate::domain::verdict::{Judgement, Verdict};

/// Seconds on end without a byte that are told. TCP waits up to a second for a first segment sent again (RFC 6298), and a
/// queue is emptied within one.
const TOLD_SECONDS: f64 = 2.0;
/// Datagrams that a silence must have swallowed to be one: a slow flow has gaps of its own.
const TOLD_DATAGRAMS: f64 = 10.0;

/// A judgement for each flow of which nothing passed for a while.
pub(super) fn find(input: &RunInput<'_>, measurement: &Measurement) -> Vec<Judgement> {
    let Measurement::Throughput(throughput) = measurement else { return vec![] };
    let all = flows(throughput, input.test.direction(), input.source, input.destination);
    all.into_iter().filter_map(|of| Some((of, stalled(throughput.protocol, of.flow)?))).map(judgement).collect()
}

fn judgement(
    (DirectedFlow { sender, receiver, flow }, (seconds, of_seconds)): (DirectedFlow<'_>, (f64, f64)),
) -> Judgement {
    Judgement {
        metric: Metric::Throughput,
        sender: sender.clone(),
        receiver: receiver.clone(),
        verdict: Verdict::Warn,
        reason: Reason::Stalled { seconds, of_seconds },
        measured: Some(flow.throughput_bits_per_second),
        contracted: None,
        missed_limit: None,
        with_headers: None,
    }
}

/// For how long nothing passed, and how long the test took, in seconds; `None` where that is too short to be told.
///
/// It is the longest row of intervals without a byte. Those of TCP end with the last byte where a sender waits beyond its time
/// for what it sent, so the rest of the time that the test took counts with them. A test that took longer because its bytes
/// came slowly was not silent.
fn stalled(protocol: Protocol, flow: &Flow) -> Option<(f64, f64)> {
    let took = flow.duration_seconds?;
    let after = match protocol {
        // A UDP sender keeps to its clock whatever arrives.
        Protocol::Udp => None,
        Protocol::Tcp | Protocol::Sctp => last_passed(flow).map(|last| took - last),
    };
    let seconds = longest_silence(flow).max(after.unwrap_or(0.0));
    #[allow(clippy::cast_precision_loss, reason = "counts of packets stay far below 2^53")]
    let swallowed = match (protocol, flow.packets) {
        (Protocol::Udp, Some(packets)) => packets as f64 / took.max(seconds) * seconds,
        _ => f64::INFINITY,
    };
    (seconds >= TOLD_SECONDS && swallowed >= TOLD_DATAGRAMS).then_some((seconds, took.max(seconds)))
}

fn longest_silence(flow: &Flow) -> f64 {
    let (mut longest, mut current) = (0.0_f64, 0.0);
    for interval in &flow.intervals {
        if interval.throughput_bits_per_second > 0.0 {
            current = 0.0;
        } else {
            current += interval.end_seconds - interval.start_seconds;
        }
        longest = longest.max(current);
    }
    longest
}

/// The end of the last interval with a byte, in seconds of the measured time.
fn last_passed(flow: &Flow) -> Option<f64> {
    let start = flow.intervals.iter().find(|i| !i.omitted)?.start_seconds;
    let passed = flow.intervals.iter().filter(|i| i.throughput_bits_per_second > 0.0).map(|i| i.end_seconds - start);
    passed.reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::measurement::Interval;

    /// A flow with an interval of a second for each rate, in Mbit/s.
    fn flow(rates: &[f64]) -> Flow {
        let mut from = 0.0;
        let mut interval = |megabits: &f64| {
            from += 1.0;
            Interval {
                start_seconds: from - 1.0,
                end_seconds: from,
                throughput_bits_per_second: megabits * 1e6,
                retransmits: None,
                lost_packets: None,
                omitted: false,
            }
        };
        let intervals = rates.iter().map(&mut interval).collect();
        Flow { intervals, duration_seconds: Some(from), ..Flow::default() }
    }

    #[test]
    fn seconds_without_a_byte_are_told() {
        let tcp = |rates: &[f64]| stalled(Protocol::Tcp, &flow(rates));
        let dead = [3714.0, 725.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(tcp(&dead), Some((8.0, 10.0)));
        assert_eq!(tcp(&[50.0, 0.0, 50.0, 0.0, 50.0]), None, "a second may pass with one segment sent again");
        assert_eq!(tcp(&[50.0, 0.0, 0.0, 50.0]), Some((2.0, 4.0)));
        assert_eq!(tcp(&[50.0; 9]), None, "it took longer than it was to, for its bytes came slowly");
        let waited = Flow { duration_seconds: Some(9.0), ..flow(&[50.0, 50.0]) };
        assert_eq!(stalled(Protocol::Tcp, &waited), Some((7.0, 9.0)), "nothing came to its end");
        assert_eq!(tcp(&[]), None);
    }

    #[test]
    fn a_slow_flow_of_datagrams_has_gaps_of_its_own() {
        let udp = |packets| stalled(Protocol::Udp, &Flow { packets: Some(packets), ..flow(&[1.0, 0.0, 0.0, 1.0]) });
        assert_eq!((udp(4), udp(1000)), (None, Some((2.0, 4.0))));
    }
}
