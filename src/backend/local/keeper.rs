//! The keeper: one process of an ordinary user that holds a user namespace, a mount namespace and with them every network
//! namespace of a topology. It is this executable under a hidden verb, found by its arguments. When it ends, however it
//! ends, all of that is gone.
#![allow(clippy::disallowed_methods, reason = "an edge: processes are looked for in /proc")]

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process, setsid};

use super::Programs;
use super::batch::words;
use crate::backend::BackendError;
use crate::domain::name::Name;
use crate::plan::{Desired, Observed, ResourceId, SpecHash};
use crate::process::{self, ProcessError};

/// The verb under which the executable calls [`keep`].
pub const KEEP_VERB: &str = "keep-namespaces-of";
/// Identity of the keeper among the resources.
pub(super) const KEEPER: &str = "keeper";
/// It has made itself ready within this; it takes a few milliseconds.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// A file of its mount namespace that is there when it is ready.
const MARK: &str = "run/iperftester.keeper";
/// How often a killed keeper is looked for again, and how long in between: 5 s together.
const LOOKS: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

/// Makes this process the keeper, in the namespaces that it was started in, and keeps them. Returns only where that fails.
#[must_use]
pub fn keep() -> std::io::Error {
    let prepare = || {
        setsid()?;
        // A tmpfs of our own: `ip netns` keeps its files in /run/netns.
        let mounted = std::process::Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/run"]).status()?;
        if !mounted.success() {
            return Err(std::io::Error::other("cannot mount /run"));
        }
        std::fs::create_dir("/run/netns")?;
        std::fs::write(Path::new("/").join(MARK), "")?;
        let mut output = std::io::stdout();
        output.write_all(b"ready\n")?;
        output.flush()
    };
    match prepare() {
        Err(fault) => fault,
        Ok(()) => loop {
            std::thread::park();
        },
    }
}

/// A process that keeps a topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keeper {
    pid: Pid,
}

impl Keeper {
    /// The words before a command that is to run in its namespaces.
    pub(super) fn enter(self, programs: &Programs) -> Vec<String> {
        let pid = self.pid.as_raw_nonzero().to_string();
        words(&[&programs.nsenter, "-t", &pid, "-U", "-n", "-m", "--preserve-credentials", "--"])
    }

    /// Where its namespaces are seen from outside.
    pub(super) fn folder(self) -> PathBuf {
        self.root().join("run/netns")
    }

    fn root(self) -> PathBuf {
        format!("/proc/{}/root", self.pid.as_raw_nonzero()).into()
    }

    fn is_ready(self) -> bool {
        self.root().join(MARK).exists()
    }
}

/// The topology whose keeper has this command line, be it still on its way there.
fn kept_by(cmdline: &[u8]) -> Option<&str> {
    let mut words = cmdline.strip_suffix(b"\0").unwrap_or(cmdline).rsplit(|byte| *byte == 0);
    let topology = words.next()?;
    let is_one = words.next() == Some(KEEP_VERB.as_bytes()) && words.next().is_some();
    is_one.then(|| std::str::from_utf8(topology).ok()).flatten()
}

/// This user's keepers, each with its topology.
fn all() -> impl Iterator<Item = (Keeper, String)> {
    let us = geteuid().as_raw();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let ours = entry.metadata().is_ok_and(|status| status.uid() == us);
        let cmdline = if ours { std::fs::read(entry.path().join("cmdline")).ok()? } else { return None };
        Some((Keeper { pid }, kept_by(&cmdline)?.to_owned()))
    })
}

/// This user's keepers of `topology`: one, or several where two were started at once.
pub(super) fn find(topology: &str) -> Vec<Keeper> {
    all().filter(|(_, kept)| kept == topology).map(|(keeper, _)| keeper).collect()
}

/// Names of the topologies that this user's keepers hold.
pub(super) fn topologies() -> impl Iterator<Item = String> {
    all().map(|(_, kept)| kept)
}

/// The keeper as it should be.
pub(super) fn desired() -> Desired {
    Desired { id: ResourceId(KEEPER.to_owned()), hash: SpecHash("1".to_owned()), depends_on: vec![] }
}

/// The keeper as found.
pub(super) fn observed(found: &[Keeper]) -> Option<Observed> {
    let whole = matches!(found, [one] if one.is_ready());
    let Desired { id, hash, .. } = desired();
    (!found.is_empty()).then(|| Observed { id, hash: whole.then_some(hash), drift: None, theirs: None })
}

/// Starts a keeper of `topology`.
pub(super) async fn create(topology: &Name, programs: &Programs) -> Result<Keeper, ProcessError> {
    let (unshare, us) = (&programs.unshare, &programs.iperftester);
    let argv = words(&[unshare, "-Urnm", "--", us, KEEP_VERB, topology.as_str()]);
    let pid = process::start_lasting(&argv, READY_WITHIN).await?;
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.map(|pid| Keeper { pid }).ok_or_else(|| ProcessError::Pipe {
        program: unshare.clone(),
        source: std::io::Error::other("it has no process id"),
    })
}

/// Ends every keeper of `topology` and waits until it is gone.
pub(super) async fn remove(topology: &str) -> Result<(), BackendError> {
    for _ in 0..LOOKS {
        let found = find(topology);
        if found.is_empty() {
            return Ok(());
        }
        for keeper in found {
            // It may have ended by itself meanwhile.
            let _ = kill_process(keeper.pid, Signal::KILL);
        }
        tokio::time::sleep(PAUSE).await;
    }
    let source = std::io::Error::other("it does not end");
    Err(BackendError::System { action: "remove", subject: KEEPER.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keeper_is_known_by_its_last_words() {
        assert_eq!(kept_by(b"/usr/bin/iperftester\0keep-namespaces-of\0lab\0"), Some("lab"));
        let on_its_way = b"unshare\0-Urnm\0--\0/usr/bin/iperftester\0keep-namespaces-of\0lab-2\0";
        assert_eq!(kept_by(on_its_way), Some("lab-2"));
        assert_eq!(kept_by(b"keep-namespaces-of\0lab\0"), None, "no program");
        assert_eq!(kept_by(b""), None);
        assert_eq!(kept_by(b"vi\0keep\0lab\0"), None);
    }
}
