//! The course of a test, from whichever end saw it best.

use super::json::{Document, Node};
use crate::domain::measurement::{Interval, Side};

/// A last interval shorter than this share of the longest is no interval but what is left between iperf3's last timer and
/// its end: a few milliseconds whose rate says nothing (37 Gbit/s over 0.8 ms was seen on a 15 Gbit/s path).
const FRAGMENT: f64 = 0.1;

/// Both ends' view of one flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Views<'a> {
    /// The output of the end that sends.
    pub(super) sender: Option<&'a Document>,
    /// The output of the end that receives.
    pub(super) receiver: Option<&'a Document>,
}

/// The intervals as the receiver counted them, with the sender's retransmits beside; the sender's where there are no others.
pub(super) fn course(views: Views<'_>, omit_seconds: f64) -> (Vec<Interval>, Option<Side>) {
    let read = |document: Option<&Document>, sends| document.map_or(vec![], |d| read(d, sends, omit_seconds));
    let sent = read(views.sender, true);
    let mut received = read(views.receiver, false);
    if received.is_empty() {
        let side = (!sent.is_empty()).then_some(Side::Sender);
        return (sent, side);
    }
    for (interval, twin) in received.iter_mut().zip(&sent) {
        let length = interval.end_seconds - interval.start_seconds;
        if (interval.start_seconds - twin.start_seconds).abs() < length / 2.0 {
            interval.retransmits = interval.retransmits.or(twin.retransmits);
        }
    }
    (received, Some(Side::Receiver))
}

/// The sum of an interval's streams that this end sends (or receives). Versions before 3.7 have one sum, without a word on
/// its direction; 3.7 to 3.10 have two of one name in a bidirectional test.
fn sum(interval: &Node, sends: bool) -> Option<&Node> {
    let mut sums = interval.all("sum").chain(interval.all("sum_bidir_reverse"));
    sums.find(|s| s.flag("sender").is_none_or(|flag| flag == sends))
}

/// Payload of all intervals that this end received, without the omitted start; `None` where one does not tell.
pub(super) fn received_bytes(receiver: &Document) -> Option<u64> {
    let sums = receiver.intervals.iter().filter_map(|i| sum(i, false));
    let bytes = sums.filter(|s| !s.flag("omitted").unwrap_or(false)).map(|s| s.whole("bytes"));
    bytes.reduce(|total, more| total?.checked_add(more?)).flatten()
}

fn read(document: &Document, sends: bool, omit_seconds: f64) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    let mut measuring = false;
    for sum in document.intervals.iter().filter_map(|i| sum(i, sends)) {
        let (Some(start), Some(end), Some(rate)) =
            (sum.number("start"), sum.number("end"), sum.number("bits_per_second"))
        else {
            continue;
        };
        if rate < 0.0 || start < 0.0 {
            continue;
        }
        let omitted = sum.flag("omitted").unwrap_or(false);
        let mut interval = Interval {
            start_seconds: start,
            end_seconds: end,
            throughput_bits_per_second: rate,
            retransmits: sum.whole("retransmits"),
            lost_packets: sum.whole("lost_packets"),
            omitted,
        };
        if !omitted {
            if omit_seconds > 0.0 && !measuring {
                redate(&mut interval, sum);
            }
            measuring = true;
            // iperf3 sets its clock back to 0 after the omitted start.
            interval.start_seconds += omit_seconds;
            interval.end_seconds += omit_seconds;
        }
        intervals.push(interval);
    }
    drop_fragment(&mut intervals);
    intervals
}

/// A receiving client (3.12 and 3.21 seen) gives the first interval after the omitted start the start of one before its clock
/// was set back, and divides its bytes by a time that is too long. The bytes and the end are right.
fn redate(interval: &mut Interval, sum: &Node) {
    if interval.start_seconds > interval.end_seconds * FRAGMENT && interval.end_seconds > 0.0 {
        interval.start_seconds = 0.0;
        if let Some(bytes) = sum.number("bytes") {
            interval.throughput_bits_per_second = bytes * 8.0 / interval.end_seconds;
        }
    }
}

