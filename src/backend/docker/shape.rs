//! Links between containers of one engine of this machine, shaped from outside: each probe's own device holds what it sends
//! to each other, and a container has no capability for that. What a container loses when it is started again is seen by
//! the label on its device, which goes with it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bollard::models::{ContainerSummary, EndpointSettings};
use bollard::query_parameters::InspectContainerOptions;
use futures_util::future::join_all;

use super::engine::is_here;
use super::host::{created, probe_id, state};
use super::spec::{RESOURCE, hash};
use super::{DockerError, Host, Surroundings};
use crate::backend::BackendError;
use crate::backend::local::{Batch, Foreign, Mark, Need, Outside};
use crate::domain::name::Name;
use crate::domain::shaping::Hindrance;
use crate::domain::topology::Topology;
use crate::plan::{Desired, Holder, Observed, ResourceId, SpecHash};

mod wish;

use wish::Peer;

/// What the label on a device says before its hash.
const MARK: &str = "shape";

/// The links between the probes of a host.
#[derive(Debug, Default)]
pub(super) struct Shaping {
    /// What each probe does to each other; those alone that do something.
    peers: BTreeMap<Name, Vec<Peer>>,
    needs: Vec<Need>,
    outside: Outside,
}

impl Shaping {
    /// Those of host `name`.
    pub(super) fn new(topology: &Topology, name: &Name) -> Self {
        let here = topology.probes.iter().filter(|(_, probe)| probe.host == *name).map(|(probe, _)| probe);
        let peers =
            here.map(|probe| (probe.clone(), wish::peers(topology, probe))).filter(|(_, peers)| !peers.is_empty());
        Self { peers: peers.collect(), needs: wish::needs(topology, name), outside: Outside::default() }
    }

    /// Is any link to be worse than it is?
    pub(super) const fn is_wanted(&self) -> bool {
        !self.needs.is_empty()
    }

    /// The resources, each on its own container and on those whose addresses it knows.
    pub(super) fn desired(&self) -> impl Iterator<Item = Desired> {
        self.peers.iter().map(|(probe, peers)| Desired {
            id: shape_id(probe),
            hash: spec_hash(peers),
            depends_on: std::iter::once(probe).chain(peers.iter().map(|peer| &peer.name)).map(probe_id).collect(),
        })
    }
}

fn shape_id(probe: &Name) -> ResourceId {
    ResourceId(format!("{MARK}/{probe}"))
}

/// The probe whose shape it is.
pub(super) fn probe_of(id: &ResourceId) -> Option<Name> {
    Name::new(id.0.strip_prefix(MARK)?.strip_prefix('/')?).ok()
}

