//! Docker Swarms: nodes and services through a manager, programs and images through each node's own engine
//! (docs/decisions/0031).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{BackendError, docker};
use crate::domain::fleet::{self, Expanded};
use crate::domain::host::HostKind;
use crate::domain::name::Name;
use crate::domain::topology::Topology;

mod leftovers;
mod manager;
mod member;
mod node;
mod spec;

pub use leftovers::Leftovers;
pub use node::Node;

use manager::Manager;
use member::Member;

/// The swarms of a topology that carry its probes, with their nodes as they were when they were asked.
#[derive(Debug, Default)]
pub struct Fleet(BTreeMap<Name, Swarm>);

#[derive(Debug)]
struct Swarm {
    manager: Arc<Manager>,
    members: Vec<Member>,
}

/// Asks the managers of `topology` for their nodes. Changes nothing; where no probe is on a swarm, nobody is asked.
///
/// # Errors
/// [`BackendError::Docker`] where a manager cannot be asked, [`BackendError::Unsupported`] where two of its nodes have one name.
pub async fn discover(topology: &Topology) -> Result<Fleet, BackendError> {
    let mut fleet = Fleet::default();
    for (name, host) in &topology.hosts {
        let HostKind::Swarm(settings) = &host.kind else { continue };
        if topology.probes.values().any(|probe| probe.host == *name) {
            let manager = Arc::new(Manager::new(&topology.name, name, settings));
            let members = manager.members().await?;
            fleet.0.insert(name.clone(), Swarm { manager, members });
        }
    }
    Ok(fleet)
}

impl Fleet {
    /// `topology` with a probe for each node that it is to be on.
    ///
    /// # Errors
    /// [`BackendError::Unsupported`] where two probes would have one name.
    pub fn expand(&self, topology: &Topology) -> Result<Expanded, BackendError> {
        let nodes = |swarm: &Swarm| swarm.members.iter().map(|member| member.node.clone()).collect();
        let nodes = self.0.iter().map(|(name, swarm)| (name.clone(), nodes(swarm))).collect();
        fleet::expand(topology, &nodes)
            .map_err(|clash| BackendError::unsupported(clash.to_string(), "rename one of the two"))
    }

    /// What is deployed on each swarm of the expanded `topology`: its nodes, and what is on none of them any more.
    pub(super) fn units(
        &self,
        topology: &Topology,
        image: Option<&Arc<docker::Supply>>,
    ) -> (Vec<Node>, Vec<Leftovers>) {
        let mut nodes = Vec::new();
        for swarm in self.0.values() {
            for member in &swarm.members {
                nodes.extend(Node::new(topology, &swarm.manager, member, image));
            }
        }
        let leftovers = managers(topology).map(|(name, manager)| {
            let manager = self.0.get(&name).map_or(Arc::new(manager), |swarm| Arc::clone(&swarm.manager));
            let on_nodes = topology.probes.iter().filter(|(_, probe)| probe.host == name);
            Leftovers::new(manager, on_nodes.map(|(probe, _)| probe))
        });
        (nodes, leftovers.collect())
    }
}

/// What is on the swarms of `topology`, all of it unwanted.
pub(super) fn remains(topology: &Topology) -> Vec<Leftovers> {
    managers(topology).map(|(_, manager)| Leftovers::new(Arc::new(manager), std::iter::empty())).collect()
}

fn managers(topology: &Topology) -> impl Iterator<Item = (Name, Manager)> {
    topology.hosts.iter().filter_map(|(name, host)| match &host.kind {
        HostKind::Swarm(settings) => Some((name.clone(), Manager::new(&topology.name, name, settings))),
        _ => None,
    })
}
