//! A store with a rescue file behind it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::rescue::{Rescue, Rescued};
use super::{CampaignRunSummary, Entry, Head, SqliteStore, Store, StoreError};
use crate::domain::facts::ProbeFacts;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run};

/// All results of this user.
#[derive(Debug)]
pub struct Results<S = SqliteStore> {
    store: S,
    rescue: Rescue,
}

/// A campaign run that is being written.
#[derive(Debug)]
pub struct Recording<'r, S = SqliteStore> {
    results: &'r Results<S>,
    head: Head,
    /// Why the database has refused something, if it has. The rest then goes to the rescue file at once: waiting for a locked
    /// database each time would hold up every test behind it.
    refusal: OnceLock<Arc<StoreError>>,
}

/// Where a result is now. Both survive the end of this process and of the machine's power.
#[must_use]
#[derive(Debug)]
pub enum Kept {
    /// In the database.
    Stored,
    /// In a rescue file. The notice is worth showing once.
    Rescued(Notice),
}

/// Something to tell the user; it is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The database refused a result, a file has it.
    Rescued {
        /// The file.
        file: PathBuf,
        /// What the database said.
        why: String,
        /// What mends that.
        mend: Option<String>,
    },
    /// A rescue file has come into the database.
    TakenIn {
        /// The file, which is no longer there.
        file: PathBuf,
        /// Its campaign run.
        campaign_run: String,
        /// Runs that were new.
        runs: usize,
    },
    /// A rescue file could not yet be taken in. It stays.
    Waiting {
        /// The file.
        file: PathBuf,
        /// What the database or the system said.
        why: String,
        /// What mends that.
        mend: Option<String>,
    },
}

const LATER: &str = "the next `iperftester run`, `list` or `report` takes the file in";

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rescued { file, why, .. } => write!(f, "results are kept in {} for now: {why}", file.display()),
            Self::TakenIn { campaign_run, runs, file } => {
                write!(f, "took in {runs} rescued run(s) of `{campaign_run}` from {}", file.display())
            }
            Self::Waiting { file, why, .. } => write!(f, "rescued results still wait in {}: {why}", file.display()),
        }
    }
}

impl Notice {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TakenIn { .. } => None,
            Self::Rescued { mend, .. } | Self::Waiting { mend, .. } => Some(match mend {
                Some(mend) => format!("{mend}; {LATER}"),
                None => LATER.to_owned(),
            }),
        }
    }
}

impl Results {
    /// Opens the database at `path` and takes in what was rescued earlier. Rescue files live in the first of `folders` that
    /// accepts them; name the database's own folder first, then one on another disk.
    ///
    /// # Errors
    /// Why the database cannot be opened.
    pub async fn open(path: &Path, folders: Vec<PathBuf>) -> Result<(Self, Vec<Notice>), StoreError> {
        let results = Self::over(SqliteStore::open(path).await?, folders);
        let notices = results.take_in(results.rescue.files()).await;
        Ok((results, notices))
    }
}

impl Results {
    /// The same for what only reads: where the database may not be written, it is read as it is, and what was rescued waits.
    ///
    /// # Errors
    /// Why the database cannot be opened.
    pub async fn open_to_read(path: &Path, folders: Vec<PathBuf>) -> Result<(Self, Vec<Notice>), StoreError> {
        let refused = match Self::open(path, folders.clone()).await {
            Err(error @ (StoreError::Database { .. } | StoreError::File { .. } | StoreError::Full { .. }))
                if path.is_file() =>
            {
                error
            }
            other => return other,
        };
        let store = match SqliteStore::open_read_only(path).await {
            Ok(store) => store,
            Err(error @ StoreError::Older { .. }) => return Err(error),
            Err(_) => return Err(refused),
        };
        let why = "the database can only be read here";
        let waiting = |file| Notice::Waiting { file, why: why.to_owned(), mend: None };
        let notices = Rescue::new(folders).files().into_iter().map(waiting).collect();
        Ok((Self::over(store, vec![]), notices))
    }
}

impl<S: Store> Results<S> {
    /// The same over any store; takes nothing in.
    pub const fn over(store: S, folders: Vec<PathBuf>) -> Self {
        Self { store, rescue: Rescue::new(folders) }
    }

