//! What two loads may not use at the same time.

use std::collections::BTreeSet;

use crate::domain::group::Pair;
use crate::domain::host::{HostKind, Placement};
use crate::domain::name::Name;
use crate::domain::path::Path;
use crate::domain::topology::Topology;

/// Something that two throughput tests may not use at the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A probe.
    Probe(Name),
    /// The way out of a machine, which all its probes share.
    WayOut(Machine),
    /// A link.
    Link(Name),
    /// A site's uplink.
    Uplink(Name),
}

/// Where a probe is, as far as the topology says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Machine {
    /// This one.
    Here,
    /// That of a host.
    Host(Name),
    /// A node of a host that has several, and the node.
    Node(Name, Name),
}

impl Machine {
    /// That of a probe; `None` of one that the topology does not have.
    fn of(topology: &Topology, probe: &Name) -> Option<Self> {
        let probe = topology.probes.get(probe)?;
        let host = probe.host.clone();
        match (&topology.hosts.get(&host)?.kind, &probe.attachment.placement) {
            (HostKind::Local(_), _) => Some(Self::Here),
            (_, Some(Placement::Members(nodes))) if nodes.len() == 1 => Some(Self::Node(host, nodes[0].clone())),
            _ => Some(Self::Host(host)),
        }
    }
}

/// What a test between `pair` occupies, which crosses `path`. Probes of one machine are measuring points of their own: they
/// share CPU, and an interface only with those who leave the machine too.
pub(super) fn resources(topology: &Topology, pair: &Pair, path: &Path) -> BTreeSet<Resource> {
    let ends = [&pair.source, &pair.destination];
    let machines = ends.map(|probe| Machine::of(topology, probe));
    let leaves = machines[0] != machines[1];
    let ways_out = machines.into_iter().flatten().filter(|_| leaves).map(Resource::WayOut);
    let probes = ends.map(|probe| Resource::Probe(probe.clone()));
    let link = path.link.iter().map(|crossing| Resource::Link(crossing.link.clone()));
    let limited = |site: &&Name| topology.sites.get(*site).is_some_and(|s| s.uplink.is_some());
    let uplinks = path.uplinks.iter().filter(limited).map(|site| Resource::Uplink(site.clone()));
    probes.into_iter().chain(ways_out).chain(link).chain(uplinks).collect()
}
