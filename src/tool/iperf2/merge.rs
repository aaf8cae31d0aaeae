//! Both ends' reports to one measurement. What the receiver counted is what arrived; the sender knows retransmits and
//! round-trip times.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Counted, Report, Row};
use super::{unfinished, unreadable};
use crate::domain::measurement::{Flow, Interval, Side, Throughput};
use crate::domain::test::Protocol;
use crate::tool::ParseError;

/// Told where TCP's receiver is not known.
const SENDERS_FIGURE: &str =
    "the rate is the sender's, which is too high by what is still on its way; the receiver's is missing";
/// Told of figures without `-f b`.
const ROUNDED: &str = "iperf rounded the figures to three digits; `-f b` prints all of them";

/// The measurement in a client's report and, where there is one, its server's.
pub(super) fn throughput(client: &Report, server: Option<&Report>) -> Result<Throughput, ParseError> {
    let protocol = client.protocol.unwrap_or(Protocol::Tcp);
    let sent = end(Some(client), Counted::Sending)?;
    let back = end(Some(client), Counted::Receiving)?;
    for end in [&sent, &back].into_iter().flatten() {
        if client.streams.is_some_and(|opened| opened > end.totals.len()) {
            return Err(unfinished(format!("{} of its streams ended", end.totals.len())));
        }
    }
    // A UDP sender's text ends with what it sent in all.
    if let (Protocol::Udp, Some(_), Some(sent)) = (protocol, client.streams, &sent)
        && client.sent.len() < sent.totals.len()
    {
        return Err(unfinished("it does not tell how many datagrams it sent"));
    }
    let mut notes = Vec::new();
    let mut forward = match &sent {
        Some(sent) => {
            let received = match end(server, Counted::Receiving)? {
                Some(received) => Some(received),
                None => end(Some(client), Counted::Reported)?,
            };
            if server.is_some() && received.is_none() {
                return Err(unfinished("the server's figures are missing"));
            }
            Some(flow(protocol, Some(sent), received.as_ref(), &mut notes)?)
        }
        None => None,
    };
    let mut reverse = match &back {
        Some(back) => Some(flow(protocol, end(server, Counted::Sending)?.as_ref(), Some(back), &mut notes)?),
        None => None,
    };
    let streams = [&sent, &back].into_iter().flatten().map(|e| e.totals.len()).max().unwrap_or(0);
    let Some(main) = forward.take().or_else(|| reverse.take()) else {
        return Err(unfinished("it has no figures of its streams"));
    };
    if client.rounded {
        notes.push(ROUNDED.to_owned());
    }
    Ok(Throughput {
        protocol,
        streams: u16::try_from(streams).unwrap_or(u16::MAX),
        processes: None,
        segment: None,
        flow: main,
        reverse: reverse.map(Box::new),
        tool_version: server.and_then(|s| s.version.clone()).or_else(|| client.version.clone()),
        notes,
    })
}

fn end(report: Option<&Report>, counted: Counted) -> Result<Option<End<'_>>, ParseError> {
    report.map_or(Ok(None), |r| End::of(r, counted))
}

/// What one end counted of one flow.
struct End<'a> {
    /// Of each stream.
    totals: Vec<&'a Row>,
    intervals: Vec<&'a Row>,
    exact: bool,
}

impl<'a> End<'a> {
    fn of(report: &'a Report, counted: Counted) -> Result<Option<Self>, ParseError> {
        let rows = || report.rows.iter().filter(|r| r.counted == counted);
        let streams: BTreeSet<&str> = rows().map(|r| r.stream.as_str()).collect();
        if streams.is_empty() {
            return Ok(None);
        }
        let (mut totals, mut intervals) = (Vec::new(), Vec::new());
        for stream in streams {
            let mut of_stream: Vec<&Row> = rows().filter(|r| r.stream == stream).collect();
            // The total is the last row and goes back to the start.
            let total = of_stream.pop().filter(|total| total.start == 0.0 && total.end > 0.0);
            totals.push(total.ok_or_else(|| unfinished(format!("stream {stream} has no total")))?);
            intervals.extend(of_stream);
        }
        Ok(Some(Self { totals, intervals, exact: !report.rounded }))
    }

