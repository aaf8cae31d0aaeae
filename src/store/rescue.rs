//! Rescue files: what the database did not take, as JSON Lines. The first line is the campaign run's [`Head`], the others are
//! [`Entry`]s, so that each file stands on its own.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::{Entry, Head, Refusal};

/// Folders for rescue files, in order of preference.
#[derive(Debug)]
pub(super) struct Rescue {
    folders: Vec<PathBuf>,
}

/// A rescue file, read and locked against its writer.
#[derive(Debug)]
pub(super) struct Rescued {
    /// Its first line.
    pub(super) head: Head,
    /// The others.
    pub(super) entries: Vec<Entry>,
    path: PathBuf,
    _lock: File,
}

impl Rescue {
    pub(super) const fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// Appends to the campaign run's file in the first folder that takes it, and says which file that is. What is written
    /// is on the disk when this returns.
    pub(super) fn write(&self, head: &Head, entry: &Entry) -> Result<PathBuf, Vec<Refusal>> {
        let mut refusals = Vec::new();
        for folder in &self.folders {
            let path = folder.join(file_name(&head.header.id));
            match append(folder, &path, head, entry) {
                Ok(()) => return Ok(path),
                Err(reason) => refusals.push(Refusal { folder: folder.clone(), reason }),
            }
        }
        Err(refusals)
    }

    /// All rescue files there are.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        // A folder that is not there holds none.
        let listings = self.folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok());
        let mut files: Vec<_> = listings
            .flat_map(|listing| listing.filter_map(Result::ok))
            .map(|found| found.path())
            .filter(|path| is_rescue(path))
            .collect();
        files.sort();
        files
    }

    /// The files of one campaign run.
    pub(super) fn files_of(&self, id: &str) -> Vec<PathBuf> {
        let name = file_name(id);
        self.files().into_iter().filter(|path| path.ends_with(&name)).collect()
    }
}

fn file_name(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-') { c } else { '_' };
    format!("rescue-{}.jsonl", id.chars().map(safe).collect::<String>())
}

fn is_rescue(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    name.starts_with("rescue-") && name.ends_with(".jsonl")
}

fn append(folder: &Path, path: &Path, head: &Head, entry: &Entry) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut file = loop {
        let file = open(path, OpenOptions::new().append(true).create(true))?;
        // Another process may just have taken the file in and removed it: then this handle leads nowhere.
        if file.metadata()?.nlink() > 0 {
            break file;
        }
    };
    let before = file.metadata()?.len();
    let mut lines = Vec::new();
    if before == 0 {
        serde_json::to_writer(&mut lines, head)?;
        lines.push(b'\n');
    }
    serde_json::to_writer(&mut lines, entry)?;
    lines.push(b'\n');
    let written = file.write_all(&lines).and_then(|()| file.sync_all()).and_then(|()| sync_folder(folder));
    if written.is_err() {
        // Half a line would spoil the file for its other lines.
        file.set_len(before)?;
        if before == 0 {
            std::fs::remove_file(path)?;
        }
    }
    written
}

/// Opens a rescue file and locks it. The folder may be one that others write to as well, such as `/tmp`: a symbolic link or
/// another user's file is not ours to use.
fn open(path: &Path, how: &mut OpenOptions) -> io::Result<File> {
    let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).expect("a single low bit");
    let file = how.mode(0o600).custom_flags(no_follow).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() || about.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not a file of this user"));
    }
    file.lock()?;
    Ok(file)
}

/// Makes a new name in `folder` survive a power cut, as its file's own fsync need not (fsync(2)).
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl Rescued {
    /// Reads `path`. A last line without an end was never confirmed to anyone and is left out.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let mut file = open(path, OpenOptions::new().read(true))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let first = lines.next().ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "it has no first line"))?;
        let head = serde_json::from_str(first).map_err(|e| at(1, &e))?;
        let entries = lines
            .enumerate()
            .map(|(i, line)| serde_json::from_str(line).map_err(|e| at(i + 2, &e)))
            .collect::<io::Result<_>>()?;
        Ok(Self { head, entries, path: path.to_owned(), _lock: file })
    }

    /// Removes the file, once its contents are safe elsewhere.
    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

fn at(line: usize, error: &serde_json::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("line {line}: {error}"))
}
