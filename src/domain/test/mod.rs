//! Tests: as defined in the topology (a rate may be the word `contract`) and as concrete work for one ordered pair.

mod kind;
mod path;
mod throughput;
mod words;

use serde::{Deserialize, Serialize};

use super::unit::Bitrate;

pub use kind::ToolKind;
pub use path::{Connect, Mtr, PathMtu, Ping, Tracepath, Traceroute};
pub use throughput::{Iperf2, Iperf2Definition, Iperf3, Iperf3Definition};
pub use words::{Direction, Directions, Dscp, Family, OfferedRate, Protocol};

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

    /// Does the same test, run the other way round, measure the way there as well?
    #[must_use]
    pub const fn measures_both_ways(&self) -> bool {
        match self {
            Self::Iperf3(Iperf3Definition { directions, .. }) | Self::Iperf2(Iperf2Definition { directions, .. }) => {
                matches!(directions, Directions::Both | Directions::Bidirectional)
            }
            _ => true,
        }
    }
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

    /// The rate that its sender is held to, over all streams: what was asked of the tool, or of the kernel's pacing, whichever
    /// is less; `None` where it sends what it can.
    #[must_use]
    pub fn offered(&self) -> Option<Bitrate> {
        let paced = match self {
            Self::Iperf3(t) => t
                .fq_rate_bits_per_second
                .map(|each| Bitrate::new(each.bits_per_second().saturating_mul(t.streams.into())).unwrap_or(each)),
            _ => None,
        };
        self.rate().into_iter().chain(paced).min_by_key(|rate| rate.bits_per_second())
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
