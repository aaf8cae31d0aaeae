//! Groups and the selectors in them.

use super::names::{some_names, two_names};
use super::object::{Fields, Slot, kind};
use super::scalar;
use crate::config::codes::Code;
use crate::config::fault::{Faults, Spanned};
use crate::config::language::{ALL, BETWEEN, GROUPS, SELECTOR, STAR};
use crate::config::raw::{Base, Field, Group, Selector, Shape};
use crate::config::tree::Node;
use crate::domain::name::Name;

pub(super) fn group(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Group {
    let Some(kind) = kind(&GROUPS, slot, Code::UnknownKind, faults) else { return Group::default() };
    let one_way = kind.extra("one-way").map_or(Field::Absent, |slot| {
        scalar::boolean(&slot, faults).map_or(Field::Faulty, |v| Field::Given(Spanned::new(v, slot.node.span)))
    });
    let shape = match kind.slot.name {
        "mesh" => Some(Shape::Mesh(selector(&kind.slot, faults))),
        "ring" => Some(Shape::Ring(selector(&kind.slot, faults))),
        "star" => star(&kind.slot, faults),
        "between" => between(&kind.slot, faults),
        _ => pairs(&kind.slot, faults).map(Shape::Pairs),
    };
    Group { shape, one_way }
}

fn star(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Shape> {
    let fields = Fields::open(&STAR, None, slot, faults)?;
    let hub = fields.read("hub", scalar::name, faults);
    let except = fields.read("except", some_names, faults);
    let spokes = selector(&fields.slot("spokes")?, faults);
    Some(Shape::Star { hub, spokes, except })
}

fn between(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Shape> {
    let fields = Fields::open(&BETWEEN, None, slot, faults)?;
    let except = fields.read("except", some_names, faults);
    let from = fields.slot("from").map(|s| selector(&s, faults));
    let to = fields.slot("to").map(|s| selector(&s, faults));
    Some(Shape::Between { from: from?, to: to?, except })
}

fn pairs(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Vec<Spanned<[Spanned<Name>; 2]>>> {
    let items = slot.list("a list of pairs", faults)?;
    slot.some(items, faults)?;
    let mut pairs = vec![];
    for item in items {
        let slot = Slot { name: "a pair", example: "[alpha, beta]", node: item, key: item.span, ..*slot };
        pairs.push(two_names(&slot, faults).map(|pair| Spanned::new(pair, item.span)));
    }
    pairs.into_iter().collect()
}

/// `all`, names, or a map of criteria.
fn selector(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Selector {
    let span = if slot.node.value == Node::Null { slot.key } else { slot.node.span };
    let plain = |base| Selector { span, base, tags: Field::Absent, sites: Field::Absent, except: Field::Absent };
    if let Node::Map(_) = slot.node.value {
        let Some(fields) = Fields::open(&SELECTOR, None, slot, faults) else { return plain(Base::Faulty) };
        let tags = fields.read("tags", some_names, faults);
        let sites = fields.read("sites", some_names, faults);
        let base = match fields.slot("probes") {
            Some(probes) => base(&probes, faults),
            None => Base::All,
        };
        let except = fields.read("except", some_names, faults);
        return Selector { span, base, tags, sites, except };
    }
    plain(base(slot, faults))
}

fn base(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Base {
    match &slot.node.value {
        Node::Scalar(text) if text == ALL => Base::All,
        Node::Scalar(_) | Node::List(_) => some_names(slot, faults).map_or(Base::Faulty, Base::These),
        Node::Null | Node::Map(_) => {
            let wanted = match slot.name {
                "probes" => "`all` or a list of names",
                _ => "`all`, a list of names or a map with `tags` or `sites`",
            };
            slot.wrong_type(wanted, faults);
            Base::Faulty
        }
    }
}
