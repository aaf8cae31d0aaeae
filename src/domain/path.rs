//! Which links and uplinks the traffic of a pair crosses: one truth for the backend's routes, the timetable and the report.

use serde::{Deserialize, Serialize};

use super::name::Name;
use super::topology::{Directed, End, Link, Topology};
use super::unit::{Bitrate, Ratio};
use std::time::Duration;

/// The declared things between two probes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// The declared link, if any; without one the path is open: no contract, no shaping.
    pub link: Option<Crossing>,
    /// Sites whose uplink is crossed (left or entered).
    pub uplinks: Vec<Name>,
}

/// A link crossed one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// The link.
    pub link: Name,
    /// From its first end to its second?
    pub forward: bool,
}

/// A link's contract as it applies to one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreed {
    /// Rate in this direction.
    pub rate: Option<Bitrate>,
    /// Round-trip time at most.
    pub rtt: Option<Duration>,
    /// Jitter at most.
    pub jitter: Option<Duration>,
    /// Loss at most.
    pub loss: Option<Ratio>,
    /// Path MTU at least, in bytes.
    pub mtu: Option<u32>,
}

impl Agreed {
    /// Was anything at all agreed?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rate.is_none() && self.rtt.is_none() && self.jitter.is_none() && self.loss.is_none() && self.mtu.is_none()
    }
}

impl Topology {
    /// The path from probe `source` to probe `destination`. The nearest link wins: probe to probe, then probe to site,
    /// then site to site. A link between two probes has a wire of its own and crosses no uplink.
    #[must_use]
    pub fn path(&self, source: &Name, destination: &Name) -> Path {
        let site = |probe: &Name| self.probes.get(probe).and_then(|p| p.site.clone());
        let (from_site, to_site) = (site(source), site(destination));
        let from = End::Probe(source.clone());
        let to = End::Probe(destination.clone());
        if let Some(link) = self.crossing(&from, &to) {
            return Path { link: Some(link), uplinks: vec![] };
        }
        if from_site.is_some() && from_site == to_site {
            return Path::default();
        }
        if let Some(place) = to_site.clone()
            && let Some(link) = self.crossing(&from, &End::Site(place.clone()))
        {
            return Path { link: Some(link), uplinks: vec![place] };
        }
        if let Some(place) = from_site.clone()
            && let Some(link) = self.crossing(&End::Site(place.clone()), &to)
        {
            return Path { link: Some(link), uplinks: vec![place] };
        }
        let link = match (from_site.clone(), to_site.clone()) {
            (Some(a), Some(b)) => self.crossing(&End::Site(a), &End::Site(b)),
            _ => None,
        };
        Path { link, uplinks: from_site.into_iter().chain(to_site).collect() }
    }

    fn crossing(&self, from: &End, to: &End) -> Option<Crossing> {
        self.links.iter().find_map(|(name, link)| {
            let [a, b] = &link.between;
            let forward = a == from && b == to;
            (forward || (a == to && b == from)).then(|| Crossing { link: name.clone(), forward })
        })
    }

    /// What the contract of the crossed link says for this direction; `None` on an open path or an empty contract.
    #[must_use]
    pub fn agreed(&self, crossing: Option<&Crossing>) -> Option<Agreed> {
        let crossing = crossing?;
        let Link { contract, .. } = self.links.get(&crossing.link)?;
        let rates: &Directed<Bitrate> = &contract.rate_bits_per_second;
        let agreed = Agreed {
            rate: rates.toward(crossing.forward),
            rtt: contract.rtt_seconds,
            jitter: contract.jitter_seconds,
            loss: contract.loss_ratio,
            mtu: contract.mtu_bytes,
        };
        (!agreed.is_empty()).then_some(agreed)
    }
}
