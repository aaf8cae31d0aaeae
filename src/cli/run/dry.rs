//! `run --dry-run`: order, total time, bytes per link.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::context::Context;
use super::super::speech::lang;
use super::budget::Standing;
use crate::domain::name::Name;
use crate::domain::test::{Direction, ToolKind};
use crate::domain::topology::Topology;
use crate::i18n::say;
use crate::schedule::{Job, LinkBytes, Slot, Timetable};
use crate::stats::numbers;
use crate::verdict::skipped;

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
    reason: String,
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
        let reason = skipped(lang(), job.skip.as_ref()?);
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
    let lang = lang();
    let mut text = String::from(lang.word("   start  duration  run\n", "  inicio  duración  prueba\n"));
    for row in &dry.runs {
        let direction = match row.direction {
            Direction::Forward => String::new(),
            other => format!(" ({})", lang.direction(other)),
        };
        text.push_str(&format!(
            "{:>7}s {:>8}s  {} → {} {}{direction}\n",
            lang.decimal(format!("{:.1}", row.start_seconds)),
            lang.decimal(format!("{:.1}", row.duration_seconds)),
            row.source,
            row.destination,
            row.test
        ));
    }
    for row in &dry.skipped {
        text.push_str(&format!(
            "{} {} → {} {}: {}\n",
            lang.word("  not run           ", "  no se hará        "),
            row.source,
            row.destination,
            row.test,
            row.reason
        ));
    }
    for (name, bytes) in &dry.links {
        let Some(link) = topology.links.get(name) else { continue };
        let [a, b] = &link.between;
        let (a, b) = (a.name(), b.name());
        let there = bytes_text(bytes.a_to_b_bytes);
        let back = bytes_text(bytes.b_to_a_bytes);
        text.push_str(&say!(
            lang,
            "link {name}: about {there} {a} → {b}, {back} {b} → {a}",
            "enlace {name}: unos {there} {a} → {b}, {back} {b} → {a}"
        ));
        if bytes.unknown_tests > 0 {
            let tests = lang.counted(bytes.unknown_tests as usize, ["test", "tests"], ["prueba", "pruebas"]);
            text.push_str(&say!(lang, ", and {tests} whose rate nothing bounds", ", y {tests} cuya tasa nada limita"));
        }
        text.push('\n');
    }
    if let Some(limit) = dry.budget.as_ref().and_then(|budget| budget.max_rate_bits_per_second) {
        let limit = numbers::rate_exact(lang, limit.as_f64());
        text.push_str(&say!(lang, "budget: no test exceeds {limit}\n", "presupuesto: ninguna prueba supera {limit}\n"));
    }
    if let Some(account) = dry.budget.as_ref().and_then(|budget| budget.account.as_ref()) {
        let (day, zone) = (&account.day, &account.time_zone);
        let amounts = [account.used_bytes, account.planned_bytes, account.left_bytes, account.bytes_per_day];
        let [used, planned, left, all] = amounts.map(bytes_text);
        text.push_str(&say!(
            lang,
            "budget for {day} ({zone}): {used} used, about {planned} for this run, {left} left after it of {all}\n",
            "presupuesto de {day} ({zone}): {used} usados, unos {planned} para esta campaña, quedan después {left} de {all}\n"
        ));
    }
    let (seconds, campaign) = (dry.total_seconds, dry.campaign);
    let runs = lang.counted(dry.runs.len(), ["run", "runs"], ["prueba", "pruebas"]);
    text.push_str(&say!(
        lang,
        "campaign {campaign}: {runs} in about {seconds:.0} s, set-up not counted",
        "campaña {campaign}: {runs} en unos {seconds:.0} s, sin contar la preparación"
    ));
    text
}

/// Three digits, as in a report.
fn bytes_text(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    numbers::bytes(lang(), bytes as f64).to_string()
}
