//! Groups: selectors turned into probes, in the order of the file or as listed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::probes::Outline;
use super::{built_in, unknown};
use crate::config::codes::Code;
use crate::config::crossing::Sides;
use crate::config::fault::{Fault, Faults, Span, Spanned};
use crate::config::language::ALL;
use crate::config::raw::{self, Base, Field, Names, Selector};
use crate::domain::group::{Group, Shape};
use crate::domain::name::Name;

pub(super) fn groups(raw: &raw::Topology, outline: &Outline<'_>, faults: &mut Faults<'_>) -> BTreeMap<Name, Group> {
    let everyone = outline.probes.iter().map(|p| p.name.value.clone()).collect();
    // Others' servers take part as far as they can.
    let external: BTreeSet<Name> =
        outline.probes.iter().filter(|p| p.is_external()).map(|p| p.name.value.clone()).collect();
    let all = Group { shape: Shape::Mesh(everyone), one_way: false, only_destinations: external.clone() };
    let mut groups = BTreeMap::from([(built_in(ALL), all)]);
    let tags = outline.probes.iter().flat_map(|p| p.tags).map(|t| t.value.as_str()).collect();
    let mut binder = Binder { raw, outline, tags, faults };
    for (name, group) in &raw.groups.entries {
        if name.value.as_str() == ALL {
            let fault = Fault::new(Code::ReservedName, name.span, "the group `all` is built in: a mesh of all probes");
            binder.faults.add(fault.label("reserved").fix("give this group another name"));
            continue;
        }
        let Some(shape) = group.shape.as_ref().and_then(|shape| binder.shape(shape)) else { continue };
        binder.check_pairs(name, &shape);
        let one_way = *group.one_way.value().unwrap_or(&false);
        let group = Group { shape, one_way, only_destinations: BTreeSet::new() };
        check_sources(name, &group, &external, binder.faults);
        groups.insert(name.value.clone(), group);
    }
    groups
}

/// An external server starts nothing.
fn check_sources(name: &Spanned<Name>, group: &Group, external: &BTreeSet<Name>, faults: &mut Faults<'_>) {
    let forward = Group { one_way: true, ..group.clone() };
    let starts = |group: &Group, probe: &Name| match Sides::of(group) {
        Some(sides) => sides.starts(probe),
        None => group.pairs().iter().any(|pair| pair.source == *probe),
    };
    for probe in external.iter().filter(|probe| starts(group, probe)) {
        let message = format!("`{}` pairs from `{probe}`, an external server, which is a destination only", name.value);
        let fault = Fault::new(Code::ExternalSource, name.span, message).label(format!("`{probe}` would be a source"));
        faults.add(if starts(&forward, probe) {
            fault.fix("leave it out, or put it where the destinations stand and add `one-way: true`")
        } else {
            fault.fix(format!("add `one-way: true`, or leave it out: `except: [{probe}]`"))
        });
    }
}

struct Binder<'b, 'r, 's> {
    raw: &'r raw::Topology,
    outline: &'b Outline<'r>,
    /// Every tag that a probe carries.
    tags: BTreeSet<&'b str>,
    faults: &'b mut Faults<'s>,
}

