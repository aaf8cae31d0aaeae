//! The folder of what was made: whole files only, each with its SHA-256 beside it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::recipe::hash;
use super::{ImageError, hex};

/// Begins the name of a file that is being written; the process that writes it comes next.
const DRAFT: &str = ".draft-";

/// So long a file stays that nobody uses: whoever works with two executables at a time keeps both, and what is made again
/// costs a second, or where it is a root a minute.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// A folder of images and of what they are made from. Other processes may use it at the same time.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// A file of the cache that is as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) path: PathBuf,
    /// SHA-256, hexadecimal.
    pub(super) hash: String,
    pub(super) bytes: u64,
}

impl Cache {
    /// The cache in `folder`, which is made when it is first written to.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The file of this name; `None` where there is none, or not as it was written.
    pub(super) fn kept(&self, name: &str) -> Option<Kept> {
        let path = self.path(name);
        let (found, bytes) = hash(File::open(&path).ok()?).ok()?;
        let noted = fs_err::read_to_string(beside(&path)).ok()?;
        (noted == note(&found, name)).then_some(Kept { path, hash: found, bytes })
    }

    /// Notes that the files of these names are used now.
    pub(super) fn use_now(&self, names: &[&str]) {
        for name in names {
            // One that is not there is not used; one of which it cannot be noted is made again some day.
            let _ = File::options()
                .append(true)
                .open(self.path(name))
                .and_then(|file| file.set_modified(SystemTime::now()));
        }
    }

    /// Removes what was not used in the day before `newest` was made.
    pub(super) fn forget_behind(&self, newest: &Kept) {
        let used = |path: &Path| fs_err::metadata(path).and_then(|found| found.modified()).ok();
        let Some(now) = used(&newest.path) else { return };
        for entry in fs_err::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_ours = path.extension().is_some_and(|end| end == "tar") && beside(&path).exists();
            let unused = used(&path).and_then(|used| now.duration_since(used).ok());
            if is_ours && unused.is_some_and(|unused| unused > KEPT_FOR) {
                // Where it stays, it only takes room.
                let _ = fs_err::remove_file(&path).and_then(|()| fs_err::remove_file(beside(&path)));
            }
        }
    }

    /// Begins the file of this name.
    pub(super) fn draft(&self, name: &str) -> Result<Draft, ImageError> {
        let write = |path: &Path| {
            let path = path.to_owned();
            move |source| ImageError::Write { path, source }
        };
        fs_err::create_dir_all(&self.folder).map_err(write(&self.folder))?;
        self.sweep();
        let path = self.path(&format!("{DRAFT}{}-{name}", std::process::id()));
        let file = File::create(&path).map_err(write(&path))?;
        Ok(Draft { file, path, name: name.to_owned(), target: self.path(name), hasher: Sha256::new(), bytes: 0 })
    }

    /// Removes what processes that have ended left half written.
    fn sweep(&self) {
        for entry in fs_err::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| name.strip_prefix(DRAFT)).and_then(|rest| rest.split('-').next());
            if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                // Where it stays, it only takes room.
                let _ = fs_err::remove_file(entry.path());
            }
        }
    }
}

/// The file with the checksum of `path`.
fn beside(path: &Path) -> PathBuf {
    path.with_extension("tar.sha256")
}

/// A checksum as sha256sum(1) writes and checks it.
fn note(hash: &str, name: &str) -> String {
    format!("{hash}  {name}\n")
}

/// A file that is not whole yet; one that is dropped is removed.
#[derive(Debug)]
pub struct Draft {
    file: File,
    path: PathBuf,
    name: String,
    target: PathBuf,
    hasher: Sha256,
    bytes: u64,
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Draft {
    /// The error of a write that failed.
    #[must_use]
    pub fn fault(&self, source: std::io::Error) -> ImageError {
        ImageError::Write { path: self.target.clone(), source }
    }

    /// Makes it the file of its name, safe from a power cut.
    pub(super) fn keep(self) -> Result<Kept, ImageError> {
        self.file.sync_all().map_err(|source| self.fault(source))?;
        let hash = hex(&self.hasher.clone().finalize());
        // A file with the checksum of another that was made meanwhile counts as broken, and is made again.
        let checksum = self.path.with_extension("sha256");
        let placed = std::fs::write(&checksum, note(&hash, &self.name))
            .and_then(|()| std::fs::rename(&checksum, beside(&self.target)))
            .and_then(|()| std::fs::rename(&self.path, &self.target));
        if let Err(source) = placed {
            let _ = std::fs::remove_file(&checksum);
            return Err(self.fault(source));
        }
        Ok(Kept { path: self.target.clone(), hash, bytes: self.bytes })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // One that was kept has another name by now.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cache: &Cache, text: &[u8]) -> Draft {
        let mut draft = cache.draft("a.tar").unwrap();
        draft.write_all(text).unwrap();
        draft
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_whole_files_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("images"));
        assert_eq!(cache.kept("a.tar"), None);
        drop(written(&cache, b"half"));
        assert!(names(&folder.path().join("images")).is_empty());
        let kept = written(&cache, b"whole").keep().unwrap();
        assert_eq!((kept.bytes, cache.kept("a.tar").as_ref()), (5, Some(&kept)));
        assert_eq!(names(&folder.path().join("images")), ["a.tar", "a.tar.sha256"]);
        let checked = std::process::Command::new("sha256sum")
            .args(["--check", "--quiet", "a.tar.sha256"])
            .current_dir(folder.path().join("images"))
            .status();
        assert!(checked.unwrap().success());
    }

    #[test]
    fn what_was_not_used_for_a_day_goes_when_something_newer_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let old = |name: &str| {
            let mut draft = cache.draft(name).unwrap();
            draft.write_all(b"old").unwrap();
            let kept = draft.keep().unwrap();
            let then = SystemTime::now() - KEPT_FOR - Duration::from_secs(60);
            File::options().append(true).open(kept.path).unwrap().set_modified(then).unwrap();
        };
        old("unused.tar");
        old("used.tar");
        std::fs::write(folder.path().join("theirs.tar"), "").unwrap();
        written(&cache, b"another").keep().unwrap();
        cache.use_now(&["used.tar", "never-made.tar"]);
        cache.forget_behind(&written(&cache, b"whole").keep().unwrap());
        assert_eq!(names(folder.path()), ["a.tar", "a.tar.sha256", "theirs.tar", "used.tar", "used.tar.sha256"]);
        assert!(cache.kept("used.tar").is_some());
    }

    #[test]
    fn a_file_that_was_changed_or_lost_its_checksum_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let kept = written(&cache, b"whole").keep().unwrap();
        std::fs::write(&kept.path, b"whale").unwrap();
        assert_eq!(cache.kept("a.tar"), None);
        std::fs::write(&kept.path, b"whol").unwrap();
        assert_eq!(cache.kept("a.tar"), None, "cut");
        std::fs::write(&kept.path, b"whole").unwrap();
        assert!(cache.kept("a.tar").is_some());
        std::fs::remove_file(folder.path().join("a.tar.sha256")).unwrap();
        assert_eq!(cache.kept("a.tar"), None);
    }

    #[test]
    fn drafts_of_processes_that_have_ended_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        // Beyond the most that Linux gives (proc(5), pid_max).
        std::fs::write(folder.path().join(".draft-4194305-b.tar"), b"half").unwrap();
        std::fs::write(folder.path().join(".draft-1-c.tar"), b"half").unwrap();
        drop(written(&cache, b""));
        assert_eq!(names(folder.path()), [".draft-1-c.tar"]);
    }
}
