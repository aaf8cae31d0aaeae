//! A swarm whose manager cannot be asked: nobody knows which nodes it has, and its probes are those of the file.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::spec::probe_id;
use crate::backend::docker::DockerError;
use crate::backend::{Backend, BackendError, Tell};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::plan::{Desired, Observed, ResourceId, SpecHash};

/// A swarm that is not there, with the probes that stand for its places.
#[derive(Debug)]
pub struct Away {
    host: Name,
    probes: BTreeSet<Name>,
    why: Arc<DockerError>,
}

impl Away {
    /// The swarm `host` of `topology`.
    pub(super) fn new(topology: &Topology, host: &Name, why: &Arc<DockerError>) -> Self {
        let probes = topology.probes.iter().filter(|(_, probe)| probe.host == *host).map(|(name, _)| name.clone());
        Self { host: host.clone(), probes: probes.collect(), why: Arc::clone(why) }
    }

    /// The swarm's name in the topology.
    #[must_use]
    pub const fn host(&self) -> &Name {
        &self.host
    }

    /// Does `probe` stand for places of it?
    #[must_use]
    pub fn has(&self, probe: &Name) -> bool {
        self.probes.contains(probe)
    }

    /// Why it is away.
    pub(in crate::backend) fn fault(&self) -> BackendError {
        fault(&self.host, &self.why)
    }
}

/// Why the swarm `host` is away.
pub(super) fn fault(host: &Name, why: &Arc<DockerError>) -> BackendError {
    BackendError::Docker {
        action: "ask",
        subject: format!("the swarm {host}"),
        host: host.clone(),
        source: Box::new(DockerError::Again(Arc::clone(why))),
    }
}

impl Backend for Away {
    fn desired(&self) -> Vec<Desired> {
        let hash = || SpecHash(String::new());
        self.probes.iter().map(|probe| Desired { id: probe_id(probe), hash: hash(), depends_on: vec![] }).collect()
    }

    fn abreast(&self) -> usize {
        1
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        Ok(())
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        Err(self.fault())
    }

    async fn create(&self, _: &ResourceId, _: Tell<'_>) -> Result<(), BackendError> {
        Err(self.fault())
    }

    async fn remove(&self, _: &ResourceId) -> Result<(), BackendError> {
        Err(self.fault())
    }
}
