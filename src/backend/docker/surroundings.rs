//! What this machine and its user lend to a connection.
#![allow(clippy::disallowed_methods, reason = "an edge: where files are is in the environment")]

use std::path::{Path, PathBuf};

use crate::domain::host::DEFAULT_SOCKET;

/// Where Podman listens as root (podman-system-service(1)).
const PODMAN_SOCKET: &str = "/run/podman/podman.sock";

/// What this machine and its user lend to a connection. `DOCKER_HOST` is no part of it: a topology means the same wherever
/// it is read.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// This executable, by which ssh is bound to this process.
    pub executable: String,
    /// The program ssh, with what shall stand before every argument of ours.
    pub ssh: Vec<String>,
    /// The user's own folder, for paths that begin with `~`.
    pub home: Option<PathBuf>,
    /// The Docker CLI's folder: `DOCKER_CONFIG`, else `~/.docker`.
    pub docker_config: Option<PathBuf>,
    /// Where sockets of this user may be, the best first.
    pub folders: Vec<PathBuf>,
    /// The socket of a host without endpoint and context.
    pub socket: PathBuf,
    /// Sockets at which another engine may be where that is missing: told, never used unasked.
    pub others: Vec<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = folder("HOME");
        let runtime = folder("XDG_RUNTIME_DIR");
        let rootless = runtime.iter().flat_map(|r| [r.join("docker.sock"), r.join("podman/podman.sock")]);
        Self {
            executable: "/proc/self/exe".to_owned(),
            ssh: vec!["ssh".to_owned()],
            docker_config: folder("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker"))),
            others: rootless.chain([PODMAN_SOCKET.into()]).collect(),
            folders: runtime.into_iter().chain([std::env::temp_dir()]).collect(),
            socket: DEFAULT_SOCKET.into(),
            home,
        }
    }

    /// A file as a user writes it: `~/` is the user's own folder.
    #[must_use]
    pub fn file(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), &self.home) {
            (Ok(inside), Some(home)) => home.join(inside),
            _ => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_users_folder_and_nothing_else_changes() {
        let around = Surroundings { home: Some("/home/ana".into()), ..Surroundings::of_process() };
        assert_eq!(around.file(Path::new("~/.docker/ca.pem")), Path::new("/home/ana/.docker/ca.pem"));
        for same in ["certs/ca.pem", "/etc/ca.pem", "~ana/ca.pem", "a/~/b"] {
            assert_eq!(around.file(Path::new(same)), Path::new(same));
        }
    }
}
