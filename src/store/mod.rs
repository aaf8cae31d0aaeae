//! Where finished runs are kept. [`Results`] is what the rest of the program uses: a [`Store`] with a rescue file behind it,
//! so that a full disk or a locked database loses nothing that was measured.
#![allow(clippy::disallowed_methods, reason = "an edge: the database and its rescue files are files")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::counters::EndCounters;
use crate::domain::facts::{ProbeFacts, Router};
use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, CampaignRunHeader, Run};
use crate::domain::test::Test;
use crate::domain::topology::Topology;

mod care;
mod error;
mod export;
mod rescue;
mod results;
mod rows;
mod sqlite;

pub use error::{Refusal, StoreError};
pub use export::{ExportError, export, import};
pub use results::{Kept, Notice, Recording, Results};
pub use sqlite::SqliteStore;

/// What a campaign run starts with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// What, when and how.
    pub header: CampaignRunHeader,
    /// Its topology at that time.
    pub topology: Topology,
    /// The routers that its backend made, by address.
    #[serde(default)]
    pub routers: BTreeMap<IpAddr, Router>,
}

/// What is added to a campaign run while it goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// What a probe is.
    Facts {
        /// The probe.
        probe: Name,
        /// Its facts.
        facts: Box<ProbeFacts>,
    },
    /// A finished run.
    Run(Box<Run>),
    /// Its end.
    End {
        /// When, in UTC.
        at: DateTime<Utc>,
        /// Before everything was run?
        interrupted: bool,
    },
}

/// A line of `list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignRunSummary {
    /// What, when and how.
    #[serde(flatten)]
    pub header: CampaignRunHeader,
    /// Its runs by how they ended.
    pub runs: StatusCounts,
    /// Its runs by what they mean.
    pub verdicts: VerdictCounts,
}

/// Whose runs are counted against a budget, and when.
#[derive(Debug, Clone, Copy)]
pub struct Spender<'a> {
    /// The topology.
    pub topology: &'a Name,
    /// The campaign.
    pub campaign: &'a Name,
    /// Runs that started at this time or later.
    pub from: DateTime<Utc>,
    /// Runs that started before this time.
    pub to: DateTime<Utc>,
}

/// What a run has sent, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Spent {
    /// What was asked of it.
    pub specification: Test,
    /// What it came to; its intervals are left out.
    pub measurement: Option<Measurement>,
    /// What its client's end counted meanwhile.
    pub source_counters: Option<EndCounters>,
    /// What its server's end counted meanwhile.
    pub destination_counters: Option<EndCounters>,
}

/// Runs by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCounts {
    /// Measured.
    pub ok: u32,
    /// Without a measurement.
    pub failed: u32,
    /// Not started.
    pub skipped: u32,
    /// Measured, but the instrument was the limit.
    pub invalid: u32,
}

/// Runs by what they mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictCounts {
    /// As expected.
    pub pass: u32,
    /// Beyond a warning limit.
    pub warn: u32,
    /// Beyond a failure limit.
    pub fail: u32,
    /// The instrument was the limit.
    pub invalid: u32,
    /// Nothing was expected or nothing measured.
    pub none: u32,
}

/// Untouched outputs by run: the client's, and the server's if the test has one.
pub type Outputs = BTreeMap<u32, (String, Option<String>)>;

/// What every kind of database does. Each write is whole and durable when it returns: it survives the end of this process
/// and of the machine's power.
#[allow(async_fn_in_trait)]
pub trait Store {
    /// Starts a campaign run; before: its id is not there; after: it is, without runs.
    ///
    /// # Errors
    /// [`StoreError::Exists`], or why the database cannot be written.
    async fn begin(&self, head: &Head) -> Result<(), StoreError>;

    /// Adds to the campaign run `id`. Facts and the end may be written again; a run may not.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], [`StoreError::RunExists`], or why the database cannot be written.
    async fn write(&self, id: &str, entry: &Entry) -> Result<(), StoreError>;

    /// Takes in what was rescued, all or nothing. What is there already stays as it is, so that doing it twice is harmless.
    /// Gives the number of runs that were new.
    ///
    /// # Errors
    /// Why the database cannot be written.
    async fn take_in(&self, head: &Head, entries: &[Entry]) -> Result<usize, StoreError>;

    /// Takes the end of campaign run `id` away, so that it can go on, and tells how it began.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], or why the database cannot be written.
    async fn resume(&self, id: &str) -> Result<Head, StoreError>;

    /// Adds a whole campaign run from elsewhere, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::RunExists`] where it has a run twice, or why the database cannot be written.
    async fn import(&self, whole: &CampaignRun) -> Result<(), StoreError>;

    /// What each campaign run takes, in bytes of content: the database adds its own to that.
    ///
    /// # Errors
    /// Why the database cannot be read.
    async fn sizes(&self) -> Result<BTreeMap<String, u64>, StoreError>;

    /// Removes these campaign runs with all that belongs to them, all or none. What is not there is no error.
    ///
    /// # Errors
    /// Why the database cannot be written.
    async fn remove(&self, ids: &BTreeSet<String>) -> Result<(), StoreError>;

    /// Gives the room of what was removed back to the disk.
    ///
    /// # Errors
    /// Why the database cannot be written, [`StoreError::Busy`] where another process uses it.
    async fn compact(&self) -> Result<(), StoreError>;

    /// What the runs of a campaign have sent; those that were never started are left out.
    ///
    /// # Errors
    /// Why the database cannot be read.
    async fn spent(&self, by: &Spender<'_>) -> Result<Vec<Spent>, StoreError>;

    /// All campaign runs, the newest first.
    ///
    /// # Errors
    /// Why the database cannot be read.
    async fn list(&self) -> Result<Vec<CampaignRunSummary>, StoreError>;

    /// A campaign run, whole, exactly as it was written.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], or why the database cannot be read.
    async fn load(&self, id: &str) -> Result<CampaignRun, StoreError>;

    /// The same; the tools' outputs, which are most of it, may be left out: `raw` is empty and `server_raw` is `None` then.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn load_without_raw(&self, id: &str) -> Result<CampaignRun, StoreError> {
        self.load(id).await
    }

    /// The tools' outputs of some runs of campaign run `id`, by run: those of both ends.
    ///
    /// # Errors
    /// As [`Store::load`].
    async fn outputs(&self, id: &str, runs: RangeInclusive<u32>) -> Result<Outputs, StoreError> {
        let all = self.load(id).await?.runs.into_iter().filter(|run| runs.contains(&run.id));
        Ok(all.map(|run| (run.id, (run.raw, run.server_raw))).collect())
    }
}
