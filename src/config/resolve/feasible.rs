//! What no backend can make, whatever state its machines are in: addresses that nobody knows, links that nothing shapes, one
//! machine in two forms.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::probes::Outline;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Span};
use crate::config::raw;
use crate::domain::host::{Engine, Isolation};
use crate::domain::meeting::{Machine, Meeting, Met};
use crate::domain::name::Name;
use crate::domain::shaping::{Asking, Hindrance, Knob};
use crate::domain::topology::Topology;

/// An engine at a socket does not say where others reach its host.
pub(super) fn addresses(meetings: &HashMap<&Name, Meeting<'_>>, outline: &Outline<'_>, faults: &mut Faults<'_>) {
    // What one probe says of a host holds for the others there.
    let told = meetings.values().filter_map(|meeting| match meeting.met {
        Some(Met::At(ip)) => Some((meeting.machine?, ip)),
        _ => None,
    });
    let mut known: HashMap<Machine<'_>, IpAddr> = HashMap::new();
    for (machine, ip) in told {
        let least = known.entry(machine).or_insert(ip);
        *least = ip.min(*least);
    }
    for probe in outline.probes.iter().filter(|probe| probe.is_clear()) {
        let name = &probe.name.value;
        let Some(Meeting { met: Some(Met::Host), machine: Some(machine) }) = meetings.get(name) else { continue };
        let Machine::Engine(Engine::Socket(_)) = machine else { continue };
        let message = format!("`{name}` needs an `address`, for others reach it at its host");
        let fault = Fault::new(Code::AddressNeeded, probe.name.span, message);
        let fault = fault.label("its engine is at a socket, which does not say where its host is");
        faults.add(match known.get(machine) {
            Some(ip) => fault.fix(format!("add `address: {ip}` to `{name}`")),
            None => fault.fix(format!("add the address of that machine to `{name}`, such as `address: 192.0.2.1`")),
        });
    }
}

/// Probes of one machine are kept apart in one way.
pub(super) fn isolations(raw: &raw::Topology, topology: &Topology, faults: &mut Faults<'_>) {
    let said: BTreeMap<&Name, Isolation> = topology.isolations().collect();
    let mut written = raw.hosts.entries.iter().filter_map(|(name, _)| Some((name, *said.get(&name.value)?)));
    let Some((first, before)) = written.next() else { return };
    for (second, now) in written.filter(|(_, now)| *now != before) {
        let (one, other) = (&first.value, &second.value);
        let message = format!("`{one}` and `{other}` are both this machine, with another `isolation` each");
        let fault = Fault::new(Code::ContradictingKeys, second.span, message).label(now.word());
        faults.add(fault.related(first.span, before.word()).fix("say the same for both, or make one host of the two"));
    }
}

/// What asks to be shaped where nothing does that.
pub(super) fn shaping(raw: &raw::Topology, topology: &Topology, faults: &mut Faults<'_>) {
    let unshapeable = topology.unshapeable();
    if unshapeable.is_empty() {
        return;
    }
    let (sites, links) = (by_name(&raw.sites), by_name(&raw.links));
    for (asking, Hindrance { why, mend }) in unshapeable {
        let place = match asking {
            Asking::Site(name) => sites.get(name).and_then(|site| Some(site.uplink.given()?.span)),
            Asking::Link(name, knob) => links.get(name).and_then(|link| place(&link.impair, knob)),
        };
        let Some(span) = place else { continue };
        let fault = Fault::new(Code::NotShapeable, span, format!("{asking}, and {why}"));
        faults.add(fault.label("nothing can do that").fix(mend));
    }
}

fn by_name<T>(named: &raw::Named<T>) -> HashMap<&Name, &T> {
    named.entries.iter().map(|(name, it)| (&name.value, it)).collect()
}

/// Where that is asked for.
fn place(impair: &raw::Impair, knob: Knob) -> Option<Span> {
    match knob {
        Knob::Rate => impair.rate.given().map(|rate| rate.span),
        Knob::Delay => impair.delay.given().map(|delay| delay.span),
        Knob::Jitter => impair.jitter.given().map(|jitter| jitter.span),
        Knob::Loss => impair.loss.given().map(|loss| loss.span),
    }
}
