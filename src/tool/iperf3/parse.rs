//! iperf3's result as a measurement. Where the versions differ, the data decides, not the version's number.

use super::TOOL;
use super::intervals::{self, Views, course};
use super::json::{self, Document, Node};
use super::{sum, tail, traps};
use std::net::IpAddr;

use crate::domain::measurement::{Flow, Segment, Throughput};
use crate::domain::test::{Family, Protocol};
use crate::tool::version::Version;
use crate::tool::{Outputs, ParseError, complaint, silent};

/// A run that measured less than this share of the time it was asked for was cut short, whatever it says.
const COMPLETE: f64 = 0.9;
/// The share beyond which a measurement took far longer than it was to: a deep queue is emptied within a second.
const OVERDUE: f64 = 2.0;

/// Below this share of the sent bytes a receiver cannot have missed no datagram.
const NO_LOSS: f64 = 0.99;

fn unfinished(message: impl Into<String>) -> ParseError {
    ParseError::Unfinished { tool: TOOL, message: message.into() }
}

fn unreadable(message: impl Into<String>) -> ParseError {
    ParseError::Unreadable { tool: TOOL, message: message.into() }
}

/// The measurement in the outputs of a run.
pub(in crate::tool) fn parse(outputs: &Outputs<'_>) -> Result<Throughput, ParseError> {
    if outputs.client.trim_ascii().is_empty() {
        return Err(silent(TOOL, outputs));
    }
    // 3.12 and others exit with 0 after a failure, so the exit code is not enough; before 3.10 some failures show in the
    // exit code and on standard error only, so it is not idle either.
    let failed = outputs.exit_code.filter(|c| *c != 0);
    let said = failed.and_then(|_| complaint(TOOL, outputs.client_errors));
    let reported = |message| ParseError::Reported { tool: TOOL, message };
    let clients = json::clients(outputs.client);
    let own = clients.as_ref().ok().and_then(|documents| documents.iter().find_map(|d| d.error.clone()));
    if let Some(words) = own.or(said) {
        return Err(reported(words));
    }
    let clients = clients?;
    if let Some(code) = failed {
        return Err(unfinished(format!("it ended with exit code {code}")));
    }
    let one = |client: &Document| {
        let server = client.cookie().and_then(|c| json::server(outputs.server?, c));
        measurement(client, server.as_ref())
    };
    match clients.as_slice() {
        [client] => one(client),
        several => {
            side_by_side(several)?;
            let parts = several.iter().map(one).collect::<Result<Vec<_>, _>>()?;
            let omit = several.iter().find_map(|d| d.start.get("test_start")?.number("omit")).unwrap_or_default();
            sum::sum(&parts, outputs.ran_seconds.map(|ran| ran - omit), omit)
        }
    }
}

/// Outputs one after the other are one measurement only where each is a single stream of the same test and they ran at the
/// same time.
fn side_by_side(clients: &[Document]) -> Result<(), ParseError> {
    let odd = |what: &str| Err(unreadable(format!("{} outputs one after the other, {what}", clients.len())));
    let mut seen = Vec::new();
    for client in clients {
        let Some(test) = client.start.get("test_start") else {
            return Err(unfinished("one of its processes did not start the test"));
        };
        if test.whole("num_streams") != Some(1) {
            return odd("of several streams each: read them one by one");
        }
        let told = ["reverse", "bidir"].map(|name| test.flag(name));
        let began = client.start.get("timestamp").and_then(|t| t.number("timesecs"));
        seen.push((test.text("protocol"), told, test.number("duration").unwrap_or(0.0), began));
    }
    let [first, others @ ..] = seen.as_slice() else { return Ok(()) };
    for other in others {
        if (other.0, other.1) != (first.0, first.1) {
            return odd("of different tests: read them one by one");
        }
        if let (Some(a), Some(b)) = (first.3, other.3)
            && (a - b).abs() > first.2.max(1.0)
        {
            return odd("of tests at different times: read them one by one");
        }
    }
    Ok(())
}

fn measurement(client: &Document, server: Option<&Document>) -> Result<Throughput, ParseError> {
    let end = client.end.as_ref().ok_or_else(|| unfinished("its result (`end`) is missing"))?;
    let setup = Setup::read(client, end)?;
    let mut notes = Vec::new();
    let mut flow = |second| Side { client, server, end, setup: &setup, second }.flow(&mut notes);
    let first = flow(false)?;
    let reverse = if setup.bidirectional { Some(Box::new(flow(true)?)) } else { None };
    unique(&mut notes);
    if setup.sums_alike {
        notes.push(
            "this version names the sums of both directions alike: the first is source to destination, the second the \
             other way, and most readers of its JSON show only the second"
                .to_owned(),
        );
    }
    Ok(Throughput {
        protocol: setup.protocol,
        streams: setup.streams,
        processes: None,
        segment: segment(&client.start),
        flow: first,
        reverse,
        tool_version: client.version().map(str::to_owned),
        notes,
    })
}

