//! Suites, campaigns and what they expect.

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::{TZ_VARIANTS, Tz};
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};

use super::names::some_names;
use super::object::{Fields, Slot};
use super::scalar;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Quoted, Spanned};
use crate::config::language::{BUDGET, CAMPAIGN, CONTRACT_WORD, DAYS, EXPECT, MTU, SCHEDULE, TIME, Takes, limits_of};
use crate::config::nearest::nearest;
use crate::config::raw::{Campaign, Field, Limits, Names, Schedule};
use crate::domain::campaign::{Days, Limit, Metric};

pub(super) fn suite(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Field<Names> {
    some_names(slot, faults).map_or(Field::Faulty, |names| Field::Given(Spanned::new(names, slot.node.span)))
}

pub(super) fn campaign(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Campaign {
    let Some(fields) = Fields::open(&CAMPAIGN, Some(slot.name), slot, faults) else { return Campaign::default() };
    let mut campaign = Campaign {
        group: fields.read("group", scalar::name, faults),
        run: fields.read("run", some_names, faults),
        repeat: fields.read("repeat", scalar::number, faults),
        ..Campaign::default()
    };
    if let Some(expect) = fields.object("expect", &EXPECT, faults) {
        for metric in Metric::ALL {
            if let Some(slot) = expect.slot(metric.as_str()) {
                campaign.expect.push((metric, limits(metric, &slot, faults)));
            }
        }
    }
    if let Some(budget) = fields.object("budget", &BUDGET, faults) {
        campaign.bytes_per_day = budget.read("bytes-per-day", scalar::size, faults);
        campaign.max_rate = budget.read("max-rate", scalar::rate, faults);
    }
    campaign.schedule = fields.object("schedule", &SCHEDULE, faults).map(|schedule| Schedule {
        cron: schedule.read("cron", cron, faults),
        time_zone: schedule.read("time-zone", time_zone, faults),
        skip: schedule.read("skip", scalar::list("a list of stretches of days", days), faults),
    });
    campaign
}

/// Five fields as in crontab(5). The calendar reads them by the same crate.
fn cron(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let text = scalar::form_or(Code::BadCron, slot, faults)?;
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let why = match parser.parse(&text) {
        Ok(read) if comes(&read) => return Some(text),
        Ok(_) => "no month of these has such a day".to_owned(),
        Err(reason) => why_no_cron(&text, &parser, &reason),
    };
    let message = format!("{} is no time to run: {why}", Quoted(&text));
    let fault = Fault::new(Code::BadCron, slot.node.span, message);
    faults.add(fault.fix(format!("for example `{}`: every day at three", slot.written())));
    None
}

/// Does it ever come? Days of the Gregorian calendar and their weekdays repeat after 400 years, 1 March 2000 begins such a
/// stretch; the search ends where the crate's own does.
fn comes(cron: &Cron) -> bool {
    let start = NaiveDate::from_ymd_opt(2000, 3, 1).unwrap_or_default().and_time(NaiveTime::MIN).and_utc();
    cron.find_next_occurrence(&start, true).is_ok()
}

/// What each field of a cron text may say (crontab(5)).
const CRON_FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31"),
    ("month", "1 to 12 or jan to dec"),
    ("day of the week", "0 to 7 or sun to sat"),
];

/// Which fields of a cron text cannot be, found by reading each among stars; else the parser's own words.
fn why_no_cron(text: &str, parser: &CronParser, reason: &CronError) -> String {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != CRON_FIELDS.len() {
        return format!("it has {} of the five fields: minute, hour, day, month, day of the week", fields.len());
    }
    let wrong: Vec<String> = (0..fields.len())
        .filter(|at| {
            let mut alone = ["*"; 5];
            alone[*at] = fields[*at];
            parser.parse(&alone.join(" ")).is_err()
        })
        .map(|at| {
            let (name, takes) = CRON_FIELDS[at];
            format!("the {name} `{}` is none of {takes}", fields[at])
        })
        .collect();
    if wrong.is_empty() { reason.to_string().trim_end_matches('.').to_owned() } else { wrong.join("; ") }
}

fn time_zone(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let text = scalar::form_or(Code::UnknownTimeZone, slot, faults)?;
    if text.parse::<Tz>().is_ok() {
        return Some(text);
    }
    let names = TZ_VARIANTS.iter().map(|zone| zone.name());
    let fault = Fault::new(Code::UnknownTimeZone, slot.node.span, format!("there is no time zone {}", Quoted(&text)));
    // Names of zones have capitals, which the search for the nearest word does not.
    let near = names.clone().find(|name| name.eq_ignore_ascii_case(&text)).or_else(|| {
        if !faults.may_compare(names.len()) {
            return None;
        }
        let lower: Vec<String> = names.clone().map(str::to_lowercase).collect();
        let near = nearest(&text, lower.iter().map(String::as_str))?;
        names.clone().find(|name| name.eq_ignore_ascii_case(near))
    });
    let near = near.unwrap_or("Europe/Madrid");
    faults.add(fault.label("not in the IANA database").fix(format!("for example `{}: {near}`", slot.name)));
    None
}

fn days(slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Days> {
    let fields = Fields::open(&DAYS, None, slot, faults)?;
    let from = fields.read("from", scalar::date, faults);
    let to = fields.read("to", scalar::date, faults);
    let (from, to) = (from.given()?, to.given()?);
    if to.value >= from.value {
        return Some(Days { from: from.value, to: to.value });
    }
    let fault = Fault::new(Code::DaysReversed, to.span, format!("{} is before {}", to.value, from.value));
    faults.add(fault.label("ends before it starts").related(from.span, "starts here").fix("exchange the two days"));
    None
}

fn limits(metric: Metric, slot: &Slot<'_>, faults: &mut Faults<'_>) -> Limits {
    let Some(fields) = Fields::open(limits_of(metric), None, slot, faults) else { return Limits::default() };
    Limits {
        warn: fields.read("warn", |s, f| limit(metric, s, f), faults),
        fail: fields.read("fail", |s, f| limit(metric, s, f), faults),
    }
}

/// An absolute value, a share of the contract, or the word `contract`. A share of loss is itself absolute.
fn limit(metric: Metric, slot: &Slot<'_>, faults: &mut Faults<'_>) -> Option<Limit> {
    let text = slot.scalar("a limit", faults)?;
    if text == CONTRACT_WORD {
        return Some(Limit::CONTRACT);
    }
    if metric == Metric::Loss {
        return scalar::ratio(&Slot { example: "1%", ..*slot }, faults).map(Limit::Share);
    }
    if let Some(number) = text.strip_suffix('%') {
        let share = |number: &str| {
            let digits = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            number.parse::<f64>().ok().filter(|n| digits && *n > 0.0 && *n <= 10_000.0)
        };
        let number = number.trim_end();
        if let Some(percent) = share(number) {
            return Some(Limit::OfContract(percent / 100.0));
        }
        let pointed = number.replacen(',', ".", 1);
        let (why, fix) = match share(&pointed) {
            Some(_) => ("the decimal mark is a point", format!("write `{}: {pointed}%`", slot.name)),
            None => ("it is no share of the contract", format!("for example `{}: 90%`", slot.name)),
        };
        let message = format!("`{}` cannot be {}: {why}", slot.name, Quoted(text));
        faults.add(Fault::new(Code::BadLimit, slot.node.span, message).fix(fix));
        return None;
    }
    let (example, takes) = match metric {
        Metric::Throughput => ("90M", Takes::Rate),
        Metric::Mtu => ("1500", MTU),
        Metric::Rtt | Metric::Jitter | Metric::Loss => ("20ms", TIME),
    };
    let slot = Slot { example, takes, ..*slot };
    match metric {
        Metric::Throughput => scalar::rate(&slot, faults).map(Limit::BitsPerSecond),
        Metric::Mtu => scalar::number(&slot, faults).map(Limit::Bytes),
        Metric::Rtt | Metric::Jitter | Metric::Loss => scalar::time(&slot, faults).map(Limit::time),
    }
}
