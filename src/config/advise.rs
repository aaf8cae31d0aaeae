//! Warnings: what is valid and can be run, but is surely not what was meant. Never about what is built in.

use std::collections::{BTreeMap, HashSet};

use super::codes::Code;
use super::crossing::{Crossed, Map};
use super::fault::{Fault, Faults, Spanned};
use super::raw::{self, Field};
use crate::domain::campaign::{Limit, Metric};
use crate::domain::group::Group;
use crate::domain::name::Name;
use crate::domain::test::{Directions, Iperf3Definition, OfferedRate, TestDefinition};
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

/// Tests at the contracted rate in a group where no pair has one: all of their runs would be skipped.
fn contracted_rates(
    raw: &raw::Topology,
    topology: &Topology,
    campaign: &raw::Campaign,
    crossed: &[Crossed<'_>],
    faults: &mut Faults<'_>,
) {
    let mut seen = HashSet::new();
    for item in campaign.run.value().into_iter().flatten() {
        let tests = topology.suites.get(&item.value).map_or(std::slice::from_ref(&item.value), Vec::as_slice);
        for test in tests.iter().filter(|test| seen.insert(*test)) {
            let Some(TestDefinition::Iperf3(definition)) = topology.tests.get(test) else { continue };
            let Some(rate) = written_rate(raw, test).filter(|r| matches!(r.value, OfferedRate::Contract(_))) else {
                continue;
            };
            if crossed.iter().any(|link| has_rate(link, definition)) {
                continue;
            }
            let message = format!("`{test}` sends at the contracted rate, and no pair of the group has one");
            let fault = Fault::new(Code::RateWithoutContract, item.span, message).label("all its runs are skipped");
            let fault = fault.related(rate.span, "the rate of the test");
            faults.add(
                fault.fix("give a link between the pairs a `contract` with a `rate`, or the test a rate of its own"),
            );
        }
    }
}

fn written_rate<'r>(raw: &'r raw::Topology, test: &Name) -> Option<&'r Spanned<OfferedRate>> {
    raw.tests.entries.iter().find(|(name, _)| name.value == *test).and_then(|(_, written)| match written {
        Some(raw::Test::Iperf3(written)) => written.rate.given(),
        _ => None,
    })
}

/// Is a rate agreed in a direction in which a run over this link sends?
fn has_rate(crossed: &Crossed<'_>, test: &Iperf3Definition) -> bool {
    let rates = crossed.link.contract.rate_bits_per_second;
    let (there, back) = match test.directions {
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
