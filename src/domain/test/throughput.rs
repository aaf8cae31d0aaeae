//! Tests of throughput: iperf3 and iperf 2, as defined and as concrete work.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::{Direction, Directions, Dscp, Family, OfferedRate, Protocol};
use crate::domain::unit::{Bitrate, ByteSize, seconds};

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

#[cfg(test)]
impl Iperf3 {
    /// Ten seconds of one stream over TCP with nothing special, to build tests' own from.
    pub(crate) const fn plain() -> Self {
        Self {
            protocol: Protocol::Tcp,
            direction: Direction::Forward,
            streams: 1,
            duration: Duration::from_secs(10),
            omit: Duration::ZERO,
            interval: Duration::from_secs(1),
            rate_bits_per_second: None,
            congestion_control: None,
            length: None,
            mss: None,
            window: None,
            dscp: None,
            family: None,
            fq_rate_bits_per_second: None,
            zero_copy: false,
        }
    }
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
