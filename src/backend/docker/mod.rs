//! Docker engines: this machine's, others' over ssh or TLS, and Podman where it speaks Docker's API.

use std::sync::Arc;
use std::time::Duration;

mod alias;
pub mod builder;
mod claim;
mod context;
mod create;
mod drift;
mod endpoint;
mod engine;
mod error;
pub(super) mod exec;
mod fate;
mod found;
pub(super) mod health;
mod host;
pub mod image;
mod login;
mod owner;
mod podman;
mod reach;
mod registry;
pub(super) mod remove;
mod settle;
mod shape;
pub(super) mod spec;
mod superseded;
mod supply;
mod surroundings;
mod tls;
mod transport;
mod tunnel;
mod validity;

pub use claim::Taker;
pub(super) use claim::{Claim, time};
pub use engine::Engine;
pub use error::{EngineError, EngineFault};
pub use found::{Clock, Found, RunsAs};
pub(super) use found::{found, usual};
pub use health::Health;
pub use host::Host;
pub(super) use host::all;
pub use registry::RegistryError;
pub(super) use supply::Supply;
pub use surroundings::Surroundings;

use crate::domain::name::Name;
use crate::image::ImageError;
use crate::plan::Holder;
use crate::process::ProcessError;

/// What an engine could not do.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// There is no way to it.
    #[error(transparent)]
    Closed(Arc<EngineError>),
    /// It refused, or broke off.
    #[error(transparent)]
    Refused(#[from] bollard::errors::Error),
    /// It went away in the middle.
    #[error("the connection to host {0} broke")]
    Broken(Name),
    /// The probe image could not be made or brought there.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The probe image could not be pulled from its registry or pushed to it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The probe image could not be had for all hosts, and one of them has told why.
    #[error("there is no probe image, as host {host} tells")]
    ToldOf {
        /// Which.
        host: String,
    },
    /// Something else has the name.
    #[error("there is a {what} called {name} already: {}", made_by(taker.as_ref()))]
    NameTaken {
        /// Container, network or service.
        what: &'static str,
        /// Its name.
        name: String,
        /// Whose it is; `None` where it is not of iperftester's making.
        taker: Option<Taker>,
    },
    /// It is done to a container of somebody else's.
    #[error("its container is {}'s since {}", .0.owner, super::since(.0))]
    Theirs(Holder),
    /// Nothing bears the probe's labels.
    #[error("it is not deployed")]
    NotDeployed,
    /// It is there and does not run.
    #[error("{0}")]
    Stopped(String),
    /// The task of its service does not run.
    #[error("{0}")]
    Task(String),
    /// A node that its manager cannot reach.
    #[error("node {node} is {state}")]
    NodeAway {
        /// Its host name.
        node: String,
        /// `down` or the like.
        state: &'static str,
    },
    /// Nobody said where the engine of a node is.
    #[error("there is no way to the engine of node {node}")]
    NoWayToNode {
        /// Its host name.
        node: String,
    },
    /// The engine that should be a node's is another's.
    #[error("the engine at {endpoint} is not that of node {node}")]
    OtherNode {
        /// Where, as it was written.
        endpoint: String,
        /// Whose it should be.
        node: String,
    },
    /// It took the question and did not answer.
    #[error("no answer within {} s", ANSWER_WITHIN.as_secs())]
    Silent,
    /// What was found out before.
    #[error(transparent)]
    Again(Arc<Self>),
    /// What the engine says is a container's process is none of this machine, or not in a container, so nothing can be shaped
    /// there.
    #[error("its engine says that its process is {0}, and this machine has no such process with a network of its own")]
    ElsewhereAfterAll(i64),
    /// The network of a container cannot be entered.
    #[error("its network cannot be entered: {0}")]
    NotEntered(std::io::Error),
    /// A program of this machine failed in the network of a container.
    #[error(transparent)]
    Program(#[from] ProcessError),
    /// The engine names none.
    #[error("its engine gave it no address")]
    NoAddress,
    /// Nobody here knows where its host is; ssh may get there by a way of its own.
    #[error("the name `{name}` of its host cannot be resolved here, so the probe {probe} needs an `address`")]
    NoHostAddress {
        /// As ssh's configuration has it.
        name: String,
        /// Which is reached there.
        probe: Name,
        /// The resolver's answer.
        source: std::io::Error,
    },
    /// No resource of the topology on this host.
    #[error("there is no such resource on this host")]
    Unknown,
}

fn made_by(taker: Option<&Taker>) -> String {
    match taker {
        None => "iperftester did not make it".to_owned(),
        Some(Taker { topology, holder: None }) => format!("it is of the topology {topology}"),
        Some(Taker { topology, holder: Some(holder) }) => {
            format!("it is of the topology {topology}, which is {}'s since {}", holder.owner, super::since(holder))
        }
    }
}

/// Any question to an engine that is not about the bytes of an image is answered within this, or never.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What `work` comes to, if it does in time.
///
/// # Errors
/// Its own, or [`DockerError::Silent`].
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, DockerError>>) -> Result<T, DockerError> {
    tokio::time::timeout(ANSWER_WITHIN, work).await.unwrap_or(Err(DockerError::Silent))
}

