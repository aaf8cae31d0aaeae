//! Maps: with a fixed set of keys ([`Fields`]), by name, and of one kind.

use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Quoted, Span, Spanned};
use crate::config::language::{Key, Kinds, Object, Takes};
use crate::config::nearest::nearest;
use crate::config::raw::{Field, Named};
use crate::config::tree::{Entry, Node};
use crate::domain::name::Name;

/// A value and what stands before it.
#[derive(Clone, Copy)]
pub(super) struct Slot<'t> {
    /// Its key, for sentences.
    pub(super) name: &'t str,
    /// A value as one would write it.
    pub(super) example: &'t str,
    /// What the value is, with its bounds.
    pub(super) takes: Takes,
    pub(super) node: &'t Spanned<Node>,
    /// Place of its key.
    pub(super) key: Span,
}

impl<'t> Slot<'t> {
    pub(super) const fn of(key: &Key, written: &Spanned<String>, node: &'t Spanned<Node>) -> Self {
        Self { name: key.name, example: key.example, takes: key.takes, node, key: written.span }
    }

    /// The scalar's text, or a fault.
    pub(super) fn scalar(&self, wanted: &str, faults: &mut Faults<'_>) -> Option<&'t str> {
        if let Node::Scalar(text) = &self.node.value {
            return Some(text);
        }
        self.wrong_type(wanted, faults);
        None
    }

    /// The list's items, each a slot of the same name, or a fault.
    pub(super) fn list(&self, wanted: &str, faults: &mut Faults<'_>) -> Option<&'t [Spanned<Node>]> {
        if let Node::List(items) = &self.node.value {
            return Some(items);
        }
        self.wrong_type(wanted, faults);
        None
    }

    /// Is there an item?
    pub(super) fn some(&self, items: &[Spanned<Node>], faults: &mut Faults<'_>) -> Option<()> {
        if items.is_empty() {
            let fault = Fault::new(Code::EmptyList, self.node.span, format!("`{}` is an empty list", self.name));
            faults.add(fault.fix(format!("for example `{}`", self.written())));
            return None;
        }
        Some(())
    }

    pub(super) const fn item(&self, node: &'t Spanned<Node>) -> Self {
        Self { node, ..*self }
    }

    /// What `pick` finds among the things that the value may be.
    pub(super) fn bounds<T>(&self, pick: impl Fn(Takes) -> Option<T>) -> T {
        let found = self.takes.parts().find_map(pick);
        found.expect("a reader is only asked for what its key takes; the table's test reads each key")
    }

    pub(super) fn wrong_type(&self, wanted: &str, faults: &mut Faults<'_>) {
        let found = self.node.value.kind();
        // Where nothing stands, the caret would too.
        let span = if self.node.value == Node::Null { self.key } else { self.node.span };
        let fault = Fault::new(Code::WrongType, span, format!("{} must be {wanted}, not {found}", self.subject()))
            .label(format!("this is {found}"))
            .fix(format!("for example `{}`", self.written()));
        faults.add(fault);
    }

    /// Its name in a sentence: a key in backticks, other things in words.
    pub(super) fn subject(&self) -> String {
        if self.name.contains(' ') { self.name.to_owned() } else { format!("`{}`", self.name) }
    }

    /// Key and example, as one would write them.
    pub(super) fn written(&self) -> String {
        if self.name.contains(' ') { self.example.to_owned() } else { format!("{}: {}", self.name, self.example) }
    }
}

/// The entries of a map, its keys checked.
pub(super) struct Fields<'t> {
    object: &'static Object,
    entries: &'t [Entry],
    /// Misspelled keys by what was surely meant: read as if spelled right, so that one slip is one fault.
    meant: Vec<(&'static str, &'t Entry)>,
}

impl<'t> Fields<'t> {
    /// Opens the map of a slot: unknown and missing keys are reported. `subject` names the object where it has a name.
    pub(super) fn open(
        object: &'static Object,
        subject: Option<&str>,
        slot: &Slot<'t>,
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let entries = entries(slot, faults)?;
        let mut fields = Self { object, entries, meant: vec![] };
        let known = || object.keys.iter().map(|k| k.name);
        for entry in entries {
            let (key, _) = entry;
            if object.key(&key.value).is_some() {
                continue;
            }
            let near = nearest(&key.value, known());
            let fix = near.map_or_else(|| "remove it".to_owned(), |near| format!("write `{near}`"));
            let message = format!("{} has no key {}", object.what, Quoted(&key.value));
            let fault = Fault::new(Code::UnknownKey, key.span, message).label("unknown key");
            faults.add(fault.known(known().map(str::to_owned).collect()).fix(fix));
            if let Some(near) = near.filter(|near| fields.entry(near).is_none()) {
                fields.meant.push((near, entry));
            }
        }
        if object.some && entries.is_empty() {
            let message = match object.keys {
                [a, b] => format!("{} says neither `{}` nor `{}`", slot.subject(), a.name, b.name),
                _ => format!("{} says nothing", slot.subject()),
            };
            let fault = Fault::new(Code::MissingKey, slot.key, message);
            faults.add(fault.fix(format!("write `{}`", slot.written())));
            return None;
        }
        let subject = || subject.map_or_else(|| object.what.to_owned(), |s| format!("`{s}`"));
        for missing in object.keys.iter().filter(|k| k.required && fields.entry(k.name).is_none()) {
            let message = format!("{} needs the key `{}`", subject(), missing.name);
            let fix = format!("add `{}: {}`", missing.name, missing.example);
            let fault = Fault::new(Code::MissingKey, slot.key, message);
            faults.add(fault.label(format!("`{}` is missing", missing.name)).fix(fix));
        }
        Some(fields)
    }