/// A full segment, which the tool tells without room for timestamps where the test asked for its size.
fn segment(start: &Node) -> Option<Segment> {
    const TIMESTAMPS: u64 = 12;
    let far: IpAddr = start.list("connected").first()?.text("remote_host")?.parse().ok()?;
    let bytes = match start.whole("tcp_mss") {
        Some(asked) => asked.saturating_sub(TIMESTAMPS),
        None => start.whole("tcp_mss_default")?,
    };
    let bytes = u32::try_from(bytes).ok().filter(|bytes| *bytes > 0)?;
    Some(Segment { family: Family::of(far), bytes })
}

/// Says once what holds for both directions.
fn unique(notes: &mut Vec<String>) {
    let mut said = std::collections::BTreeSet::new();
    notes.retain(|note| said.insert(note.clone()));
}

/// What the test was, as both ends agreed on it.
struct Setup {
    protocol: Protocol,
    streams: u16,
    reverse: bool,
    bidirectional: bool,
    /// Bidirectional, and both directions' sums have the same names (3.7 to 3.10).
    sums_alike: bool,
    /// 0 where the test was bound by bytes or blocks.
    duration_seconds: f64,
    omit_seconds: f64,
}

impl Setup {
    fn read(client: &Document, end: &Node) -> Result<Self, ParseError> {
        let test = client.start.get("test_start").ok_or_else(|| unfinished("the test did not start"))?;
        let protocol = match test.text("protocol") {
            Some("TCP") => Protocol::Tcp,
            Some("UDP") => Protocol::Udp,
            Some("SCTP") => Protocol::Sctp,
            Some(other) => return Err(unreadable(format!("its protocol is {other}"))),
            None => return Err(unreadable("`start.test_start.protocol` is missing")),
        };
        let sums_alike = ["sum_received", "sum"].iter().any(|name| end.all(name).count() > 1);
        Ok(Self {
            protocol,
            streams: test
                .whole("num_streams")
                .and_then(|n| u16::try_from(n).ok())
                .ok_or_else(|| unreadable("`start.test_start.num_streams` is no count of streams"))?,
            reverse: test.flag("reverse").unwrap_or(false),
            bidirectional: test.flag("bidir").unwrap_or(false)
                || end.get("sum_received_bidir_reverse").is_some()
                || sums_alike,
            sums_alike,
            duration_seconds: test.number("duration").unwrap_or(0.0),
            omit_seconds: test.number("omit").unwrap_or(0.0),
        })
    }
}

/// One direction of a run.
struct Side<'a> {
    client: &'a Document,
    server: Option<&'a Document>,
    end: &'a Node,
    setup: &'a Setup,
    /// The second flow of a bidirectional test.
    second: bool,
}

