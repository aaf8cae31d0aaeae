//! What tests are described with: transports, families, marks, directions, rates.

use serde::{Deserialize, Serialize};

use crate::domain::unit::{Bitrate, Ratio};

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
