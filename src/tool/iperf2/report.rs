//! What one end wrote, whatever its form.

use crate::domain::test::Protocol;

/// One end's output.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) protocol: Option<Protocol>,
    pub(super) is_server: bool,
    /// Streams that were opened, where that is told.
    pub(super) streams: Option<usize>,
    /// A version of iperf 2 that was named.
    pub(super) version: Option<String>,
    /// Are the figures rounded to three digits?
    pub(super) rounded: bool,
    /// The rows in order, without sums over streams.
    pub(super) rows: Vec<Row>,
    /// Streams whose end a UDP sender told (`Sent N datagrams`), with N.
    pub(super) sent: Vec<(String, u64)>,
}

/// Which end counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// This end as the sender.
    Sending,
    /// This end as the receiver.
    Receiving,
    /// The far end as the receiver: a server's report to its UDP client.
    Reported,
}

/// A stream's figures over a time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// What names the stream in this output.
    pub(super) stream: String,
    pub(super) counted: Counted,
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) bytes: f64,
    pub(super) bits_per_second: f64,
    /// TCP segments sent again.
    pub(super) retransmits: Option<u64>,
    /// TCP's congestion window, in bytes.
    pub(super) window: Option<u64>,
    /// TCP's smoothed round-trip time.
    pub(super) rtt: Option<f64>,
    /// RFC 3550.
    pub(super) jitter: Option<f64>,
    pub(super) lost: Option<u64>,
    pub(super) packets: Option<u64>,
    pub(super) out_of_order: Option<u64>,
}

impl Row {
    /// A row without more than its amount.
    pub(super) const fn new(stream: String, counted: Counted, (start, end): (f64, f64), bytes: f64, rate: f64) -> Self {
        Self {
            stream,
            counted,
            start,
            end,
            bytes,
            bits_per_second: rate,
            retransmits: None,
            window: None,
            rtt: None,
            jitter: None,
            lost: None,
            packets: None,
            out_of_order: None,
        }
    }
}

/// A time span printed as `0.0000-2.0306`.
pub(super) fn span(text: &str) -> Option<(f64, f64)> {
    let (start, end) = text.split_once('-')?;
    let (start, end) = (number(start)?, number(end)?);
    (end >= start).then_some((start, end))
}

/// A finite number from 0.
pub(super) fn number(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

/// Lost datagrams: below 0 where more came than were sent, as duplicates do.
pub(super) fn count(text: &str) -> Option<u64> {
    let value: i64 = text.parse().ok()?;
    Some(u64::try_from(value).unwrap_or(0))
}
