//! Fleets: the nodes that one host stands for, and a topology whose probes there are one on each node.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::group::{Group, Shape};
use super::host::Placement;
use super::name::Name;
use super::topology::{End, Link, Topology};

/// A node of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name, made a valid one.
    pub name: Name,
    /// Does it answer the manager?
    pub ready: bool,
    /// May it be given work? A node that is drained may not.
    pub takes_work: bool,
    /// What its administrators say of it.
    pub labels: BTreeMap<String, String>,
    /// The probes that are deployed on it, called as they are there.
    pub carries: BTreeSet<Name>,
}

/// A topology with a probe for each place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expanded {
    /// The topology.
    pub topology: Topology,
    /// Probes for which there are too few nodes.
    pub short: Vec<Shortage>,
}

/// A probe with fewer places than it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The probe as the file calls it.
    pub probe: Name,
    /// Its host.
    pub host: Name,
    /// How many there should be.
    pub wanted: u32,
    /// How many there are.
    pub found: u32,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { probe, host, wanted, found } = self;
        write!(f, "probe {probe} is to be on {wanted} of the nodes of {host} and can be on {found}")
    }
}

/// Two things that would have one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` would name both {first} and {second}")]
pub struct Clash {
    /// The name.
    pub name: Name,
    /// What has it.
    pub first: String,
    /// What would have it too.
    pub second: String,
}

/// The places of a probe: what it is called there, and the end that this adds to its name.
struct Place {
    name: Name,
    added: Option<Name>,
    node: Name,
}

/// `topology` with each probe on a fleet replaced by one for each of its places, everywhere. `nodes` are those of each host
/// that is a fleet and known; probes on other hosts stay as they are.
///
/// # Errors
/// The first [`Clash`].
pub fn expand(topology: &Topology, nodes: &BTreeMap<Name, Vec<Node>>) -> Result<Expanded, Clash> {
    let mut short = Vec::new();
    let mut places: BTreeMap<&Name, Vec<Place>> = BTreeMap::new();
    for (name, probe) in &topology.probes {
        let Some(all) = nodes.get(&probe.host) else { continue };
        let placement = probe.attachment.placement.as_ref();
        let keeps_name = !matches!(placement, Some(Placement::EachNode | Placement::Replicas { .. }));
        let called = |node: &Node| if keeps_name { name.clone() } else { joined(name, &node.name) };
        let (chosen, wanted) = choose(placement, all, |node| node.carries.contains(&called(node)));
        let found = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
        if found < wanted {
            short.push(Shortage { probe: name.clone(), host: probe.host.clone(), wanted, found });
        }
        let place = |node: &Node| Place {
            name: called(node),
            added: (!keeps_name).then(|| node.name.clone()),
            node: node.name.clone(),
        };
        places.insert(name, chosen.into_iter().map(place).collect());
    }
    let mut expanded = topology.clone();
    expanded.probes.clear();
    let mut taken: BTreeMap<Name, String> =
        topology.sites.keys().map(|site| (site.clone(), "the site of that name".to_owned())).collect();
    for (name, probe) in &topology.probes {
        let Some(places) = places.get(name) else {
            take(&mut taken, name, "the probe of that name".to_owned())?;
            expanded.probes.insert(name.clone(), probe.clone());
            continue;
        };
        for place in places {
            take(&mut taken, &place.name, format!("probe {name} on node {}", place.node))?;
            let mut probe = probe.clone();
            probe.attachment.placement = Some(Placement::Members(vec![place.node.clone()]));
            expanded.probes.insert(place.name.clone(), probe);
        }
    }
    expanded.links = links(&topology.links, &places)?;
    for group in expanded.groups.values_mut() {
        *group = group_of(group, &places);
    }
    Ok(Expanded { topology: expanded, short })
}

