//! Single values, read by what their key takes and never by how they look.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::object::{Slot, check_name};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Quoted, Spanned};
use crate::config::nearest::nearest;
use crate::config::raw::Names;
use crate::domain::name::Name;
use crate::domain::topology::PortRange;
use crate::domain::unit::{Bitrate, ByteSize, Ratio, UnitFault, format_duration, parse_duration};

pub(super) fn text(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    slot.scalar("text", faults).map(str::to_owned)
}

pub(super) fn name(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Name> {
    let text = slot.scalar("a name", faults)?;
    check_name(text, slot.node.span, faults)
}

/// A list of names, or one name for a list of one. Repetitions are reported and dropped.
pub(super) fn names(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Names> {
    use crate::config::tree::Node;
    if matches!(slot.node.value, Node::Scalar(_)) {
        return name(slot, faults).map(|n| vec![Spanned::new(n, slot.node.span)]);
    }
    let items = slot.list("a name or a list of names", faults)?;
    let mut seen = HashMap::new();
    let mut complete = true;
    let mut names = vec![];
    for item in items {
        let Some(name) = name(&slot.item(item), faults) else {
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

/// Reports why a text is no quantity, with the spelling meant. A bare whole number most likely lacks the unit that is
/// usual for its key: nobody means a round-trip time of 20 s by `20`.
fn refuse(code: Code, text: &str, reason: &UnitFault, slot: &Slot<'_>, faults: &mut Faults<'_>) {
    let message = format!("`{}` cannot be {}: {}", slot.name, Quoted(text), reason.message);
    let bare = text.bytes().all(|b| b.is_ascii_digit());
    let usual = (bare && slot.example.ends_with("ms")).then(|| format!("{text}ms"));
    let meant = reason.meant.as_ref().map(|meant| usual.as_ref().unwrap_or(meant));
    let fix = meant.map(|meant| format!("write `{}: {meant}`", slot.name));
    let fault = Fault::new(code, slot.node.span, message);
    faults.add(fault.fix(fix.unwrap_or_else(|| format!("for example `{}`", slot.written()))));
}

pub(super) fn rate(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Bitrate> {
    let text = slot.scalar("a rate", faults)?;
    Bitrate::parse(text).map_err(|reason| refuse(Code::BadRate, text, &reason, slot, faults)).ok()
}

pub(super) fn ratio(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Ratio> {
    let text = slot.scalar("a share in percent", faults)?;
    Ratio::parse(text).map_err(|reason| refuse(Code::BadRatio, text, &reason, slot, faults)).ok()
}

pub(super) fn duration(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Duration> {
    let text = slot.scalar("a time", faults)?;
    parse_duration(text).map_err(|reason| refuse(Code::BadDuration, text, &reason, slot, faults)).ok()
}

/// A time within `range`.
pub(super) fn duration_in(range: RangeInclusive<Duration>) -> impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<Duration> {
    move |slot, faults| {
        let time = duration(slot, faults)?;
        in_range(time, &range, format_duration, slot, faults)
    }
}

/// A size within `range` bytes.
pub(super) fn size_in(range: RangeInclusive<u64>) -> impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<ByteSize> {
    move |slot, faults| {
        let text = slot.scalar("a size", faults)?;
        let size = ByteSize::parse(text).map_err(|reason| refuse(Code::BadSize, text, &reason, slot, faults)).ok()?;
        in_range(size.bytes(), &range, |b| format!("{b}B"), slot, faults)?;
        Some(size)
    }
}

/// A whole number within `range`.
pub(super) fn number_in<T>(range: RangeInclusive<T>) -> impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<T>
where
    T: Copy + PartialOrd + ToString + TryFrom<u64> + Into<u64>,
{
    move |slot, faults| {
        let wide = (*range.start()).into()..=(*range.end()).into();
        let number = in_range(whole(slot, faults)?, &wide, |n| n.to_string(), slot, faults)?;
        T::try_from(number).ok()
    }
}

fn in_range<T: Copy + PartialOrd>(
    value: T,
    range: &RangeInclusive<T>,
    show: impl Fn(T) -> String,
    slot: &Slot<'_>,
    faults: &mut Faults<'_>,
) -> Option<T> {
    let (bound, side) = if value < *range.start() {
        (*range.start(), "least")
    } else if value > *range.end() {
        (*range.end(), "most")
    } else {
        return Some(value);
    };
    let message = format!("`{}` is {}; it must be at {side} {}", slot.name, show(value), show(bound));
    let fix = format!("write `{}: {}`", slot.name, show(bound));
    faults.add(Fault::new(Code::OutOfRange, slot.node.span, message).fix(fix));
    None
}

/// Plain decimal digits. `010` is eight to some readers and ten to others, `1e3` and `1.0` are no counts.
fn whole(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<u64> {
    let text = slot.scalar("a whole number", faults)?;
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits && (text == "0" || !text.starts_with('0')) {
        // More digits than a u64 has are out of every range.
        return Some(text.parse().unwrap_or(u64::MAX));
    }
    let meant = text.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && (0.0..=1e15).contains(n));
    let fix = meant.map_or_else(|| slot.written(), |n| format!("{}: {n:.0}", slot.name));
    let message = format!("`{}` cannot be {}: it is a whole number in plain digits", slot.name, Quoted(text));
    faults.add(Fault::new(Code::BadNumber, slot.node.span, message).fix(format!("write `{fix}`")));
    None
}

pub(super) fn boolean(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<bool> {
    let text = slot.scalar("`true` or `false`", faults)?;
    let meant = match text.to_ascii_lowercase().as_str() {
        "true" if text == "true" => return Some(true),
        "false" if text == "false" => return Some(false),
        "no" | "off" | "n" | "0" | "false" => "false",
        _ => "true",
    };
    let message = format!("`{}` is either `true` or `false`, not {}", slot.name, Quoted(text));
    let fault = Fault::new(Code::BadBoolean, slot.node.span, message).fix(format!("write `{}: {meant}`", slot.name));
    faults.add(fault);
    None
}

/// One of a few words.
pub(super) fn word<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<T> {
    move |slot, faults| {
        let text = slot.scalar("a word", faults)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let near = nearest(text, known.iter().copied());
        let fault =
            Fault::new(Code::UnknownWord, slot.node.span, format!("`{}` cannot be {}", slot.name, Quoted(text)))
                .known(known.iter().map(|k| (*k).to_owned()).collect())
                .maybe_fix(near.map(|near| format!("write `{}: {near}`", slot.name)));
        faults.add(fault);
        None
    }
}

/// `5201` or `5201-5220`.
pub(super) fn ports(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<PortRange> {
    let text = slot.scalar("a range of ports", faults)?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |t: &str| {
        let t = t.trim();
        t.bytes().all(|b| b.is_ascii_digit()).then(|| t.parse::<u16>().ok()).flatten()
    };
    let (reason, fix) = match (port(first), port(last)) {
        (Some(0), Some(_)) => ("port 0 does not exist", None),
        (Some(first), Some(last)) => match PortRange::new(first, last) {
            Some(range) => return Some(range),
            None => ("it ends before it starts", Some(format!("write `{}: {last}-{first}`", slot.name))),
        },
        _ => ("a range is two ports between 1 and 65535", None),
    };
    let fix = fix.unwrap_or_else(|| format!("for example `{}`", slot.written()));
    let message = format!("`{}` cannot be {}: {reason}", slot.name, Quoted(text));
    faults.add(Fault::new(Code::BadPorts, slot.node.span, message).fix(fix));
    None
}
