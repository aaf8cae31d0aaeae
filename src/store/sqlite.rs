//! Results in a SQLite file.
//!
//! Write-ahead log, so that a reader (`list`, `report`) never waits for a run that is being stored. `synchronous = FULL`,
//! because in this mode NORMAL keeps the last commits only through the end of the process, not of the machine's power
//! (sqlite.org/pragma.html#pragma_synchronous); a run may have cost minutes, its fsync costs milliseconds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::Mutex;

use super::{CampaignRunSummary, Entry, Head, Outputs, Spender, Spent, Store, StoreError};
use super::{care, rows};
use crate::domain::run::CampaignRun;

/// How long another process may hold the database before a write is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The forms of the database in order; `PRAGMA user_version` says how many of them a file has been through. Never change one
/// that was released: add the next.
const MIGRATIONS: [&str; 3] =
    [include_str!("migrations/0001.sql"), include_str!("migrations/0002.sql"), include_str!("migrations/0003.sql")];

/// The embedded database, in one file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    access: Access,
    /// Absent after a failure: what then happens starts from a connection without a half-done transaction.
    connection: Mutex<Option<SqliteConnection>>,
}

/// How the file may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    /// By a user who may only read it, or on a disk that takes nothing.
    Read,
    /// The same where not even the log's shared memory can be made beside it (sqlite.org/wal.html#read_only_databases). The
    /// file is taken as it is, without locks: only where no log lies beside it that would have to be read too.
    Frozen,
}

impl SqliteStore {
    /// Opens the database at `path`, making it and its folder where they are not there, and brings it to the present form.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Damaged`], or why it can be neither made nor opened.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| StoreError::File {
                action: "make the folder",
                path: folder.to_owned(),
                source,
            })?;
        }
        let store = Self::with(path, Access::Write);
        if store.is_older().await? {
            store
                .transact("bring the results to their present form", "BEGIN IMMEDIATE", async |c| Ok(migrate(c).await?))
                .await?;
        }
        Ok(store)
    }

    /// Opens the database at `path` to be read only. Makes and changes nothing.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], and [`StoreError::Older`].
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let mut store = Self::with(path, Access::Read);
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let no_log = std::fs::metadata(&log).map_or(true, |log| log.len() == 0);
        let older = match store.is_older().await {
            Err(StoreError::Database { .. }) if no_log => {
                store.access = Access::Frozen;
                store.is_older().await?
            }
            other => other?,
        };
        if older {
            return Err(StoreError::Older { path: path.to_owned() });
        }
        Ok(store)
    }

    fn with(path: &Path, access: Access) -> Self {
        Self { path: path.to_owned(), access, connection: Mutex::new(None) }
    }

    /// Is it in an earlier form than the present one?
    async fn is_older(&self) -> Result<bool, StoreError> {
        let found = self.read("open the results", async |c| version(c).await.map_err(Fault::from)).await?;
        let known = i64::try_from(MIGRATIONS.len()).expect("a handful");
        if found > known { Err(StoreError::Newer { path: self.path.clone(), found, known }) } else { Ok(found < known) }
    }

    async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        let options = SqliteConnectOptions::new().filename(&self.path).busy_timeout(PATIENCE).foreign_keys(true);
        match self.access {
            Access::Write => options
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full),
            Access::Read => options.read_only(true),
            Access::Frozen => options.read_only(true).immutable(true),
        }
        .connect()
        .await
    }

    /// Does `work` in a transaction that is opened by `begin`.
    async fn transact<T>(
        &self,
        action: &'static str,
        begin: &'static str,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let told = |source| StoreError::database(action, &self.path, source);
        let mut slot = self.connection.lock().await;
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => self.connect().await.map_err(told)?,
        };
        // Dropping the connection on any way out but the last one takes back what was half done.
        sqlx::query(begin).execute(&mut connection).await.map_err(told)?;
        let value = work(&mut connection).await.map_err(|fault| match fault {
            Fault::Database(source) => told(source),
            Fault::Store(error) => error,
        })?;
        sqlx::query("COMMIT").execute(&mut connection).await.map_err(told)?;
        *slot = Some(connection);
        Ok(value)
    }

    async fn read<T>(
        &self,
        action: &'static str,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.transact(action, "BEGIN", work).await
    }
}