    fn entry(&self, name: &str) -> Option<&'t Entry> {
        let meant = || self.meant.iter().find(|(meant, _)| *meant == name).map(|(_, entry)| *entry);
        self.entries.iter().find(|(k, _)| k.value == name).or_else(meant)
    }

    /// The slot of a key that is there.
    pub(super) fn slot(&self, name: &'static str) -> Option<Slot<'t>> {
        let key = self.object.key(name)?;
        self.entry(name).map(|(k, node)| Slot::of(key, k, node))
    }

    /// The keys that are there and spelled right.
    pub(super) fn written(&self) -> Vec<(&'static str, Span)> {
        self.entries.iter().filter_map(|(k, _)| self.object.key(&k.value).map(|key| (key.name, k.span))).collect()
    }

    /// Reads a key's value.
    pub(super) fn read<T>(
        &self,
        name: &'static str,
        reader: impl FnOnce(&Slot<'t>, &mut Faults<'_>) -> Option<T>,
        faults: &mut Faults<'_>,
    ) -> Field<T> {
        debug_assert!(self.object.key(name).is_some(), "`{name}` is not in the table of {}", self.object.what);
        self.read_if(name, reader, faults)
    }

    /// Reads a key's value where the object has such a key at all.
    pub(super) fn read_if<T>(
        &self,
        name: &'static str,
        reader: impl FnOnce(&Slot<'t>, &mut Faults<'_>) -> Option<T>,
        faults: &mut Faults<'_>,
    ) -> Field<T> {
        let Some(slot) = self.slot(name) else { return Field::Absent };
        reader(&slot, faults).map_or(Field::Faulty, |value| Field::Given(Spanned::new(value, slot.node.span)))
    }

    /// Opens the object under a key, if it is there.
    pub(super) fn object(
        &self,
        name: &'static str,
        object: &'static Object,
        faults: &mut Faults<'_>,
    ) -> Option<Fields<'t>> {
        Fields::open(object, None, &self.slot(name)?, faults)
    }

    /// Reads a map by name.
    pub(super) fn named<T>(
        &self,
        name: &'static str,
        reader: impl Fn(&Slot<'t>, &mut Faults<'_>) -> T,
        faults: &mut Faults<'_>,
    ) -> Named<T> {
        let mut named = Named::default();
        let (Some(slot), Some(key)) = (self.slot(name), self.object.key(name)) else { return named };
        named.key = Some(slot.key);
        let Some(entries) = entries(&slot, faults) else {
            named.refused = 1;
            return named;
        };
        if entries.is_empty() && key.required {
            let fault = Fault::new(Code::MissingKey, slot.key, format!("`{name}` is empty"));
            faults.add(fault.fix(format!("write `{}`", slot.written())));
        }
        let item = key.takes.parts().next().unwrap_or(key.takes);
        for (own, node) in entries {
            let value = reader(&Slot { name: &own.value, example: key.item, takes: item, node, key: own.span }, faults);
            match check_name(&own.value, own.span, faults) {
                Some(name) => named.entries.push((Spanned::new(name, own.span), value)),
                None => named.refused += 1,
            }
        }
        named
    }
}

