//! How probes are attached: keys that their host has no use for.

use std::net::IpAddr;

use super::probes::Member;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults};
use crate::config::language::{kinds_of, usable};
use crate::config::raw;
use crate::domain::host::{HostKind, Network, Placement};

/// Keys written at a probe that its kind of host cannot use. Inherited ones are meant for others and are left out.
pub(super) fn keys(probe: &Member<'_>, faults: &mut Faults<'_>) {
    let Some(kind) = probe.kind else { return };
    let [written, ..] = probe.levels;
    for (key, span) in &written.written {
        if usable(key, kind) {
            continue;
        }
        let word = kind.word();
        let message = format!("`{key}` means nothing on a host of kind `{word}`");
        let known: Vec<String> = kinds_of(key).into_iter().flatten().map(|k| (*k).to_owned()).collect();
        let others = known.join(", ");
        let fault = Fault::new(Code::KeyOfOtherKind, *span, message).label(format!("not for {word}"));
        let fault = fault.known(known);
        faults.add(match (*key, kind) {
            ("ports", HostKind::External(_)) => fault.fix("give the `external` host its `ports`"),
            _ => fault.fix(format!("remove it, or put the probe on a host that can: {others}")),
        });
    }
    placement(written, kind, faults);
    network_of_swarm(written, kind, faults);
    cpus_of_swarm(probe, kind, faults);
    live(probe, kind, faults);
}

/// Swarm chooses nodes, LXD names members.
fn placement(written: &raw::Probe, kind: &HostKind, faults: &mut Faults<'_>) {
    let Some(placement) = written.placement.given() else { return };
    let (fits, fix) = match (kind, &placement.value) {
        (HostKind::Swarm(_), Placement::Members(_)) => (false, "write `placement: each-node`, or `replicas`"),
        (HostKind::Lxd(_), Placement::EachNode | Placement::Replicas { .. }) => {
            (false, "write `placement: { members: [a, b] }`")
        }
        _ => (true, ""),
    };
    if !fits {
        let message = format!("this placement means nothing on a host of kind `{}`", kind.word());
        faults.add(Fault::new(Code::KeyOfOtherKind, placement.span, message).fix(fix));
    }
}

/// A probe on a swarm is tested at its node's address.
fn network_of_swarm(written: &raw::Probe, kind: &HostKind, faults: &mut Faults<'_>) {
    let (HostKind::Swarm(_), Some(network)) = (kind, written.network.given()) else { return };
    if network.value != Network::Host {
        let message = "a probe on a swarm has its node's own network";
        let fault = Fault::new(Code::KeyOfOtherKind, network.span, message).label("not for swarm");
        faults.add(fault.fix("remove `network`, or make the machine a host of kind `docker`"));
    }
}

/// Services have no CPU set. Who inherits one would not be bound either, so that is no less wrong.
fn cpus_of_swarm(probe: &Member<'_>, kind: &HostKind, faults: &mut Faults<'_>) {
    let (HostKind::Swarm(_), Some(set)) = (kind, probe.cpu_set()) else { return };
    let fault = Fault::new(Code::KeyOfOtherKind, set.span, "services of a swarm cannot be bound to CPUs (`cpu-set`)");
    faults.add(fault.label("not for swarm").fix("take `cpu-set` out, or make the machine a host of kind `docker`"));
}

/// A live image configures its own interface.
fn live(probe: &Member<'_>, kind: &HostKind, faults: &mut Faults<'_>) {
    let HostKind::LiveIso(_) = kind else { return };
    let Some(address) = probe.address() else {
        if let Some(gateway) = probe.gateway() {
            let fault = Fault::new(Code::GatewayOutside, gateway.span, "a gateway without an address");
            faults.add(fault.fix("add `address: ADDRESS/BITS`, or leave both to DHCP"));
        }
        return;
    };
    let Some(bits) = address.value.prefix_bits else {
        let bits = if address.value.ip.is_ipv4() { 24 } else { 64 };
        let message = "a live image needs the length of its network's prefix";
        let fault = Fault::new(Code::BadAddress, address.span, message);
        faults.add(fault.fix(format!("for example `address: {}/{bits}`", address.value.ip)));
        return;
    };
    if let Some(gateway) = probe.gateway().filter(|g| !same_network(g.value, address.value.ip, bits)) {
        let message = format!("the gateway {} is not in the network of {}/{bits}", gateway.value, address.value.ip);
        let fault = Fault::new(Code::GatewayOutside, gateway.span, message).label("out of reach");
        faults.add(fault.related(address.span, "the probe's address").fix("correct one of the two"));
    }
}

fn same_network(a: IpAddr, b: IpAddr, bits: u8) -> bool {
    let differ = match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(a.to_bits() ^ b.to_bits()) << 96,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() ^ b.to_bits(),
        _ => return false,
    };
    differ.leading_zeros() >= u32::from(bits)
}
