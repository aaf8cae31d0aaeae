//! Names, several at once.

use std::collections::HashMap;

use super::object::Slot;
use super::scalar;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Spanned};
use crate::config::raw::Names;
use crate::config::tree::Node;
use crate::domain::name::Name;

/// A list of names, or one name for a list of one. Repetitions are reported and dropped.
pub(super) fn names(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Names> {
    if matches!(slot.node.value, Node::Scalar(_)) {
        return scalar::name(slot, faults).map(|n| vec![Spanned::new(n, slot.node.span)]);
    }
    let items = slot.list("a name or a list of names", faults)?;
    let mut seen = HashMap::new();
    let mut complete = true;
    let mut names = vec![];
    for item in items {
        let Some(name) = scalar::name(&slot.item(item), faults) else {
            complete = false;
            continue;
        };
        if let Some(first) = seen.insert(name.clone(), item.span) {
            let fault = Fault::new(Code::RepeatedName, item.span, format!("`{name}` is in this list already"));
            faults.add(fault.label("again").related(first, "first time").fix("remove it"));
        } else {
            names.push(Spanned::new(name, item.span));
        }
    }
    complete.then_some(names)
}

/// At least one name.
pub(super) fn some_names(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Names> {
    if let Node::List(items) = &slot.node.value {
        slot.some(items, faults)?;
    }
    names(slot, faults)
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
