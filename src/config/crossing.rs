//! Which links a group crosses, found without listing its pairs: a mesh of a thousand probes has 999,000 of them.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::domain::group::{Group, Shape};
use crate::domain::name::Name;
use crate::domain::path::Paths;
use crate::domain::topology::{End, Link, Topology};

/// A link that some pair of a group crosses.
pub(crate) struct Crossed<'t> {
    pub(crate) name: &'t Name,
    pub(crate) link: &'t Link,
    /// Is it crossed by a run from its first end to its second?
    pub(crate) forward: bool,
    /// And from its second to its first?
    pub(crate) backward: bool,
}

/// What is the same for all groups of a topology.
pub(crate) struct Map<'t> {
    topology: &'t Topology,
    paths: Paths<'t>,
    residents: HashMap<&'t Name, Vec<&'t Name>>,
    /// Probes that are an end of a link themselves, so that their site's links may not be theirs.
    ends: HashSet<&'t Name>,
}

impl<'t> Map<'t> {
    pub(crate) fn new(topology: &'t Topology) -> Self {
        let mut residents: HashMap<&Name, Vec<&Name>> = HashMap::new();
        for (name, probe) in &topology.probes {
            if let Some(site) = &probe.site {
                residents.entry(site).or_default().push(name);
            }
        }
        let ends = topology.links.values().flat_map(|link| &link.between).filter_map(|end| match end {
            End::Probe(name) => Some(name),
            End::Site(_) => None,
        });
        Self { topology, paths: Paths::new(topology), residents, ends: ends.collect() }
    }

    /// The probes at the end of a link.
    fn at<'a>(&'a self, end: &'a End) -> Vec<&'a Name> {
        match end {
            End::Probe(name) => vec![name],
            End::Site(site) => self.residents.get(site).cloned().unwrap_or_default(),
        }
    }

    /// The links that the group's pairs cross.
    pub(crate) fn crossed(&self, group: &Group) -> Vec<Crossed<'t>> {
        let all = self.topology.links.iter();
        let mut crossed: Vec<Crossed<'t>> =
            all.map(|(name, link)| Crossed { name, link, forward: false, backward: false }).collect();
        if let Some(sides) = Sides::of(group) {
            for entry in &mut crossed {
                let [a, b] = entry.link.between.each_ref().map(|end| self.at(end));
                entry.forward = self.some_pair(&sides, entry.name, &a, &b);
                entry.backward = self.some_pair(&sides, entry.name, &b, &a);
            }
        } else {
            let position: HashMap<&Name, usize> = crossed.iter().enumerate().map(|(i, c)| (c.name, i)).collect();
            for pair in group.pairs() {
                let Some(crossing) = self.paths.path(&pair.source, &pair.destination).link else { continue };
                if let Some(entry) = position.get(&crossing.link).map(|&i| &mut crossed[i]) {
                    if crossing.forward { entry.forward = true } else { entry.backward = true }
                }
            }
        }
        crossed.retain(|c| c.forward || c.backward);
        crossed
    }

    /// Does the group pair a source of `from` with a destination of `to` over this link?
    fn some_pair(&self, sides: &Sides<'_>, link: &Name, from: &[&Name], to: &[&Name]) -> bool {
        from.iter().filter(|s| sides.has(s)).any(|source| {
            to.iter().any(|destination| sides.pairs(source, destination) && self.crosses(source, destination, link))
        })
    }

    fn crosses(&self, source: &Name, destination: &Name, link: &Name) -> bool {
        if !self.ends.contains(source) && !self.ends.contains(destination) {
            return true;
        }
        self.paths.path(source, destination).link.is_some_and(|crossing| crossing.link == *link)
    }
}

/// A group that pairs every probe of one side with every one of another.
pub(crate) struct Sides<'g> {
    from: HashMap<&'g Name, usize>,
    /// `None` for a mesh, whose two sides are one.
    to: Option<HashSet<&'g Name>>,
    one_way: bool,
    only_destinations: &'g BTreeSet<Name>,
}