/// A failure within a transaction.
pub(super) enum Fault {
    /// The database's, not yet sorted.
    Database(sqlx::Error),
    /// Ours.
    Store(StoreError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn version(c: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA user_version").fetch_one(c).await
}

async fn migrate(c: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // Read again: another process may have been faster.
    let done = usize::try_from(version(c).await?).unwrap_or_default();
    for script in MIGRATIONS.iter().skip(done) {
        sqlx::raw_sql(*script).execute(&mut *c).await?;
    }
    let set = format!("PRAGMA user_version = {}", MIGRATIONS.len());
    sqlx::raw_sql(sqlx::AssertSqlSafe(set)).execute(c).await?;
    Ok(())
}

/// The row of campaign run `id`.
async fn number(c: &mut SqliteConnection, id: &str) -> Result<i64, Fault> {
    let found = sqlx::query_scalar("SELECT number FROM campaign_runs WHERE id = ?").bind(id).fetch_optional(c).await?;
    found.ok_or_else(|| StoreError::Unknown { id: id.to_owned() }.into())
}

impl Store for SqliteStore {
    async fn begin(&self, head: &Head) -> Result<(), StoreError> {
        let id = &head.header.id;
        self.transact("begin a campaign run", "BEGIN IMMEDIATE", async |c| {
            if rows::insert_head(c, head).await? { Ok(()) } else { Err(StoreError::Exists { id: id.clone() }.into()) }
        })
        .await
    }

    async fn write(&self, id: &str, entry: &Entry) -> Result<(), StoreError> {
        self.transact("store a result", "BEGIN IMMEDIATE", async |c| {
            let number = number(c, id).await?;
            match (entry, rows::insert_entry(c, number, id, entry).await?) {
                (Entry::Run(run), false) => Err(StoreError::RunExists { id: id.to_owned(), run: run.id }.into()),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn take_in(&self, head: &Head, entries: &[Entry]) -> Result<usize, StoreError> {
        let id = &head.header.id;
        self.transact("take in rescued results", "BEGIN IMMEDIATE", async |c| {
            rows::insert_head(c, head).await?;
            let number = number(c, id).await?;
            let mut runs = 0;
            for entry in entries {
                let new = rows::insert_entry(c, number, id, entry).await?;
                runs += usize::from(new && matches!(entry, Entry::Run(_)));
            }
            Ok(runs)
        })
        .await
    }

    async fn resume(&self, id: &str) -> Result<Head, StoreError> {
        self.transact("resume a campaign run", "BEGIN IMMEDIATE", async |c| {
            let number = number(c, id).await?;
            rows::reopen(c, number, id).await
        })
        .await
    }

    async fn import(&self, whole: &CampaignRun) -> Result<(), StoreError> {
        let CampaignRun { header, topology, routers, facts, runs } = whole;
        let id = &header.id;
        self.transact("import a campaign run", "BEGIN IMMEDIATE", async |c| {
            let head = Head { header: header.clone(), topology: topology.clone(), routers: routers.clone() };
            if !rows::insert_head(c, &head).await? {
                return Err(StoreError::Exists { id: id.clone() }.into());
            }
            let number = number(c, id).await?;
            for (probe, facts) in facts {
                let entry = Entry::Facts { probe: probe.clone(), facts: Box::new(facts.clone()) };
                rows::insert_entry(c, number, id, &entry).await?;
            }
            for run in runs {
                if !rows::insert_run(c, number, id, run).await? {
                    return Err(StoreError::RunExists { id: id.clone(), run: run.id }.into());
                }
            }
            Ok(())
        })
        .await
    }

    async fn sizes(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.read("measure the results", care::sizes).await
    }

    async fn remove(&self, ids: &BTreeSet<String>) -> Result<(), StoreError> {
        self.transact("remove campaign runs", "BEGIN IMMEDIATE", async |c| {
            for id in ids {
                care::remove(c, id).await?;
            }
            Ok(())
        })
        .await
    }

    async fn compact(&self) -> Result<(), StoreError> {
        let told = |source| StoreError::database("compact the results", &self.path, source);
        // Not within a transaction (sqlite.org/lang_vacuum.html).
        let mut slot = self.connection.lock().await;
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => self.connect().await.map_err(told)?,
        };
        for command in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
            sqlx::query(command).execute(&mut connection).await.map_err(told)?;
        }
        *slot = Some(connection);
        Ok(())
    }

    async fn spent(&self, by: &Spender<'_>) -> Result<Vec<Spent>, StoreError> {
        self.read("read the results", async |c| care::spent(c, by).await).await
    }

    async fn list(&self) -> Result<Vec<CampaignRunSummary>, StoreError> {
        self.read("list the results", rows::summaries).await
    }

    async fn load(&self, id: &str) -> Result<CampaignRun, StoreError> {
        self.read("read the results", async |c| {
            let number = number(c, id).await?;
            rows::load(c, number, id, true).await
        })
        .await
    }

    async fn load_without_raw(&self, id: &str) -> Result<CampaignRun, StoreError> {
        self.read("read the results", async |c| {
            let number = number(c, id).await?;
            rows::load(c, number, id, false).await
        })
        .await
    }

    async fn outputs(&self, id: &str, runs: RangeInclusive<u32>) -> Result<Outputs, StoreError> {
        self.read("read the results", async |c| {
            let number = number(c, id).await?;
            rows::outputs(c, number, id, runs).await
        })
        .await
    }
}
