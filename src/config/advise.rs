//! Warnings: what is valid and can be run, but is surely not what was meant. Never about what is built in.

use std::collections::{BTreeMap, HashSet};

use super::codes::Code;
use super::crossing::{Crossed, Map, Sides};
use super::fault::{Fault, Faults, Spanned};
use super::raw::{self, Field};
use super::unreachable;
use crate::domain::campaign::{Limit, Metric};
use crate::domain::group::Group;
use crate::domain::name::Name;
use crate::domain::test::{Directions, OfferedRate, Protocol, TestDefinition};
use crate::domain::topology::{End, Topology};
use crate::domain::unit::Bitrate;

/// Looks once more at a topology without errors.
pub(crate) fn advise(raw: &raw::Topology, topology: &Topology, faults: &mut Faults<'_>) {
    unused(raw, topology, faults);
    uplinks(raw, topology, faults);
    let map = Map::new(topology);
    let groups: BTreeMap<&Name, Vec<Crossed<'_>>> = topology
        .campaigns
        .values()
        .filter_map(|campaign| topology.groups.get_key_value(&campaign.group))
        .map(|(name, group): (&Name, &Group)| (name, map.crossed(group)))
        .collect();
    for (_, campaign) in &raw.campaigns.entries {
        let Some(crossed) = campaign.group.value().and_then(|group| groups.get(group)) else { continue };
        contracted_rates(raw, topology, campaign, crossed, faults);
        contracted_limits(campaign, crossed, faults);
        beyond_uplinks(raw, topology, campaign, faults);
        unreachable::behind_nat(&tests_of(campaign, topology), campaign, topology, faults);
    }
    let crossed: HashSet<&Name> = groups.values().flatten().map(|c| c.name).collect();
    for (name, _) in raw.links.entries.iter().filter(|(name, _)| !crossed.contains(&name.value)) {
        let fault =
            Fault::new(Code::UncrossedLink, name.span, format!("no campaign crosses the link `{}`", name.value));
        faults.add(fault.label("never measured").fix("let a campaign's group pair probes of both ends"));
    }
}

fn unused(raw: &raw::Topology, topology: &Topology, faults: &mut Faults<'_>) {
    let hosts: HashSet<&Name> = topology.probes.values().map(|p| &p.host).collect();
    for (name, _) in raw.hosts.entries.iter().filter(|(name, _)| !hosts.contains(&name.value)) {
        let fault = Fault::new(Code::UnusedHost, name.span, format!("the host `{}` carries no probe", name.value));
        faults.add(fault.fix("give it a probe, or remove it"));
    }
    let sites: HashSet<&Name> = topology.probes.values().filter_map(|p| p.site.as_ref()).collect();
    for (name, _) in raw.sites.entries.iter().filter(|(name, _)| !sites.contains(&name.value)) {
        let fault = Fault::new(Code::EmptySite, name.span, format!("the site `{}` has no probe", name.value));
        faults.add(fault.fix("put a probe there, or remove it"));
    }
}

/// A contract that the uplink in front of it can never fulfil.
fn uplinks(raw: &raw::Topology, topology: &Topology, faults: &mut Faults<'_>) {
    for (name, written) in &raw.links.entries {
        let (Some(link), Some(rate)) = (topology.links.get(&name.value), written.contract.rate.given()) else {
            continue;
        };
        let rates = link.contract.rate_bits_per_second;
        let [a, b] = &link.between;
        for (from, to, rate_of_way) in [(a, b, rates.a_to_b), (b, a, rates.b_to_a)] {
            let Some(agreed) = rate_of_way else { continue };
            for (end, leaves) in [(from, true), (to, false)] {
                let Some((uplink, own)) = uplink(raw, end) else { continue };
                let (limit, side) = if leaves { (own.up, "up") } else { (own.down, "down") };
                if limit < agreed {
                    warn_uplink([from.name(), to.name(), end.name()], agreed, (limit, side), rate.span, uplink, faults);
                }
            }
        }
    }
}

