//! Links: their ends bound, their directions turned into the order of `between`.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::probes::Outline;
use super::unknown;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Span, Spanned};
use crate::config::raw::{self, Field};
use crate::domain::name::Name;
use crate::domain::topology::{Contract, Directed, End, Impairment, Link};
use crate::domain::unit::Seconds;

pub(super) fn links(raw: &raw::Topology, outline: &Outline<'_>, faults: &mut Faults<'_>) -> BTreeMap<Name, Link> {
    let mut joined: HashMap<[Name; 2], (Span, Name)> = HashMap::new();
    let mut links = BTreeMap::new();
    for (name, link) in &raw.links.entries {
        let Some(between) = link.between.given() else { continue };
        let [a, b] = &between.value;
        let ends = (end(a, raw, outline, faults), end(b, raw, outline, faults));
        check_ends(name, between, &mut joined, outline, faults);
        let contract = &link.contract;
        let ways = [&a.value, &b.value];
        let contract = Contract {
            rate_bits_per_second: directed(&contract.rate, ways, &name.value, faults),
            rtt_seconds: contract.rtt.value().copied(),
            jitter_seconds: contract.jitter.value().copied(),
            loss_ratio: contract.loss.value().copied(),
            mtu_bytes: contract.mtu.value().copied(),
        };
        let impair = Impairment {
            rate_bits_per_second: directed(&link.impair.rate, ways, &name.value, faults),
            delay_seconds: seconds(directed(&link.impair.delay, ways, &name.value, faults)),
            jitter_seconds: seconds(directed(&link.impair.jitter, ways, &name.value, faults)),
            loss_ratio: directed(&link.impair.loss, ways, &name.value, faults),
        };
        if let (Some(a), Some(b)) = ends {
            links.insert(name.value.clone(), Link { between: [a, b], contract, impair });
        }
    }
    links
}

fn seconds(times: Directed<Duration>) -> Directed<Seconds> {
    Directed { a_to_b: times.a_to_b.map(Seconds), b_to_a: times.b_to_a.map(Seconds) }
}

fn end(name: &Spanned<Name>, raw: &raw::Topology, outline: &Outline<'_>, faults: &mut Faults<'_>) -> Option<End> {
    if outline.sites.contains_key(name.value.as_str()) {
        return Some(End::Site(name.value.clone()));
    }
    if outline.position(&name.value).is_some() {
        return Some(End::Probe(name.value.clone()));
    }
    let known: Vec<&str> = raw.sites.names().chain(raw.probes.names()).collect();
    unknown(Code::UnknownEnd, "site or probe", name, known.iter().copied(), faults);
    None
}

fn check_ends(
    name: &Spanned<Name>,
    between: &Spanned<[Spanned<Name>; 2]>,
    joined: &mut HashMap<[Name; 2], (Span, Name)>,
    outline: &Outline<'_>,
    faults: &mut Faults<'_>,
) {
    let [a, b] = &between.value;
    if a.value == b.value {
        let fault = Fault::new(Code::LinkToItself, b.span, format!("`{}` joins `{}` to itself", name.value, a.value));
        faults.add(fault.label("the same end again").fix("name the other end"));
        return;
    }
    for (probe, site) in [(a, b), (b, a)] {
        let home = outline.position(&probe.value).and_then(|i| outline.probes[i].site);
        if home == Some(&site.value) {
            let message =
                format!("`{}` joins the probe `{}` to its own site `{}`", name.value, probe.value, site.value);
            let fault = Fault::new(Code::LinkInsideSite, between.span, message).label("inside one site");
            faults.add(fault.fix("name another site, or two probes of the site"));
        }
    }
    let mut ends = [a.value.clone(), b.value.clone()];
    ends.sort();
    if let Some((first, other)) = joined.get(&ends) {
        let message = format!("`{}` joins the same two ends as `{other}`", name.value);
        let fault = Fault::new(Code::ParallelLinks, between.span, message).label("second link");
        faults.add(fault.related(*first, "first link").fix("make one link of the two"));
        return;
    }
    joined.insert(ends, (between.span, name.value.clone()));
}

/// The values in the order of the link's ends.
fn directed<T: Copy>(
    field: &Field<raw::Directed<T>>,
    [a, b]: [&Name; 2],
    link: &Name,
    faults: &mut Faults<'_>,
) -> Directed<T> {
    let mut directed = Directed::default();
    match field.value() {
        None => {}
        Some(raw::Directed::Both(value)) => return Directed::both(*value),
        Some(raw::Directed::Each(each)) => {
            let mut seen: Vec<&Spanned<raw::Way>> = vec![];
            for (way, value) in each {
                let (from, to) = &way.value;
                let slot = if from == a && to == b {
                    &mut directed.a_to_b
                } else if from == b && to == a {
                    &mut directed.b_to_a
                } else {
                    let message = format!("`{link}` has no direction `{from}->{to}`");
                    let known = vec![format!("{a}->{b}"), format!("{b}->{a}")];
                    let fault = Fault::new(Code::UnknownDirection, way.span, message).known(known);
                    faults.add(fault.fix("use the names that stand under `between`"));
                    continue;
                };
                *slot = Some(*value);
                if let Some(first) = seen.iter().find(|s| s.value == way.value) {
                    let message = format!("the direction `{from}->{to}` is given twice");
                    let fault = Fault::new(Code::DuplicateDirection, way.span, message).label("second time");
                    faults.add(fault.related(first.span, "first time").fix("keep one of the two"));
                }
                seen.push(way);
            }
        }
    }
    directed
}
