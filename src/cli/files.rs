//! The topology's files and the environment, as `config` asks for them.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::failure::Failure;
use super::speech::lang;
use crate::config::{LARGEST_BYTES, Refused, Surroundings};
use crate::i18n::say;

/// The files at and below the folder of the topology, and the environment of this process.
///
/// What lies elsewhere cannot be included: a topology that somebody else wrote could show any file of root's in its
/// diagnostics.
pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// What may be included by `topology`.
    pub(super) fn around(topology: &Path) -> Self {
        let folder = topology.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self { folder: fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()) }
    }
}

impl Surroundings for Disk {
    fn identity(&self, file: &Path) -> PathBuf {
        fs_err::canonicalize(file).unwrap_or_else(|_| file.to_owned())
    }

    fn read(&self, file: &Path) -> Result<Vec<u8>, Refused> {
        let refuse = |message: &str, fix: &str| Refused { message: message.to_owned(), fix: fix.to_owned() };
        let unreadable = |fault: &std::io::Error| match fault.kind() {
            ErrorKind::NotFound => {
                refuse("there is no such file", "write its path as seen from the file that includes it")
            }
            ErrorKind::PermissionDenied => refuse("permission denied", "let this user read it"),
            _ if fault.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                refuse("its symbolic links lead in a circle", "name the file itself")
            }
            _ => refuse(&fault.to_string(), "look at the path"),
        };
        // Before it is opened: to open a device may do something, and to open a FIFO waits for its writer.
        let kind = std::fs::metadata(file).map_err(|fault| unreadable(&fault))?;
        if kind.is_dir() {
            return Err(refuse("it is a directory", "name the files in it, one by one"));
        }
        if !kind.is_file() {
            return Err(refuse("it is no regular file", "write what it gives to a file, and include that"));
        }
        let whole = std::fs::canonicalize(file).map_err(|fault| unreadable(&fault))?;
        if !whole.starts_with(&self.folder) {
            let fix = "keep included files in the folder of the topology, or in folders there";
            return Err(refuse("it lies outside the folder of the topology", fix));
        }
        let file = open(&whole).map_err(|fault| unreadable(&fault))?;
        if !file.metadata().is_ok_and(|kind| kind.is_file()) {
            return Err(refuse("it is no regular file any more", "try again"));
        }
        take(file).map_err(|fault| unreadable(&fault))
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }
}

/// Opens a file without waiting for anybody.
fn open(file: &Path) -> std::io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    File::options().read(true).custom_flags(flags).open(file)
}

/// Its content, no further than `config` wants.
fn take(file: File) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    file.take(LARGEST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The content of the topology file itself, which may be a pipe: `-t <(…)`.
pub(super) fn topology(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = || {
        let opened = open(file)?;
        if opened.metadata()?.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        // A pipe has its writer by now, or never will: what it writes is waited for.
        rustix::fs::fcntl_setfl(&opened, OFlags::empty())?;
        take(opened)
    };
    read().map_err(|fault: std::io::Error| {
        let failure = {
            let name = file.display();
            Failure::bad_input(say!(
                lang(),
                "cannot read the topology file {name}",
                "no se puede leer el fichero de topología {name}"
            ))
        };
        let mut failure = match fault.kind() {
            ErrorKind::NotFound => failure.hint(lang().word(
                "name it by `-t FILE` or IPERFTESTER_TOPOLOGY; `iperftester init` writes a first one",
                "indíquelo con `-t FICHERO` o IPERFTESTER_TOPOLOGY; `iperftester init` escribe uno de partida",
            )),
            ErrorKind::IsADirectory => {
                let inside = file.join("topology.yaml");
                let inside = inside.display();
                failure.hint(say!(
                    lang(),
                    "name a file in it, such as `-t {inside}`",
                    "indique un fichero dentro, como `-t {inside}`"
                ))
            }
            ErrorKind::PermissionDenied => failure.hint("let this user read it"),
            _ if fault.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                failure.hint("its symbolic links lead in a circle: name the file itself")
            }
            _ => failure.hint(lang().word("name a file by `-t FILE`", "indique un fichero con `-t FICHERO`")),
        };
        failure.chain.push(fault.to_string());
        failure
    })
}