impl<'g> Sides<'g> {
    /// `None` for a group whose pairs are few enough to be listed.
    pub(crate) fn of(group: &'g Group) -> Option<Self> {
        let order = |names: &'g [Name]| names.iter().enumerate().map(|(i, n)| (n, i)).collect();
        let (from, to) = match &group.shape {
            Shape::Mesh(probes) => (order(probes), None),
            Shape::Star { hub, spokes } => (order(std::slice::from_ref(hub)), Some(spokes.iter().collect())),
            Shape::Between { from, to } => (order(from), Some(to.iter().collect())),
            Shape::Ring(_) | Shape::Pairs(_) => return None,
        };
        Some(Self { from, to, one_way: group.one_way, only_destinations: &group.only_destinations })
    }

    /// Does the group hold the probe at all?
    pub(crate) fn has(&self, probe: &Name) -> bool {
        self.from.contains_key(probe) || self.to.as_ref().is_some_and(|to| to.contains(probe))
    }

    /// Is there a run from this probe to any other?
    pub(crate) fn starts(&self, source: &Name) -> bool {
        self.from.keys().copied().chain(self.to.iter().flatten().copied()).any(|other| self.pairs(source, other))
    }

    /// Is there a run from `source` to `destination`?
    pub(crate) fn pairs(&self, source: &Name, destination: &Name) -> bool {
        if source == destination || self.only_destinations.contains(source) {
            return false;
        }
        let Some(to) = &self.to else {
            return match (self.from.get(source), self.from.get(destination)) {
                (Some(first), Some(second)) => !self.one_way || first < second,
                _ => false,
            };
        };
        let there = |a: &Name, b: &Name| self.from.contains_key(a) && to.contains(b);
        there(source, destination) || (!self.one_way && there(destination, source))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::config::{Source, load};
    use std::collections::BTreeMap;

    const PLACES: &str = "
name: t
hosts: { h: { local: {} } }
defaults: { probe: { host: h } }
sites: { a: {}, b: {}, c: {} }
probes: { a1: { site: a }, a2: { site: a }, b1: { site: b }, b2: { site: b }, c1: { site: c }, x: {} }
links:
  ab: { between: [a, b] }
  ca: { between: [c, a] }
  pp: { between: [c1, b1] }
  xb: { between: [b, x] }
";

    fn crossed_one_by_one(topology: &Topology, group: &Group) -> BTreeMap<Name, (bool, bool)> {
        let mut crossed: BTreeMap<Name, (bool, bool)> = BTreeMap::new();
        for pair in group.pairs() {
            if let Some(crossing) = topology.path(&pair.source, &pair.destination).link {
                let entry = crossed.entry(crossing.link).or_default();
                if crossing.forward { entry.0 = true } else { entry.1 = true }
            }
        }
        crossed
    }

    #[test]
    fn agrees_with_the_path_of_every_pair() {
        for group in [
            "{ mesh: all }",
            "{ mesh: all, one-way: true }",
            "{ mesh: [b1, c1, a1], one-way: true }",
            "{ mesh: [c1, b1] }",
            "{ mesh: { sites: [a, c] } }",
            "{ star: { hub: x, spokes: all }, one-way: true }",
            "{ star: { hub: c1, spokes: { sites: [a, b] } } }",
            "{ between: { from: { sites: [a] }, to: { sites: [b, c] } }, one-way: true }",
            "{ between: { from: [a1, b1], to: [b1, x] } }",
            "{ ring: all }",
            "{ ring: [a1, b2, c1], one-way: true }",
            "{ pairs: [[x, b2], [a2, a1]], one-way: true }",
        ] {
            let text = format!("{PLACES}groups: {{ g: {group} }}\n");
            let loaded = load(&Source { file: "t.yaml".into(), bytes: text.into_bytes() });
            let topology = loaded.topology.unwrap();
            let group = &topology.groups["g"];
            let found = Map::new(&topology).crossed(group);
            let found: BTreeMap<_, _> = found.into_iter().map(|c| (c.name.clone(), (c.forward, c.backward))).collect();
            assert_eq!(found, crossed_one_by_one(&topology, group), "{group:?}");
        }
    }
}
