//! What can go wrong with the database, and what then to try.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Entry;

/// Why results could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the database, longer than is waited.
    #[error("cannot {action}: another process holds the database {}", path.display())]
    Busy {
        /// What was tried.
        action: &'static str,
        /// The database.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("cannot {action}: the disk with {} is full", path.display())]
    Full {
        /// What was tried.
        action: &'static str,
        /// The database.
        path: PathBuf,
    },
    /// The file is no database or a damaged one.
    #[error("{} is damaged or no database", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// The database's own words.
        source: sqlx::Error,
    },
    /// A later iperftester has changed its form.
    #[error("{} was written by a newer iperftester (form {found}, this one knows up to {known})", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The last version that is understood.
        known: i64,
    },
    /// It is in an earlier form, and may only be read.
    #[error("{} was written by an older iperftester, and this user may only read it", path.display())]
    Older {
        /// The database.
        path: PathBuf,
    },
    /// Anything else that the database says.
    #[error("cannot {action} in {}", path.display())]
    Database {
        /// What was tried.
        action: &'static str,
        /// The database.
        path: PathBuf,
        /// The database's own words.
        source: sqlx::Error,
    },
    /// A file or folder could not be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Stored text is not what was written there.
    #[error("cannot read {what} of `{id}`")]
    Content {
        /// Which part.
        what: String,
        /// Of which campaign run.
        id: String,
        /// Where reading failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no such campaign run.
    #[error("there is no campaign run `{id}`")]
    Unknown {
        /// The id asked for.
        id: String,
    },
    /// A campaign run of that id is there already.
    #[error("there is a campaign run `{id}` already")]
    Exists {
        /// Its id.
        id: String,
    },
    /// A run of that number is there already.
    #[error("`{id}` has a run {run} already")]
    RunExists {
        /// The campaign run.
        id: String,
        /// The run.
        run: u32,
    },
    /// Neither the database nor any rescue file took it. Nothing is lost yet: it is in here.
    #[error("could not keep a result of `{id}` anywhere: {}", tried(refusals))]
    Homeless {
        /// The campaign run.
        id: String,
        /// What could not be kept.
        entry: Box<Entry>,
        /// Folders that refused the rescue file.
        refusals: Vec<Refusal>,
        /// Why the database did not take it.
        source: Arc<StoreError>,
    },
}

/// A folder that could not take a rescue file.
#[derive(Debug)]
pub struct Refusal {
    /// The folder.
    pub folder: PathBuf,
    /// The system's reason.
    pub reason: std::io::Error,
}

/// Another place for the database.
const ELSEWHERE: &str = "keep the results elsewhere: `IPERFTESTER_DATA_DIR=FOLDER iperftester …`";
/// What the system says where a folder is wanted and something else is there.
const IN_THE_WAY: [ErrorKind; 2] = [ErrorKind::AlreadyExists, ErrorKind::NotADirectory];

fn tried(refusals: &[Refusal]) -> String {
    if refusals.is_empty() {
        return "there is no folder for rescue files".to_owned();
    }
    refusals.iter().map(|r| format!("{}: {}", r.folder.display(), r.reason)).collect::<Vec<_>>().join("; ")
}

impl StoreError {
    /// Sorts what the database said while `action` was tried by its result code (sqlite.org/rescode.html).
    pub(super) fn database(action: &'static str, path: &Path, source: sqlx::Error) -> Self {
        const BUSY: i32 = 5;
        const LOCKED: i32 = 6;
        const CORRUPT: i32 = 11;
        const FULL: i32 = 13;
        const NOTADB: i32 = 26;
        /// No room for the shared-memory file beside the database.
        const IOERR_SHMSIZE: i32 = 4874;
        let path = path.to_owned();
        let code = match &source {
            sqlx::Error::Database(fault) => fault.code().and_then(|c| c.parse::<i32>().ok()).unwrap_or_default(),
            _ => 0,
        };
        // The low byte is the primary code, the rest refines it.
        match (code, code & 0xff) {
            (_, BUSY | LOCKED) => Self::Busy { action, path },
            (_, FULL) | (IOERR_SHMSIZE, _) => Self::Full { action, path },
            (_, CORRUPT | NOTADB) => Self::Damaged { path, source },
            _ => Self::Database { action, path, source },
        }
    }

    /// May this user not write what has to be written even to read: the database's own files, or its folder?
    #[must_use]
    pub fn is_denied(&self) -> bool {
        const PERM: i32 = 3;
        const READONLY: i32 = 8;
        const CANTOPEN: i32 = 14;
        match self {
            Self::Database { source: sqlx::Error::Database(fault), .. } => {
                let code = fault.code().and_then(|c| c.parse::<i32>().ok()).unwrap_or_default();
                [PERM, READONLY, CANTOPEN].contains(&(code & 0xff))
            }
            Self::File { source, .. } => source.kind() == ErrorKind::PermissionDenied,
            _ => false,
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let folder = |path: &Path| path.parent().unwrap_or(path).display().to_string();
        match self {
            Self::Busy { path, .. } => Some(format!(
                "wait for the other process or end it (`fuser -v {}` names it), then try again",
                path.display()
            )),
            Self::Full { path, .. } => Some(format!("free some space in {}, then try again", folder(path))),
            Self::Damaged { path, .. } => {
                // With its log, which a new database of that name would take for its own.
                let (away, name) = (path.with_extension("damaged"), path.file_name().unwrap_or_default());
                let (path, inside, away) = (path.display(), away.join(name), away.display());
                Some(format!(
                    "move it away (`mkdir {away} && mv {path}* {away}`): a new one is made at the next start; \
                     `sqlite3 {} .recover` shows what can be saved",
                    inside.display()
                ))
            }
            Self::Older { path } => Some(format!(
                "let a user who may write {} start `iperftester list` once: that brings it to its present form",
                path.display()
            )),
            Self::Newer { .. } => Some(format!("use that newer iperftester, or {ELSEWHERE}")),
            Self::Database { path, .. } => Some(format!(
                "see that {} can be written by this user and that its disk is well, or {ELSEWHERE}",
                folder(path)
            )),
            Self::File { path, source, .. } if IN_THE_WAY.contains(&source.kind()) => {
                Some(format!("see that no file stands in the way of {}, or {ELSEWHERE}", path.display()))
            }
            Self::File { path, .. } => {
                Some(format!("see that {} can be written by this user, or {ELSEWHERE}", folder(path)))
            }
            Self::Content { .. } => Some("the other campaign runs are not affected".to_owned()),
            Self::Unknown { .. } => Some("`iperftester list` shows what there is".to_owned()),
            Self::Exists { .. } => Some("start again: the new one gets an id of its own".to_owned()),
            Self::RunExists { .. } => None,
            Self::Homeless { source, .. } => source.hint(),
        }
    }
}