/// The entries of a map; nothing at all counts as an empty one.
pub(super) fn entries<'t>(slot: &Slot<'t>, faults: &mut Faults<'_>) -> Option<&'t [Entry]> {
    match &slot.node.value {
        Node::Map(entries) => Some(entries),
        Node::Null => Some(&[]),
        Node::Scalar(_) | Node::List(_) => {
            slot.wrong_type("a map", faults);
            None
        }
    }
}

/// `text` as a name, or a fault with the nearest valid one.
pub(super) fn check_name(text: &str, span: Span, faults: &mut Faults<'_>) -> Option<Name> {
    let fault = match Name::new(text) {
        Ok(name) => return Some(name),
        Err(fault) => fault,
    };
    let fix = Name::nearest(text).map(|near| format!("write `{near}`"));
    let message = if text.is_empty() { fault.to_string() } else { format!("{} is no name: {fault}", Quoted(text)) };
    faults.add(Fault::new(Code::InvalidName, span, message).maybe_fix(fix));
    None
}

/// What a thing of one kind is: the one key under it, with its slot, and what stands beside it.
pub(super) struct Kind<'t> {
    pub(super) slot: Slot<'t>,
    table: &'static Kinds,
    entries: &'t [Entry],
}

/// Finds the one kind; `unknown` is the code of a kind that is none of them.
pub(super) fn kind<'t>(
    table: &'static Kinds,
    slot: &Slot<'t>,
    unknown: Code,
    faults: &mut Faults<'_>,
) -> Option<Kind<'t>> {
    let Kinds { what, kinds, extras, .. } = *table;
    let all = entries(slot, faults)?;
    let has_kind = all.iter().any(|(key, _)| kinds.iter().any(|k| k.name == key.value));
    let mut found: Option<Slot<'t>> = None;
    let mut strange = false;
    for (key, node) in all.iter().filter(|(key, _)| extras.iter().all(|k| k.name != key.value)) {
        let Some(kind) = kinds.iter().find(|k| k.name == key.value) else {
            strange = true;
            stranger(table, key, has_kind, unknown, faults);
            continue;
        };
        if let Some(first) = &found {
            let message = format!("`{}` cannot be `{}` and `{}` at once", slot.name, first.name, kind.name);
            let fault = Fault::new(Code::SeveralKinds, key.span, message).label("second kind");
            faults.add(fault.related(first.key, "first kind").fix("keep one of the two"));
        } else {
            found = Some(Slot::of(kind, key, node));
        }
    }
    if found.is_none() && !strange {
        let message = format!("`{}` does not say what kind of {what} it is", slot.name);
        let known = kinds.iter().map(|k| k.name.to_owned()).collect();
        let example = |k: &Key| format!("write `{}: {{ {}: {} }}`", slot.name, k.name, k.example);
        let fault = Fault::new(Code::MissingKind, slot.key, message).known(known);
        faults.add(fault.maybe_fix(kinds.first().map(example)));
    }
    found.map(|slot| Kind { slot, table, entries: all })
}

impl<'t> Kind<'t> {
    /// The slot of a key beside the kind.
    pub(super) fn extra(&self, name: &str) -> Option<Slot<'t>> {
        let key = self.table.extras.iter().find(|k| k.name == name)?;
        self.entries.iter().find(|(k, _)| k.value == name).map(|(k, node)| Slot::of(key, k, node))
    }
}

/// Reports a key that is neither a kind nor an extra. Beside a kind, or near an extra, it is a key; else it is meant as
/// a kind.
fn stranger(table: &'static Kinds, key: &Spanned<String>, has_kind: bool, unknown: Code, faults: &mut Faults<'_>) {
    let Kinds { what, kinds, extras, .. } = *table;
    let near = |keys: &'static [Key]| nearest(&key.value, keys.iter().map(|k| k.name));
    let as_extra = near(extras);
    let fault = if has_kind || as_extra.is_some() {
        let known = extras.iter().map(|k| k.name.to_owned()).collect();
        let fix = as_extra.map_or_else(|| "remove it".to_owned(), |near| format!("write `{near}`"));
        let message = format!("a {what} has no key {} beside its kind", Quoted(&key.value));
        Fault::new(Code::UnknownKey, key.span, message).label("unknown key").known(known).fix(fix)
    } else {
        let known = kinds.iter().map(|k| k.name.to_owned()).collect();
        let message = format!("{} is no kind of {what}", Quoted(&key.value));
        let fault = Fault::new(unknown, key.span, message).label("unknown kind").known(known);
        fault.maybe_fix(near(kinds).map(|near| format!("write `{near}`")))
    };
    faults.add(fault);
}
