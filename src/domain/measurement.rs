//! The normalised result of a run, in SI units with the unit in each name.

use serde::{Deserialize, Serialize};

use super::test::{Family, Protocol};

/// What a tool measured.
#[allow(clippy::large_enum_variant, reason = "a run has one, it is never held in bulk")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Measurement {
    /// A throughput test.
    Throughput(Throughput),
    /// A ping.
    RoundTrip(RoundTrip),
    /// A traceroute, mtr or tracepath.
    Path(HopPath),
    /// A search of the path MTU.
    PathMtu(PathMtuFound),
    /// Times of TCP connections.
    Connect(ConnectTimes),
}

/// A throughput test. For a bidirectional one, the fields of `flow` are source to destination and `reverse` the other way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Parallel streams each way.
    pub streams: u16,
    /// Processes of the tool side by side, one stream each, whose figures are taken together here: iperf3 below 3.16 runs all
    /// streams of a process in one thread. `None` where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u16>,
    /// What a full segment of TCP carried there, where the tool tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// The measured flow; for a reverse run it goes from destination to source.
    #[serde(flatten)]
    pub flow: Flow,
    /// The second flow of a bidirectional run: destination to source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverse: Option<Box<Flow>>,
    /// The tool's version as it calls itself, e.g. `3.12`.
    pub tool_version: Option<String>,
    /// What to know when reading these numbers: known traps of this version, missing figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A full segment of TCP between the two ends, which tells of the headers of every packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// IPv4 or IPv6.
    pub family: Family,
    /// Its payload.
    pub bytes: u32,
}

/// One direction of a throughput test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// What arrived at the receiver: iperf3's `sum_received.bits_per_second`, bit for bit.
    pub throughput_bits_per_second: f64,
    /// What the sender believes it sent.
    pub sent_bits_per_second: Option<f64>,
    /// Measured time at the receiver, without the omitted start.
    pub duration_seconds: Option<f64>,
    /// Payload received.
    pub received_bytes: Option<u64>,
    /// Payload sent.
    pub sent_bytes: Option<u64>,
    /// TCP segments sent again.
    pub retransmits: Option<u64>,
    /// Jitter at the receiver (RFC 3550), UDP.
    pub jitter_seconds: Option<f64>,
    /// Lost / sent datagrams, UDP.
    pub loss_ratio: Option<f64>,
    /// Datagrams lost, UDP.
    pub lost_packets: Option<u64>,
    /// Datagrams sent, UDP.
    pub packets: Option<u64>,
    /// Datagrams that arrived out of order, UDP.
    pub out_of_order_packets: Option<u64>,
    /// Mean of TCP's smoothed round-trip time under load at the sender.
    pub rtt_seconds: Option<f64>,
    /// Its least.
    pub rtt_min_seconds: Option<f64>,
    /// Its most.
    pub rtt_max_seconds: Option<f64>,
    /// Largest congestion window at the sender.
    pub congestion_window_max_bytes: Option<u64>,
    /// Congestion control at the sender.
    pub congestion_control: Option<String>,
    /// The tool's own CPU use at the sender, 1 = one core.
    pub sender_cpu_ratio: Option<f64>,
    /// The tool's own CPU use at the receiver, 1 = one core.
    pub receiver_cpu_ratio: Option<f64>,
    /// The course of the test.
    #[serde(default)]
    pub intervals: Vec<Interval>,
    /// Which end counted the intervals.
    pub intervals_from: Option<Side>,
}

/// An end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The one that sends.
    Sender,
    /// The one that receives.
    Receiver,
}

/// A piece of a test's course.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// From here, counted from the start of the test.
    pub start_seconds: f64,
    /// To here.
    pub end_seconds: f64,
    /// Payload rate of all streams.
    pub throughput_bits_per_second: f64,
    /// TCP segments sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<u64>,
    /// Datagrams lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_packets: Option<u64>,
    /// Part of the omitted start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub omitted: bool,
}

/// A ping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// Echo requests sent.
    pub packets: u64,
    /// Answers.
    pub received_packets: u64,
    /// Share without an answer.
    pub loss_ratio: f64,
    /// Answers that came twice.
    pub duplicate_packets: u64,
    /// Mean round-trip time; `None` where no answer came.
    pub rtt_seconds: Option<f64>,
    /// Least.
    pub rtt_min_seconds: Option<f64>,
    /// Most.
    pub rtt_max_seconds: Option<f64>,
    /// Standard deviation as ping counts it (`mdev`).
    pub rtt_deviation_seconds: Option<f64>,
    /// Each answer in order of its sequence number; empty where the tool was asked for the summary only.
    #[serde(default)]
    pub rtts_seconds: Vec<f64>,
}

/// The path MTU from the source to the destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathMtuFound {
    /// Largest IP packet that came through unfragmented, in bytes; `None` where none did.
    pub mtu_bytes: Option<u32>,
    /// Larger packets vanished without the ICMP message that RFC 1191 and RFC 8201 ask of the router: a black hole.
    pub black_hole: bool,
    /// Each size tried, in order.
    pub tries: Vec<MtuTry>,
}

/// A size tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MtuTry {
    /// The IP packet, in bytes.
    pub size_bytes: u32,
    /// What became of it.
    pub outcome: MtuOutcome,
}

/// What became of a packet that may not be fragmented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MtuOutcome {
    /// It was answered.
    Answered,
    /// Somebody on the path, or the sender itself, said that it is too large; the MTU they named.
    TooLarge(Option<u32>),
    /// No answer of any kind.
    Silent,
}

/// Times of TCP connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectTimes {
    /// Connections tried.
    pub attempts: u64,
    /// Connections that opened.
    pub connected: u64,
    /// Mean time from the first SYN to the connection; `None` where none opened.
    pub connect_seconds: Option<f64>,
    /// Least.
    pub connect_min_seconds: Option<f64>,
    /// Most.
    pub connect_max_seconds: Option<f64>,
    /// Each that opened, in order.
    pub connects_seconds: Vec<f64>,
    /// What the others met, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// A traceroute, mtr or tracepath.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HopPath {
    /// The hops in order of their TTL.
    pub hops: Vec<Hop>,
    /// Did the destination itself answer?
    pub reached: bool,
    /// Path MTU in bytes, where the tool tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu_bytes: Option<u32>,
}

/// A hop of a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// Its TTL, 1 for the first router.
    pub ttl: u8,
    /// Addresses that answered, in order of appearance; empty where none did.
    pub addresses: Vec<String>,
    /// Round-trip times of the queries that were answered.
    pub rtts_seconds: Vec<f64>,
    /// Queries without an answer.
    pub unanswered: u32,
    /// What the tool counted itself, where it prints figures instead of each answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<HopFigures>,
    /// ICMP annotations as printed, such as `!N` or `!X`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<String>,
}

/// A hop's figures as mtr prints them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HopFigures {
    /// Queries sent.
    pub sent_packets: u64,
    /// Share without an answer.
    pub loss_ratio: f64,
    /// Mean round-trip time of the answers; `None` where none came.
    pub rtt_seconds: Option<f64>,
    /// Least.
    pub rtt_min_seconds: Option<f64>,
    /// Most.
    pub rtt_max_seconds: Option<f64>,
    /// Standard deviation.
    pub rtt_deviation_seconds: Option<f64>,
}
