//! A socket here that leads to a socket behind an ssh server: the system's ssh with its configuration, known hosts and agent.
#![allow(clippy::disallowed_methods, reason = "an edge: it acts on this machine")]

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::sync::watch;

use super::endpoint::Destination;
use super::error::EngineFault;
use super::surroundings::Surroundings;
use crate::backend::Program;
use crate::i18n::Lang;
use crate::process::{self, Errors, Running};

/// How often it is looked whether ssh is ready.
const LOOK: Duration = Duration::from_millis(10);

/// How long the ssh that is there already may take to do what it is asked for.
const FORWARD_WITHIN: Duration = Duration::from_secs(5);

/// How long its words are waited for once the connection failed.
const WORDS: Duration = Duration::from_millis(300);

/// Most bytes of its standard error that are kept.
const SAID_MAX: usize = 16 * 1024;

/// Most bytes of a socket's path (unix(7)), without the one that ends it.
const PATH_MAX: usize = 107;

const PREFIX: &str = "iperftester-ssh-";

/// A socket of this machine that leads to one behind an ssh server, as long as this lives.
#[derive(Debug)]
pub(super) struct Tunnel {
    /// Ends with this.
    _ssh: Running,
    folder: Folder,
    said: watch::Receiver<String>,
}

impl Tunnel {
    /// Opens one and waits until it accepts connections.
    ///
    /// # Errors
    /// [`EngineFault::NoSsh`], [`EngineFault::UnknownHostKey`], [`EngineFault::OtherHostKey`], [`EngineFault::Ssh`].
    pub(super) async fn open(to: &Destination, around: &Surroundings) -> Result<Self, EngineFault> {
        let folder = Folder::new(&around.folders)?;
        let argv = argv(&around.ssh, to, &folder.control());
        let bound = Program { executable: &around.executable, command: Some(&argv), lang: Lang::En }.bound();
        let mut ssh = process::start(&bound, Errors::Captured).map_err(|fault| EngineFault::no_ssh(&fault))?;
        let (heard, mut said) = watch::channel(String::new());
        let listening = ssh.take_stderr().map(|stderr| tokio::spawn(listen(stderr, heard)));
        loop {
            tokio::select! {
                ended = ssh.wait() => {
                    let status = ended.map_err(|fault| EngineFault::no_ssh(&fault))?;
                    if let Some(listening) = listening {
                        // What it left behind may hold the pipe; its last words are there all the same.
                        let _ = tokio::time::timeout(WORDS, listening).await;
                    }
                    let words = said.borrow_and_update().clone();
                    // What a shell would give; ssh itself ends with 255 (ssh(1)).
                    if matches!(status.code(), Some(126 | 127)) {
                        let program = around.ssh.first().map(String::as_str).unwrap_or_default();
                        return Err(EngineFault::NoSsh { words: format!("`{program}` is not installed") });
                    }
                    return Err(EngineFault::of_ssh(&words, to));
                }
                () = tokio::time::sleep(LOOK) => {
                    // It is there once the server knows the user.
                    if folder.control().exists() {
                        forward(&around.ssh, to, &folder).await?;
                        return Ok(Self { _ssh: ssh, folder, said });
                    }
                }
            }
        }
    }

    /// Has its ssh ended, whose standard error ends with it?
    pub(super) fn has_ended(&self) -> bool {
        self.said.has_changed().is_err()
    }

    /// The socket here.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.socket()
    }

    /// Why there is no answer through it: ssh ended, or the socket there leads nowhere.
    pub(super) async fn fault(&self, to: &Destination) -> EngineFault {
        let mut said = self.said.clone();
        // Its standard error ends with it.
        let end = async { while said.changed().await.is_ok() {} };
        if tokio::time::timeout(WORDS, end).await.is_ok() {
            return EngineFault::of_ssh(&self.said.borrow(), to);
        }
        EngineFault::NoRemoteSocket { socket: to.socket.clone(), command: to.command() }
    }
}

/// ssh's command. A connection of its own, for one that is shared would keep the socket after our end; a server that has
/// gone is noticed within a minute. The forwardings of the user's configuration are left to the user's own connections,
/// which may have their ports; since with them goes every other of the command (ssh_config(5), `ClearAllForwardings`), ours
/// is asked for at `control`.
fn argv(ssh: &[String], to: &Destination, control: &Path) -> Vec<String> {
    let options = [
        "BatchMode=yes",
        "ControlMaster=yes",
        "ControlPersist=no",
        "ClearAllForwardings=yes",
        // For this user alone.
        "StreamLocalBindMask=0177",
        "ServerAliveInterval=15",
    ];
    let control = ["-S".to_owned(), control.display().to_string()];
    let options = options.iter().flat_map(|option| ["-o".to_owned(), (*option).to_owned()]);
    ssh.iter().cloned().chain(["-N".to_owned()]).chain(control).chain(options).chain(to.arguments()).collect()
}

