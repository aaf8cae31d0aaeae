//! Hosts, sites, probes and links.

use super::object::{Fields, Slot, check_name, kind};
use super::scalar;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Quoted, Spanned};
use crate::config::language::{
    CONTRACT, DEFAULT_PROBE, HOST_KINDS, IMPAIR, LINK, LOCAL, OTHER_HOST_KINDS, PROBE, SITE, SITE_PROBE, UPLINK,
};
use crate::config::raw::{Contract, Directed, Field, Impair, Link, Probe, Site, Uplink, Way};
use crate::config::tree::Node;
use crate::domain::host::{HostKind, Local};
use crate::domain::name::Name;

pub(super) fn host(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<HostKind> {
    if let Node::Map(entries) = &slot.node.value
        && let [(key, _)] = entries.as_slice()
        && OTHER_HOST_KINDS.contains(&key.value.as_str())
    {
        let message = format!("this build does not know hosts of kind `{}`", key.value);
        let fault = Fault::new(Code::UnknownHostKind, key.span, message).label("not in this build");
        let known = HOST_KINDS.iter().map(|k| k.name.to_owned()).collect();
        faults.add(fault.known(known).fix(format!("write `{}: {{ local: {{}} }}`", slot.name)));
        return None;
    }
    let kind = kind("host", slot, HOST_KINDS, &[], Code::UnknownHostKind, faults)?;
    Fields::open(&LOCAL, None, &kind.slot, faults)?;
    Some(HostKind::Local(Local::default()))
}

pub(super) fn site(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Site {
    let Some(fields) = Fields::open(&SITE, Some(slot.name), slot, faults) else {
        return Site { uplink: Field::Faulty, probe: Probe::FAULTY };
    };
    let probe = fields.slot("probe").map(|slot| {
        let Some(probe) = Fields::open(&SITE_PROBE, None, &slot, faults) else { return Probe::FAULTY };
        Probe {
            host: probe.read("host", scalar::name, faults),
            site: Field::Absent,
            tags: probe.read("tags", scalar::names, faults),
            ports: probe.read("ports", scalar::ports, faults),
        }
    });
    Site { uplink: fields.read("uplink", uplink, faults), probe: probe.unwrap_or_default() }
}

/// One rate both ways, or `down` and `up` seen from the site.
fn uplink(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Uplink> {
    if let Node::Map(_) = slot.node.value {
        let fields = Fields::open(&UPLINK, None, slot, faults)?;
        let down = fields.read("down", scalar::rate, faults);
        let up = fields.read("up", scalar::rate, faults);
        return Some(Uplink { down: *down.value()?, up: *up.value()? });
    }
    scalar::rate(slot, faults).map(|rate| Uplink { down: rate, up: rate })
}

pub(super) fn probe(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Probe {
    let fields = Fields::open(&PROBE, Some(slot.name), slot, faults);
    fields.map_or(Probe::FAULTY, |fields| probe_fields(&fields, faults))
}

/// The `probe` key of the defaults.
pub(super) fn default_probe(defaults: &Fields<'_>, faults: &mut Faults<'_>) -> Probe {
    let Some(slot) = defaults.slot("probe") else { return Probe::default() };
    let fields = Fields::open(&DEFAULT_PROBE, None, &slot, faults);
    fields.map_or(Probe::FAULTY, |fields| probe_fields(&fields, faults))
}

fn probe_fields(fields: &Fields<'_>, faults: &mut Faults<'_>) -> Probe {
    Probe {
        host: fields.read("host", scalar::name, faults),
        site: fields.read("site", scalar::name, faults),
        tags: fields.read("tags", scalar::names, faults),
        ports: fields.read("ports", scalar::ports, faults),
    }
}

pub(super) fn link(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Link {
    let Some(fields) = Fields::open(&LINK, Some(slot.name), slot, faults) else { return Link::default() };
    let mut link = Link { between: fields.read("between", two_names, faults), ..Link::default() };
    if let Some(contract) = fields.object("contract", &CONTRACT, faults) {
        link.contract = Contract {
            rate: contract.read("rate", directed(scalar::rate), faults),
            rtt: contract.read("rtt", scalar::duration, faults),
            jitter: contract.read("jitter", scalar::duration, faults),
            loss: contract.read("loss", scalar::ratio, faults),
            // The least that IPv4 lets a path have (RFC 791) and the most that its length field can say.
            mtu: contract.read("mtu", scalar::number_in(68..=65535), faults),
        };
    }
    if let Some(impair) = fields.object("impair", &IMPAIR, faults) {
        link.impair = Impair {
            rate: impair.read("rate", directed(scalar::rate), faults),
            delay: impair.read("delay", directed(scalar::duration), faults),
            jitter: impair.read("jitter", directed(scalar::duration), faults),
            loss: impair.read("loss", directed(scalar::ratio), faults),
        };
    }
    link
}

/// A list of exactly two names.
pub(super) fn two_names(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<[Spanned<Name>; 2]> {
    let items = slot.list("a list of two names", faults)?;
    let [first, second] = items else {
        let message = format!("{} takes two names, not {}", slot.subject(), items.len());
        let fault = Fault::new(Code::TwoEnds, slot.node.span, message);
        faults.add(fault.fix(format!("for example `{}`", slot.written())));
        return None;
    };
    let a = scalar::name(&slot.item(first), faults);
    let b = scalar::name(&slot.item(second), faults);
    Some([Spanned::new(a?, first.span), Spanned::new(b?, second.span)])
}

/// One value for both directions, or a map with one for each: `{ a->b: 100M, b->a: 20M }`.
fn directed<T>(
    value: impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<T>,
) -> impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<Directed<T>> {
    move |slot, faults| {
        let Node::Map(entries) = &slot.node.value else { return value(slot, faults).map(Directed::Both) };
        let mut each = vec![];
        let mut complete = true;
        for (key, node) in entries {
            let way = way(key, faults);
            let read = value(&Slot { name: &key.value, node, key: key.span, ..*slot }, faults);
            match way.zip(read) {
                Some((way, read)) => each.push((Spanned::new(way, key.span), read)),
                None => complete = false,
            }
        }
        complete.then_some(Directed::Each(each))
    }
}

fn way(key: &Spanned<String>, faults: &mut Faults<'_>) -> Option<Way> {
    let Some((from, to)) = key.value.split_once("->") else {
        let message = format!("{} is no direction", Quoted(&key.value));
        let fault = Fault::new(Code::BadDirection, key.span, message).label("not written `a->b`");
        faults.add(fault.fix("write a direction as `a->b`, with the names of the link's two ends"));
        return None;
    };
    let from = check_name(from.trim(), key.span, faults);
    let to = check_name(to.trim(), key.span, faults);
    Some((from?, to?))
}
