//! What lies between a container's tools and the network of its host.

use super::host::{HostKind, Network};
use super::name::Name;
use super::topology::Topology;

/// What the packets of a probe in a container pass on its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataPath<'a> {
    /// A bridge of the topology's own, to the other probes there; out of it by the host's masquerading.
    Bridge,
    /// The same, and address translation to the ports of the host.
    Published,
    /// Nothing: the host's own network.
    Host,
    /// A macvlan device on this interface of the host.
    Macvlan(&'a str),
}

impl Topology {
    /// The way of `probe`; `None` for what is in no container.
    #[must_use]
    pub fn data_path(&self, probe: &Name) -> Option<DataPath<'_>> {
        let of = self.probes.get(probe)?;
        match &self.hosts.get(&of.host)?.kind {
            HostKind::Swarm(_) => Some(DataPath::Host),
            HostKind::Docker(_) => Some(match &of.attachment.network {
                Some(Network::Host) => DataPath::Host,
                Some(Network::Macvlan { parent, .. }) => DataPath::Macvlan(parent),
                Some(Network::Bridge) | None if of.attachment.behind_nat => DataPath::Bridge,
                Some(Network::Bridge) | None if self.is_reached_from_elsewhere(&of.host) => DataPath::Published,
                Some(Network::Bridge) | None => DataPath::Bridge,
            }),
            _ => None,
        }
    }

    /// Are there probes of ours that are not on `host`? Foreign servers connect to nothing.
    fn is_reached_from_elsewhere(&self, host: &Name) -> bool {
        self.probes.iter().any(|(name, probe)| probe.host != *host && self.external(name).is_none())
    }
}
