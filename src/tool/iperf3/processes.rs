//! Several processes side by side: iperf3 below 3.16 serves all streams of a process by one thread, which measures a core
//! and not a fast link.

use super::versions::THREADS;
use crate::domain::test::{Iperf3, Test};
use crate::domain::unit::Bitrate;
use crate::tool::version::Version;

/// The least number of intervals of a test that several processes share.
const INTERVALS: u32 = 10;

/// One test for each process. With both ends from 3.16 on, or of versions that are not known, it is the one asked for.
pub(in crate::tool) fn processes(test: &Iperf3, source: Option<&str>, destination: Option<&str>) -> Vec<Test> {
    let old = |version: Option<&str>| version.and_then(Version::read).is_some_and(|v| v < THREADS);
    if test.streams < 2 || !(old(source) || old(destination)) {
        return vec![Test::Iperf3(test.clone())];
    }
    let share = test.rate_bits_per_second.and_then(|rate| {
        // A rate of 0 would be without limit.
        Bitrate::new((rate.bits_per_second() / u64::from(test.streams)).max(1))
    });
    // They do not start at one moment: what they measured together is told by their intervals.
    let interval = test.interval.min(test.duration / INTERVALS);
    let one = Iperf3 { streams: 1, rate_bits_per_second: share, interval, ..test.clone() };
    vec![Test::Iperf3(one); usize::from(test.streams)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn test(streams: u16) -> Iperf3 {
        Iperf3 { streams, rate_bits_per_second: Bitrate::parse("90M").ok(), ..Iperf3::plain() }
    }

    #[test]
    fn an_old_end_splits_a_test_of_several_streams() {
        let count = |streams, a, b| processes(&test(streams), a, b).len();
        assert_eq!(count(4, Some("3.12"), Some("3.21")), 4);
        assert_eq!(count(4, Some("3.21"), Some("3.15")), 4);
        assert_eq!(count(4, Some("3.16"), Some("3.21")), 1);
        assert_eq!(count(4, None, None), 1);
        assert_eq!(count(1, Some("3.12"), Some("3.12")), 1);
    }

    #[test]
    fn a_short_test_has_intervals_enough_to_tell_what_was_shared() {
        let interval = |seconds| {
            let short = Iperf3 { duration: Duration::from_secs(seconds), ..test(2) };
            let all = processes(&short, Some("3.12"), None);
            let [Test::Iperf3(first), _] = all.as_slice() else { panic!("{all:?}") };
            first.interval
        };
        assert_eq!((interval(2), interval(60)), (Duration::from_millis(200), Duration::from_secs(1)));
    }

    #[test]
    fn each_process_has_one_stream_and_its_share_of_the_rate() {
        let all = processes(&test(3), Some("3.12"), Some("3.12"));
        let [Test::Iperf3(first), ..] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((first.streams, first.rate_bits_per_second), (1, Bitrate::parse("30M").ok()));
        assert_eq!(processes(&test(3), None, None), [Test::Iperf3(test(3))]);
    }
}