fn uplink<'r>(raw: &'r raw::Topology, end: &End) -> Option<(&'r Spanned<raw::Uplink>, raw::Uplink)> {
    let End::Site(site) = end else { return None };
    let (_, site) = raw.sites.entries.iter().find(|(name, _)| name.value == *site)?;
    site.uplink.given().map(|uplink| (uplink, uplink.value))
}

fn warn_uplink(
    [from, to, site]: [&Name; 3],
    agreed: Bitrate,
    (limit, side): (Bitrate, &str),
    span: super::fault::Span,
    uplink: &Spanned<raw::Uplink>,
    faults: &mut Faults<'_>,
) {
    let message =
        format!("{agreed} from `{from}` to `{to}` cannot pass the uplink of `{site}`, which has {limit} {side}");
    let fault = Fault::new(Code::UplinkBelowContract, span, message).label("contracted");
    faults.add(fault.related(uplink.span, "slower uplink").fix("raise the uplink, or lower the contract"));
}

/// The tests of a campaign, each with the item of `run` that brings it.
fn tests_of<'r>(raw: &'r raw::Campaign, topology: &'r Topology) -> Vec<(&'r Spanned<Name>, &'r Name)> {
    let mut seen = HashSet::new();
    let mut tests = vec![];
    for item in raw.run.value().into_iter().flatten() {
        let inner = topology.suites.get(&item.value).map_or(std::slice::from_ref(&item.value), Vec::as_slice);
        tests.extend(inner.iter().filter(|test| seen.insert(*test)).map(|test| (item, test)));
    }
    tests
}

