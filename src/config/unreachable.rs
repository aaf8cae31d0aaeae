//! Tests towards probes behind NAT, to which nothing can connect.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Code;
use super::crossing::Sides;
use super::fault::{Fault, Faults, Span, Spanned};
use super::raw;
use crate::domain::group::{Group, Pair};
use crate::domain::name::Name;
use crate::domain::topology::Topology;

/// Warns of the tests of a campaign whose runs are skipped, for the probe behind NAT does not measure in its own turn what
/// they would. One example of each.
pub(super) fn behind_nat<'t>(
    tests: &[(&Spanned<Name>, &Name)],
    campaign: &raw::Campaign,
    topology: &'t Topology,
    faults: &mut Faults<'_>,
) {
    let behind: BTreeSet<&'t Name> = topology.probes.keys().filter(|probe| topology.is_behind_nat(probe)).collect();
    let group = campaign.group.value().and_then(|group| topology.groups.get(group));
    let Some(group) = group.filter(|_| !behind.is_empty()) else { return };
    let towards = Towards::new(group, topology, &behind);
    // A suite has several in one place.
    let mut lost: BTreeMap<Span, (&Pair, Vec<String>)> = BTreeMap::new();
    for (item, test) in tests {
        let Some(definition) = topology.tests.get(*test).filter(|test| test.tool().needs_destination()) else {
            continue;
        };
        let pair = if definition.measures_both_ways() { &towards.in_vain } else { &towards.any };
        if let Some(pair) = pair {
            lost.entry(item.span).or_insert((pair, vec![])).1.push(format!("`{test}`"));
        }
    }
    for (span, (Pair { source, destination }, tests)) in lost {
        let tests = tests.join(", ");
        let message = format!("{tests} from `{source}` cannot reach `{destination}`, which is behind NAT");
        let fault = Fault::new(Code::BehindNat, span, message).label("such runs are skipped");
        faults.add(if behind.contains(source) {
            fault.fix("pair each of them with a probe that is not behind NAT")
        } else {
            fault.fix(format!("pair from `{destination}`, with `direction: reverse` for what it would receive"))
        });
    }
}

/// An example of the pairs of a group that end behind NAT.
struct Towards {
    any: Option<Pair>,
    /// One whose other way round is not run, or cannot be.
    in_vain: Option<Pair>,
}

impl Towards {
    fn new(group: &Group, topology: &Topology, behind: &BTreeSet<&Name>) -> Self {
        let (sides, listed) = match Sides::of(group) {
            Some(sides) => (Some(sides), BTreeSet::new()),
            None => (None, group.pairs().into_iter().collect()),
        };
        let pair =
            |source: &Name, destination: &Name| Pair { source: source.clone(), destination: destination.clone() };
        let is_run = |source: &Name, destination: &Name| match &sides {
            Some(sides) => sides.pairs(source, destination),
            None => listed.contains(&pair(source, destination)),
        };
        let mut towards = Self { any: None, in_vain: None };
        for destination in behind.iter().copied() {
            for source in topology.probes.keys().filter(|source| is_run(source, destination)) {
                towards.any.get_or_insert_with(|| pair(source, destination));
                if behind.contains(source) || !is_run(destination, source) {
                    towards.in_vain = Some(pair(source, destination));
                    return towards;
                }
            }
        }
        towards
    }
}