/// The nodes on which a probe is to be, and how many that should be: those that have it already, whether they answer or not,
/// for a probe that moves measures something else; then those that answer, then by their names, so that every look at the
/// same nodes gives the same ones.
fn choose<'n>(
    placement: Option<&Placement>,
    nodes: &'n [Node],
    has_it: impl Fn(&Node) -> bool,
) -> (Vec<&'n Node>, u32) {
    let (count, labels) = match placement {
        Some(Placement::EachNode) => (u32::MAX, &[][..]),
        Some(Placement::Replicas { count, labels }) => (*count, labels.as_slice()),
        // Members are those of another kind of host, from which a probe may inherit.
        None | Some(Placement::Members(_)) => (1, &[][..]),
    };
    let has = |node: &Node, label: &String| {
        let (key, value) = label.split_once('=').unwrap_or((label, ""));
        node.labels.get(key).is_some_and(|own| own == value)
    };
    let fits = |node: &&Node| node.takes_work && labels.iter().all(|label| has(node, label));
    let mut fitting: Vec<&Node> = nodes.iter().filter(fits).collect();
    fitting.sort_by_key(|node| (!has_it(node), !node.ready, &node.name));
    fitting.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    fitting.sort_by_key(|node| &node.name);
    (fitting, if count == u32::MAX { 1 } else { count })
}

/// The name of something on a node, cut to length.
fn joined(name: &Name, node: &Name) -> Name {
    Name::nearest(&format!("{name}-{node}")).unwrap_or_else(|| name.clone())
}

fn take(taken: &mut BTreeMap<Name, String>, name: &Name, what: String) -> Result<(), Clash> {
    match taken.get(name) {
        Some(first) => Err(Clash { name: name.clone(), first: first.clone(), second: what }),
        None => {
            taken.insert(name.clone(), what);
            Ok(())
        }
    }
}

/// Each link between each place of its ends.
fn links(links: &BTreeMap<Name, Link>, places: &BTreeMap<&Name, Vec<Place>>) -> Result<BTreeMap<Name, Link>, Clash> {
    let ends = |end: &End| match end {
        End::Probe(name) if places.contains_key(name) => {
            places[name].iter().map(|place| (End::Probe(place.name.clone()), place.added.clone())).collect()
        }
        other => vec![(other.clone(), None)],
    };
    let (mut expanded, mut taken) = (BTreeMap::new(), BTreeMap::new());
    for (name, link) in links {
        let [a, b] = link.between.each_ref().map(ends);
        for (a, first) in &a {
            for (b, second) in &b {
                let added = [first, second].into_iter().flatten();
                let own = added.fold(name.clone(), |name, node| joined(&name, node));
                take(&mut taken, &own, format!("link {name} between {} and {}", a.name(), b.name()))?;
                expanded.insert(own, Link { between: [a.clone(), b.clone()], ..link.clone() });
            }
        }
    }
    Ok(expanded)
}

fn group_of(group: &Group, places: &BTreeMap<&Name, Vec<Place>>) -> Group {
    let each = |name: &Name| match places.get(name) {
        Some(places) => places.iter().map(|place| place.name.clone()).collect(),
        None => vec![name.clone()],
    };
    let all = |names: &[Name]| names.iter().flat_map(each).collect::<Vec<Name>>();
    let shape = match &group.shape {
        Shape::Mesh(probes) => Shape::Mesh(all(probes)),
        Shape::Ring(probes) => Shape::Ring(all(probes)),
        Shape::Between { from, to } => Shape::Between { from: all(from), to: all(to) },
        Shape::Star { hub, spokes } => match each(hub).as_slice() {
            [hub] => Shape::Star { hub: hub.clone(), spokes: all(spokes) },
            hubs => Shape::Between { from: hubs.to_vec(), to: all(spokes) },
        },
        Shape::Pairs(pairs) => {
            let cross = |(a, b): &(Name, Name)| {
                let b = each(b);
                each(a).into_iter().flat_map(move |a| b.clone().into_iter().map(move |b| (a.clone(), b)))
            };
            Shape::Pairs(pairs.iter().flat_map(cross).collect())
        }
    };
    let only_destinations: BTreeSet<Name> = group.only_destinations.iter().flat_map(each).collect();
    Group { shape, one_way: group.one_way, only_destinations }
}

#[cfg(test)]
mod tests;
