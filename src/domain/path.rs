//! Which links and uplinks the traffic of a pair crosses: one truth for the backend's routes, the timetable and the report.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::name::Name;
use super::topology::{Directed, End, Link, Topology};
use super::unit::{Bitrate, Ratio};

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

/// The links of a topology by their ends: for the paths of many pairs, each of which would look through all links.
#[derive(Debug)]
pub struct Paths<'t> {
    topology: &'t Topology,
    /// From the first end to the second.
    links: HashMap<(&'t End, &'t End), (&'t Name, bool)>,
}

impl<'t> Paths<'t> {
    /// Those of `topology`.
    #[must_use]
    pub fn new(topology: &'t Topology) -> Self {
        let mut links = HashMap::with_capacity(2 * topology.links.len());
        for (name, link) in &topology.links {
            let [a, b] = &link.between;
            // Of several between the same ends the first counts.
            links.entry((a, b)).or_insert((name, true));
            links.entry((b, a)).or_insert((name, false));
        }
        Self { topology, links }
    }

    /// As [`Topology::path`].
    #[must_use]
    pub fn path(&self, source: &Name, destination: &Name) -> Path {
        self.topology.nearest(source, destination, |from, to| {
            let (link, forward) = self.links.get(&(from, to))?;
            Some(Crossing { link: (*link).clone(), forward: *forward })
        })
    }
}

impl Topology {
    /// The path from probe `source` to probe `destination`. The nearest link wins: probe to probe, then probe to site,
    /// then site to site. A link between two probes has a wire of its own and crosses no uplink.
    #[must_use]
    pub fn path(&self, source: &Name, destination: &Name) -> Path {
        self.nearest(source, destination, |from, to| self.crossing(from, to))
    }

    fn nearest(&self, source: &Name, destination: &Name, crossing: impl Fn(&End, &End) -> Option<Crossing>) -> Path {
        let site = |probe: &Name| self.probes.get(probe).and_then(|p| p.site.clone());
        let (from_site, to_site) = (site(source), site(destination));
        let from = End::Probe(source.clone());
        let to = End::Probe(destination.clone());
        if let Some(link) = crossing(&from, &to) {
            return Path { link: Some(link), uplinks: vec![] };
        }
        if from_site.is_some() && from_site == to_site {
            return Path::default();
        }
        if let Some(place) = to_site.clone()
            && let Some(link) = crossing(&from, &End::Site(place.clone()))
        {
            return Path { link: Some(link), uplinks: vec![place] };
        }
        if let Some(place) = from_site.clone()
            && let Some(link) = crossing(&End::Site(place.clone()), &to)
        {
            return Path { link: Some(link), uplinks: vec![place] };
        }
        let link = match (from_site.clone(), to_site.clone()) {
            (Some(a), Some(b)) => crossing(&End::Site(a), &End::Site(b)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::topology::{Contract, Impairment};

    #[test]
    fn the_index_knows_the_same_paths() {
        let text = r#"{"name":"t","description":null,"hosts":{},"sites":{"x":{"uplink":null},"y":{"uplink":null}},"probes":{},
            "links":{},"groups":{},"tests":{},"suites":{},"campaigns":{}}"#;
        let mut topology: Topology = serde_json::from_str(text).unwrap();
        let name = |text: &str| Name::new(text).unwrap();
        let (site, probe) = (|text| End::Site(name(text)), |text| End::Probe(name(text)));
        for (of, place) in [("x1", Some("x")), ("x2", Some("x")), ("y1", Some("y")), ("y2", Some("y")), ("z", None)] {
            let place =
                serde_json::json!({ "host": "h", "site": place, "tags": [], "ports": { "first": 1, "last": 2 } });
            topology.probes.insert(name(of), serde_json::from_value(place).unwrap());
        }
        let links = [
            ("a", site("x"), site("y")),
            ("b", site("y"), site("x")),
            ("c", probe("y2"), site("x")),
            ("d", probe("x1"), probe("y2")),
            ("e", probe("z"), site("y")),
            ("f", probe("x1"), probe("x2")),
        ];
        for (of, one, other) in links {
            let (contract, impair) = (Contract::default(), Impairment::default());
            topology.links.insert(name(of), Link { between: [one, other], contract, impair });
        }
        let paths = Paths::new(&topology);
        let mut crossed = std::collections::BTreeSet::new();
        for source in topology.probes.keys() {
            for destination in topology.probes.keys().filter(|d| *d != source) {
                let path = topology.path(source, destination);
                assert_eq!(paths.path(source, destination), path, "{source} {destination}");
                crossed.extend(path.link.map(|c| (c.link, c.forward)));
            }
        }
        // Every link but `b`, which `a` stands before, and each of them both ways.
        assert_eq!(crossed.len(), 10);
    }
}
