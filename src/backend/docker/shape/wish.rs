//! From the links of a topology to what each probe on a bridge does to its packets. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::backend::local::{Batch, BatchProgram, Feature, Need, branch, branched, dropping, impaired, trunk};
use crate::domain::name::Name;
use crate::domain::topology::{Impairment, Link, Topology};
use crate::domain::unit::{Bitrate, Ratio};

/// The number of a probe's first branch; below are the kernel's and the trunk's own.
const FIRST_BRANCH: usize = 16;

/// What a probe does to what it sends to another and receives from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Peer {
    /// The other.
    pub(super) name: Name,
    rate: Option<Bitrate>,
    delay: Option<Duration>,
    jitter: Option<Duration>,
    /// The other drops a share of what is sent to it.
    is_lossy: bool,
    /// Share that is dropped of what the other sends.
    loss: Option<Ratio>,
}

impl Peer {
    const fn has_branch(&self) -> bool {
        self.rate.is_some() || self.delay.is_some() || self.jitter.is_some()
    }

    const fn is_shaped(&self) -> bool {
        self.has_branch() || self.is_lossy || self.loss.is_some()
    }
}

/// What `probe` does, by the name of the other.
pub(super) fn peers(topology: &Topology, probe: &Name) -> Vec<Peer> {
    let joined = topology.links.values().filter_map(|link| topology.on_one_bridge(link).ok());
    // Several links may join the same two; one of them is crossed.
    let others: BTreeSet<&Name> = joined
        .filter_map(|[a, b]| match (a == probe, b == probe) {
            (true, false) => Some(b),
            (false, true) => Some(a),
            _ => None,
        })
        .collect();
    others.into_iter().map(|other| peer(topology, probe, other)).filter(Peer::is_shaped).collect()
}

fn peer(topology: &Topology, probe: &Name, other: &Name) -> Peer {
    let crossed = |from, to| {
        let crossing = topology.path(from, to).link?;
        Some((topology.links.get(&crossing.link)?.impair, crossing.forward))
    };
    let loss = |crossed: Option<(Impairment, bool)>| {
        let (impair, forward) = crossed?;
        impair.loss_ratio.toward(forward).filter(|loss| loss.share() > 0.0)
    };
    let there = crossed(probe, other);
    Peer {
        name: other.clone(),
        rate: there.and_then(|(impair, forward)| impair.rate_bits_per_second.toward(forward)),
        delay: there.and_then(|(impair, forward)| impair.delay_seconds.toward(forward)).map(|delay| delay.0),
        jitter: there.and_then(|(impair, forward)| impair.jitter_seconds.toward(forward)).map(|jitter| jitter.0),
        is_lossy: loss(there).is_some(),
        loss: loss(crossed(other, probe)),
    }
}

/// What the kernel must have for the links between probes of `host`, each once.
pub(super) fn needs(topology: &Topology, host: &Name) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    let is_here = |probe: &Name| topology.probes.get(probe).is_some_and(|probe| probe.host == *host);
    let here = |link: &Link| topology.on_one_bridge(link).is_ok_and(|[a, _]| is_here(a));
    for (name, link) in topology.links.iter().filter(|(_, link)| here(link)) {
        for (who, option) in impaired(name, link) {
            for feature in branched(option) {
                if needs.iter().all(|need| need.feature != feature) {
                    needs.push(Need { feature, who: who.clone() });
                }
            }
        }
    }
    needs
}

/// How that is made on `device`, the others having these addresses.
pub(super) fn batches(peers: &[Peer], device: &str, addresses: &dyn Fn(&Name) -> Vec<IpAddr>) -> Vec<Batch> {
    let mut shapes = String::new();
    for (number, peer) in (FIRST_BRANCH..).zip(peers.iter().filter(|peer| peer.has_branch())) {
        if shapes.is_empty() {
            shapes = trunk(device);
        }
        shapes += &branch(device, number, &addresses(&peer.name), peer.rate, peer.delay, peer.jitter);
    }
    let mut batches = vec![Batch::new(BatchProgram::Tc, None, shapes)];
    let losses: Vec<(Option<IpAddr>, Ratio)> = peers
        .iter()
        .filter_map(|peer| Some((peer, peer.loss?)))
        .flat_map(|(peer, loss)| addresses(&peer.name).into_iter().map(move |from| (Some(from), loss)))
        .collect();
    if let Some([by_nft, by_iptables, by_ip6tables]) = dropping(device, &losses) {
        let instead = vec![(BatchProgram::Iptables, by_iptables), (BatchProgram::Ip6tables, by_ip6tables)];
        batches.push(Batch::new(BatchProgram::Nft, None, by_nft).or(Feature::Loss, instead));
    }
    if peers.iter().any(|peer| peer.is_lossy) {
        // The other's filter must see packets, not the kernel's bundles of them.
        batches.push(Batch::new(BatchProgram::Ip, None, format!("link set dev {device} gso_max_segs 1\n")));
    }
    batches.retain(|batch| !batch.lines.is_empty());
    batches
}

#[cfg(test)]
mod tests;
