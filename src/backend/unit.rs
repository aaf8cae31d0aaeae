//! What is deployed by itself: this machine, an engine, a node of a swarm.

use chrono::{DateTime, Utc};

use super::here::Here;
use super::{Backend, BackendError, Tell, docker, swarm};
use crate::domain::name::Name;
use crate::plan::{Desired, Observed, ResourceId};

/// What is deployed by itself: where it cannot be reached, the others go on.
#[derive(Debug, Clone, Copy)]
pub enum Unit<'a> {
    /// This machine.
    Here(&'a Here),
    /// A Docker engine.
    Docker(&'a docker::Host),
    /// A node of a swarm.
    Node(&'a swarm::Node),
    /// What is on a swarm and on none of the nodes that it should be on.
    Leftovers(&'a swarm::Leftovers),
    /// A swarm whose manager cannot be asked.
    Away(&'a swarm::Away),
}

impl<'a> Unit<'a> {
    /// The host's name in the topology; `None` for this machine, whatever hosts it stands for.
    #[must_use]
    pub fn host(&self) -> Option<&'a Name> {
        match self {
            Self::Here(_) => None,
            Self::Docker(host) => Some(host.name()),
            Self::Node(node) => Some(node.host()),
            Self::Leftovers(swarm) => Some(swarm.host()),
            Self::Away(swarm) => Some(swarm.host()),
        }
    }

    /// The node of that host, where it is one.
    #[must_use]
    pub const fn node(&self) -> Option<&Name> {
        match self {
            Self::Node(node) => Some(node.name()),
            Self::Here(_) | Self::Docker(_) | Self::Leftovers(_) | Self::Away(_) => None,
        }
    }

    /// Does it carry `probe` on another machine?
    #[must_use]
    pub fn has(&self, probe: &Name) -> bool {
        match self {
            Self::Docker(host) => host.has(probe),
            Self::Node(node) => node.has(probe),
            Self::Away(swarm) => swarm.has(probe),
            Self::Here(_) | Self::Leftovers(_) => false,
        }
    }

    /// After a deploy: removes the probe images that a newer one has taken the place of and nobody uses, and gives their names.
    ///
    /// # Errors
    /// [`BackendError::Docker`].
    pub async fn tidy(&self, now: DateTime<Utc>) -> Result<Vec<String>, BackendError> {
        match self {
            Self::Here(_) | Self::Leftovers(_) | Self::Away(_) => Ok(vec![]),
            Self::Docker(host) => host.tidy(now).await,
            Self::Node(node) => node.tidy(now).await,
        }
    }

    /// After a verb that was killed: waits until what it had asked for is done. What this machine's programs do for it hold
    /// its lock, see [`crate::lock`].
    pub async fn settle(&self) {
        match self {
            // A manager has made a service, or has not.
            Self::Here(_) | Self::Node(_) | Self::Leftovers(_) | Self::Away(_) => {}
            Self::Docker(host) => host.settle().await,
        }
    }
}

impl Backend for Unit<'_> {
    fn desired(&self) -> Vec<Desired> {
        match self {
            Self::Here(here) => here.desired(),
            Self::Docker(host) => host.desired(),
            Self::Node(node) => node.desired(),
            Self::Leftovers(swarm) => swarm.desired(),
            Self::Away(swarm) => swarm.desired(),
        }
    }

    fn abreast(&self) -> usize {
        match self {
            Self::Here(here) => here.abreast(),
            Self::Docker(host) => host.abreast(),
            Self::Node(node) => node.abreast(),
            Self::Leftovers(swarm) => swarm.abreast(),
            Self::Away(swarm) => swarm.abreast(),
        }
    }

    fn stays(&self, id: &ResourceId) -> bool {
        match self {
            Self::Here(_) | Self::Leftovers(_) | Self::Away(_) => false,
            Self::Docker(host) => host.stays(id),
            Self::Node(node) => node.stays(id),
        }
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        match self {
            Self::Here(here) => here.supports().await,
            Self::Docker(host) => host.supports().await,
            Self::Node(node) => node.supports().await,
            Self::Leftovers(swarm) => swarm.supports().await,
            Self::Away(swarm) => swarm.supports().await,
        }
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        match self {
            Self::Here(here) => here.observe().await,
            Self::Docker(host) => host.observe().await,
            Self::Node(node) => node.observe().await,
            Self::Leftovers(swarm) => swarm.observe().await,
            Self::Away(swarm) => swarm.observe().await,
        }
    }

    async fn create(&self, id: &ResourceId, tell: Tell<'_>) -> Result<(), BackendError> {
        match self {
            Self::Here(here) => here.create(id, tell).await,
            Self::Docker(host) => host.create(id, tell).await,
            Self::Node(node) => node.create(id, tell).await,
            Self::Leftovers(swarm) => swarm.create(id, tell).await,
            Self::Away(swarm) => swarm.create(id, tell).await,
        }
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        match self {
            Self::Here(here) => here.remove(id).await,
            Self::Docker(host) => host.remove(id).await,
            Self::Node(node) => node.remove(id).await,
            Self::Leftovers(swarm) => swarm.remove(id).await,
            Self::Away(swarm) => swarm.remove(id).await,
        }
    }
}