    fn bits_per_second(&self) -> f64 {
        match self.totals[..] {
            [one] => one.bits_per_second,
            _ => rate(&self.totals),
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number of bytes from 0")]
    fn bytes(&self) -> Option<u64> {
        self.exact.then(|| self.totals.iter().map(|t| t.bytes).sum::<f64>() as u64)
    }

    fn seconds(&self) -> f64 {
        self.totals.iter().map(|t| t.end).fold(0.0, f64::max)
    }

    /// The sum over the streams, where each of them tells.
    fn sum(&self, figure: impl Fn(&Row) -> Option<u64>) -> Option<u64> {
        sum(&self.totals, figure)
    }

    /// The rows of each interval, by its start in tenths of a millisecond, as iperf prints it.
    fn course(&self) -> BTreeMap<u64, Vec<&'a Row>> {
        let mut course: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
        for row in &self.intervals {
            course.entry(tick(row.start)).or_default().push(row);
        }
        course
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time from 0, far below 2^64 ticks")]
fn tick(seconds: f64) -> u64 {
    (seconds * 1e4).round() as u64
}

/// The sum over rows that all tell the figure.
fn sum(rows: &[&Row], figure: impl Fn(&Row) -> Option<u64>) -> Option<u64> {
    rows.iter().try_fold(0_u64, |sum, row| Some(sum.saturating_add(figure(row)?)))
}

/// Bits of several streams over the time of the longest.
fn rate(rows: &[&Row]) -> f64 {
    let longest = rows.iter().map(|r| r.end - r.start).fold(0.0, f64::max);
    if longest > 0.0 { rows.iter().map(|r| r.bytes).sum::<f64>() * 8.0 / longest } else { 0.0 }
}

fn flow(
    protocol: Protocol,
    sender: Option<&End<'_>>,
    receiver: Option<&End<'_>>,
    notes: &mut Vec<String>,
) -> Result<Flow, ParseError> {
    let Some(counted) = receiver.or(sender) else { return Err(unfinished("it has no figures of its streams")) };
    if receiver.is_none() {
        if protocol == Protocol::Udp {
            return Err(unfinished("no report of the server came back, so what arrived is not known"));
        }
        notes.push(SENDERS_FIGURE.to_owned());
    }
    let throughput_bits_per_second = counted.bits_per_second();
    if !throughput_bits_per_second.is_finite() {
        return Err(unreadable(0, "figures beyond any number"));
    }
    let mut flow = Flow {
        throughput_bits_per_second,
        sent_bits_per_second: sender.map(End::bits_per_second),
        duration_seconds: Some(counted.seconds()),
        received_bytes: receiver.and_then(End::bytes),
        sent_bytes: sender.and_then(End::bytes),
        ..Flow::default()
    };
    if protocol == Protocol::Udp {
        datagrams(counted, &mut flow);
    } else if let Some(sender) = sender {
        at_sender(sender, &mut flow);
    }
    (flow.intervals, flow.intervals_from) = course(sender, receiver);
    Ok(flow)
}

/// UDP's figures; jitter is the mean over the streams, as iperf3 has it.
#[allow(clippy::cast_precision_loss, reason = "counts of packets stay far below 2^53")]
fn datagrams(receiver: &End<'_>, flow: &mut Flow) {
    flow.packets = receiver.sum(|t| t.packets);
    flow.lost_packets = receiver.sum(|t| t.lost);
    // A line of its own, only where some were late.
    flow.out_of_order_packets = flow.packets.and_then(|_| receiver.sum(|t| t.out_of_order.or(Some(0))));
    flow.loss_ratio = match (flow.lost_packets, flow.packets) {
        (Some(lost), Some(sent)) if sent > 0 => Some((lost as f64 / sent as f64).min(1.0)),
        _ => None,
    };
    let jitters: Vec<f64> = receiver.totals.iter().filter_map(|t| t.jitter).collect();
    flow.jitter_seconds = (!jitters.is_empty()).then(|| jitters.iter().sum::<f64>() / jitters.len() as f64);
}

/// What only TCP's sender knows. A row's round-trip time is that of its end.
#[allow(clippy::cast_precision_loss, reason = "a few rows")]
fn at_sender(sender: &End<'_>, flow: &mut Flow) {
    flow.retransmits = sender.sum(|t| t.retransmits);
    let rows = || sender.intervals.iter().chain(&sender.totals);
    flow.congestion_window_max_bytes = rows().filter_map(|r| r.window).max();
    let of = |rows: &[&Row]| rows.iter().filter_map(|r| r.rtt).collect::<Vec<f64>>();
    let times = match of(&sender.intervals) {
        none if none.is_empty() => of(&sender.totals),
        times => times,
    };
    if !times.is_empty() {
        flow.rtt_seconds = Some(times.iter().sum::<f64>() / times.len() as f64);
        flow.rtt_min_seconds = times.iter().copied().reduce(f64::min);
        flow.rtt_max_seconds = times.iter().copied().reduce(f64::max);
    }
}

/// The course as the receiver saw it, else the sender, with the sender's retransmits.
fn course(sender: Option<&End<'_>>, receiver: Option<&End<'_>>) -> (Vec<Interval>, Option<Side>) {
    let (end, side) = match (receiver.filter(|r| !r.intervals.is_empty()), sender) {
        (Some(receiver), _) => (receiver, Side::Receiver),
        (None, Some(sender)) if !sender.intervals.is_empty() => (sender, Side::Sender),
        _ => return (vec![], None),
    };
    let sent = sender.map(End::course).unwrap_or_default();
    let intervals = end.course().into_iter().map(|(start, rows)| Interval {
        start_seconds: rows.iter().map(|r| r.start).fold(f64::INFINITY, f64::min),
        end_seconds: rows.iter().map(|r| r.end).fold(0.0, f64::max),
        throughput_bits_per_second: match rows[..] {
            [one] => one.bits_per_second,
            _ => rate(&rows),
        },
        retransmits: sent.get(&start).and_then(|rows| sum(rows, |r| r.retransmits)),
        lost_packets: sum(&rows, |r| r.lost),
        omitted: false,
    });
    (intervals.filter(|i| i.throughput_bits_per_second.is_finite()).collect(), Some(side))
}
