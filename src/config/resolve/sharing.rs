//! Addresses and ports that two probes would have to share.

use std::collections::HashMap;
use std::net::IpAddr;

use super::probes::{Member, Outline};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Spanned};
use crate::domain::host::{Address, HostKind, Placement};
use crate::domain::meeting::{Machine, Meeting};
use crate::domain::name::Name;

pub(super) fn check(meetings: &HashMap<&Name, Meeting<'_>>, outline: &Outline<'_>, faults: &mut Faults<'_>) {
    let mut by_address: HashMap<IpAddr, (&Member<'_>, Option<Machine<'_>>)> = HashMap::new();
    let mut by_machine: HashMap<Machine<'_>, Vec<&Member<'_>>> = HashMap::new();
    for probe in &outline.probes {
        let machine = meetings.get(&probe.name.value).and_then(|meeting| meeting.machine);
        if let Some(Spanned { value: Address { ip, .. }, span }) = probe.address() {
            let (first, its_machine) = *by_address.entry(ip).or_insert((probe, machine));
            let other = first.name.value != probe.name.value;
            // Probes of one machine share its address, and divide its ports.
            if other && (machine.is_none() || its_machine != machine) {
                let message = format!("`{}` and `{}` cannot both have {ip}", first.name.value, probe.name.value);
                let fault = Fault::new(Code::AddressUsedTwice, span, message).label("second use");
                let first = first.address().map_or(first.name.span, |a| a.span);
                faults.add(fault.related(first, "first use").fix("give one of the two another address"));
            }
        }
        if let Some(machine) = machine.filter(|_| probe.is_clear()) {
            by_machine.entry(machine).or_default().push(probe);
        }
    }
    for probes in by_machine.values() {
        // Of what is free behind all of them, each that must move gets its own.
        let mut taken = probes.iter().map(|probe| probe.ports.last()).max().unwrap_or_default();
        for (at, second) in probes.iter().enumerate() {
            let clash = |first: &&&Member<'_>| first.ports.overlaps(second.ports) && meet(first, second);
            let Some(first) = probes[..at].iter().find(clash) else { continue };
            let wide = second.ports.last() - second.ports.first();
            let free = taken.checked_add(1).and_then(|start| Some((start, start.checked_add(wide)?)));
            taken = free.map_or(taken, |(_, end)| end);
            overlapping(first, second, free, faults);
        }
    }
}

/// Do they surely share a machine? On a swarm one that is on each node does; where others will be is known later.
fn meet(first: &Member<'_>, second: &Member<'_>) -> bool {
    let is_swarm = matches!(second.kind, Some(HostKind::Swarm(_)));
    !is_swarm || [first, second].iter().any(|probe| probe.placement() == Some(&Placement::EachNode))
}

/// Two that share ports, with those that are `free` for the second.
fn overlapping(first: &Member<'_>, second: &Member<'_>, free: Option<(u16, u16)>, faults: &mut Faults<'_>) {
    let message = format!("`{}` and `{}` share an address and ports", first.name.value, second.name.value);
    let fault = Fault::new(Code::PortsOverlap, second.ports_span(), message)
        .label(format!("{}-{}", second.ports.first(), second.ports.last()))
        .related(first.ports_span(), format!("{}-{}", first.ports.first(), first.ports.last()));
    faults.add(match (second.is_external(), free) {
        (true, _) => fault.fix("one external server is one probe: use it in both places, or part its ports"),
        (false, Some((start, end))) => fault.fix(format!("write `ports: {start}-{end}` at `{}`", second.name.value)),
        (false, None) => fault.fix("give them ports of their own"),
    });
}
