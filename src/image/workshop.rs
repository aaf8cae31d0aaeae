//! The folder in which mmdebstrap unpacks a root. The kernel holds a lock on it (flock(2)) for this process and for all that
//! mmdebstrap has started, so one whose lock is free is nobody's any more, and whoever makes a root next removes it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::process;

/// Begins its name.
const NAME: &str = "iperftester-image-";
/// Who else works in it, apt's own user or the users of a namespace, knows the way and need not look around.
const MODE: u32 = 0o711;
/// How many names are tried.
const TRIES: u32 = 1000;
/// Removing a root of some 60 MB takes a second.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder of our own among the temporary ones, locked.
#[derive(Debug)]
pub(super) struct Workshop {
    path: PathBuf,
    lock: File,
}

impl Workshop {
    /// A new one in the folder `temporary`.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(temporary: &Path) -> io::Result<Self> {
        let own = std::process::id();
        for number in 0..TRIES {
            let path = temporary.join(format!("{NAME}{own}-{number}"));
            match std::fs::DirBuilder::new().mode(MODE).create(&path) {
                Err(fault) if fault.kind() == ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            // Whoever sweeps may have been quicker: then it is gone, or about to go.
            if let Some(workshop) = Self::take(&path)? {
                // Whatever this process masks.
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(MODE))?;
                return Ok(workshop);
            }
        }
        Err(io::Error::new(ErrorKind::AlreadyExists, format!("{TRIES} folders {NAME}{own}-… are there")))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What holds it for whoever inherits it.
    pub(super) const fn lock(&self) -> &File {
        &self.lock
    }

    /// The one at `path`, where it is this user's and nobody uses it.
    fn take(path: &Path) -> io::Result<Option<Self>> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
        let opened = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path);
        let lock = match opened {
            Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        if lock.metadata()?.uid() != rustix::process::geteuid().as_raw() || lock.try_lock().is_err() {
            return Ok(None);
        }
        // What had this name when it was opened may have been removed before it was locked.
        let (locked, named) = (lock.metadata()?, std::fs::symlink_metadata(path));
        let is_same = named.is_ok_and(|named| (named.dev(), named.ino()) == (locked.dev(), locked.ino()));
        Ok(is_same.then(|| Self { path: path.to_owned(), lock }))
    }

    /// Removes it with all that is in it.
    async fn remove(self) {
        if is_mounted_below(&self.path) {
            return;
        }
        if !rustix::process::geteuid().is_root() {
            // Its root belongs to other users of this one's namespace, and all but its empty folder goes through those.
            let inside = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
            let inside = inside.map(|entry| entry.path().display().to_string());
            let helper = ["mmdebstrap", "--unshare-helper", "rm", "-rf", "--"].map(str::to_owned);
            let argv: Vec<String> = helper.into_iter().chain(inside).collect();
            drop(process::run(&argv, b"", LIMIT).await);
        }
        // Where it stays, it only takes room.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What mmdebstrap cleans behind it is gone by now. Where it still does, this is swept by the next.
        let _ = std::fs::remove_dir(&self.path);
    }
}

/// Removes those of this user's in `temporary` that killed builders have left.
pub(super) async fn sweep(temporary: &Path) {
    for entry in std::fs::read_dir(temporary).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(NAME.as_bytes())
            && let Ok(Some(left)) = Workshop::take(&entry.path())
        {
            left.remove().await;
        }
    }
}

/// Is anything mounted there? What mmdebstrap mounts is in a namespace of its own, so that would be somebody else's.
fn is_mounted_below(path: &Path) -> bool {
    let Ok(real) = path.canonicalize() else { return true };
    // As the kernel writes it (proc_pid_mountinfo(5)).
    let written = real.display().to_string().replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011");
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return true };
    mounts.lines().filter_map(|line| line.split(' ').nth(4)).any(|at| Path::new(at).starts_with(&written))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn only_what_nobody_uses_any_more_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let left = |name: &str| {
            std::fs::create_dir_all(folder.path().join(name).join("mmdebstrap.x/usr")).unwrap();
            std::fs::write(folder.path().join(name).join("mmdebstrap.x/usr/file"), "half").unwrap();
        };
        left("iperftester-image-1-0");
        left("elsewhere");
        std::fs::write(folder.path().join("iperftester-image-file"), "").unwrap();
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), folder.path().join("iperftester-image-link"))
            .unwrap();
        let used = Workshop::new(folder.path()).unwrap();
        std::fs::write(used.path().join("at-work"), "").unwrap();
        sweep(folder.path()).await;
        let own = used.path().file_name().unwrap().to_str().unwrap().to_owned();
        let mut rest = vec!["elsewhere", "iperftester-image-file", "iperftester-image-link", &own];
        rest.sort_unstable();
        assert_eq!(names(folder.path()), rest);
        assert!(folder.path().join("elsewhere/mmdebstrap.x/usr/file").exists() && used.path().join("at-work").exists());
    }

    #[tokio::test]
    async fn a_program_that_outlives_its_builder_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let workshop = Workshop::new(folder.path()).unwrap();
        std::fs::write(workshop.path().join("half"), "").unwrap();
        let argv = ["sleep", "600"].map(str::to_owned);
        let mut running = process::start_apart(&argv, process::Errors::Captured, workshop.lock()).unwrap();
        drop(workshop);
        sweep(folder.path()).await;
        assert_eq!(names(folder.path()).len(), 1, "it is in use");
        running.kill();
        running.wait().await.unwrap();
        // A program of another test may have inherited it, where that was started at the same moment.
        let until = Instant::now() + Duration::from_secs(120);
        while !names(folder.path()).is_empty() {
            assert!(Instant::now() < until, "it is left");
            sweep(folder.path()).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn one_that_is_somebody_elses_stays() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let theirs = folder.path().join("iperftester-image-2-0");
        std::fs::create_dir(&theirs).unwrap();
        std::os::unix::fs::chown(&theirs, Some(65534), None).unwrap();
        sweep(folder.path()).await;
        assert!(theirs.exists());
    }

    #[test]
    fn where_something_is_mounted_is_told() {
        assert!(is_mounted_below(Path::new("/")) && is_mounted_below(Path::new("/proc")));
        assert!(is_mounted_below(Path::new("/nowhere")), "what cannot be told is not touched");
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_mounted_below(folder.path()));
    }
}