/// Tests at the contracted rate in a group where no pair has one: all of their runs would be skipped.
fn contracted_rates(
    raw: &raw::Topology,
    topology: &Topology,
    campaign: &raw::Campaign,
    crossed: &[Crossed<'_>],
    faults: &mut Faults<'_>,
) {
    let mut tcp_before = false;
    for (item, test) in tests_of(campaign, topology) {
        let (protocol, directions) = match topology.tests.get(test) {
            Some(TestDefinition::Iperf3(test)) => (test.base.protocol, test.directions),
            Some(TestDefinition::Iperf2(test)) => (test.base.protocol, test.directions),
            _ => continue,
        };
        let agreed = || crossed.iter().any(|link| has_rate(link, directions));
        match raw.tests.rate_of(test) {
            Some(rate) if matches!(rate.value, OfferedRate::Contract(_)) && !agreed() => {
                let message = format!("`{test}` sends at the contracted rate, and no pair of the group has one");
                let fault = Fault::new(Code::RateWithoutContract, item.span, message).label("all its runs are skipped");
                let fault = fault.related(rate.span, "the rate of the test");
                faults
                    .add(fault.fix(
                        "give a link between the pairs a `contract` with a `rate`, or the test a rate of its own",
                    ));
            }
            Some(rate) if matches!(rate.value, OfferedRate::ContractOrTcp(_)) && !tcp_before && !agreed() => {
                let message = format!("`{test}` follows a TCP test, and none runs before it in this campaign");
                let fault = Fault::new(Code::RateWithoutTcp, item.span, message).label("all its runs are skipped");
                let fault = fault.related(rate.span, "the rate of the test");
                faults.add(fault.fix("run a TCP test such as `tcp` before it"));
            }
            _ => {}
        }
        tcp_before |= protocol == Protocol::Tcp;
    }
}

/// UDP at a rate of its own that the uplink of a site in the group cannot carry: what it loses there says nothing.
fn beyond_uplinks(raw: &raw::Topology, topology: &Topology, campaign: &raw::Campaign, faults: &mut Faults<'_>) {
    let Some(group) = campaign.group.value().and_then(|group| topology.groups.get(group)) else { return };
    let sides = Sides::of(group);
    let listed = if sides.is_some() { vec![] } else { group.pairs() };
    let takes_part = |probe: &Name| match &sides {
        Some(sides) => sides.has(probe),
        None => listed.iter().any(|pair| pair.source == *probe || pair.destination == *probe),
    };
    let sites: HashSet<&Name> = topology
        .probes
        .iter()
        .filter(|(name, _)| takes_part(name))
        .filter_map(|(_, probe)| probe.site.as_ref())
        .collect();
    if sites.len() < 2 {
        return;
    }
    let uplinks = raw.sites.entries.iter().filter(|(name, _)| sites.contains(&name.value));
    let slowest = uplinks
        .filter_map(|(name, site)| site.uplink.given().map(|u| (u.value.up.min(u.value.down), name, u.span)))
        .min_by_key(|(rate, ..)| *rate);
    let Some((slowest, site, span)) = slowest else { return };
    for (item, test) in tests_of(campaign, topology) {
        let udp = match topology.tests.get(test) {
            Some(TestDefinition::Iperf3(test)) => test.base.protocol == Protocol::Udp,
            Some(TestDefinition::Iperf2(test)) => test.base.protocol == Protocol::Udp,
            _ => false,
        };
        let Some(rate) = raw.tests.rate_of(test).filter(|_| udp) else { continue };
        let OfferedRate::Absolute(sent) = rate.value else { continue };
        if sent > slowest {
            let message = format!("`{test}` sends {sent}, and the uplink of `{}` carries {slowest}", site.value);
            let fault = Fault::new(Code::RateBeyondUplink, item.span, message).label("loses the rest there");
            let fault = fault.related(rate.span, "the rate of the test").related(span, "slower uplink");
            faults.add(fault.fix("lower the rate, or write `rate: contract`"));
        }
    }
}

/// Is a rate agreed in a direction in which a run over this link sends?
fn has_rate(crossed: &Crossed<'_>, directions: Directions) -> bool {
    let rates = crossed.link.contract.rate_bits_per_second;
    let (there, back) = match directions {
        Directions::Forward => (true, false),
        Directions::Reverse => (false, true),
        Directions::Both | Directions::Bidirectional => (true, true),
    };
    [(crossed.forward, true), (crossed.backward, false)].into_iter().any(|(runs, forward)| {
        runs && ((there && rates.toward(forward).is_some()) || (back && rates.toward(!forward).is_some()))
    })
}

/// Expectations relative to a contract in a group where none has that value.
fn contracted_limits(campaign: &raw::Campaign, crossed: &[Crossed<'_>], faults: &mut Faults<'_>) {
    for (metric, limits) in &campaign.expect {
        let relative =
            |field: &Field<Limit>| field.given().filter(|l| matches!(l.value, Limit::OfContract(_))).cloned();
        let Some(limit) = relative(&limits.warn).or_else(|| relative(&limits.fail)) else { continue };
        let agreed = crossed.iter().any(|Crossed { link, .. }| {
            let contract = &link.contract;
            match metric {
                Metric::Throughput => contract.rate_bits_per_second != crate::domain::topology::Directed::default(),
                Metric::Rtt => contract.rtt_seconds.is_some(),
                Metric::Jitter => contract.jitter_seconds.is_some(),
                Metric::Loss => contract.loss_ratio.is_some(),
                Metric::Mtu => contract.mtu_bytes.is_some(),
            }
        });
        if !agreed {
            let wanted = if *metric == Metric::Throughput { "rate" } else { metric.as_str() };
            let message = format!(
                "`{metric}` is expected relative to a contract, and no pair of the group has a `{wanted}` in one"
            );
            let fault = Fault::new(Code::ExpectationWithoutContract, limit.span, message).label("never applies");
            faults.add(fault.fix(format!("add `{wanted}` to the contract of a link, or expect an absolute value")));
        }
    }
}
