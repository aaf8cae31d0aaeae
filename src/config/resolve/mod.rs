//! From what was written to what is meant: defaults filled in, every reference bound, what cannot be together refused.

mod attach;
mod campaigns;
mod families;
mod feasible;
mod groups;
mod light;
mod links;
mod probes;
mod sharing;
mod suites;
mod tests;

use super::codes::Code;
use super::fault::{Fault, Faults, Spanned};
use super::nearest::{listed, nearest};
use super::raw;
use crate::domain::image::Image;
use crate::domain::name::Name;
use crate::domain::topology::{Host, Topology};

/// The topology with all that could be bound; it is complete where no fault was reported.
pub(crate) fn topology(raw: &raw::Topology, faults: &mut Faults<'_>) -> Option<Topology> {
    let outline = probes::Outline::new(raw);
    probes::check(raw, &outline, faults);
    let links = links::links(raw, &outline, faults);
    let groups = groups::groups(raw, &outline, faults);
    let tests = tests::tests(raw, faults);
    let suites = suites::suites(raw, &tests, faults);
    let campaigns = campaigns::campaigns(raw, &tests, &suites, faults);
    families::check(raw, &outline, &groups, &campaigns, &tests, faults);
    let hosts =
        raw.hosts.entries.iter().filter_map(|(name, kind)| Some((name.value.clone(), Host { kind: kind.clone()? })));
    let name = raw.name.value();
    let topology = Topology {
        name: name.cloned().unwrap_or_else(|| built_in("unnamed")),
        description: raw.description.value().cloned(),
        owner: raw.owner.value().cloned(),
        metadata: raw.metadata.clone(),
        image: image(&raw.image),
        hosts: hosts.collect(),
        sites: probes::sites(raw),
        probes: outline.probes(),
        links,
        groups,
        tests,
        suites,
        campaigns,
    };
    let meetings = topology.meetings();
    sharing::check(&meetings, &outline, faults);
    feasible::addresses(&meetings, &outline, faults);
    feasible::isolations(raw, &topology, faults);
    // Of a site with a faulty probe nobody can tell how many it has.
    if outline.complete {
        feasible::shaping(raw, &topology, faults);
    }
    name.is_some().then_some(topology)
}

fn image(raw: &raw::Image) -> Image {
    Image {
        base: raw.base.value().copied(),
        suite: raw.suite.value().map_or_else(|| Image::SUITE.to_owned(), Clone::clone),
        mirror: raw.mirror.value().cloned(),
        registry: raw.registry.value().cloned(),
    }
}

/// A name of the language's own.
fn built_in(text: &str) -> Name {
    Name::new(text).expect("the built-in names are valid")
}

/// Reports a reference that names nothing, with what it could have named.
fn unknown<'k>(
    code: Code,
    what: &str,
    name: &Spanned<Name>,
    known: impl ExactSizeIterator<Item = &'k str> + Clone,
    faults: &mut Faults<'_>,
) {
    let fault = Fault::new(code, name.span, format!("there is no {what} `{}`", name.value));
    let mut fault = fault.label(format!("no such {what}"));
    if faults.may_compare(known.len()) {
        let near = nearest(name.value.as_str(), known.clone());
        let fix = near.map(|near| format!("write `{near}`"));
        fault = fault.known(listed(name.value.as_str(), known)).maybe_fix(fix);
    }
    faults.add(fault);
}
