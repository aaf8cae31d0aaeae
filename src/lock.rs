//! One lock per topology, so that two `deploy`, `run` or `destroy` never work on the same probes. The kernel holds it
//! (flock(2)): it is free as soon as its process ends, however that ends.
#![allow(clippy::disallowed_methods, reason = "an edge: the lock is a file")]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::name::Name;

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub struct LockGuard {
    file: File,
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        // Emptied for whoever looks into it. Unlocked, for closing alone frees it only when a program that is just being
        // started has closed its copy as well. Closing follows, so there is no more to do where either fails.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// What it does, such as `deploy`.
    pub verb: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Why a lock was not given.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Someone has it.
    #[error("the topology `{topology}` is in use by {}", described(holder.as_ref()))]
    Held {
        /// The topology.
        topology: Name,
        /// Who; `None` in the moment before that is written down.
        holder: Option<Holder>,
    },
    /// The file could not be used.
    #[error("cannot lock {}", path.display())]
    File {
        /// The file or its folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

fn described(holder: Option<&Holder>) -> String {
    holder.map_or_else(
        || "another process".to_owned(),
        |h| format!("`{}` (process {}) since {}", h.verb, h.pid, h.since.format("%Y-%m-%d %H:%M:%S UTC")),
    )
}

impl LockError {
    /// What to try.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Held { holder: Some(Holder { pid, .. }), .. } => {
                format!("wait for it to end, or stop it with `kill -INT {pid}`")
            }
            Self::Held { holder: None, .. } => "wait for it to end, then try again".to_owned(),
            Self::File { path, .. } => format!("see that {} can be written by this user", path.display()),
        }
    }
}

/// Takes the lock of `topology` for `verb`, or says at once who has it. The lock is a file in `folder`, which is made where
/// it is not there; the file stays, what counts is the kernel's lock on it.
///
/// # Errors
/// [`LockError::Held`] or [`LockError::File`].
pub fn acquire(folder: &Path, topology: &Name, verb: &str, now: DateTime<Utc>) -> Result<LockGuard, LockError> {
    let path = folder.join(format!("{topology}.lock"));
    let failed = |path: &Path, source| LockError::File { path: path.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    // Not truncated here: until the lock is ours, the content is someone else's.
    let mut options = OpenOptions::new();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(&path).map_err(|e| failed(&path, e))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(LockError::Held { topology: topology.clone(), holder: holder(&mut file) });
        }
        Err(TryLockError::Error(source)) => return Err(failed(&path, source)),
    }
    let me = Holder { pid: std::process::id(), verb: verb.to_owned(), since: now };
    file.set_len(0)
        .and_then(|()| serde_json::to_vec(&me).map_err(io::Error::from))
        .and_then(|line| file.write_all(&line))
        .map_err(|e| failed(&path, e))?;
    Ok(LockGuard { file })
}

fn holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
