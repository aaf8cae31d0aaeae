//! What of a topology is on a swarm and belongs to none of its nodes: of probes that it has no more, or that were on nodes which
//! have left.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::manager::Manager;
use super::spec::probe_id;
use crate::backend::{Backend, BackendError, Tell};
use crate::domain::name::Name;
use crate::plan::{Desired, Observed, ResourceId};

/// How many services are removed at a time.
const ABREAST: usize = 8;

/// The services that no node wants.
#[derive(Debug)]
pub struct Leftovers {
    manager: Arc<Manager>,
    /// What its nodes see to.
    on_nodes: BTreeSet<ResourceId>,
}

impl Leftovers {
    /// Those of the manager's swarm besides `on_nodes`.
    pub(super) fn new<'p>(manager: Arc<Manager>, on_nodes: impl Iterator<Item = &'p Name>) -> Self {
        Self { manager, on_nodes: on_nodes.map(probe_id).collect() }
    }

    /// The swarm's name in the topology.
    #[must_use]
    pub fn host(&self) -> &Name {
        &self.manager.host
    }
}

impl Backend for Leftovers {
    fn desired(&self) -> Vec<Desired> {
        vec![]
    }

    fn abreast(&self) -> usize {
        ABREAST
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        Ok(())
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        let observed = self.manager.observe(|id| !self.on_nodes.contains(id)).await;
        observed.map_err(self.manager.step("observe", &format!("host/{}", self.manager.host)))
    }

    async fn create(&self, id: &ResourceId, _: Tell<'_>) -> Result<(), BackendError> {
        Err(BackendError::Unknown(id.to_string()))
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        self.manager.remove(id).await.map_err(self.manager.step("remove", id))
    }
}