/// A digest of what is made, addresses aside: those are seen in what is there.
fn spec_hash(peers: &[Peer]) -> SpecHash {
    let batches =
        wish::batches(peers, "eth0", &|_| vec![[192, 0, 2, 1].into(), [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()]);
    let lines: Vec<&str> = batches.iter().map(|batch| batch.lines.as_str()).collect();
    hash(&(peers.iter().map(|peer| peer.name.as_str()).collect::<Vec<_>>(), lines))
}

/// What a container's shape is made with: the probes' addresses on their common bridge.
type Addresses = BTreeMap<Name, Vec<IpAddr>>;

impl Host {
    /// What hinders the links of this host from being shaped here: where its engine is may be known to a Docker context alone.
    pub(super) async fn shapeable(&self) -> Vec<BackendError> {
        let Some(Need { who, .. }) = self.shaping.needs.first() else { return vec![] };
        if is_here(self.name(), &self.settings, &Surroundings::of_process()) == Some(false) {
            let Hindrance { why, mend } = Hindrance::elsewhere(self.name());
            return vec![BackendError::unsupported(format!("{who}, and {why}"), mend)];
        }
        self.shaping.outside.supports(&self.shaping.needs).await
    }

    /// The addresses of the running ones of `containers` on the topology's network, IPv4 first.
    fn on_the_bridge(&self, containers: &[ContainerSummary]) -> Addresses {
        let running = containers.iter().filter(|container| state(container).is_none());
        running
            .filter_map(|container| {
                let probe = probe(container)?;
                let wanted = self.spec.containers.get(&probe)?.network.as_ref()?;
                let network = &self.spec.networks.get(wanted)?.name;
                let end = container.network_settings.as_ref()?.networks.as_ref()?.get(network)?;
                Some((probe, addresses_of(end).collect()))
            })
            .collect()
    }

    /// Whose a container is, where it is somebody else's. Whoever made it has its shape too.
    fn theirs(&self, container: &ContainerSummary) -> Option<Holder> {
        self.claim.observed(container.labels.as_ref(), created(container))?.theirs
    }

    /// How the shape of `probe` is made on `device`.
    fn batches(&self, probe: &Name, device: &str, addresses: &Addresses) -> Vec<Batch> {
        let peers = self.shaping.peers.get(probe).map(Vec::as_slice).unwrap_or_default();
        wish::batches(peers, device, &|peer| addresses.get(peer).cloned().unwrap_or_default())
    }

    /// The network of a container; `None` where this machine has no such process.
    async fn enter(&self, container: &ContainerSummary) -> Result<Foreign<'_>, DockerError> {
        let id = container.id.as_deref().unwrap_or_default();
        let found = self.engine().await?.client().inspect_container(id, None::<InspectContainerOptions>).await?;
        let pid = found.state.and_then(|state| state.pid).unwrap_or_default();
        let entered = Foreign::of(pid, id, &self.shaping.outside).map_err(DockerError::NotEntered)?;
        entered.ok_or(DockerError::ElsewhereAfterAll(pid))
    }

    /// What is shaped in `containers`: a probe that no link concerns any more may be shaped still. Who may not look, for want
    /// of rights, sees nothing; where links are to be shaped, that is refused before.
    pub(super) async fn shaped(&self, containers: &[ContainerSummary]) -> Result<Vec<Observed>, DockerError> {
        if self.image.is_none() || self.engine().await?.remote().is_some() || Outside::lacking_right().is_some() {
            return Ok(vec![]);
        }
        let addresses = self.on_the_bridge(containers);
        let looks = containers.iter().filter_map(|container| {
            let probe = probe(container)?;
            let address = *addresses.get(&probe)?.first()?;
            Some(self.look_at(container, probe, address, &addresses))
        });
        let found: Result<Vec<Option<Observed>>, DockerError> = join_all(looks).await.into_iter().collect();
        let mut found: Vec<Observed> = found?.into_iter().flatten().collect();
        found.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(found)
    }

    async fn look_at(
        &self,
        container: &ContainerSummary,
        probe: Name,
        address: IpAddr,
        addresses: &Addresses,
    ) -> Result<Option<Observed>, DockerError> {
        let look = async {
            let foreign = self.enter(container).await?;
            let Some(found) = foreign.device(address).await? else { return Ok(None) };
            let theirs = self.theirs(container);
            let (hash, drift) = match found.mark(MARK) {
                // Unshaped as it is, somebody else's is not ours to shape: the plan must not take it for merely missing.
                Mark::None if theirs.is_none() || !self.shaping.peers.contains_key(&probe) => return Ok(None),
                Mark::None | Mark::Begun => (None, None),
                Mark::Whole(hash) => {
                    let batches = self.batches(&probe, &found.name, addresses);
                    let drift = foreign.astray(found, &batches).await?.map(|what| format!("{what} in {probe}"));
                    (Some(hash), drift)
                }
            };
            Ok(Some(Observed { id: shape_id(&probe), hash, drift, theirs }))
        };
        match look.await {
            // It is where nothing of ours could have shaped it.
            Err(DockerError::ElsewhereAfterAll(_)) => Ok(None),
            Err(_) if !self.shaping.peers.contains_key(&probe) => Ok(None),
            looked => looked,
        }
    }

    /// Shapes what `probe` sends and receives.
    pub(super) async fn shape(&self, probe: &Name, hash: &SpecHash) -> Result<(), DockerError> {
        let containers = self.containers(None).await?;
        let addresses = self.on_the_bridge(&containers);
        let peers = self.shaping.peers.get(probe).into_iter().flatten().map(|peer| &peer.name);
        for needed in std::iter::once(probe).chain(peers) {
            if addresses.get(needed).is_none_or(Vec::is_empty) {
                // It says by itself what it is instead of running.
                self.given(needed).await?;
                return Err(DockerError::NoAddress);
            }
        }
        let container = self.container(probe).await?;
        if let Some(holder) = self.theirs(&container) {
            return Err(DockerError::Theirs(holder));
        }
        let foreign = self.enter(&container).await?;
        let Some(found) = foreign.device(addresses[probe][0]).await? else { return Err(DockerError::NoAddress) };
        let batches = self.batches(probe, &found.name, &addresses);
        Ok(foreign.make(&found.name, &batches, (MARK, hash)).await?)
    }

    /// Takes that away, from no container of somebody else's. One that does not run has lost it.
    pub(super) async fn unshape(&self, probe: &Name) -> Result<(), DockerError> {
        let containers = self.containers(Some(&probe_id(probe))).await?;
        let ours = containers.iter().filter(|container| self.claim.owns(container.labels.as_ref()));
        for container in ours.filter(|container| state(container).is_none()) {
            let ends = container.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
            let addresses = ends.into_iter().flat_map(|ends| ends.values()).flat_map(addresses_of);
            let foreign = match self.enter(container).await {
                Err(DockerError::ElsewhereAfterAll(_)) => continue,
                entered => entered?,
            };
            for address in addresses {
                let Some(found) = foreign.device(address).await? else { continue };
                if found.mark(MARK) != Mark::None {
                    foreign.clear(&found, MARK).await?;
                }
            }
        }
        Ok(())
    }
}

/// The addresses of a container on a network, IPv4 first.
fn addresses_of(end: &EndpointSettings) -> impl Iterator<Item = IpAddr> {
    // Engines leave empty what there is none of.
    [&end.ip_address, &end.global_ipv6_address].into_iter().flatten().filter_map(|text| text.parse().ok())
}

/// The probe that a container is, by its label.
fn probe(container: &ContainerSummary) -> Option<Name> {
    Name::new(container.labels.as_ref()?.get(RESOURCE)?.strip_prefix("probe/")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_has_addresses_of_either_family_or_of_both() {
        let told = |v4: &str, v6: &str| {
            let texts = (Some(v4.to_owned()), Some(v6.to_owned()));
            let end = EndpointSettings { ip_address: texts.0, global_ipv6_address: texts.1, ..Default::default() };
            addresses_of(&end).map(|address| address.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(told("10.204.0.2", ""), ["10.204.0.2"]);
        assert_eq!(told("", "fd00::2"), ["fd00::2"]);
        assert_eq!(told("10.204.0.2", "fd00::2"), ["10.204.0.2", "fd00::2"]);
    }
}
