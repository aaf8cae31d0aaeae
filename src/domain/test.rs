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
    /// iperf 2.
    Iperf2,
    /// Matt's traceroute.
    Mtr,
    /// iputils' tracepath.
    Tracepath,
    /// A search of the path MTU by echo requests that may not be fragmented, with iputils' ping.
    PathMtu,
    /// Times of TCP connections, by iperftester itself.
    Connect,
}

impl ToolKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Iperf3,
        Self::Ping,
        Self::Traceroute,
        Self::Iperf2,
        Self::Mtr,
        Self::Tracepath,
        Self::PathMtu,
        Self::Connect,
    ];

    /// Its word in the topology.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Ping => "ping",
            Self::Traceroute => "traceroute",
            Self::Iperf2 => "iperf2",
            Self::Mtr => "mtr",
            Self::Tracepath => "tracepath",
            Self::PathMtu => "path-mtu",
            Self::Connect => "connect",
        }
    }

    /// The program that carries it out.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Ping | Self::PathMtu => "ping",
            Self::Traceroute => "traceroute",
            Self::Iperf2 => "iperf",
            Self::Mtr => "mtr",
            Self::Tracepath => "tracepath",
            Self::Connect => "iperftester",
        }
    }
}

impl ToolKind {
    /// The package of Debian and Ubuntu that has the program.
    #[must_use]
    pub const fn package(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Ping | Self::PathMtu => "iputils-ping",
            Self::Traceroute => "traceroute",
            Self::Iperf2 => "iperf",
            Self::Mtr => "mtr-tiny",
            Self::Tracepath => "iputils-tracepath",
            Self::Connect => "iperftester",
        }
    }
}

impl std::fmt::Display for ToolKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
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
    /// SCTP (iperf3 only).
    Sctp,
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: std::net::IpAddr) -> Self {
        match address {
            std::net::IpAddr::V4(_) => Self::Ipv4,
            std::net::IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

/// A differentiated services code point, 0 to 63 (RFC 2474).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Dscp(u8);

impl Dscp {
    /// The code point; `None` above 63.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value < 64 { Some(Self(value)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// The byte of the IP header that carries it, without ECN.
    #[must_use]
    pub const fn tos(self) -> u8 {
        self.0 << 2
    }
}

impl TryFrom<u8> for Dscp {
    type Error = String;

    fn try_from(value: u8) -> Result<Self, Self::Error> {
        Self::new(value).ok_or_else(|| format!("{value} is no DSCP: 0 to 63"))
    }
}

impl From<Dscp> for u8 {
    fn from(dscp: Dscp) -> Self {
        dscp.0
    }
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
    /// Two runs, one after the other: forward, then reverse. A direction that another pair of the same group measures
    /// forward is left out: nothing is measured twice.
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
    /// The contracted rate, and without one this share of what TCP reached before, the same way between the same probes in
    /// the same campaign run.
    ContractOrTcp(Ratio),
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
    /// Throughput by iperf 2.
    Iperf2(Iperf2Definition),
    /// Path with loss and round-trip time of each hop.
    Mtr(Mtr),
    /// Path with its MTU.
    Tracepath(Tracepath),
    /// Path MTU.
    PathMtu(PathMtu),
    /// Time to open a TCP connection.
    Connect(Connect),
}

impl TestDefinition {
    /// The tool that carries it out.
    #[must_use]
    pub const fn tool(&self) -> ToolKind {
        match self {
            Self::Iperf3(_) => ToolKind::Iperf3,
            Self::Ping(_) => ToolKind::Ping,
            Self::Traceroute(_) => ToolKind::Traceroute,
            Self::Iperf2(_) => ToolKind::Iperf2,
            Self::Mtr(_) => ToolKind::Mtr,
            Self::Tracepath(_) => ToolKind::Tracepath,
            Self::PathMtu(_) => ToolKind::PathMtu,
            Self::Connect(_) => ToolKind::Connect,
        }
    }
}

/// An iperf 2 test as defined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iperf2Definition {
    /// What stays the same for every pair; its `rate` is unset here.
    pub base: Iperf2,
    /// Directions asked for.
    pub directions: Directions,
    /// Rate asked for; `None` is unlimited for TCP.
    pub rate: Option<OfferedRate>,
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
    /// Throughput by iperf 2.
    Iperf2(Iperf2),
    /// Path with loss and round-trip time of each hop.
    Mtr(Mtr),
    /// Path with its MTU.
    Tracepath(Tracepath),
    /// Path MTU.
    PathMtu(PathMtu),
    /// Time to open a TCP connection.
    Connect(Connect),
}

impl Test {
    /// The tool that carries it out.
    #[must_use]
    pub const fn tool(&self) -> ToolKind {
        match self {
            Self::Iperf3(_) => ToolKind::Iperf3,
            Self::Ping(_) => ToolKind::Ping,
            Self::Traceroute(_) => ToolKind::Traceroute,
            Self::Iperf2(_) => ToolKind::Iperf2,
            Self::Mtr(_) => ToolKind::Mtr,
            Self::Tracepath(_) => ToolKind::Tracepath,
            Self::PathMtu(_) => ToolKind::PathMtu,
            Self::Connect(_) => ToolKind::Connect,
        }
    }

    /// Which way the data flows.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        match self {
            Self::Iperf3(t) => t.direction,
            Self::Iperf2(t) => t.direction,
            Self::Ping(_)
            | Self::Traceroute(_)
            | Self::Mtr(_)
            | Self::Tracepath(_)
            | Self::PathMtu(_)
            | Self::Connect(_) => Direction::Forward,
        }
    }

    /// Transport of a throughput test.
    #[must_use]
    pub const fn protocol(&self) -> Option<Protocol> {
        match self {
            Self::Iperf3(t) => Some(t.protocol),
            Self::Iperf2(t) => Some(t.protocol),
            Self::Ping(_)
            | Self::Traceroute(_)
            | Self::Mtr(_)
            | Self::Tracepath(_)
            | Self::PathMtu(_)
            | Self::Connect(_) => None,
        }
    }

    /// Payload rate asked of the sender of a throughput test, over all streams.
    #[must_use]
    pub const fn rate(&self) -> Option<Bitrate> {
        match self {
            Self::Iperf3(t) => t.rate_bits_per_second,
            Self::Iperf2(t) => t.rate_bits_per_second,
            Self::Ping(_)
            | Self::Traceroute(_)
            | Self::Mtr(_)
            | Self::Tracepath(_)
            | Self::PathMtu(_)
            | Self::Connect(_) => None,
        }
    }

    /// The address family that it must use; `None` where either serves.
    #[must_use]
    pub const fn family(&self) -> Option<Family> {
        match self {
            Self::Iperf3(t) => t.family,
            Self::Ping(t) => t.family,
            Self::Traceroute(t) => t.family,
            Self::Iperf2(t) => t.family,
            Self::Mtr(t) => t.family,
            Self::Tracepath(t) => t.family,
            Self::PathMtu(t) => t.family,
            Self::Connect(t) => t.family,
        }
    }
}

