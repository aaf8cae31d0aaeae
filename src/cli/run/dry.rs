//! `run --dry-run`: order, total time, bytes per link.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::context::Context;
use super::budget::Standing;
use crate::domain::name::Name;
use crate::domain::test::{Direction, ToolKind};
use crate::domain::topology::Topology;
use crate::schedule::budget::rounded;
use crate::schedule::{Job, LinkBytes, Slot, Timetable};
use crate::stats::numbers::{self, counted};

#[derive(Serialize)]
struct DryRun<'a> {
    topology: &'a Name,
    campaign: &'a Name,
    total_seconds: f64,
    runs: Vec<Row<'a>>,
    skipped: Vec<Skipped<'a>>,
    links: BTreeMap<Name, LinkBytes>,
    /// Null where the campaign has none.
    budget: Option<Standing>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: u32,
    start_seconds: f64,
    duration_seconds: f64,
    source: &'a Name,
    destination: &'a Name,
    test: &'a Name,
    tool: ToolKind,
    direction: Direction,
    repetition: u32,
}

#[derive(Serialize)]
struct Skipped<'a> {
    id: u32,
    source: &'a Name,
    destination: &'a Name,
    test: &'a Name,
    reason: &'a str,
}

/// Shows what would be run.
pub(super) fn show(
    context: &Context<'_>,
    topology: &Topology,
    campaign: &Name,
    jobs: &[Job],
    table: &Timetable,
    budget: Option<Standing>,
) {
    let rows = table.slots.iter().map(|Slot { job, start }| Row {
        id: job.id,
        start_seconds: start.as_secs_f64(),
        duration_seconds: job.duration.as_secs_f64(),
        source: &job.pair.source,
        destination: &job.pair.destination,
        test: &job.test,
        tool: job.specification.tool(),
        direction: job.specification.direction(),
        repetition: job.repetition,
    });
    let skipped = jobs.iter().filter_map(|job| {
        let reason = job.skip.as_deref()?;
        Some(Skipped {
            id: job.id,
            source: &job.pair.source,
            destination: &job.pair.destination,
            test: &job.test,
            reason,
        })
    });
    let dry = DryRun {
        topology: &topology.name,
        campaign,
        total_seconds: table.total.as_secs_f64(),
        runs: rows.collect(),
        skipped: skipped.collect(),
        links: table.bytes_per_link(topology),
        budget,
    };
    context.output.either(|| describe(&dry, topology), &dry);
}

fn describe(dry: &DryRun<'_>, topology: &Topology) -> String {
    let mut text = String::from("   start  duration  run\n");
    for row in &dry.runs {
        let direction = match row.direction {
            Direction::Forward => String::new(),
            other => format!(" ({other})"),
        };
        text.push_str(&format!(
            "{:>7.1}s {:>8.1}s  {} → {} {}{direction}\n",
            row.start_seconds, row.duration_seconds, row.source, row.destination, row.test
        ));
    }
    for row in &dry.skipped {
        text.push_str(&format!(
            "  not run            {} → {} {}: {}\n",
            row.source, row.destination, row.test, row.reason
        ));
    }
    for (name, bytes) in &dry.links {
        let Some(link) = topology.links.get(name) else { continue };
        let [a, b] = &link.between;
        let (a, b) = (a.name(), b.name());
        let there = rounded(bytes.a_to_b_bytes);
        let back = rounded(bytes.b_to_a_bytes);
        text.push_str(&format!("link {name}: about {there} {a} → {b}, {back} {b} → {a}"));
        if bytes.unknown_tests > 0 {
            let tests = counted(bytes.unknown_tests as usize, "test", "tests");
            text.push_str(&format!(", and {tests} whose rate nothing bounds"));
        }
        text.push('\n');
    }
    if let Some(limit) = dry.budget.as_ref().and_then(|budget| budget.max_rate_bits_per_second) {
        text.push_str(&format!("budget: no test exceeds {}\n", numbers::rate_exact(limit.as_f64())));
    }
    if let Some(account) = dry.budget.as_ref().and_then(|budget| budget.account.as_ref()) {
        text.push_str(&format!(
            "budget for {} ({}): {} used, about {} for this run, {} left of {}\n",
            account.day,
            account.time_zone,
            rounded(account.used_bytes),
            rounded(account.planned_bytes),
            rounded(account.left_bytes),
            rounded(account.bytes_per_day)
        ));
    }
    let (seconds, runs) = (dry.total_seconds, counted(dry.runs.len(), "run", "runs"));
    text.push_str(&format!("campaign {}: {runs} in about {seconds:.0} s, set-up not counted", dry.campaign));
    text
}
