//! `campaigns`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::Campaigns as Arguments;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::domain::campaign::{Budget, Campaign, Schedule};
use crate::domain::group::Group;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::domain::unit::Bitrate;
use crate::schedule::{self, Calendar, ClockChange, Firing, Options};
use crate::stats::numbers::{bytes, counted, span};

/// Most runs of a campaign whose timetable is made for the list: behind it takes seconds.
const MOST_RUNS: usize = 20_000;

#[derive(Serialize)]
struct Listing<'a> {
    topology: &'a Name,
    from: DateTime<Utc>,
    campaigns: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    campaign: &'a Name,
    group: &'a Name,
    tests: &'a [Name],
    repeat: u32,
    estimate: Option<Estimate>,
    schedule: Option<&'a Schedule>,
    budget: Budget,
    firings: Vec<Firing>,
}

/// What one execution takes.
#[derive(Serialize)]
struct Estimate {
    runs: usize,
    total_seconds: f64,
    /// Over the declared links, both ways.
    link_bytes: u64,
    /// Their rate is bounded by nothing, so that they are not in the sum.
    unknown_tests: u32,
}

pub(super) fn perform(context: &Context<'_>, with: &Arguments) -> Result<Exit, Failure> {
    let topology = context.load()?;
    let from = with.from.unwrap_or_else(Context::now);
    if let Some(name) = with.campaign.as_ref().filter(|name| !topology.campaigns.contains_key(*name)) {
        let known: Vec<&str> = topology.campaigns.keys().map(Name::as_str).collect();
        return Err(Failure::bad_input(format!("there is no campaign `{name}` in topology {}", topology.name))
            .hint(format!("known campaigns: {}", known.join(", "))));
    }
    let asked = topology.campaigns.iter().filter(|(name, _)| with.campaign.as_ref().is_none_or(|asked| asked == *name));
    let campaigns: Result<Vec<_>, Failure> =
        asked.map(|(name, campaign)| row(&topology, name, campaign, from, with.next)).collect();
    let listing = Listing { topology: &topology.name, from, campaigns: campaigns? };
    context.output.either(|| listing.campaigns.iter().map(describe).collect::<Vec<_>>().join("\n"), &listing);
    Ok(Exit::Ok)
}

fn row<'a>(
    topology: &'a Topology,
    name: &'a Name,
    campaign: &'a Campaign,
    from: DateTime<Utc>,
    next: usize,
) -> Result<Row<'a>, Failure> {
    let firings = match &campaign.schedule {
        None => vec![],
        Some(schedule) => {
            let calendar = Calendar::new(schedule).map_err(|fault| {
                let mut failure = Failure::bad_input(format!("cannot tell when campaign `{name}` is to run"));
                failure.chain.push(fault.to_string());
                failure.hint(fault.hint())
            })?;
            calendar.after(from).take(next).collect()
        }
    };
    Ok(Row {
        campaign: name,
        group: &campaign.group,
        tests: &campaign.tests,
        repeat: campaign.repeat,
        estimate: estimate(topology, campaign),
        schedule: campaign.schedule.as_ref(),
        budget: campaign.budget,
        firings,
    })
}

/// `None` where it would take long to tell.
fn estimate(topology: &Topology, campaign: &Campaign) -> Option<Estimate> {
    let pairs = topology.groups.get(&campaign.group).map_or(0, |group: &Group| group.pairs().len());
    let runs = pairs.checked_mul(campaign.tests.len())?.checked_mul(campaign.repeat as usize)?;
    if runs > MOST_RUNS {
        return None;
    }
    let jobs = schedule::jobs(topology, campaign, Options::default());
    let table = schedule::timetable(&jobs);
    let links = table.bytes_per_link(topology);
    Some(Estimate {
        runs: table.slots.len(),
        total_seconds: table.total.as_secs_f64(),
        link_bytes: links.values().map(|link| link.a_to_b_bytes.saturating_add(link.b_to_a_bytes)).sum(),
        unknown_tests: links.values().map(|link| link.unknown_tests).sum(),
    })
}

fn describe(row: &Row<'_>) -> String {
    let tests: Vec<&str> = row.tests.iter().map(Name::as_str).collect();
    let mut text = format!("{}: group {}, tests {}", row.campaign, row.group, tests.join(", "));
    if row.repeat > 1 {
        text.push_str(&format!(", {} times", row.repeat));
    }
    match &row.estimate {
        None => text.push_str("\n  too many runs to estimate here: `iperftester run --dry-run` tells"),
        Some(estimate) => {
            let runs = counted(estimate.runs, "run", "runs");
            let time = span(Duration::from_secs_f64(estimate.total_seconds));
            text.push_str(&format!("\n  {runs} in about {time}, set-up not counted"));
            #[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
            let sent = bytes(estimate.link_bytes as f64);
            if estimate.link_bytes > 0 {
                text.push_str(&format!(", about {sent} over its links"));
            }
            if estimate.unknown_tests > 0 {
                let tests = counted(estimate.unknown_tests as usize, "test", "tests");
                text.push_str(&format!(", not counting {tests} whose rate nothing bounds"));
            }
        }
    }
    if let Some(day) = row.budget.bytes_per_day {
        text.push_str(&format!("\n  may send {day} a day"));
    }
    if let Some(rate) = row.budget.max_rate_bits_per_second {
        text.push_str(&format!("\n  no test faster than {}", Bitrate::to_string(&rate)));
    }
    let Some(schedule) = row.schedule else {
        text.push_str(&format!("\n  no schedule: `iperftester run {}` starts it\n", row.campaign));
        return text;
    };
    text.push_str(&format!("\n  schedule {}, {}", schedule.cron, schedule.time_zone));
    for days in &schedule.skip {
        text.push_str(&format!(", not from {} to {}", days.from, days.to));
    }
    text.push('\n');
    if row.firings.is_empty() {
        text.push_str("    it never comes\n");
    }
    for firing in &row.firings {
        text.push_str(&format!("    {}\n", moment(firing)));
    }
    text
}

/// A firing in its own zone and in UTC, with what is special about its day.
fn moment(firing: &Firing) -> String {
    let local = firing.local.format("%a %Y-%m-%d %H:%M %:z");
    let mut text = format!("{local}  {}", firing.at.format("%Y-%m-%d %H:%M UTC"));
    match firing.clock_change {
        None => {}
        Some(ClockChange::Forward) => text.push_str("  clocks go forward that day"),
        Some(ClockChange::Back) => text.push_str("  clocks go back that day"),
    }
    if let Some(meant) = firing.instead_of {
        text.push_str(&format!(", {} does not exist", meant.format("%H:%M")));
    }
    text
}