    /// Starts a campaign run. Refused before anything was measured, there is nothing to rescue.
    ///
    /// # Errors
    /// [`StoreError::Exists`], or why the database cannot be written.
    pub async fn begin(&self, head: Head) -> Result<Recording<'_, S>, StoreError> {
        self.store.begin(&head).await?;
        Ok(Recording { results: self, head, refusal: OnceLock::new() })
    }

    /// Goes on with the campaign run `id`, which has no end any more.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], or why the database cannot be written.
    pub async fn resume(&self, id: &str) -> Result<Recording<'_, S>, StoreError> {
        let head = self.store.resume(id).await?;
        Ok(Recording { results: self, head, refusal: OnceLock::new() })
    }

    /// Where they are kept.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// All campaign runs, the newest first.
    ///
    /// # Errors
    /// Why the database cannot be read.
    pub async fn list(&self) -> Result<Vec<CampaignRunSummary>, StoreError> {
        self.store.list().await
    }

    /// A campaign run, whole: what still waits in rescue files is in it.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], why the database cannot be read, or why a rescue file of it cannot.
    pub async fn load(&self, id: &str) -> Result<CampaignRun, StoreError> {
        self.with_rescued(id, self.store.load(id).await?)
    }

    /// The same, where the tools' outputs are not needed.
    ///
    /// # Errors
    /// As [`Results::load`].
    pub async fn load_without_raw(&self, id: &str) -> Result<CampaignRun, StoreError> {
        self.with_rescued(id, self.store.load_without_raw(id).await?)
    }

    /// The outputs of `runs`, whose campaign run was loaded without: they get their own, but for those from a rescue file, which
    /// have it.
    ///
    /// # Errors
    /// As [`Results::load`].
    pub async fn add_outputs(&self, id: &str, runs: &mut [Run]) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Ok(()) };
        let mut outputs = self.store.outputs(id, first.id..=last.id).await?;
        for run in runs {
            if let Some(of) = outputs.remove(&run.id) {
                (run.raw, run.server_raw) = of;
            }
        }
        Ok(())
    }

    fn with_rescued(&self, id: &str, mut whole: CampaignRun) -> Result<CampaignRun, StoreError> {
        for path in self.rescue.files_of(id) {
            let rescued = Rescued::read(&path).map_err(|source| StoreError::File { action: "read", path, source })?;
            for entry in rescued.entries {
                match entry {
                    Entry::Facts { probe, facts } => {
                        whole.facts.insert(probe, *facts);
                    }
                    Entry::Run(run) if whole.runs.iter().any(|known| known.id == run.id) => {}
                    Entry::Run(run) => whole.runs.push(*run),
                    Entry::End { at, interrupted } => {
                        whole.header.ended = Some(at);
                        whole.header.interrupted = interrupted;
                    }
                }
            }
        }
        whole.runs.sort_by_key(|run| run.id);
        Ok(whole)
    }

    async fn take_in(&self, files: Vec<PathBuf>) -> Vec<Notice> {
        let mut notices = Vec::new();
        for file in files {
            let waiting =
                |why: &dyn fmt::Display, mend| Notice::Waiting { file: file.clone(), why: why.to_string(), mend };
            let rescued = match Rescued::read(&file) {
                Ok(rescued) => rescued,
                Err(error) => {
                    notices.push(waiting(&error, None));
                    continue;
                }
            };
            match self.store.take_in(&rescued.head, &rescued.entries).await {
                Err(error) => notices.push(waiting(&error, error.hint())),
                Ok(runs) => {
                    let campaign_run = rescued.head.header.id.clone();
                    notices.push(match rescued.remove() {
                        Ok(()) => Notice::TakenIn { file, campaign_run, runs },
                        // It is harmless to take it in again.
                        Err(error) => waiting(&error, None),
                    });
                }
            }
        }
        notices
    }
}

impl<S: Store> Recording<'_, S> {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.head.header.id
    }

    /// Keeps a probe's facts.
    ///
    /// # Errors
    /// [`StoreError::Homeless`] where neither the database nor a rescue file takes them.
    pub async fn facts(&self, probe: Name, facts: ProbeFacts) -> Result<Kept, StoreError> {
        self.keep(Entry::Facts { probe, facts: Box::new(facts) }).await
    }

    /// Keeps a finished run.
    ///
    /// # Errors
    /// [`StoreError::Homeless`], which carries the run back; [`StoreError::RunExists`].
    pub async fn append(&self, run: Run) -> Result<Kept, StoreError> {
        self.keep(Entry::Run(Box::new(run))).await
    }

    /// Ends the campaign run, and takes in what had to be rescued meanwhile; the notices say where what could not is.
    ///
    /// # Errors
    /// [`StoreError::Homeless`].
    pub async fn finish(self, at: DateTime<Utc>, interrupted: bool) -> Result<Vec<Notice>, StoreError> {
        let (Kept::Stored | Kept::Rescued(_)) = self.keep(Entry::End { at, interrupted }).await?;
        Ok(self.results.take_in(self.results.rescue.files_of(self.id())).await)
    }

    async fn keep(&self, entry: Entry) -> Result<Kept, StoreError> {
        let refusal = match self.refusal.get() {
            Some(refusal) => Arc::clone(refusal),
            None => match self.results.store.write(self.id(), &entry).await {
                Ok(()) => return Ok(Kept::Stored),
                Err(error @ StoreError::RunExists { .. }) => return Err(error),
                Err(error) => Arc::clone(self.refusal.get_or_init(|| Arc::new(error))),
            },
        };
        match self.results.rescue.write(&self.head, &entry) {
            Ok(file) => Ok(Kept::Rescued(Notice::Rescued { file, why: refusal.to_string(), mend: refusal.hint() })),
            Err(refusals) => {
                let id = self.id().to_owned();
                Err(StoreError::Homeless { id, entry: Box::new(entry), refusals, source: refusal })
            }
        }
    }
}
