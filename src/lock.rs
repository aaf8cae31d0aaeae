//! One lock per topology, so that two `deploy`, `run` or `destroy` never work on the same probes. The kernel holds it
//! (flock(2)): it is free as soon as its process has ended, however that ends, and with it the programs that it had started:
//! they inherit the lock, for what a killed `deploy` left half done may still be going on.
#![allow(clippy::disallowed_methods, reason = "an edge: the lock is a file")]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::domain::name::Name;
use crate::process;

/// How long the programs of a killed holder are waited for: longer than any step of a deploy may take.
const PATIENCE: Duration = Duration::from_secs(12);
const PAUSE: Duration = Duration::from_millis(20);

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub struct LockGuard {
    file: Arc<File>,
    killed: Option<Holder>,
}

impl LockGuard {
    /// Who had it before, where that one was killed: what it had asked of others may still be going on.
    #[must_use]
    pub const fn killed(&self) -> Option<&Holder> {
        self.killed.as_ref()
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        // Emptied for whoever looks into it. Unlocked, for closing alone frees it only when every program that has inherited
        // it has ended. Closing follows, so there is no more to do where either fails.
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
    /// Whoever had it was killed, and something that it had started still runs.
    #[error("the topology `{topology}` is in use by what a killed {} left running", named(holder))]
    Orphaned {
        /// The topology.
        topology: Name,
        /// Who had it.
        holder: Holder,
        /// The file.
        path: PathBuf,
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
        |h| format!("{} since {}", named(h), h.since.format("%Y-%m-%d %H:%M:%S UTC")),
    )
}

fn named(holder: &Holder) -> String {
    format!("`{}` (process {})", holder.verb, holder.pid)
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
            Self::Orphaned { path, .. } => {
                format!("wait for it to end, or end it: `fuser -v {}` names it", path.display())
            }
            Self::File { path, .. } => format!("see that {} can be written by this user", path.display()),
        }
    }
}

/// Takes the lock of `topology` for `verb`, or says at once who has it. The lock is a file in `folder`, which is made where
/// it is not there; the file stays, what counts is the kernel's lock on it. What a killed holder left running is waited for.
///
/// # Errors
/// [`LockError`].
pub fn acquire(folder: &Path, topology: &Name, verb: &str, now: DateTime<Utc>) -> Result<LockGuard, LockError> {
    let path = folder.join(format!("{topology}.lock"));
    let failed = |path: &Path, source| LockError::File { path: path.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(|e| failed(folder, e))?;
    // Not truncated here: until the lock is ours, the content is someone else's.
    let mut options = OpenOptions::new();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(&path).map_err(|e| failed(&path, e))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(failed(&path, source)),
        }
        let topology = topology.clone();
        match holder(&mut file) {
            Some(holder) if holder.lives() => return Err(LockError::Held { topology, holder: Some(holder) }),
            None => return Err(LockError::Held { topology, holder: None }),
            Some(holder) if Instant::now() > until => return Err(LockError::Orphaned { topology, holder, path }),
            Some(_) => std::thread::sleep(PAUSE),
        }
    }
    // Whoever lets go of it empties it.
    let killed = holder(&mut file);
    let me = Holder { pid: std::process::id(), verb: verb.to_owned(), since: now };
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| serde_json::to_vec(&me).map_err(io::Error::from))
        .and_then(|line| file.write_all(&line))
        .map_err(|e| failed(&path, e))?;
    let file = Arc::new(file);
    process::hand_down(&file).map_err(|e| failed(&path, e))?;
    Ok(LockGuard { file, killed })
}

impl Holder {
    /// Is there a process of its number?
    fn lives(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
    }
}

fn holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
