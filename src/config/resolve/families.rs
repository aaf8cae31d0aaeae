//! Address families: two ends of a pair, and a test between them, need one in common.

use std::collections::{BTreeMap, HashMap};

use super::probes::Outline;
use crate::config::codes::Code;
use crate::config::crossing::Sides;
use crate::config::fault::{Fault, Faults, Span};
use crate::config::raw;
use crate::domain::campaign::Campaign;
use crate::domain::group::{Group, Pair};
use crate::domain::name::Name;
use crate::domain::test::{Family, TestDefinition};

/// A probe whose address is written, and so its family.
struct Fixed<'o> {
    name: &'o Name,
    family: Family,
    span: Span,
}

/// Checks the group and the tests of each campaign. Probes without a written address have what their host gives them.
pub(super) fn check(
    raw: &raw::Topology,
    outline: &Outline<'_>,
    groups: &BTreeMap<Name, Group>,
    campaigns: &BTreeMap<Name, Campaign>,
    tests: &BTreeMap<Name, TestDefinition>,
    faults: &mut Faults<'_>,
) {
    let fixed: Vec<Fixed<'_>> = outline
        .probes
        .iter()
        .filter_map(|probe| {
            let address = probe.address()?;
            Some(Fixed { name: &probe.name.value, family: Family::of(address.value.ip), span: address.span })
        })
        .collect();
    if fixed.is_empty() {
        return;
    }
    let mut known: HashMap<&Name, Pairing<'_>> = HashMap::new();
    for (name, written) in &raw.campaigns.entries {
        let Some(campaign) = campaigns.get(&name.value) else { continue };
        let Some(group) = groups.get(&campaign.group) else { continue };
        let pairing = known.entry(&campaign.group).or_insert_with(|| Pairing::of(group));
        if let Some(place) = written.group.given() {
            pairs(pairing, &fixed, &campaign.group, place.span, faults);
        }
        for item in written.run.value().into_iter().flatten() {
            let Some(family) = tests.get(&item.value).and_then(family) else { continue };
            let Some(other) = fixed.iter().find(|f| f.family != family && pairing.has(f.name)) else { continue };
            let message = format!("`{}` uses {}, which `{}` has not", item.value, word(family), other.name);
            let fault = Fault::new(Code::NoCommonFamily, item.span, message).label(format!("{} only", word(family)));
            let fault = fault.related(other.span, format!("its address is {}", word(other.family)));
            faults.add(fault.fix("leave the probe out of the group, or `family` out of the test"));
        }
    }
}

fn pairs(pairing: &Pairing<'_>, fixed: &[Fixed<'_>], group: &Name, place: Span, faults: &mut Faults<'_>) {
    let of = |family| fixed.iter().filter(move |f| f.family == family);
    for (a, b) in of(Family::Ipv4).flat_map(|a| of(Family::Ipv6).map(move |b| (a, b))) {
        if pairing.joins(a.name, b.name) {
            let message = format!("`{}` and `{}` of `{group}` have no address family in common", a.name, b.name);
            let fault = Fault::new(Code::NoCommonFamily, place, message).label("pairs them");
            let fault = fault.related(a.span, "IPv4").related(b.span, "IPv6");
            faults.add(fault.fix("give both an address of one family, or leave one of them out of the group"));
            return;
        }
    }
}

/// Which probes a group joins.
enum Pairing<'g> {
    Sides(Sides<'g>),
    Listed(Vec<Pair>),
}

impl<'g> Pairing<'g> {
    fn of(group: &'g Group) -> Self {
        Sides::of(group).map_or_else(|| Self::Listed(group.pairs()), Self::Sides)
    }

    fn joins(&self, a: &Name, b: &Name) -> bool {
        match self {
            Self::Sides(sides) => sides.pairs(a, b) || sides.pairs(b, a),
            Self::Listed(pairs) => {
                let is = |pair: &Pair, a: &Name, b: &Name| pair.source == *a && pair.destination == *b;
                pairs.iter().any(|pair| is(pair, a, b) || is(pair, b, a))
            }
        }
    }

    fn has(&self, probe: &Name) -> bool {
        match self {
            Self::Sides(sides) => sides.has(probe),
            Self::Listed(pairs) => pairs.iter().any(|pair| pair.source == *probe || pair.destination == *probe),
        }
    }
}

/// The family that a test is bound to.
const fn family(test: &TestDefinition) -> Option<Family> {
    match test {
        TestDefinition::Iperf3(test) => test.base.family,
        TestDefinition::Iperf2(test) => test.base.family,
        TestDefinition::Ping(test) => test.family,
        TestDefinition::Traceroute(test) => test.family,
        TestDefinition::Mtr(test) => test.family,
        TestDefinition::Tracepath(test) => test.family,
        TestDefinition::PathMtu(test) => test.family,
        TestDefinition::Connect(test) => test.family,
    }
}

const fn word(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    }
}
