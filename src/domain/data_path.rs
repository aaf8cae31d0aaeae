//! What lies between a container's tools and the network of its host.

use super::host::{HostKind, Network};
use super::name::Name;
use super::topology::{Probe, Topology};

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
        self.data_path_of(of, || self.is_reached_from_elsewhere(&of.host))
    }

    /// The same, where it may be `elsewhere` known whether others reach its host.
    pub(super) fn data_path_of<'t>(&'t self, of: &'t Probe, elsewhere: impl Fn() -> bool) -> Option<DataPath<'t>> {
        match &self.hosts.get(&of.host)?.kind {
            HostKind::Swarm(_) => Some(DataPath::Host),
            HostKind::Docker(_) => Some(match &of.attachment.network {
                Some(Network::Host) => DataPath::Host,
                Some(Network::Macvlan { parent, .. }) => DataPath::Macvlan(parent),
                Some(Network::Bridge) | None if of.attachment.behind_nat => DataPath::Bridge,
                Some(Network::Bridge) | None if elsewhere() => DataPath::Published,
                Some(Network::Bridge) | None => DataPath::Bridge,
            }),
            _ => None,
        }
    }

    /// Are there probes of ours that are not on `host`? Foreign servers connect to nothing.
    fn is_reached_from_elsewhere(&self, host: &Name) -> bool {
        self.probes.values().any(|probe| probe.host != *host && self.is_ours(probe))
    }

    /// Is it on a host that there is, and not somebody else's?
    pub(super) fn is_ours(&self, probe: &Probe) -> bool {
        self.hosts.get(&probe.host).is_some_and(|host| !matches!(host.kind, HostKind::External(_)))
    }
}