/// A concrete iperf3 test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iperf3 {
    /// TCP, UDP or SCTP.
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
    /// TCP's or SCTP's maximum segment size (`-M`), in bytes.
    #[serde(default, rename = "mss_bytes", skip_serializing_if = "Option::is_none")]
    pub mss: Option<u16>,
    /// Socket buffer at both ends (`-w`).
    #[serde(default, rename = "window_bytes", skip_serializing_if = "Option::is_none")]
    pub window: Option<ByteSize>,
    /// Mark of every packet (`-S`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dscp: Option<Dscp>,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// Pacing by the kernel's fair queue (`--fq-rate`), for each stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fq_rate_bits_per_second: Option<Bitrate>,
    /// Sent without a copy, by sendfile(2) (`-Z`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub zero_copy: bool,
}

/// A concrete iperf 2 test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Iperf2 {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Which way the data flows.
    pub direction: Direction,
    /// Parallel streams (`-P`), 1 to 128.
    pub streams: u16,
    /// Time measured (`-t`).
    #[serde(rename = "duration_seconds", with = "seconds")]
    pub duration: Duration,
    /// Length of an interval (`-i`).
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// Total payload rate asked of the sender, over all streams; `None` is unlimited.
    pub rate_bits_per_second: Option<Bitrate>,
    /// Payload of a UDP datagram or size of a TCP write (`-l`).
    #[serde(rename = "length_bytes")]
    pub length: Option<ByteSize>,
    /// Socket buffer (`-w`).
    #[serde(default, rename = "window_bytes", skip_serializing_if = "Option::is_none")]
    pub window: Option<ByteSize>,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// An mtr test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mtr {
    /// Rounds (`-c`).
    pub count: u32,
    /// Time between them (`-i`).
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// Most hops (`-m`).
    pub max_hops: u8,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// A tracepath test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tracepath {
    /// Most hops (`-m`).
    pub max_hops: u8,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// A search of the path MTU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathMtu {
    /// Largest IP packet tried, in bytes; `None` is the MTU of the probe's own interface.
    #[serde(rename = "largest_bytes")]
    pub largest: Option<u32>,
    /// Wait for each answer.
    #[serde(rename = "timeout_seconds", with = "seconds")]
    pub timeout: Duration,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}

/// Times of TCP connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connect {
    /// Connections, one after the other.
    pub count: u32,
    /// Time between them.
    #[serde(rename = "interval_seconds", with = "seconds")]
    pub interval: Duration,
    /// Wait for each.
    #[serde(rename = "timeout_seconds", with = "seconds")]
    pub timeout: Duration,
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
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
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
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
    /// IPv4 or IPv6 only; `None` is what both ends have, IPv4 first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
}