impl<'a> Side<'a> {
    /// This direction's member `name` of the client's result.
    fn sum(&self, name: &'a str, reverse_name: &'a str) -> Option<&'a Node> {
        if self.second { self.end.get(reverse_name).or_else(|| self.end.all(name).nth(1)) } else { self.end.get(name) }
    }

    fn client_sends(&self) -> bool {
        !self.setup.reverse && !self.second
    }

    fn views(&self) -> Views<'a> {
        if self.client_sends() {
            Views { sender: Some(self.client), receiver: self.server }
        } else {
            Views { sender: self.server, receiver: Some(self.client) }
        }
    }

    fn flow(&self, notes: &mut Vec<String>) -> Result<Flow, ParseError> {
        let sent = self.sum("sum_sent", "sum_sent_bidir_reverse");
        let received = self.sum("sum_received", "sum_received_bidir_reverse");
        let mut flow = match self.setup.protocol {
            Protocol::Tcp | Protocol::Sctp => tcp(sent, received)?,
            Protocol::Udp => self.udp(sent, received, notes)?,
        };
        let asked = self.setup.duration_seconds;
        if let Some(measured) = flow.duration_seconds
            && measured < asked * COMPLETE
        {
            return Err(unfinished(format!("it measured {measured:.3} s of {asked} s")));
        }
        if let Some(measured) = flow.duration_seconds.filter(|measured| asked >= 1.0 && *measured > asked * OVERDUE) {
            notes.push(format!(
                "it took {measured:.1} s instead of {asked:.1} s: data were held up on the way, or nothing came through for a \
                 while, and the throughput is that of all this time"
            ));
        }
        self.ends(&mut flow, notes);
        if let Some(note) = traps::spinning(self.views().sender, &self.client.start, self.setup.protocol) {
            notes.push(note);
        }
        (flow.intervals, flow.intervals_from) = course(self.views(), self.setup.omit_seconds);
        Ok(flow)
    }

    /// UDP's figures. Up to 3.10 there is one `sum`, of the sender's bytes and the receiver's losses.
    fn udp(&self, sent: Option<&Node>, received: Option<&Node>, notes: &mut Vec<String>) -> Result<Flow, ParseError> {
        let sum = self.sum("sum", "sum_bidir_reverse");
        let sent = sent.or(sum).ok_or_else(|| unfinished("`end.sum` is missing"))?;
        let counted = received.or(sum).ok_or_else(|| unfinished("`end.sum_received` is missing"))?;
        let packets = sent.whole("packets");
        let lost = counted.whole("lost_packets");
        let throughput = match (received, packets, lost) {
            (Some(received), _, _) => rate(received, "end.sum_received")?,
            (None, Some(packets), Some(lost)) if packets > 0 => {
                notes.push(
                    "this version does not tell the rate at the UDP receiver: it is the sender's, less the share lost"
                        .to_owned(),
                );
                let sent = rate(counted, "end.sum")?;
                if lost == 0 { sent } else { sent * share(packets.saturating_sub(lost), packets) }
            }
            _ => return Err(unfinished("`end.sum` counts no datagrams")),
        };
        let mut flow = Flow {
            throughput_bits_per_second: throughput,
            sent_bits_per_second: sent.number("bits_per_second"),
            duration_seconds: counted.number("seconds"),
            received_bytes: received.and_then(|r| r.whole("bytes")),
            sent_bytes: sent.whole("bytes"),
            jitter_seconds: counted.number("jitter_ms").filter(|ms| *ms >= 0.0).map(|ms| ms / 1000.0),
            // Duplicates and late datagrams can bring iperf3's count below zero: then there is no share to tell.
            loss_ratio: counted
                .number("lost_percent")
                .map(|percent| percent / 100.0)
                .filter(|r| (0.0..=1.0).contains(r)),
            lost_packets: lost,
            packets,
            out_of_order_packets: self.views().receiver.and_then(out_of_order),
            ..Flow::default()
        };
        let datagram = self.client.start.get("test_start").and_then(|t| t.whole("blksize"));
        let one_by_one = || Some(flow.sent_bytes? / packets.filter(|n| *n > 0)?);
        let arrived = flow.received_bytes.or_else(|| intervals::received_bytes(self.views().receiver?));
        let missing = tail::missing(&flow, arrived, datagram.or_else(one_by_one));
        self.correct_loss(&mut flow, missing, notes);
        let under_way = if self.client_sends() { tail::UNREAD_AT_SERVER } else { tail::UNDER_WAY_TO_CLIENT };
        if let Some(note) = missing.and_then(|missing| tail::count(&mut flow, missing, under_way)) {
            notes.push(note);
            if received.is_none() {
                flow.throughput_bits_per_second =
                    flow.sent_bits_per_second.unwrap_or(0.0) * (1.0 - flow.loss_ratio.unwrap_or(0.0));
            }
        }
        Ok(flow)
    }

    /// A sending client from 3.15 on shows no loss when the server is older than that (esnet/iperf#1984). The server's own
    /// output has it, and without that the `missing` datagrams tell.
    fn correct_loss(&self, flow: &mut Flow, missing: Option<u64>, notes: &mut Vec<String>) {
        let suspect = self.client_sends()
            && flow.lost_packets == Some(0)
            && traps::version(self.client).is_some_and(|v| v >= Version::new(3, 15, 0));
        if !suspect {
            return;
        }
        let seen = self.server.and_then(|s| s.end.as_ref()?.get("sum")).and_then(|s| s.whole("lost_packets"));
        match (seen, flow.packets) {
            (Some(lost), Some(packets)) if lost > 0 && packets > 0 => {
                tail::settle(flow, lost, packets);
                notes.push(
                    "the client shows no loss, a known fault with an older server: it is the server's count".into(),
                );
            }
            (None, _) if bytes_missing(flow) => {
                match missing.zip(flow.packets) {
                    Some((missing, packets)) => tail::settle(flow, missing, packets),
                    None => (flow.lost_packets, flow.loss_ratio) = (None, None),
                }
                notes.push(
                    "the client shows no loss though bytes are missing, a known fault with an older server".into(),
                );
            }
            _ => {}
        }
    }

    /// What only one of the ends knows: round-trip times and window of the sender, CPU use and congestion control.
    fn ends(&self, flow: &mut Flow, notes: &mut Vec<String>) {
        if let (Protocol::Tcp, Some(sender)) = (self.setup.protocol, self.views().sender) {
            sender_figures(sender, flow);
        }
        // In a bidirectional test these two names are those of the second flow.
        let name =
            if self.setup.bidirectional && !self.second { "receiver_tcp_congestion" } else { "sender_tcp_congestion" };
        flow.congestion_control = self.end.text(name).map(str::to_owned);
        let cpu = |name| {
            let percent = self.end.get("cpu_utilization_percent")?.number(name)?;
            (percent >= 0.0).then_some(percent / 100.0)
        };
        let client = cpu("host_total");
        let mut server = cpu("remote_total");
        if server.is_some() && self.server.is_some_and(traps::counts_earlier_tests) {
            server = None;
            notes.push(
                "the server served other tests before, and before 3.10 its CPU use is that of all of them (esnet/iperf#1076): \
                 it is left out"
                    .to_owned(),
            );
        }
        (flow.sender_cpu_ratio, flow.receiver_cpu_ratio) =
            if self.client_sends() { (client, server) } else { (server, client) };
    }
}

