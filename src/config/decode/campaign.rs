//! Suites, campaigns and what they expect.

use super::group::some_names;
use super::object::{Fields, Slot, entries};
use super::scalar::{self, number_in};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Quoted, Spanned};
use crate::config::language::{CAMPAIGN, EXPECT, LIMITS};
use crate::config::raw::{Campaign, Field, Limits, Names};
use crate::domain::campaign::{Limit, Metric};

pub(super) fn suite(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Field<Names> {
    some_names(slot, faults).map_or(Field::Faulty, |names| Field::Given(Spanned::new(names, slot.node.span)))
}

pub(super) fn campaign(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Campaign {
    let Some(fields) = Fields::open(&CAMPAIGN, Some(slot.name), slot, faults) else { return Campaign::default() };
    let mut campaign = Campaign {
        group: fields.read("group", scalar::name, faults),
        run: fields.read("run", some_names, faults),
        repeat: fields.read("repeat", number_in(1..=1_000_000), faults),
        expect: vec![],
    };
    if let Some(expect) = fields.object("expect", &EXPECT, faults) {
        for metric in Metric::ALL {
            if let Some(slot) = expect.slot(metric.as_str()) {
                campaign.expect.push((metric, limits(metric, &slot, faults)));
            }
        }
    }
    campaign
}

fn limits(metric: Metric, slot: &Slot<'_>, faults: &mut Faults<'_>) -> Limits {
    if entries(slot, faults).is_some_and(<[_]>::is_empty) {
        let fault = Fault::new(Code::MissingKey, slot.key, format!("`{metric}` says neither `warn` nor `fail`"));
        faults.add(fault.fix(format!("write `{}`", slot.written())));
        return Limits::default();
    }
    let Some(fields) = Fields::open(&LIMITS, None, slot, faults) else { return Limits::default() };
    Limits {
        warn: fields.read("warn", |s, f| limit(metric, s, f), faults),
        fail: fields.read("fail", |s, f| limit(metric, s, f), faults),
    }
}

/// An absolute value, a share of the contract, or the word `contract`. A share of loss is itself absolute.
fn limit(metric: Metric, slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Limit> {
    let text = slot.scalar("a limit", faults)?;
    if text == "contract" {
        return Some(Limit::CONTRACT);
    }
    if metric == Metric::Loss {
        return scalar::ratio(&Slot { example: "1%", ..*slot }, faults).map(Limit::Share);
    }
    if let Some(number) = text.strip_suffix('%') {
        let digits = number.trim_end().bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let share = number.trim_end().parse::<f64>().ok().filter(|n| digits && *n > 0.0 && *n <= 10_000.0);
        if let Some(percent) = share {
            return Some(Limit::OfContract(percent / 100.0));
        }
        let message = format!("`{}` cannot be {}: it is no share of the contract", slot.name, Quoted(text));
        let fault = Fault::new(Code::BadLimit, slot.node.span, message);
        faults.add(fault.fix(format!("for example `{}: 90%`", slot.name)));
        return None;
    }
    let example = match metric {
        Metric::Throughput => "90M",
        Metric::Mtu => "1500",
        Metric::Rtt | Metric::Jitter | Metric::Loss => "20ms",
    };
    let slot = Slot { example, ..*slot };
    match metric {
        Metric::Throughput => scalar::rate(&slot, faults).map(Limit::BitsPerSecond),
        Metric::Mtu => number_in(68..=65_535)(&slot, faults).map(Limit::Bytes),
        Metric::Rtt | Metric::Jitter | Metric::Loss => scalar::duration(&slot, faults).map(Limit::time),
    }
}
