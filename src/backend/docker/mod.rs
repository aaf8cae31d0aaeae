//! Docker engines: this machine's, others' over ssh or TLS, and Podman where it speaks Docker's API.

use std::sync::Arc;
use std::time::Duration;

mod context;
mod endpoint;
mod engine;
mod error;
pub(super) mod exec;
pub(super) mod health;
mod host;
pub mod image;
mod podman;
mod settle;
pub(super) mod spec;
mod supply;
mod surroundings;
mod tls;
mod transport;
mod tunnel;

pub use engine::Engine;
pub use error::{EngineError, EngineFault};
pub use health::Health;
pub use host::Host;
pub(super) use host::all;
pub(super) use supply::Supply;
pub use surroundings::Surroundings;

use crate::image::ImageError;

/// What an engine could not do.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// There is no way to it.
    #[error(transparent)]
    Closed(Arc<EngineError>),
    /// It refused, or broke off.
    #[error(transparent)]
    Refused(#[from] bollard::errors::Error),
    /// The probe image could not be made or brought there.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Somebody else's has the name.
    #[error("there is a {what} called {name} already, and it is not of this topology")]
    NameTaken {
        /// Container, network or service.
        what: &'static str,
        /// Its name.
        name: String,
    },
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
    /// The engine names none.
    #[error("its engine gave it no address")]
    NoAddress,
    /// No resource of the topology on this host.
    #[error("there is no such resource on this host")]
    Unknown,
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
            Self::Again(fault) => fault.hint(),
            Self::NameTaken { what, name } => Some(format!(
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
            Self::Silent => Some("see that `docker ps` ends there, else restart that engine".to_owned()),
            Self::NoAddress | Self::Unknown => None,
        }
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
        ("could not find an available", "its networks take all addresses of its pools: remove those that nobody uses"),
        ("has active endpoints", "a container that is not of this topology is in that network: disconnect it first"),
    ];
    known.iter().chain(podman::REFUSALS).find(|(words, _)| said.contains(words)).map(|(_, hint)| *hint)
}
