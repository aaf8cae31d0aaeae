//! Docker Swarms: nodes and services through a manager, programs and images through each node's own engine
//! (docs/decisions/0032).

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::{BackendError, docker};
use crate::domain::fleet::{self, Expanded};
use crate::domain::host::HostKind;
use crate::domain::name::Name;
use crate::domain::topology::Topology;

mod away;
mod examine;
mod leftovers;
mod manager;
mod member;
mod node;
mod spec;

pub use away::Away;
pub(super) use examine::examine;
pub use leftovers::Leftovers;
pub use node::Node;

use manager::Manager;
use member::Member;

/// The swarms of a topology that carry its probes, with their nodes as they were when they were asked.
#[derive(Debug, Default)]
pub struct Fleet {
    swarms: BTreeMap<Name, Swarm>,
    /// Swarms of which nothing is known, for their managers could not be asked.
    away: BTreeMap<Name, Arc<docker::DockerError>>,
}

#[derive(Debug)]
struct Swarm {
    manager: Arc<Manager>,
    members: Vec<Member>,
}

/// Asks the managers of `topology` for their nodes, side by side. Changes nothing; where no probe is on a swarm, nobody is
/// asked. One that cannot be asked is a host that is down.
///
/// # Errors
/// [`BackendError::Unsupported`] where two nodes of one have one name.
pub async fn discover(topology: &Topology) -> Result<Fleet, BackendError> {
    let used = managers(topology).filter(|(name, _)| topology.probes.values().any(|probe| probe.host == *name));
    let asked = join_all(used.map(async |(name, manager)| {
        let members = manager.members().await;
        (name, manager, members)
    }));
    let mut fleet = Fleet::default();
    for (name, manager, members) in asked.await {
        match members {
            Ok(members) => {
                fleet.swarms.insert(name, Swarm { manager: Arc::new(manager), members });
            }
            Err(BackendError::Docker { source, .. }) => {
                fleet.away.insert(name, Arc::new(*source));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(fleet)
}

impl Fleet {
    /// Why nobody knows where the probes of some swarm are; `None` where that is known of all.
    #[must_use]
    pub fn fault(&self) -> Option<BackendError> {
        self.away.iter().next().map(|(host, fault)| away::fault(host, fault))
    }

    /// The probes of the expanded `topology` that stand for places which nobody knows.
    pub fn away<'t>(&'t self, topology: &'t Topology) -> impl Iterator<Item = &'t Name> {
        topology.probes.iter().filter(|(_, probe)| self.away.contains_key(&probe.host)).map(|(name, _)| name)
    }

    /// `topology` with a probe for each node that it is to be on. Those on a swarm of which nothing is known stay as they are.
    ///
    /// # Errors
    /// [`BackendError::Unsupported`] where two probes would have one name.
    pub fn expand(&self, topology: &Topology) -> Result<Expanded, BackendError> {
        let nodes = |swarm: &Swarm| swarm.members.iter().map(|member| member.node.clone()).collect();
        let nodes = self.swarms.iter().map(|(name, swarm)| (name.clone(), nodes(swarm))).collect();
        fleet::expand(topology, &nodes)
            .map_err(|clash| BackendError::unsupported(clash.to_string(), "rename one of the two"))
    }

    /// What is deployed on each swarm of the expanded `topology`: its nodes, and what is on none of them any more; and the
    /// swarms of which nothing is known.
    pub(super) fn units(
        &self,
        topology: &Topology,
        image: Option<&Arc<docker::Supply>>,
    ) -> (Vec<Node>, Vec<Leftovers>, Vec<Away>) {
        let mut nodes = Vec::new();
        for swarm in self.swarms.values() {
            for member in &swarm.members {
                nodes.extend(Node::new(topology, &swarm.manager, member, image));
            }
        }
        let known = managers(topology).filter(|(name, _)| !self.away.contains_key(name));
        let leftovers = known.map(|(name, manager)| {
            let manager = self.swarms.get(&name).map_or(Arc::new(manager), |swarm| Arc::clone(&swarm.manager));
            let on_nodes = topology.probes.iter().filter(|(_, probe)| probe.host == name);
            Leftovers::new(manager, on_nodes.map(|(probe, _)| probe))
        });
        let away = self.away.iter().map(|(host, fault)| Away::new(topology, host, fault));
        (nodes, leftovers.collect(), away.collect())
    }
}

/// What is on the swarms of `topology`, all of it unwanted.
pub(super) fn remains(topology: &Topology) -> Vec<Leftovers> {
    managers(topology).map(|(_, manager)| Leftovers::new(Arc::new(manager), std::iter::empty())).collect()
}

fn managers(topology: &Topology) -> impl Iterator<Item = (Name, Manager)> {
    topology.hosts.iter().filter_map(|(name, host)| match &host.kind {
        HostKind::Swarm(settings) => Some((name.clone(), Manager::new(topology, name, settings))),
        _ => None,
    })
}
