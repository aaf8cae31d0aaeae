//! Single values, read by what their key takes and never by how they look.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;
use regex_lite::Regex;

use super::object::{Slot, check_name};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Quoted};
use crate::config::language::{MOST_RATE, Takes};
use crate::config::nearest::nearest;
use crate::domain::host::Address;
use crate::domain::name::Name;
use crate::domain::port::PortRange;
use crate::domain::unit::{Bitrate, ByteSize, Ratio, UnitFault, format_duration, parse_duration};

pub(super) fn text(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    slot.scalar("text", faults).map(str::to_owned)
}

/// A file, seen from the file that names it.
pub(super) fn file(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<PathBuf> {
    text(slot, faults).map(|path| faults.beside(slot.node.span, &path))
}

pub(super) fn name(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Name> {
    let text = slot.scalar("a name", faults)?;
    check_name(text, slot.node.span, faults)
}

/// Reports why a text is no quantity, with the spelling meant. A bare number most likely lacks the unit that is
/// usual for its key: nobody means a round-trip time of 20 s by `20`.
fn refuse(code: Code, text: &str, reason: &UnitFault, slot: &Slot<'_>, faults: &mut Faults<'_>) {
    let message = format!("`{}` cannot be {}: {}", slot.name, Quoted(text), reason.message);
    let bare = text.bytes().all(|b| b.is_ascii_digit() || b == b',');
    let usual = (bare && slot.example.ends_with("ms")).then(|| format!("{}ms", text.replacen(',', ".", 1)));
    let meant = reason.meant.as_ref().map(|meant| usual.as_ref().unwrap_or(meant));
    let fix = meant.map(|meant| format!("write `{}: {meant}`", slot.name));
    let fault = Fault::new(code, slot.node.span, message);
    faults.add(fault.fix(fix.unwrap_or_else(|| format!("for example `{}`", slot.written()))));
}

pub(super) fn rate(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Bitrate> {
    let text = slot.scalar("a rate", faults)?;
    let rate = Bitrate::parse(text).map_err(|reason| refuse(Code::BadRate, text, &reason, slot, faults)).ok()?;
    let show = |bits| Bitrate::new(bits).map_or_else(String::new, |rate| rate.to_string());
    in_range(rate.bits_per_second(), &(1..=MOST_RATE), show, slot, faults)?;
    Some(rate)
}

pub(super) fn ratio(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Ratio> {
    let text = slot.scalar("a share in percent", faults)?;
    Ratio::parse(text).map_err(|reason| refuse(Code::BadRatio, text, &reason, slot, faults)).ok()
}

/// A share that is more than nothing.
pub(super) fn share(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Ratio> {
    let ratio = ratio(slot, faults)?;
    if ratio.share() > 0.0 {
        return Some(ratio);
    }
    let fault = Fault::new(Code::OutOfRange, slot.node.span, format!("{} of 0% is nothing", slot.subject()));
    faults.add(fault.fix(format!("for example `{}`", slot.written())));
    None
}

/// A time within the key's bounds.
pub(super) fn time(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Duration> {
    let text = slot.scalar("a time", faults)?;
    let time = parse_duration(text).map_err(|reason| refuse(Code::BadDuration, text, &reason, slot, faults)).ok()?;
    let range = slot.bounds(|takes| match takes {
        Takes::Time { least, most } => Some(least..=most),
        _ => None,
    });
    in_range(time, &range, format_duration, slot, faults)
}

/// A size within the key's bounds.
pub(super) fn size(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<ByteSize> {
    let text = slot.scalar("a size", faults)?;
    let size = ByteSize::parse(text).map_err(|reason| refuse(Code::BadSize, text, &reason, slot, faults)).ok()?;
    let range = slot.bounds(|takes| match takes {
        Takes::Size { least, most } => Some(least..=most),
        _ => None,
    });
    in_range(size.bytes(), &range, show_size, slot, faults)?;
    Some(size)
}

/// In binary units where they are exact, as bounds are.
fn show_size(bytes: u64) -> String {
    match bytes {
        b if b > 0 && b % (1 << 20) == 0 => format!("{}MiB", b >> 20),
        b if b > 0 && b % (1 << 10) == 0 => format!("{}KiB", b >> 10),
        b => format!("{b}B"),
    }
}

/// A whole number within the key's bounds.
pub(super) fn number<T: TryFrom<u64>>(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<T> {
    let range = slot.bounds(|takes| match takes {
        Takes::Number { least, most } => Some(least..=most),
        _ => None,
    });
    let number = in_range(whole(slot, faults)?, &range, |n| n.to_string(), slot, faults)?;
    T::try_from(number).ok()
}

/// A decimal number within the key's bounds, in thousandths.
pub(super) fn thousandths(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<u32> {
    let text = slot.scalar("a number", faults)?;
    let range = slot.bounds(|takes| match takes {
        Takes::Thousandths { least, most } => Some(least..=most),
        _ => None,
    });
    let Some(thousandths) = decimal(text) else {
        let pointed = text.replacen(',', ".", 1);
        let (why, fix) = match decimal(&pointed) {
            Some(_) => ("the decimal mark is a point", format!("write `{}: {pointed}`", slot.name)),
            None => ("it is a number such as `0.5` or `2`", format!("for example `{}`", slot.written())),
        };
        let message = format!("`{}` cannot be {}: {why}", slot.name, Quoted(text));
        faults.add(Fault::new(Code::BadNumber, slot.node.span, message).fix(fix));
        return None;
    };
    let show = |n: u32| format!("{}.{:03}", n / 1000, n % 1000).trim_end_matches('0').trim_end_matches('.').to_owned();
    in_range(thousandths, &range, show, slot, faults)
}

/// Digits with at most three behind the point, in thousandths.
fn decimal(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.len() <= 6 && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 3 {
        return None;
    }
    let part: u32 = format!("{part:0<3}").parse().ok()?;
    Some(whole.parse::<u32>().ok()? * 1000 + part)
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

/// One of the words of a table, which is the one that the key's words were taken from.
pub(super) fn word<T: Clone>(words: &'static [(&'static str, T)]) -> impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<T> {
    move |slot, faults| {
        let text = slot.scalar("a word", faults)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(value.clone());
        }
        let known: Vec<&str> = slot.bounds(|takes| match takes {
            Takes::Words(words) => Some(words.to_vec()),
            _ => None,
        });
        let near = nearest(text, known.iter().copied());
        let fault =
            Fault::new(Code::UnknownWord, slot.node.span, format!("`{}` cannot be {}", slot.name, Quoted(text)))
                .known(known.iter().map(|k| (*k).to_owned()).collect())
                .maybe_fix(near.map(|near| format!("write `{}: {near}`", slot.name)));
        faults.add(fault);
        None
    }
}

/// Text of the form that the key takes.
pub(super) fn form(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    form_or(Code::BadText, slot, faults)
}

/// The same, with a code of its own for what has another form.
pub(super) fn form_or(code: Code, slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let (what, pattern) = slot.bounds(|takes| match takes {
        Takes::Form(what, pattern) => Some((what, pattern)),
        _ => None,
    });
    let text = slot.scalar(what, faults)?;
    let form = Regex::new(&format!("^(?:{pattern})$")).expect("the forms of the table are regular expressions");
    if form.is_match(text) {
        return Some(text.to_owned());
    }
    let fault = Fault::new(code, slot.node.span, format!("{} is not {what}", Quoted(text)));
    faults.add(fault.fix(format!("for example `{}`", slot.written())));
    None
}

/// An address, with the length of its prefix or without.
pub(super) fn address(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Address> {
    let text = slot.scalar("an IP address", faults)?;
    let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
    let read = || {
        let ip: IpAddr = ip.parse().ok()?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let Some(bits) = bits else { return Some(Address { ip, prefix_bits: None }) };
        let plain = bits.len() < 4 && bits.bytes().all(|b| b.is_ascii_digit());
        let bits: u8 = bits.parse().ok().filter(|b| plain && *b <= most)?;
        Some(Address { ip, prefix_bits: Some(bits) })
    };
    let Some(address) = read() else {
        return bad_address(slot, text, "is no IP address", faults);
    };
    let usable = match address.ip {
        // From 224 on: multicast, reserved and broadcast (RFC 1112).
        IpAddr::V4(v4) => (1..224).contains(&v4.octets()[0]),
        IpAddr::V6(v6) => !v6.is_multicast() && !v6.is_unspecified(),
    };
    if usable { Some(address) } else { bad_address(slot, text, "is no address of a machine", faults) }
}

fn bad_address<T>(slot: &Slot<'_>, text: &str, why: &str, faults: &mut Faults<'_>) -> Option<T> {
    let fault = Fault::new(Code::BadAddress, slot.node.span, format!("{} {why}", Quoted(text)));
    faults.add(fault.fix(format!("for example `{}`", slot.written())));
    None
}

/// An address with the length of its prefix.
pub(super) fn address_with_prefix(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Address> {
    let found = address(slot, faults)?;
    if found.prefix_bits.is_some() {
        return Some(found);
    }
    let bits = if found.ip.is_ipv4() { 24 } else { 64 };
    let message = format!("`{}` needs the length of its network's prefix", slot.name);
    let fault = Fault::new(Code::BadAddress, slot.node.span, message);
    faults.add(fault.fix(format!("for example `{}: {}/{bits}`", slot.name, found.ip)));
    None
}

/// An address alone.
pub(super) fn ip(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<IpAddr> {
    let found = address(slot, faults)?;
    if found.prefix_bits.is_none() {
        return Some(found.ip);
    }
    let fault =
        Fault::new(Code::BadAddress, slot.node.span, format!("`{}` takes an address without prefix", slot.name));
    faults.add(fault.fix(format!("write `{}`", found.ip)));
    None
}

/// A day as `2026-12-24`.
pub(super) fn date(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<NaiveDate> {
    let text = slot.scalar("a day", faults)?;
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if let Some(date) = text.parse().ok().filter(|_| plain) {
        return Some(date);
    }
    let message = format!("{} is no day: a day is written year-month-day", Quoted(text));
    let fault = Fault::new(Code::BadDate, slot.node.span, message);
    faults.add(fault.fix(format!("for example `{}`", slot.written())));
    None
}

/// At least one, each read by `reader`.
pub(super) fn list<T>(
    what: &'static str,
    reader: impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<T>,
) -> impl Fn(&Slot<'_>, &mut Faults<'_>) -> Option<Vec<T>> {
    move |slot, faults| {
        let items = slot.list(what, faults)?;
        slot.some(items, faults)?;
        let read: Vec<Option<T>> =
            items.iter().map(|item| reader(&Slot { key: item.span, ..slot.item(item) }, faults)).collect();
        read.into_iter().collect()
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
