//! Tests: as defined in the topology (a rate may be the word `contract`) and as concrete work for one ordered pair.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::unit::{Bitrate, ByteSize, Ratio, seconds};

/// The tools that a probe's agent knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolKind {
    /// ESnet's iperf3.
    Iperf3,
    /// iputils' ping.
    Ping,
    /// The Linux traceroute.
    Traceroute,
}

impl ToolKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Iperf3, Self::Ping, Self::Traceroute];

    /// The program's name.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Ping => "ping",
            Self::Traceroute => "traceroute",
        }
    }
}

impl std::fmt::Display for ToolKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.program())
    }
}

/// Transport under a throughput test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Which way the data of a run flows, seen from the client at the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From source to destination.
    Forward,
    /// From destination to source (iperf3 `-R`).
    Reverse,
    /// Both at the same time (iperf3 `--bidir`).
    Bidirectional,
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Forward => "forward",
            Self::Reverse => "reverse",
            Self::Bidirectional => "bidirectional",
        })
    }
}

/// The directions that a definition asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Directions {
    /// One run, source to destination.
    #[default]
    Forward,
    /// One run, destination to source.
    Reverse,
    /// Two runs, one after the other: forward, then reverse.
    Both,
    /// One run with both at the same time.
    Bidirectional,
}

impl Directions {
    /// The runs that this asks for, in order.
    #[must_use]
    pub const fn runs(self) -> &'static [Direction] {
        match self {
            Self::Forward => &[Direction::Forward],
            Self::Reverse => &[Direction::Reverse],
            Self::Both => &[Direction::Forward, Direction::Reverse],
            Self::Bidirectional => &[Direction::Bidirectional],
        }
    }
}

/// The rate a sender is asked to keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfferedRate {
    /// Payload bits per second, as iperf3's `-b`.
    Absolute(Bitrate),
    /// A share of the contracted rate in that direction, counted in Ethernet frames; the word `contract` is 100 %.
    Contract(Ratio),
}

/// A test as the topology defines it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestDefinition {
    /// Throughput.
    Iperf3(Iperf3Definition),
    /// Round-trip time and loss.
    Ping(Ping),
    /// Path.
    Traceroute(Traceroute),
}

impl TestDefinition {
    /// The tool that carries it out.
    #[must_use]
    pub const fn tool(&self) -> ToolKind {
        match self {
            Self::Iperf3(_) => ToolKind::Iperf3,
            Self::Ping(_) => ToolKind::Ping,
            Self::Traceroute(_) => ToolKind::Traceroute,
        }
    }
}

/// An iperf3 test as defined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iperf3Definition {
    /// What stays the same for every pair; its `rate` is unset here.
    pub base: Iperf3,
    /// Directions asked for.
    pub directions: Directions,
    /// Rate asked for; `None` is unlimited for TCP.
    pub rate: Option<OfferedRate>,
}

/// A test ready to run on one ordered pair. This is what the probe session carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// Throughput.
    Iperf3(Iperf3),
    /// Round-trip time and loss.
    Ping(Ping),
    /// Path.
    Traceroute(Traceroute),
}

impl Test {
    /// The tool that carries it out.
    #[must_use]
    pub const fn tool(&self) -> ToolKind {
        match self {
            Self::Iperf3(_) => ToolKind::Iperf3,
            Self::Ping(_) => ToolKind::Ping,
            Self::Traceroute(_) => ToolKind::Traceroute,
        }
    }

    /// Which way the data flows.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        match self {
            Self::Iperf3(t) => t.direction,
            Self::Ping(_) | Self::Traceroute(_) => Direction::Forward,
        }
    }
}

/// A concrete iperf3 test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iperf3 {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Which way the data flows.
    pub direction: Direction,
    /// Parallel streams (`-P`), 1 to 128.
    pub streams: u16,
    /// Time measured, without `omit` (`-t`).
    #[serde(rename = "duration_seconds", with = "seconds")]
    pub duration: Duration,
    /// Slow start left out of the result (`-O`).
    #[serde(rename = "omit_seconds", with = "seconds")]
    pub omit: Duration,
    /// Length of an interval (`-i`), at least 100 ms.
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// Total payload rate asked of the sender, over all streams; `None` is unlimited.
    pub rate_bits_per_second: Option<Bitrate>,
    /// TCP congestion control (`-C`); `None` is the kernel's default.
    pub congestion_control: Option<String>,
    /// Payload of a UDP datagram or size of a TCP write (`-l`).
    #[serde(rename = "length_bytes")]
    pub length: Option<ByteSize>,
}

/// A ping test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    /// Echo requests (`-c`).
    pub count: u32,
    /// Time between them (`-i`).
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// Wait for the last answer (`-W`).
    #[serde(rename = "timeout_seconds", with = "seconds")]
    pub timeout: Duration,
    /// ICMP payload (`-s`); `None` is ping's own 56 bytes.
    #[serde(rename = "size_bytes")]
    pub size: Option<ByteSize>,
}

/// A traceroute test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traceroute {
    /// Most hops (`-m`).
    pub max_hops: u8,
    /// Queries per hop (`-q`).
    pub queries: u8,
    /// Wait for an answer (`-w`).
    #[serde(rename = "timeout_seconds", with = "seconds")]
    pub timeout: Duration,
}
