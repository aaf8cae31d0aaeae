//! Sites, probes and links.

use super::names::{names, some_names, two_names};
use super::object::{Fields, Slot, check_name, kind};
use super::scalar;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Quoted, Spanned};
use crate::config::language::{
    CONTRACT, DEFAULT_PROBE, IMPAIR, LINK, MACVLAN, NETWORK_KINDS, NETWORKS, PLACEMENT_KINDS, PLACEMENTS, PROBE,
    RESOURCES, SITE, SITE_PROBE, UPLINK,
};
use crate::config::raw::{Contract, Directed, Field, Impair, Link, Probe, Site, Uplink, Way};
use crate::config::tree::Node;
use crate::domain::host::{Network, Placement};

pub(super) fn site(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Site {
    let Some(fields) = Fields::open(&SITE, Some(slot.name), slot, faults) else {
        return Site { uplink: Field::Faulty, probe: Probe::faulty() };
    };
    let probe = fields.slot("probe").map(|slot| {
        let fields = Fields::open(&SITE_PROBE, None, &slot, faults);
        fields.map_or_else(Probe::faulty, |fields| probe_fields(&fields, faults))
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
    fields.map_or_else(Probe::faulty, |fields| probe_fields(&fields, faults))
}

/// The `probe` key of the defaults.
pub(super) fn default_probe(defaults: &Fields<'_>, faults: &mut Faults<'_>) -> Probe {
    let Some(slot) = defaults.slot("probe") else { return Probe::default() };
    let fields = Fields::open(&DEFAULT_PROBE, None, &slot, faults);
    fields.map_or_else(Probe::faulty, |fields| probe_fields(&fields, faults))
}

/// The keys that the object has; those that it has not are absent.
fn probe_fields(fields: &Fields<'_>, faults: &mut Faults<'_>) -> Probe {
    let mut probe = Probe {
        host: fields.read("host", scalar::name, faults),
        site: fields.read_if("site", scalar::name, faults),
        tags: fields.read("tags", names, faults),
        ports: fields.read("ports", scalar::ports, faults),
        address: fields.read_if("address", scalar::address, faults),
        management: fields.read_if("management", scalar::form, faults),
        interface: fields.read("interface", scalar::form, faults),
        behind_nat: fields.read("behind-nat", scalar::boolean, faults),
        network: fields.read("network", network, faults),
        raw_sockets: fields.read("raw-sockets", scalar::boolean, faults),
        placement: fields.read_if("placement", placement, faults),
        gateway: fields.read("gateway", scalar::ip, faults),
        dns: fields.read("dns", scalar::list("a list of addresses", scalar::ip), faults),
        written: fields.written(),
        ..Probe::default()
    };
    if let Some(limits) = fields.object("limits", &RESOURCES, faults) {
        probe.cpus = limits.read("cpus", scalar::thousandths, faults);
        probe.memory = limits.read("memory", scalar::size, faults);
        probe.cpu_set = limits.read("cpu-set", scalar::form, faults);
    }
    probe
}

/// A word, or a kind with its settings.
fn network(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Network> {
    let Node::Map(_) = slot.node.value else { return scalar::word(&NETWORKS)(slot, faults) };
    let kind = kind(&NETWORK_KINDS, slot, Code::UnknownKind, faults)?;
    let fields = Fields::open(&MACVLAN, None, &kind.slot, faults)?;
    let parent = fields.read("parent", scalar::form, faults);
    let address = fields.read_if("address", scalar::address_with_prefix, faults);
    Some(Network::Macvlan { parent: parent.value()?.clone(), address: *address.value()? })
}

/// A word, or members, or a number of replicas with labels.
fn placement(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Placement> {
    let Node::Map(_) = slot.node.value else { return scalar::word(&PLACEMENTS)(slot, faults) };
    let kind = kind(&PLACEMENT_KINDS, slot, Code::UnknownKind, faults)?;
    let labels = kind.extra("labels");
    if kind.slot.name == "members" {
        let members = some_names(&kind.slot, faults)?;
        if let Some(labels) = labels {
            let message = "labels choose the nodes of `replicas`; `members` are named";
            faults.add(Fault::new(Code::KeyOfOtherKind, labels.key, message).fix("remove `labels`"));
            return None;
        }
        return Some(Placement::Members(members.into_iter().map(|m| m.value).collect()));
    }
    let count = scalar::number(&kind.slot, faults);
    let labels = labels.map_or(Some(vec![]), |slot| scalar::list("a list of labels", scalar::form)(&slot, faults));
    Some(Placement::Replicas { count: count?, labels: labels? })
}

pub(super) fn link(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Link {
    let Some(fields) = Fields::open(&LINK, Some(slot.name), slot, faults) else { return Link::default() };
    let mut link = Link { between: fields.read("between", two_names, faults), ..Link::default() };
    if let Some(contract) = fields.object("contract", &CONTRACT, faults) {
        link.contract = Contract {
            rate: contract.read("rate", directed(scalar::rate), faults),
            rtt: contract.read("rtt", scalar::time, faults),
            jitter: contract.read("jitter", scalar::time, faults),
            loss: contract.read("loss", scalar::ratio, faults),
            mtu: contract.read("mtu", scalar::number, faults),
        };
    }
    if let Some(impair) = fields.object("impair", &IMPAIR, faults) {
        link.impair = Impair {
            rate: impair.read("rate", directed(scalar::rate), faults),
            delay: impair.read("delay", directed(scalar::time), faults),
            jitter: impair.read("jitter", directed(scalar::time), faults),
            loss: impair.read("loss", directed(scalar::ratio), faults),
        };
    }
    link
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
