//! What a measurement means against its expectations.

use serde::{Deserialize, Serialize};

use super::campaign::Metric;
use super::name::Name;
use super::reason::{Account, Reason};

/// The judgement of a run or of one expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As expected.
    Pass,
    /// Beyond the warning limit.
    Warn,
    /// Beyond the failure limit.
    Fail,
    /// The instrument, not the link, was the limit.
    Invalid,
    /// Nothing was expected, or nothing was measured.
    None,
}

impl Verdict {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Invalid => "invalid",
            Self::None => "none",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One expectation, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// What was looked at.
    pub metric: Metric,
    /// Where the judged data came from; a bidirectional run has judgements of both flows.
    pub sender: Name,
    /// Where it went.
    pub receiver: Name,
    /// The outcome.
    pub verdict: Verdict,
    /// Why, told by [`crate::verdict::judgement_reason`]: "76.2 Mbit/s is 76 % of the contracted 100 Mbit/s, below 90 %".
    pub reason: Reason,
    /// The measured value in the metric's SI unit, if there was one.
    pub measured: Option<f64>,
    /// A measured throughput with the headers of its packets, bit/s, as a contract counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_headers: Option<f64>,
    /// The contracted value in the metric's SI unit, if one applies.
    pub contracted: Option<f64>,
    /// The limit that was missed, in the metric's SI unit, where the campaign gives it as a value and not as a share of the
    /// contract.
    #[serde(default)]
    pub missed_limit: Option<f64>,
}

impl Judgement {
    /// `value` of the judged test as its contract counts it: a throughput with headers.
    #[must_use]
    pub fn as_contracted(&self, value: f64) -> f64 {
        let known = self.with_headers.zip(self.measured.filter(|measured| *measured > 0.0));
        known.map_or(value, |(with_headers, measured)| value * with_headers / measured)
    }
}

/// All judgements of a run and what they come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The worst of the judgements, or invalid.
    pub verdict: Verdict,
    /// What it comes to, told by [`crate::verdict::account`] as one sentence.
    pub reason: Account,
    /// Each expectation on its own.
    pub judgements: Vec<Judgement>,
    /// What the instrument itself contributed; the first one names the cause of an invalid verdict.
    pub causes: Vec<Cause>,
}

/// Something at an end of the run that limits or distorts a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Which kind.
    pub kind: CauseKind,
    /// The probe it was seen on.
    pub probe: Name,
    /// The counter's value.
    pub value: f64,
    /// The threshold it is beyond.
    pub threshold: f64,
}

/// The kinds of cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// The tool waited for a CPU: growth of the run-queue wait of its threads over the wall time
    /// (second field of `/proc/PID/schedstat`).
    CpuStarved,
    /// UDP datagrams that arrived and were dropped for a full receive buffer, over all that arrived (`RcvbufErrors` of
    /// `/proc/net/snmp`).
    ReceiveBuffer,
    /// The sender's own interface dropped what was to leave by it, in its queue or in the device, before it came to the link:
    /// over all that was to leave (`tc -s qdisc`, `tx_dropped` of `/proc/net/dev`).
    SendQueue,
    /// TCP had data to send and waited for the receiver's window: share of the time (`rwnd_limited` of `ss -ti`).
    ReceiveWindow,
    /// The sender sent less than it was asked for: what it sent over what was asked.
    Pacing,
}
