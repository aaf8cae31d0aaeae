//! Several processes, one stream each, read as one measurement. They do not start at one moment, and one that is alone at
//! an edge has the link for itself: the sum of what each measured in its own time can be more than the link carries.

use std::time::Duration;

use super::TOOL;
use crate::domain::measurement::{Flow, Interval, Side, Throughput};
use crate::tool::ParseError;

/// Beyond this share of the time measured, what was received from the first start to the last end is too little to stand for
/// the rate.
const SAME_WINDOW: f64 = 0.05;
/// The share of the time measured that all must have measured together, where the edges are to be left out.
const SHARED: f64 = 0.5;
/// The least number of intervals in the time that all measured together.
const INTERVALS: f64 = 3.0;
/// Starts that are tried for each process within what is not known of them.
const STEPS: u32 = 64;

/// The sum of what `parts` measured side by side. `ran_seconds` is the time from the first start to the last end without the
/// omitted start, which is `omit_seconds`; `None` where nobody looked.
///
/// # Errors
/// [`ParseError::Apart`] where they measured too little of their time together.
pub(super) fn sum(parts: &[Throughput], ran_seconds: Option<f64>, omit_seconds: f64) -> Result<Throughput, ParseError> {
    let empty = || ParseError::Unreadable { tool: TOOL, message: "there is no output in it".to_owned() };
    let first = parts.first().ok_or_else(empty)?;
    let count = u16::try_from(parts.len()).map_err(|_| empty())?;
    let mut notes = vec![format!(
        "iperf3 below 3.16 serves all streams of a process by one thread, so these are {count} processes of one stream each"
    )];
    let reverse: Option<Vec<&Flow>> = parts.iter().map(|p| p.reverse.as_deref()).collect();
    let forward: Vec<&Flow> = parts.iter().map(|p| &p.flow).collect();
    let mut joined = |flows: &[&Flow]| {
        let rate = rate(flows, ran_seconds, omit_seconds)?;
        notes.push(rate.note);
        Ok(Flow { throughput_bits_per_second: rate.bits_per_second, ..flow(flows, rate.seconds) })
    };
    let flow = joined(&forward)?;
    let reverse = reverse.map(|flows| joined(&flows)).transpose()?.map(Box::new);
    for note in parts.iter().flat_map(|p| &p.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes.dedup();
    Ok(Throughput {
        protocol: first.protocol,
        streams: parts.iter().map(|p| p.streams).fold(0, u16::saturating_add),
        processes: Some(count),
        segment: first.segment,
        flow,
        reverse,
        tool_version: first.tool_version.clone(),
        notes,
    })
}

/// The rate of processes together.
struct Rate {
    bits_per_second: f64,
    /// The time that it holds for, where that is not the one of each process.
    seconds: Option<f64>,
    note: String,
}

/// The rate of `flows` together: the higher of two that are never more than there was.
fn rate(flows: &[&Flow], ran_seconds: Option<f64>, omit_seconds: f64) -> Result<Rate, ParseError> {
    let times: Option<Vec<f64>> = flows.iter().map(|f| f.duration_seconds.filter(|t| *t > 0.0)).collect();
    let least = times.and_then(|times| times.into_iter().reduce(f64::min));
    let (Some(ran), Some(least)) = (ran_seconds, least) else { return Ok(added(flows)) };
    // What a process took beyond its measuring: no two of them started further apart.
    let slack = (ran - least).max(0.0);
    let whole = whole(flows, least + slack);
    match shared(flows, least, slack, omit_seconds) {
        Some(shared) if shared.bits_per_second > whole.bits_per_second => return Ok(shared),
        None if slack > least * SAME_WINDOW => {}
        _ => return Ok(whole),
    }
    let is_long = least - slack >= least * SHARED;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a test, above 0")]
    let ask_seconds = (slack / if is_long { SAME_WINDOW } else { 1.0 - SHARED }).max(least + 1.0).ceil() as u64;
    let time = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let (shared, measured) = (time(least - slack), time(least));
    Err(ParseError::Apart { tool: TOOL, processes: flows.len(), shared, measured, ask_seconds })
}

/// Where it is not known when each of them ran.
fn added(flows: &[&Flow]) -> Rate {
    Rate {
        bits_per_second: flows.iter().map(|f| f.throughput_bits_per_second).sum(),
        seconds: None,
        note: "the figures of the processes are added up; when each of them ran is not known, and where they did not start at \
               one moment the sum can exceed the link"
            .to_owned(),
    }
}

/// All that came, over the `seconds` from the first start to the last end.
fn whole(flows: &[&Flow], seconds: f64) -> Rate {
    let bits = |f: &&Flow| f.throughput_bits_per_second * f.duration_seconds.unwrap_or_default();
    Rate {
        bits_per_second: flows.iter().map(bits).sum::<f64>() / seconds,
        seconds: Some(seconds),
        note: format!(
            "the throughput of the processes is all that came in the {seconds:.2} s from the first one's start to the last \
             one's end: a little less than there was, never more"
        ),
    }
}

/// What came at the least in the time in which all of them surely ran, each having started up to `slack` seconds after the
/// first; `None` where that is short, or their receivers' intervals do not tell.
fn shared(flows: &[&Flow], least: f64, slack: f64, omit_seconds: f64) -> Option<Rate> {
    let seconds = least - slack;
    let is_told = |flow: &&Flow| {
        let measured = flow.intervals.iter().filter(|i| !i.omitted);
        let longest = measured.map(|i| i.end_seconds - i.start_seconds).fold(0.0, f64::max);
        flow.intervals_from == Some(Side::Receiver) && longest > 0.0 && seconds >= longest * INTERVALS
    };
    if seconds < least * SHARED || !flows.iter().all(is_told) {
        return None;
    }
    // By the clock of each of them it lies somewhere from its own start to `slack` later.
    let at_least = |flow: &&Flow| {
        let from = |step: u32| omit_seconds + slack * f64::from(step) / f64::from(STEPS);
        (0..=STEPS).map(|step| bits(&flow.intervals, from(step), seconds)).fold(f64::INFINITY, f64::min)
    };
    Some(Rate {
        bits_per_second: flows.iter().map(at_least).sum::<f64>() / seconds,
        seconds: None,
        note: format!(
            "the processes did not start at one moment: the throughput is the least that came in the {seconds:.2} s in which \
             all of them ran"
        ),
    })
}

/// What came in `seconds` from `from` on, each interval taken by its share.
fn bits(intervals: &[Interval], from: f64, seconds: f64) -> f64 {
    let share = |i: &Interval| {
        let shared = i.end_seconds.min(from + seconds) - i.start_seconds.max(from);
        i.throughput_bits_per_second * shared.max(0.0)
    };
    intervals.iter().filter(|i| !i.omitted).map(share).sum()
}

/// All figures but the rate at the receiver, whose time is `seconds` where it is not that of the longest process.
fn flow(flows: &[&Flow], seconds: Option<f64>) -> Flow {
    let whole = |of: fn(&Flow) -> Option<u64>| {
        flows.iter().map(|f| of(f)).reduce(|sum, count| sum?.checked_add(count?)).flatten()
    };
    let total = |of: fn(&Flow) -> Option<f64>| flows.iter().map(|f| of(f)).sum::<Option<f64>>();
    let known = |of: fn(&Flow) -> Option<f64>| flows.iter().filter_map(|f| of(f)).collect::<Vec<f64>>();
    #[allow(clippy::cast_precision_loss, reason = "at most 128 processes, and counts of packets far below 2^53")]
    let mean = |of| {
        let values = known(of);
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let (packets, lost_packets) = (whole(|f| f.packets), whole(|f| f.lost_packets));
    #[allow(clippy::cast_precision_loss, reason = "see above")]
    let loss_ratio = match (lost_packets, packets) {
        (Some(lost), Some(packets)) if packets > 0 => Some(lost as f64 / packets as f64),
        _ => None,
    };
    Flow {
        sent_bits_per_second: total(|f| f.sent_bits_per_second),
        duration_seconds: seconds.or_else(|| known(|f| f.duration_seconds).into_iter().reduce(f64::max)),
        received_bytes: whole(|f| f.received_bytes),
        sent_bytes: whole(|f| f.sent_bytes),
        retransmits: whole(|f| f.retransmits),
        jitter_seconds: mean(|f| f.jitter_seconds),
        loss_ratio,
        lost_packets,
        packets,
        out_of_order_packets: whole(|f| f.out_of_order_packets),
        rtt_seconds: mean(|f| f.rtt_seconds),
        rtt_min_seconds: known(|f| f.rtt_min_seconds).into_iter().reduce(f64::min),
        rtt_max_seconds: known(|f| f.rtt_max_seconds).into_iter().reduce(f64::max),
        congestion_window_max_bytes: flows.iter().filter_map(|f| f.congestion_window_max_bytes).max(),
        congestion_control: flows.first().and_then(|f| f.congestion_control.clone()),
        sender_cpu_ratio: total(|f| f.sender_cpu_ratio),
        receiver_cpu_ratio: total(|f| f.receiver_cpu_ratio),
        intervals: intervals(flows),
        intervals_from: flows.first().and_then(|f| f.intervals_from),
        ..Flow::default()
    }
}

/// The intervals added up one by one, as far as every process has them and they were counted at the same end.
fn intervals(flows: &[&Flow]) -> Vec<Interval> {
    let Some((first, others)) = flows.split_first() else { return vec![] };
    if others.iter().any(|f| f.intervals_from != first.intervals_from) {
        return vec![];
    }
    let shared = flows.iter().map(|f| f.intervals.len()).min().unwrap_or(0);
    let add = |a: Option<u64>, b: Option<u64>| a?.checked_add(b?);
    first.intervals[..shared]
        .iter()
        .enumerate()
        .map(|(at, interval)| {
            others.iter().map(|f| &f.intervals[at]).fold(*interval, |sum, more| Interval {
                throughput_bits_per_second: sum.throughput_bits_per_second + more.throughput_bits_per_second,
                retransmits: add(sum.retransmits, more.retransmits),
                lost_packets: add(sum.lost_packets, more.lost_packets),
                ..sum
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test::Protocol;

    /// A process that received 8 Mbit/s when alone and 4 Mbit/s beside another, `alone` seconds at its edges, in 10 s.
    fn process(alone: (f64, f64), from: Option<Side>) -> Throughput {
        let rate = |at: f64| if at < alone.0 || at >= 10.0 - alone.1 { 8e6 } else { 4e6 };
        let intervals: Vec<Interval> = (0..20)
            .map(|n| f64::from(n) * 0.5)
            .map(|at| Interval {
                start_seconds: at,
                end_seconds: at + 0.5,
                throughput_bits_per_second: rate(at),
                retransmits: None,
                lost_packets: None,
                omitted: false,
            })
            .collect();
        let mean = intervals.iter().map(|i| i.throughput_bits_per_second).sum::<f64>() / 20.0;
        let flow = Flow {
            throughput_bits_per_second: mean,
            duration_seconds: Some(10.0),
            intervals,
            intervals_from: from,
            ..Flow::default()
        };
        let protocol = Protocol::Tcp;
        Throughput {
            protocol,
            streams: 1,
            processes: None,
            segment: None,
            flow,
            reverse: None,
            tool_version: None,
            notes: vec![],
        }
    }

    /// Two on a link of 8 Mbit/s, the second of which starts `apart` seconds after the first.
    fn pair(apart: f64, from: Option<Side>) -> [Throughput; 2] {
        [process((apart, 0.0), from), process((0.0, apart), from)]
    }

    fn told(parts: &[Throughput], ran: Option<f64>) -> Result<f64, ParseError> {
        sum(parts, ran, 0.0).map(|sum| sum.flow.throughput_bits_per_second)
    }

    #[test]
    fn processes_that_start_apart_never_come_to_more_than_the_link() {
        let received = Some(Side::Receiver);
        for (apart, ran) in [(0.0, 10.2), (0.5, 10.5), (1.0, 11.0), (2.0, 12.0), (2.0, 12.4)] {
            let rate = told(&pair(apart, received), Some(ran)).unwrap();
            assert!((7.8e6..8.000_1e6).contains(&rate), "{apart} s apart: {rate}");
        }
        let whole = sum(&pair(0.0, Some(Side::Sender)), Some(10.2), 0.0).unwrap();
        assert_eq!(whole.flow.duration_seconds, Some(10.2));
        assert!(whole.notes[1].contains("in the 10.20 s from the first one's start"), "{:?}", whole.notes);
        let shared = sum(&pair(1.0, received), Some(11.4), 0.0).unwrap();
        assert!(
            shared.notes[1].contains("the least that came in the 8.60 s in which all of them ran"),
            "{:?}",
            shared.notes
        );
        // Added up it would be 9.6 Mbit/s, and nobody knows better where nobody looked.
        assert_eq!(told(&pair(2.0, received), None), Ok(9.6e6));
    }

    #[test]
    fn what_shared_too_little_is_no_measurement() {
        for (parts, ran) in [(pair(6.0, Some(Side::Receiver)), 16.0), (pair(1.0, Some(Side::Sender)), 11.0)] {
            let fault = told(&parts, Some(ran)).unwrap_err();
            assert!(matches!(fault, ParseError::Apart { processes: 2, .. }), "{fault}");
        }
        let fault = told(&pair(6.0, Some(Side::Receiver)), Some(16.0)).unwrap_err().to_string();
        assert!(fault.contains("for 4.0 of 10.0 s only"), "{fault}");
        assert!(fault.contains("a `duration` of 12s or more"), "{fault}");
        // Without the receivers' intervals the edges cannot be left out.
        let fault = told(&pair(1.0, Some(Side::Sender)), Some(11.0)).unwrap_err().to_string();
        assert!(fault.contains("for 9.0 of 10.0 s only") && fault.contains("of 20s or more"), "{fault}");
    }
}