impl DockerError {
    /// The same of `host`, or that its connection broke, of which libraries have only words of their own.
    pub(in crate::backend) fn at(self, host: &Name) -> Self {
        match &self {
            Self::Refused(source)
            | Self::Image(ImageError::Engine { action: "find" | "load", source })
            | Self::Registry(RegistryError::Engine { source, .. })
                if is_broken(source) =>
            {
                Self::Broken(host.clone())
            }
            _ => self,
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Closed(fault) => fault.hint(),
            Self::Image(fault) => {
                let refused = match fault {
                    ImageError::Engine { source, .. } => refusal(&source.to_string()),
                    _ => None,
                };
                refused.map(str::to_owned).or_else(|| fault.hint())
            }
            Self::Registry(RegistryError::Engine { source, .. }) => refusal(&source.to_string()).map(str::to_owned),
            Self::Registry(fault) => fault.hint(),
            Self::Again(fault) => fault.hint(),
            Self::NameTaken { taker: Some(_), .. } | Self::Theirs(_) => {
                Some("give one of the two topologies another `name:`, or deploy again once that one is gone".to_owned())
            }
            Self::NameTaken { what, name, taker: None } => Some(format!(
                "rename the topology, or remove that {what}: docker {} {name}",
                if *what == "container" { "rm -f".to_owned() } else { format!("{what} rm") }
            )),
            Self::NotDeployed | Self::Stopped(_) => Some("`iperftester deploy` makes it again".to_owned()),
            Self::Task(said) => refusal(said).map(str::to_owned),
            Self::NodeAway { .. } => {
                Some("see its machine and its engine; `docker node ls` at a manager shows when it is back".to_owned())
            }
            Self::NoWayToNode { .. } => {
                Some("add `node-endpoint: ssh://USER@{address}` to the `swarm` host".to_owned())
            }
            Self::OtherNode { .. } => Some(
                "`{name}` in `node-endpoint` is the host name of a node, `{address}` its address in the swarm"
                    .to_owned(),
            ),
            Self::Refused(fault) => refusal(&fault.to_string()).map(str::to_owned),
            Self::Broken(_) => Some(
                "see that its engine runs (`docker info` there), then try again: `deploy` makes what is missing, `destroy` removes \
                 what is left"
                    .to_owned(),
            ),
            Self::Silent => Some("see that `docker ps` ends there, else restart that engine".to_owned()),
            Self::ElsewhereAfterAll(_) => Some(
                "the engine behind that socket is in a virtual machine or on another host, or is Podman without root on \
                 version 1 of control groups: shape links with root's Podman, or between namespaces (`local: {}`)"
                    .to_owned(),
            ),
            Self::NotEntered(_) => Some("run it with sudo".to_owned()),
            Self::ToldOf { .. }
            | Self::NoAddress
            | Self::NoHostAddress { .. }
            | Self::Unknown
            | Self::Program(_) => None,
        }
    }
}

/// Did the connection end, rather than the engine answer? What we have put into an error ourselves is a sentence already.
fn is_broken(fault: &bollard::errors::Error) -> bool {
    use bollard::errors::Error;
    match fault {
        Error::IOError { err } => err.kind() != std::io::ErrorKind::Other,
        Error::HyperResponseError { err } => !err.is_parse() && !err.is_user(),
        _ => false,
    }
}

/// What to try after what engines say.
fn refusal(said: &str) -> Option<&'static str> {
    let known = [
        ("is not a swarm manager", "name the engine of a manager: `docker node ls` there shows the nodes"),
        ("no suitable node", "the node may not take work: `docker node ls` at a manager shows its availability"),
        ("port is already allocated", "another program or container has that port: give the probe other `ports`"),
        ("address already in use", "another program or container has that port: give the probe other `ports`"),
        ("no space left on device", "make room on that host: `docker system df` there shows what takes it"),
        ("No such image", "`iperftester deploy` brings the probe image again"),
        ("Pool overlaps", "another network of that host has these addresses: `docker network ls` there shows which"),
        ("invalid subinterface vlan name", "name an interface of that host as `parent`: `ip link` there shows them"),
        (
            "Requested CPUs are not available",
            "name CPUs of that host in `cpu-set`: `nproc` there tells how many it has",
        ),
        ("could not find an available", "its networks take all addresses of its pools: remove those that nobody uses"),
        ("has active endpoints", "a container that is not of this topology is in that network: disconnect it first"),
    ];
    known.iter().chain(podman::REFUSALS).find(|(words, _)| said.contains(words)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use std::io::{Error as IoError, ErrorKind};

    use bollard::errors::Error;

    use super::*;

    #[test]
    fn a_connection_that_breaks_is_told_without_the_words_of_libraries() {
        let host = Name::new("rack").unwrap();
        let io = |kind: ErrorKind| Error::IOError { err: IoError::new(kind, "raw") };
        for kind in [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused] {
            let loading = ImageError::Engine { action: "load", source: io(kind) };
            for fault in [DockerError::Refused(io(kind)), DockerError::Image(loading)] {
                let told = fault.at(&host);
                assert_eq!(told.to_string(), "the connection to host rack broke");
                assert!(told.hint().unwrap().contains("`deploy` makes what is missing"));
            }
        }
        let own = DockerError::Refused(Error::IOError { err: IoError::other("ssh failed: words") });
        assert_eq!(own.at(&host).to_string(), "ssh failed: words");
        let building = ImageError::Engine { action: "build", source: io(ErrorKind::ConnectionReset) };
        assert!(matches!(DockerError::Image(building).at(&host), DockerError::Image(_)), "which may be another host's");
        let said = Error::DockerResponseServerError { status_code: 500, message: "no".to_owned() };
        assert!(matches!(DockerError::Refused(said).at(&host), DockerError::Refused(_)));
    }
}