impl Binder<'_, '_, '_> {
    /// `None` where a part of it is faulty.
    fn shape(&mut self, shape: &raw::Shape) -> Option<Shape> {
        match shape {
            raw::Shape::Mesh(selector) => self.select(selector, &Field::Absent).map(Shape::Mesh),
            raw::Shape::Ring(selector) => self.select(selector, &Field::Absent).map(Shape::Ring),
            raw::Shape::Star { hub, spokes, except } => {
                let hub = hub.given().and_then(|hub| self.probe(hub));
                let spokes = self.select(spokes, except);
                Some(Shape::Star { hub: hub?, spokes: spokes? })
            }
            raw::Shape::Between { from, to, except } => {
                let from = self.select(from, except);
                let to = self.select(to, except);
                Some(Shape::Between { from: from?, to: to? })
            }
            raw::Shape::Pairs(pairs) => {
                let bound: Vec<_> = pairs.iter().map(|pair| self.pair(pair)).collect();
                bound.into_iter().collect::<Option<_>>().map(Shape::Pairs)
            }
        }
    }

    fn pair(&mut self, pair: &Spanned<[Spanned<Name>; 2]>) -> Option<(Name, Name)> {
        let [a, b] = &pair.value;
        let (source, destination) = (self.probe(a), self.probe(b));
        if a.value == b.value {
            let message = format!("`{}` cannot be measured against itself", a.value);
            self.faults.add(Fault::new(Code::GroupWithoutPairs, pair.span, message).fix("name another probe"));
            return None;
        }
        Some((source?, destination?))
    }

    /// The probe of that name.
    fn probe(&mut self, name: &Spanned<Name>) -> Option<Name> {
        if self.outline.position(&name.value).is_some() {
            return Some(name.value.clone());
        }
        if self.outline.sites.contains_key(name.value.as_str()) {
            let message = format!("there is no probe `{0}`, but a site `{0}`", name.value);
            let fault = Fault::new(Code::UnknownProbe, name.span, message).label("a site");
            self.faults.add(fault.fix(format!("select its probes with `{{ sites: [{}] }}`", name.value)));
        } else {
            unknown(Code::UnknownProbe, "probe", name, self.raw.probes.names(), self.faults);
        }
        None
    }

    /// The probes that a selector means, without those of its `except` and of `also_except`.
    fn select(&mut self, selector: &Selector, also_except: &Field<Names>) -> Option<Vec<Name>> {
        let tags = self.criterion(&selector.tags, Code::UnknownTag);
        let sites = self.criterion(&selector.sites, Code::UnknownSite);
        let mut except = HashSet::new();
        let mut sound = tags.is_some() && sites.is_some();
        for field in [&selector.except, also_except] {
            sound &= !matches!(field, Field::Faulty);
            for name in field.value().into_iter().flatten() {
                sound &= self.probe(name).is_some();
                except.insert(&name.value);
            }
        }
        let outline = self.outline;
        let base: Vec<usize> = match &selector.base {
            Base::All => (0..outline.probes.len()).collect(),
            Base::These(names) => {
                let found: Vec<_> = names.iter().map(|n| self.probe(n).and_then(|n| outline.position(&n))).collect();
                found.into_iter().collect::<Option<_>>()?
            }
            Base::Faulty => return None,
        };
        let (tags, sites) = (tags?, sites?);
        if !sound {
            return None;
        }
        let meets = |position: &usize| {
            let probe = &outline.probes[*position];
            let tagged = tags.is_none_or(|tags| tags.iter().any(|t| probe.tags.iter().any(|own| own.value == t.value)));
            let sited = sites.is_none_or(|sites| sites.iter().any(|s| Some(&s.value) == probe.site));
            tagged && sited && !except.contains(&probe.name.value)
        };
        let chosen: Vec<Name> = base.into_iter().filter(meets).map(|i| outline.probes[i].name.value.clone()).collect();
        if chosen.is_empty() && outline.complete {
            self.empty(selector.span);
        }
        (!chosen.is_empty()).then_some(chosen)
    }

    fn empty(&mut self, span: Span) {
        let fault = Fault::new(Code::EmptySelection, span, "no probe is selected").label("meets no probe");
        self.faults.add(fault.fix("select other tags or sites, or leave fewer out"));
    }

    /// The names of a criterion, each of which must exist; `Some(None)` where there is no such criterion.
    fn criterion<'f>(&mut self, field: &'f Field<Names>, code: Code) -> Option<Option<&'f Names>> {
        let names = match field {
            Field::Absent => return Some(None),
            Field::Faulty => return None,
            Field::Given(names) => &names.value,
        };
        let mut sound = true;
        for name in names {
            if code == Code::UnknownSite && !self.outline.sites.contains_key(name.value.as_str()) {
                unknown(code, "site", name, self.raw.sites.names(), self.faults);
                sound = false;
            }
            if code == Code::UnknownTag && !self.tags.contains(name.value.as_str()) {
                // Where a probe's own tags are faulty, this one may be among them.
                if self.outline.complete {
                    unknown(code, "tag", name, self.tags.iter().copied(), self.faults);
                }
                sound = false;
            }
        }
        sound.then_some(Some(names))
    }

    /// A group must make a pair.
    fn check_pairs(&mut self, name: &Spanned<Name>, shape: &Shape) {
        let is_several = |probe: &Name| {
            self.outline.position(probe).is_some_and(|position| self.outline.probes[position].is_several())
        };
        let differ = |a: &Name, b: &Name| a != b || is_several(a);
        let distinct = |a: &[Name], b: &[Name]| a.iter().any(|a| b.iter().any(|b| differ(a, b)));
        let (has_pair, why) = match shape {
            Shape::Mesh(probes) => (distinct(probes, probes), "a mesh takes two probes or more"),
            Shape::Ring(probes) => (distinct(probes, probes), "a ring takes two probes or more"),
            Shape::Star { hub, spokes } => (spokes.iter().any(|s| differ(s, hub)), "its only spoke is the hub itself"),
            Shape::Between { from, to } => (distinct(from, to), "both sides are the same probe"),
            Shape::Pairs(pairs) => (!pairs.is_empty(), "it lists none"),
        };
        // Where a probe is faulty it may be the missing one; where there is only one, that is the fault to mend.
        if !has_pair && self.outline.complete && self.outline.probes.len() > 1 {
            let fault =
                Fault::new(Code::GroupWithoutPairs, name.span, format!("`{}` makes no pair: {why}", name.value));
            self.faults.add(fault.fix("select more probes"));
        }
    }
}
