//! Campaigns: groups × tests, with expectations.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::name::Name;
use super::unit::{Bitrate, Ratio, Seconds};

/// What is run together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// The group it crosses.
    pub group: Name,
    /// Its tests in order; suites are already opened.
    pub tests: Vec<Name>,
    /// How many times the whole is run.
    pub repeat: u32,
    /// When to warn and fail. Where the file says nothing and a link has a contract, `verdict` has the usual limits.
    pub expect: Option<Expectations>,
}

/// Limits per metric.
pub type Expectations = BTreeMap<Metric, Limits>;

/// What an expectation looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Receiver's throughput; limits are lower bounds.
    Throughput,
    /// Mean round-trip time; limits are upper bounds, as for the rest.
    Rtt,
    /// Jitter (RFC 3550 for UDP).
    Jitter,
    /// Share of packets lost.
    Loss,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Throughput, Self::Rtt, Self::Jitter, Self::Loss];

    /// The word in the topology.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Rtt => "rtt",
            Self::Jitter => "jitter",
            Self::Loss => "loss",
        }
    }
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// When to warn and when to fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Beyond this: warn.
    pub warn: Option<Limit>,
    /// Beyond this: fail.
    pub fail: Option<Limit>,
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// This share of the contracted value. May exceed 1.
    OfContract(f64),
    /// A rate.
    BitsPerSecond(Bitrate),
    /// A time.
    Seconds(Seconds),
    /// A share of packets.
    Share(Ratio),
}

impl Limit {
    /// The contracted value itself: the word `contract`.
    pub const CONTRACT: Self = Self::OfContract(1.0);

    /// A limit in time.
    #[must_use]
    pub const fn time(time: Duration) -> Self {
        Self::Seconds(Seconds(time))
    }
}