fn tcp(sent: Option<&Node>, received: Option<&Node>) -> Result<Flow, ParseError> {
    let received = received.ok_or_else(|| unfinished("`end.sum_received` is missing"))?;
    Ok(Flow {
        throughput_bits_per_second: rate(received, "end.sum_received")?,
        sent_bits_per_second: sent.and_then(|s| s.number("bits_per_second")),
        duration_seconds: received.number("seconds"),
        received_bytes: received.whole("bytes"),
        sent_bytes: sent.and_then(|s| s.whole("bytes")),
        retransmits: sent.and_then(|s| s.whole("retransmits")),
        ..Flow::default()
    })
}

/// The rate of a sum exactly as it stands in the JSON.
fn rate(sum: &Node, name: &str) -> Result<f64, ParseError> {
    let rate = sum.number("bits_per_second").filter(|r| *r >= 0.0);
    rate.ok_or_else(|| unreadable(format!("`{name}.bits_per_second` is no rate")))
}

#[allow(clippy::cast_precision_loss, reason = "counts of packets stay far below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

fn bytes_missing(flow: &Flow) -> bool {
    matches!((flow.received_bytes, flow.sent_bytes), (Some(r), Some(s)) if s > 0 && share(r, s) < NO_LOSS)
}

/// The streams of `part` (`sender`, `receiver`, `udp`) that this end sends (or receives), in its own result.
fn streams<'a>(document: &'a Document, part: &'a str, sends: bool) -> impl Iterator<Item = &'a Node> {
    let all = document.end.as_ref().map_or(&[][..], |end| end.list("streams"));
    all.iter().filter_map(move |s| s.get(part)).filter(move |s| s.flag("sender").is_none_or(|flag| flag == sends))
}

/// Datagrams out of order; the ends do not tell each other, so only the receiver's own output has them.
fn out_of_order(receiver: &Document) -> Option<u64> {
    let counts = streams(receiver, "udp", false).map(|s| s.whole("out_of_order"));
    counts.reduce(|sum, count| sum?.checked_add(count?)).flatten()
}

/// Round-trip times (microseconds in iperf3) and congestion window from the sender's own output; a receiver's figures there
/// are of its socket that only acknowledges. Several streams: the mean of the means, the least, the most. 0 is unknown.
fn sender_figures(sender: &Document, flow: &mut Flow) {
    let positive = |name: &'static str| {
        streams(sender, "sender", true).filter_map(move |s| s.number(name)).filter(|value| *value > 0.0)
    };
    let seconds = |micros: f64| micros / 1e6;
    let means: Vec<f64> = positive("mean_rtt").collect();
    #[allow(clippy::cast_precision_loss, reason = "at most 128 streams")]
    let count = means.len() as f64;
    flow.rtt_seconds = (!means.is_empty()).then(|| seconds(means.iter().sum::<f64>() / count));
    flow.rtt_min_seconds = positive("min_rtt").reduce(f64::min).map(seconds);
    flow.rtt_max_seconds = positive("max_rtt").reduce(f64::max).map(seconds);
    let windows = streams(sender, "sender", true).filter_map(|s| s.whole("max_snd_cwnd"));
    flow.congestion_window_max_bytes = windows.max().filter(|w| *w > 0);
}

#[cfg(test)]
mod tests;
