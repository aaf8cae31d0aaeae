//! Several processes, one stream each, read as one measurement.

use crate::domain::measurement::{Flow, Interval, Throughput};

/// Processes started together measure the same time to within this share; beyond it their sum is no rate that ever was.
const SAME_WINDOW: f64 = 0.05;

/// The sum of what `parts` measured side by side; `None` of none.
pub(super) fn sum(parts: &[Throughput]) -> Option<Throughput> {
    let count = u16::try_from(parts.len()).ok()?;
    let first = parts.first()?;
    let mut notes = vec![format!(
        "iperf3 below 3.16 serves all streams of a process by one thread, so these are {count} processes of one stream each, \
         their figures added up; they do not start at one moment, so over a few seconds the sum can exceed the link by some \
         percent"
    )];
    let reverse: Option<Vec<&Flow>> = parts.iter().map(|p| p.reverse.as_deref()).collect();
    let forward: Vec<&Flow> = parts.iter().map(|p| &p.flow).collect();
    notes.extend(apart(&forward));
    for note in parts.iter().flat_map(|p| &p.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    Some(Throughput {
        protocol: first.protocol,
        streams: parts.iter().map(|p| p.streams).fold(0, u16::saturating_add),
        processes: Some(count),
        segment: first.segment,
        flow: flow(&forward),
        reverse: reverse.map(|flows| Box::new(flow(&flows))),
        tool_version: first.tool_version.clone(),
        notes,
    })
}

/// Says so where the processes did not measure the same time.
fn apart(flows: &[&Flow]) -> Option<String> {
    let times = || flows.iter().filter_map(|f| f.duration_seconds);
    let (least, most) = (times().reduce(f64::min)?, times().reduce(f64::max)?);
    (least < most * (1.0 - SAME_WINDOW)).then(|| {
        format!("the processes measured {least:.2} to {most:.2} s: their sum is more than they ever reached together")
    })
}

fn flow(flows: &[&Flow]) -> Flow {
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
        throughput_bits_per_second: flows.iter().map(|f| f.throughput_bits_per_second).sum(),
        sent_bits_per_second: total(|f| f.sent_bits_per_second),
        duration_seconds: known(|f| f.duration_seconds).into_iter().reduce(f64::max),
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