fn drop_fragment(intervals: &mut Vec<Interval>) {
    let length = |i: &Interval| i.end_seconds - i.start_seconds;
    let longest = intervals.iter().map(length).fold(0.0, f64::max);
    if intervals.len() > 1 && intervals.last().is_some_and(|i| length(i) < longest * FRAGMENT) {
        intervals.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::clients;
    use super::*;

    fn document(sums: &[&str]) -> Document {
        let intervals: Vec<String> = sums.iter().map(|s| format!("{{\"sum\": {{{s}}}}}")).collect();
        clients(format!("{{\"intervals\": [{}]}}", intervals.join(",")).as_bytes()).unwrap().remove(0)
    }

    fn spans(intervals: &[Interval]) -> Vec<(f64, f64, f64)> {
        intervals.iter().map(|i| (i.start_seconds, i.end_seconds, i.throughput_bits_per_second)).collect()
    }

    #[test]
    fn the_clock_goes_on_through_the_omitted_start() {
        let d = document(&[
            r#""start": 0, "end": 1, "bits_per_second": 5, "omitted": true"#,
            r#""start": 0.00004, "end": 1, "bits_per_second": 7"#,
            r#""start": 1, "end": 2, "bits_per_second": 8"#,
        ]);
        let (intervals, side) = course(Views { sender: Some(&d), receiver: None }, 1.0);
        assert_eq!(spans(&intervals), [(0.0, 1.0, 5.0), (1.00004, 2.0, 7.0), (2.0, 3.0, 8.0)]);
        assert_eq!(side, Some(Side::Sender));
    }

    #[test]
    fn a_misdated_interval_is_put_right() {
        // As iperf3 3.21 wrote it for `-R -O 2`: 2,359,296 bytes in the first second.
        let d = document(&[
            r#""start": 0, "end": 1, "bits_per_second": 18.9e6, "omitted": true"#,
            r#""start": 1.00005, "end": 1.0, "seconds": 2.0, "bytes": 2359296, "bits_per_second": 9433293"#,
        ]);
        let (intervals, _) = course(Views { sender: None, receiver: Some(&d) }, 2.0);
        assert_eq!(spans(&intervals)[1], (2.0, 3.0, 18_874_368.0));
    }

    #[test]
    fn the_receiver_counts_and_the_sender_tells_retransmits() {
        let sent = document(&[
            r#""start": 0, "end": 1, "bits_per_second": 12, "retransmits": 3, "sender": true"#,
            r#""start": 1, "end": 2, "bits_per_second": 12, "retransmits": 4, "sender": true"#,
        ]);
        let received = document(&[
            r#""start": 0, "end": 1.001, "bits_per_second": 10, "sender": false"#,
            r#""start": 1.001, "end": 2, "bits_per_second": 11, "sender": false"#,
            r#""start": 2, "end": 2.004, "bits_per_second": 99, "sender": false"#,
        ]);
        let (intervals, side) = course(Views { sender: Some(&sent), receiver: Some(&received) }, 0.0);
        assert_eq!(spans(&intervals), [(0.0, 1.001, 10.0), (1.001, 2.0, 11.0)]);
        assert_eq!(intervals.iter().map(|i| i.retransmits).collect::<Vec<_>>(), [Some(3), Some(4)]);
        assert_eq!(side, Some(Side::Receiver));
    }

    #[test]
    fn what_cannot_be_is_no_interval() {
        let d = document(&[
            r#""start": 0, "end": 1, "bits_per_second": -5"#,
            r#""start": -1, "end": 1, "bits_per_second": 5"#,
            r#""start": 1, "end": 2, "bits_per_second": 8"#,
        ]);
        let (intervals, _) = course(Views { sender: Some(&d), receiver: None }, 0.0);
        assert_eq!(spans(&intervals), [(1.0, 2.0, 8.0)]);
    }

    #[test]
    fn without_intervals_there_is_no_side() {
        let d = document(&[]);
        assert_eq!(course(Views { sender: Some(&d), receiver: None }, 0.0), (vec![], None));
    }
}