/// Has the connection lead the socket here to that there.
async fn forward(ssh: &[String], to: &Destination, folder: &Folder) -> Result<(), EngineFault> {
    let control = folder.control().display().to_string();
    let sockets = format!("{}:{}", folder.socket().display(), to.socket);
    // It asks the other ssh of this machine and goes nowhere itself, so no configuration is of use to it.
    let words = ["-F", "none", "-S", &control, "-O", "forward", "-L", &sockets, "--", &to.host];
    let argv: Vec<String> = ssh.iter().cloned().chain(words.map(str::to_owned)).collect();
    let asked = process::run(&argv, b"", FORWARD_WITHIN).await.map_err(|fault| EngineFault::no_ssh(&fault))?;
    if asked.status.success() { Ok(()) } else { Err(EngineFault::of_ssh(&asked.complaint(), to)) }
}

/// Hears what ssh says to its end, so that it never waits for us.
async fn listen(mut stderr: ChildStderr, heard: watch::Sender<String>) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut bytes).await {
        let text = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()).into_owned();
        heard.send_modify(|said| {
            said.push_str(&text);
            if said.len() > SAID_MAX {
                let cut = said.ceil_char_boundary(said.len() - SAID_MAX);
                said.drain(..cut);
            }
        });
    }
}

/// A folder for this user alone, which goes away with this. One whose process was killed is removed by the next: its lock is
/// free then.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes one in the first of `places` that allows it.
    fn new(places: &[PathBuf]) -> Result<Self, EngineFault> {
        let mut words = "no folder is short enough for a socket".to_owned();
        for place in places {
            remove_dead(place);
            match Self::inside(place) {
                Ok(Some(folder)) => return Ok(folder),
                Ok(None) => {}
                Err(fault) => words = format!("{}: {fault}", place.display()),
            }
        }
        Err(EngineFault::NoSsh { words })
    }

    /// `None` where the path of a socket would be too long.
    fn inside(place: &Path) -> std::io::Result<Option<Self>> {
        for number in 0..u16::MAX {
            let path = place.join(format!("{PREFIX}{}-{number}", std::process::id()));
            if path.join(CONTROL).as_os_str().len() + CONTROL_MORE > PATH_MAX {
                return Ok(None);
            }
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {}
                Err(fault) if fault.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(fault) => return Err(fault),
            }
            // Somebody who clears up may have been quicker.
            if let Some(lock) = locked(&path) {
                return Ok(Some(Self { path, _lock: lock }));
            }
        }
        Err(std::io::Error::other("too many folders of ours"))
    }

    fn socket(&self) -> PathBuf {
        self.path.join(SOCKET)
    }

    /// Where ssh is asked for more.
    fn control(&self) -> PathBuf {
        self.path.join(CONTROL)
    }
}

const SOCKET: &str = "docker.sock";
const CONTROL: &str = "control";
/// ssh makes that under a name that is longer by a full stop and 16 characters (OpenSSH, mux.c), the longest of the folder.
const CONTROL_MORE: usize = 17;

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// The folder's lock, if it is free.
fn locked(path: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(folder.into())
}

/// Removes the folders of processes that were killed.
fn remove_dead(place: &Path) {
    for entry in std::fs::read_dir(place).into_iter().flatten().filter_map(Result::ok) {
        // Held until it is gone, so that nobody takes it for his own meanwhile.
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && let Some(_held) = locked(&entry.path())
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_command_puts_no_word_of_the_endpoint_among_the_options() {
        let to = Destination { user: None, host: "edge".into(), port: None, socket: "/run/x.sock".into() };
        let argv = argv(&["ssh".to_owned()], &to, Path::new("/r/control"));
        assert_eq!(argv[..4], ["ssh", "-N", "-S", "/r/control"]);
        assert_eq!(argv[argv.len() - 2..], ["--", "edge"]);
    }

    #[test]
    fn a_folder_is_private_goes_with_its_owner_and_a_dead_ones_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let places = [place.path().join("x".repeat(100)), place.path().to_owned()];
        let dead = place.path().join(format!("{PREFIX}1-0"));
        std::fs::create_dir(&dead).unwrap();
        std::fs::write(dead.join(SOCKET), "").unwrap();
        let first = Folder::new(&places).unwrap();
        let second = Folder::new(&places).unwrap();
        assert!(!dead.exists() && first.path.exists() && first.path != second.path, "the living are left");
        assert_eq!(std::fs::metadata(&first.path).unwrap().permissions().mode() & 0o777, 0o700);
        drop((first, second));
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
