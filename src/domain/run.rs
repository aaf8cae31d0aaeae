//! Runs and campaign runs: what is stored and reported.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::counters::EndCounters;
use super::facts::{ProbeFacts, Router};
use super::measurement::Measurement;
use super::name::Name;
use super::path::Path;
use super::test::{Direction, Test, ToolKind};
use super::topology::Topology;
use super::unit::seconds;
use super::verdict::Assessment;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Measured.
    Ok,
    /// The tool gave no measurement.
    Failed,
    /// Not started, with the reason.
    Skipped,
    /// Measured, but the instrument was the limit.
    Invalid,
}

impl RunStatus {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Invalid => "invalid",
        }
    }
}

/// One execution of one test on one ordered pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Number within its campaign run, from 1, in the order of the plan.
    pub id: u32,
    /// Where the client ran.
    pub source: Name,
    /// Where the server ran.
    pub destination: Name,
    /// The test's name in the topology.
    pub test: Name,
    /// The test as it was carried out.
    pub specification: Test,
    /// Which repetition, from 1.
    pub repetition: u32,
    /// How it ended.
    pub status: RunStatus,
    /// UTC start; of a skipped run, when that was decided.
    pub started: DateTime<Utc>,
    /// UTC end.
    pub ended: DateTime<Utc>,
    /// The client's argument list; empty where none was started.
    pub command: Vec<String>,
    /// The server's argument list, if the test has one.
    pub server_command: Option<Vec<String>>,
    /// What was measured.
    pub measurement: Option<Measurement>,
    /// What it means.
    pub assessment: Assessment,
    /// Why it failed or was skipped, in English; as data in the assessment's reason.
    pub error: Option<String>,
    /// Links and uplinks it crossed.
    pub path: Path,
    /// The client's untouched standard output.
    pub raw: String,
    /// The server's untouched standard output, if the test has one.
    pub server_raw: Option<String>,
    /// Counters of the source.
    pub source_counters: Option<EndCounters>,
    /// Counters of the destination, if a server ran there.
    pub destination_counters: Option<EndCounters>,
}

impl Run {
    /// The tool.
    #[must_use]
    pub const fn tool(&self) -> ToolKind {
        self.specification.tool()
    }

    /// Which way the data flowed, seen from the source.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.specification.direction()
    }

    /// The ends as (sender, receiver) of the main flow.
    #[must_use]
    pub fn flow_ends(&self) -> (&Name, &Name) {
        match self.direction() {
            Direction::Reverse => (&self.destination, &self.source),
            Direction::Forward | Direction::Bidirectional => (&self.source, &self.destination),
        }
    }
}

/// One execution of a campaign, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignRun {
    /// What, when and how.
    pub header: CampaignRunHeader,
    /// Its topology at that time.
    pub topology: Topology,
    /// The routers that its backend made, by address.
    #[serde(default)]
    pub routers: BTreeMap<IpAddr, Router>,
    /// What each probe is.
    pub facts: BTreeMap<Name, ProbeFacts>,
    /// Its runs, by id.
    pub runs: Vec<Run>,
}

/// A campaign run without its contents: what `list` shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignRunHeader {
    /// `CAMPAIGN@UTC-START`, e.g. `check@20261124T104406Z`.
    pub id: String,
    /// The topology's name.
    pub topology: Name,
    /// The campaign's name; `ad-hoc` for a run without one.
    pub campaign: Name,
    /// UTC start.
    pub started: DateTime<Utc>,
    /// UTC end; `None` while it runs or where it was cut off.
    pub ended: Option<DateTime<Utc>>,
    /// Runs planned.
    pub planned_runs: u32,
    /// Version of iperftester that ran it.
    pub version: String,
    /// Every timed test was shortened to this.
    #[serde(rename = "duration_override_seconds", with = "seconds::option")]
    pub duration_override: Option<Duration>,
    /// Was it stopped before its end?
    pub interrupted: bool,
    /// What was asked for instead of a campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_hoc: Option<AdHoc>,
}

/// A run without a campaign: one test or suite from one probe to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdHoc {
    /// Where the client runs.
    pub source: Name,
    /// Where the server runs.
    pub destination: Name,
    /// The test or suite.
    pub test: Name,
}

impl CampaignRunHeader {
    /// The id of a campaign run that starts now.
    #[must_use]
    pub fn id_for(campaign: &Name, started: DateTime<Utc>) -> String {
        format!("{campaign}@{}", started.format("%Y%m%dT%H%M%S%.3fZ"))
    }
}
