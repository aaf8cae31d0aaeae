//! Campaigns: groups × tests, with expectations.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::name::Name;
use super::unit::{Bitrate, ByteSize, Ratio, Seconds};

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
    /// When it is run by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What it may send.
    #[serde(default, skip_serializing_if = "Budget::is_empty")]
    pub budget: Budget,
}

/// When a campaign is run by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Five fields as in crontab(5).
    pub cron: String,
    /// Time zone of the IANA database, such as `Europe/Madrid`.
    pub time_zone: String,
    /// Days without a run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<Days>,
}

/// Calendar days in the schedule's time zone, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// First.
    pub from: NaiveDate,
    /// Last.
    pub to: NaiveDate,
}

/// What a campaign may send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// Payload of all its runs in a day of its time zone (UTC without a schedule), both directions counted.
    pub bytes_per_day: Option<ByteSize>,
    /// Rate that no test may exceed.
    pub max_rate_bits_per_second: Option<Bitrate>,
}

impl Budget {
    /// Is nothing limited?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes_per_day.is_none() && self.max_rate_bits_per_second.is_none()
    }
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
    /// Path MTU; limits are lower bounds.
    Mtu,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Throughput, Self::Rtt, Self::Jitter, Self::Loss, Self::Mtu];

    /// Are its limits lower bounds?
    #[must_use]
    pub const fn lower_is_worse(self) -> bool {
        matches!(self, Self::Throughput | Self::Mtu)
    }

    /// The word in the topology.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Rtt => "rtt",
            Self::Jitter => "jitter",
            Self::Loss => "loss",
            Self::Mtu => "mtu",
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
    /// A size of IP packets.
    Bytes(u32),
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
