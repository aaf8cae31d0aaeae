//! Campaigns: group and tests bound, expectations checked, the built-in one added where the file has none.

use std::collections::{BTreeMap, HashSet};

use super::suites::runnable;
use super::{built_in, unknown};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Spanned};
use crate::config::language::ALL;
use crate::config::raw;
use crate::domain::campaign::{Budget, Campaign, Expectations, Limit, Limits, Metric, Schedule};
use crate::domain::name::Name;
use crate::domain::test::{OfferedRate, TestDefinition};

pub(super) fn campaigns(
    raw: &raw::Topology,
    tests: &BTreeMap<Name, TestDefinition>,
    suites: &BTreeMap<Name, Vec<Name>>,
    faults: &mut Faults<'_>,
) -> BTreeMap<Name, Campaign> {
    let auto = built_in("auto");
    if raw.campaigns.entries.is_empty() && raw.campaigns.refused == 0 {
        let tests = suites.get(&auto).cloned().unwrap_or_else(|| vec![auto.clone()]);
        return BTreeMap::from([(
            auto,
            Campaign {
                group: built_in(ALL),
                tests,
                repeat: 1,
                expect: None,
                schedule: None,
                budget: Budget::default(),
            },
        )]);
    }
    let mut campaigns = BTreeMap::new();
    for (name, campaign) in &raw.campaigns.entries {
        let group = campaign.group.given().map(|group| {
            if group.value.as_str() != ALL && !raw.groups.names().any(|g| g == group.value.as_str()) {
                let known: Vec<&str> = raw.groups.names().chain([ALL]).collect();
                unknown(Code::UnknownGroup, "group", group, known.into_iter(), faults);
            }
            group.value.clone()
        });
        let run = campaign.run.value().map(|run| open(run, raw, tests, suites, faults));
        let expect = expectations(&campaign.expect, faults);
        check_budget(campaign, raw, tests, suites, faults);
        let repeat = *campaign.repeat.value().unwrap_or(&1);
        if let (Some(group), Some(tests)) = (group, run) {
            let schedule = campaign.schedule.as_ref().and_then(schedule);
            let budget = Budget {
                bytes_per_day: campaign.bytes_per_day.value().copied(),
                max_rate_bits_per_second: campaign.max_rate.value().copied(),
            };
            campaigns.insert(name.value.clone(), Campaign { group, tests, repeat, expect, schedule, budget });
        }
    }
    campaigns
}

/// The tests that `run` means, each once.
fn open(
    run: &[Spanned<Name>],
    raw: &raw::Topology,
    tests: &BTreeMap<Name, TestDefinition>,
    suites: &BTreeMap<Name, Vec<Name>>,
    faults: &mut Faults<'_>,
) -> Vec<Name> {
    let mut seen = HashSet::new();
    let mut opened = vec![];
    for item in run {
        let inner = match suites.get(&item.value) {
            Some(tests) => tests.as_slice(),
            None => std::slice::from_ref(&item.value),
        };
        let known = |name: &str| tests.contains_key(name) || suites.contains_key(name);
        if !known(item.value.as_str()) && !raw.tests.names().any(|t| t == item.value.as_str()) {
            let known = runnable(raw, tests.keys(), suites.keys());
            unknown(Code::UnknownTest, "test or suite", item, known.into_iter(), faults);
        }
        opened.extend(inner.iter().filter(|test| seen.insert((*test).clone())).cloned());
    }
    opened
}

fn schedule(written: &raw::Schedule) -> Option<Schedule> {
    Some(Schedule {
        cron: written.cron.value()?.clone(),
        time_zone: written.time_zone.value().cloned().unwrap_or_else(|| "UTC".to_owned()),
        skip: written.skip.value().cloned().unwrap_or_default(),
    })
}

/// Tests that say themselves that they send faster than their campaign may.
fn check_budget(
    campaign: &raw::Campaign,
    raw: &raw::Topology,
    tests: &BTreeMap<Name, TestDefinition>,
    suites: &BTreeMap<Name, Vec<Name>>,
    faults: &mut Faults<'_>,
) {
    let (Some(most), Some(run)) = (campaign.max_rate.given(), campaign.run.value()) else { return };
    let mut seen = HashSet::new();
    for item in run {
        let inner = suites.get(&item.value).map_or(std::slice::from_ref(&item.value), Vec::as_slice);
        for test in inner.iter().filter(|test| seen.insert(*test)) {
            let rate = match tests.get(test) {
                Some(TestDefinition::Iperf3(test)) => test.rate,
                Some(TestDefinition::Iperf2(test)) => test.rate,
                _ => None,
            };
            let Some(OfferedRate::Absolute(rate)) = rate else { continue };
            if rate <= most.value {
                continue;
            }
            let message = format!("`{test}` sends {rate}, and the budget of this campaign is {}", most.value);
            let mut fault = Fault::new(Code::BudgetExceeded, item.span, message).label("faster than allowed");
            fault = fault.related(most.span, "the budget");
            if let Some(written) = raw.tests.rate_of(test) {
                fault = fault.related(written.span, "the rate of the test");
            }
            faults.add(fault.fix("lower the rate of the test, raise `max-rate`, or leave the test out"));
        }
    }
}

fn expectations(written: &[(Metric, raw::Limits)], faults: &mut Faults<'_>) -> Option<Expectations> {
    let mut expect = Expectations::new();
    for (metric, limits) in written {
        check_order(*metric, limits, faults);
        let limits = Limits { warn: limits.warn.value().copied(), fail: limits.fail.value().copied() };
        expect.insert(*metric, limits);
    }
    (!expect.is_empty()).then_some(expect)
}

/// A value that gets worse must meet `warn` first.
fn check_order(metric: Metric, limits: &raw::Limits, faults: &mut Faults<'_>) {
    let (Some(warn), Some(fail)) = (limits.warn.given(), limits.fail.given()) else { return };
    let Some((warn_size, fail_size)) = comparable(&warn.value, &fail.value) else { return };
    let lower_is_worse = metric.lower_is_worse();
    let beyond = if lower_is_worse { warn_size < fail_size } else { warn_size > fail_size };
    if beyond {
        let side = if lower_is_worse { "below" } else { "above" };
        let message = format!("`{metric}` would fail before it warns: `warn` lies {side} `fail`");
        let fault = Fault::new(Code::WarnBeyondFail, warn.span, message).label("met only after `fail`");
        faults.add(fault.related(fail.span, "fails here").fix("exchange the two limits"));
    }
}

/// Two limits of one kind as numbers.
fn comparable(a: &Limit, b: &Limit) -> Option<(f64, f64)> {
    match (a, b) {
        (Limit::OfContract(a), Limit::OfContract(b)) => Some((*a, *b)),
        (Limit::BitsPerSecond(a), Limit::BitsPerSecond(b)) => Some((a.as_f64(), b.as_f64())),
        (Limit::Seconds(a), Limit::Seconds(b)) => Some((a.0.as_secs_f64(), b.0.as_secs_f64())),
        (Limit::Share(a), Limit::Share(b)) => Some((a.share(), b.share())),
        (Limit::Bytes(a), Limit::Bytes(b)) => Some((f64::from(*a), f64::from(*b))),
        _ => None,
    }
}
