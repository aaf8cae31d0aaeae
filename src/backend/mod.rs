//! Backends make probes and open sessions to them. The truth of what is deployed is what a backend observes, by the labels
//! on what runs; there is no state file.
#![allow(clippy::disallowed_methods, reason = "an edge: it acts on this machine")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::domain::facts::Router;
use crate::domain::name::Name;
use crate::image::{ImageError, Step};
use crate::plan::{Desired, Holder, Observed, ResourceId};
use crate::process::ProcessError;

mod channel;
pub mod docker;
mod examine;
mod external;
mod framed;
mod here;
pub mod local;
mod open;
mod processes;
mod resolve;
pub mod swarm;
mod unit;

pub use channel::{ATTEND_VERB, Channel, Elsewhere, Input, Output, Program, WAIT_VERB, WAITS};
pub use examine::{Engines, Examined, Fault, examine, examine_usual};
pub use framed::{Framed, Unframed, framed};
pub use open::{Backends, Settings, open};
pub use unit::Unit;

/// What a backend could not do.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// This machine lacks something that the topology asks for. Found before anything is created.
    #[error("{what}")]
    Unsupported {
        /// One sentence naming what asks and what lacks.
        what: String,
        /// What mends it.
        hint: String,
    },
    /// A step failed.
    #[error("cannot {action} {subject}")]
    Step {
        /// `create`, `remove`, `observe`, `reach`.
        action: &'static str,
        /// Which resource.
        subject: String,
        /// Why.
        source: ProcessError,
    },
    /// The system refused something other than a program.
    #[error("cannot {action} {subject}")]
    System {
        /// What was tried.
        action: &'static str,
        /// On what.
        subject: String,
        /// Why.
        source: std::io::Error,
    },
    /// A step failed at a Docker engine.
    #[error("cannot {action} {subject} on host {host}")]
    Docker {
        /// `create`, `remove`, `observe`, `reach`.
        action: &'static str,
        /// Which resource.
        subject: String,
        /// Where.
        host: Name,
        /// Why.
        source: Box<docker::DockerError>,
    },
    /// The probe image cannot be made.
    #[error(transparent)]
    Image(ImageError),
    /// Somebody else has deployed a topology of this name, or another state of this one.
    #[error("{id} on host {} is {}'s since {}, and would be replaced or removed", holder.host, holder.owner, since(holder))]
    Theirs {
        /// Which resource.
        id: ResourceId,
        /// Whose it is.
        holder: Box<Holder>,
    },
    /// A resource that this backend does not know.
    #[error("there is no {0} in this topology")]
    Unknown(String),
    /// A probe on which nothing can be started, for it is somebody else's.
    #[error("probe {0} is not ours: nothing can be started there")]
    NotOurs(Name),
    /// A host name without an address.
    #[error("the address `{address}` of {probe} cannot be resolved")]
    Unresolved {
        /// The probe.
        probe: Name,
        /// Its address as written.
        address: String,
        /// The resolver's answer.
        source: std::io::Error,
    },
}

/// When it was made, for a sentence.
fn since(holder: &Holder) -> String {
    let unknown = || "a time that its engine does not tell".to_owned();
    holder.since.map_or_else(unknown, |since| since.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

impl BackendError {
    fn unsupported(what: String, hint: impl Into<String>) -> Self {
        Self::Unsupported { what, hint: hint.into() }
    }
}

/// How far a long step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The probe image is being made.
    Image(Step<'a>),
    /// The probe image is on its way.
    Sent {
        /// Bytes sent.
        bytes: u64,
        /// Bytes to be sent.
        total: u64,
    },
}

/// Hears how far a long step is.
pub type Tell<'a> = &'a dyn Fn(Progress<'_>);

/// The way to the probes, deployed or somebody else's.
#[allow(async_fn_in_trait)]
pub trait Reach {
    /// Starts `program` on a deployed probe and gives its byte stream; the program ends with the stream.
    ///
    /// # Errors
    /// [`BackendError`].
    async fn connect(&self, probe: &Name, program: Program<'_>) -> Result<Channel, BackendError>;

    /// Has the main process of `probe`, which was just made, said that it waits? It is this executable there, in the same
    /// container as an agent and under the same limits, so where it has, no agent need be asked whether the probe is ready.
    /// False where there is none that says so in time.
    async fn waits(&self, _probe: &Name) -> bool {
        false
    }

    /// The addresses at which `probe` is tested, the same from everywhere but its own network ([`Self::addresses_within`]):
    /// at most one of each family, IPv4 first. A host name is resolved here, so that no probe needs a resolver.
    ///
    /// # Errors
    /// [`BackendError::Unknown`], [`BackendError::Unresolved`].
    async fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError>;

    /// The addresses of `probe` in the network that it shares with `from`, where all others reach it at its host's: between
    /// these two that would be a way around through the host's proxy. `None` where [`Self::addresses`] holds for `from` too.
    ///
    /// # Errors
    /// [`BackendError::Docker`].
    async fn addresses_within(&self, _probe: &Name, _from: &Name) -> Result<Option<Vec<IpAddr>>, BackendError> {
        Ok(None)
    }

    /// The address that the tools of `probe` are bound to, for other probes share its network. `None` where it has one of
    /// its own.
    fn own(&self, _probe: &Name) -> Option<IpAddr> {
        None
    }

    /// What has become of `probe`, whose agent was started `age` ago and has ended, with `exit` where that is known, as the end of
    /// a sentence with what to look at next. `None` where there is no more to tell.
    async fn fate(&self, _probe: &Name, _age: Duration, _exit: Option<u8>) -> Option<String> {
        None
    }

    /// Is `probe` still as it was deployed, so that it may be measured again after its agent has ended?
    ///
    /// # Errors
    /// [`BackendError::Docker`].
    async fn unchanged(&self, _probe: &Name) -> Result<(), BackendError> {
        Ok(())
    }

    /// The routers between the probes that are its own, by each of their addresses: a traceroute shows no more. Empty where
    /// it makes none.
    fn routers(&self) -> BTreeMap<IpAddr, Router>;
}

/// What every kind of backend does. One contract suite holds for all of them.
#[allow(async_fn_in_trait)]
pub trait Backend {
    /// The resources of the topology as they should be, each after what it depends on. Pure.
    fn desired(&self) -> Vec<Desired>;

    /// How many resources of one kind are made or removed at a time: more than one only where they cannot get in each
    /// other's way.
    fn abreast(&self) -> usize;

    /// Is it dear to make and harmless where it stays, as the probe image is? An undo leaves it then. Making it may be given up
    /// at any moment, and where it is given up or fails nothing half made is left.
    fn stays(&self, _id: &ResourceId) -> bool {
        false
    }

    /// Can this machine make them? Changes nothing.
    ///
    /// # Errors
    /// Every [`BackendError::Unsupported`], all at once.
    async fn supports(&self) -> Result<(), Vec<BackendError>>;

    /// What of this topology is there.
    ///
    /// # Errors
    /// [`BackendError::Step`] or [`BackendError::System`].
    async fn observe(&self) -> Result<Vec<Observed>, BackendError>;

    /// Makes one resource; before: it is not there and what it depends on is; after: it is there with its label. On error
    /// the caller removes what may be left of it. `tell` hears how far it is, where that takes long.
    ///
    /// # Errors
    /// [`BackendError`].
    async fn create(&self, id: &ResourceId, tell: Tell<'_>) -> Result<(), BackendError>;

    /// Removes one resource, whole or half made; after: it is not there. Removing what is not there is no error.
    ///
    /// # Errors
    /// [`BackendError`].
    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError>;
}
