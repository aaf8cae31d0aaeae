//! The report as Markdown in GitHub's dialect (github.github.com/gfm): what the terminal shows, without its limits of width.

use super::view::{DASH, Pair, State, View};
use crate::stats::numbers::counted;

mod evidence;
mod text;

pub(super) use text::{escape, table};

/// Rows of a table before the rest is only counted: GitHub cuts files beyond 1 MB and nobody reads on.
const ROWS_MAX: usize = 500;
/// Probes on an axis of the matrix, so that it can be read.
const AXIS_MAX: usize = 16;

const FINDINGS: &str = "Findings";
const MATRIX: &str = "From each probe to each other";
const MATRIX_LEAD: &str =
    "Rows send, columns receive: throughput at the receiver, round-trip time of the idle path, verdict.";
const MATRIX_LARGE: &str = "The matrix of so many probes stands in the HTML report.";
const MISSING: &str = "Not measured or not judged";
const PAIRS: &str = "Pairs";
const PAIRS_LEAD: &str = "The worst first, in the direction of the data. ← was asked for by the receiver (reverse), ↔ ran both ways at \
                          once. In brackets the variation over repetitions or, of a single run, over its intervals.";
const PAIR_COLUMNS: [&str; 9] =
    ["From → to", "Route", "Test", "Throughput", "Retransmits", "Loss", "Jitter", "RTT min/mean/max", "Verdict"];
const WHY: &str = "Why";
const REPETITIONS: &str = "Repetitions";
const REPETITION_COLUMNS: [&str; 4] = ["From → to", "Test", "Median", "Spread"];
const WHY_COLUMNS: [&str; 5] = ["Verdict", "From → to", "Metric", "Test", "Reason"];
const NOTES: &str = "Notes";

pub(super) fn render(view: &View) -> String {
    let mut out = String::new();
    head(&mut out, view);
    findings(&mut out, view);
    matrix(&mut out, view);
    missing(&mut out, view);
    pairs(&mut out, view);
    repetitions(&mut out, view);
    reasons(&mut out, view);
    evidence::paths(&mut out, view);
    evidence::commands(&mut out, view);
    evidence::probes(&mut out, view);
    heading(&mut out, NOTES);
    for note in &view.notes {
        line(&mut out, &format!("- {}", escape(note)));
    }
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn heading(out: &mut String, text: &str) {
    out.push_str(&format!("\n## {text}\n\n"));
}

fn mark(state: State) -> String {
    format!("{} {}", state.glyph(), state.word())
}

/// Tells how many rows were left out.
fn more(out: &mut String, all: usize) {
    if let Some(more) = all.checked_sub(ROWS_MAX).filter(|n| *n > 0) {
        line(out, &format!("\n… and {}", counted(more, "more row", "more rows")));
    }
}

fn head(out: &mut String, view: &View) {
    line(out, &format!("# {}", escape(&view.title)));
    if let Some(description) = &view.description {
        line(out, &format!("\n{}", escape(description)));
    }
    if !view.metadata.is_empty() {
        out.push('\n');
        for (label, text) in &view.metadata {
            line(out, &format!("- {label}: {}", escape(text)));
        }
    }
}

fn findings(out: &mut String, view: &View) {
    heading(out, FINDINGS);
    for finding in view.findings.iter().take(ROWS_MAX) {
        line(out, &format!("- **{}** {}", mark(finding.state), escape(&finding.sentence)));
    }
    more(out, view.findings.len());
    let summary: Vec<String> = view.summary.iter().map(|part| escape(part)).collect();
    line(out, &format!("\n{}", summary.join(" · ")));
    for warning in &view.warnings {
        line(out, &format!("\n> {}", escape(warning)));
    }
}

fn matrix(out: &mut String, view: &View) {
    if view.axis.is_empty() {
        return;
    }
    heading(out, MATRIX);
    if view.axis.len() > AXIS_MAX {
        line(out, MATRIX_LARGE);
        return;
    }
    line(out, &format!("{MATRIX_LEAD}\n"));
    let cell = |pair: &Pair| {
        let figure = pair.throughput.as_ref().map(|(f, suffix)| format!("{f}{suffix}"));
        let lines = [figure, pair.rtt.as_ref().map(|f| format!("rtt {f}")), Some(mark(pair.state))];
        lines.into_iter().flatten().map(|l| escape(&l)).collect::<Vec<_>>().join("<br>")
    };
    let names: Vec<String> = view.axis.iter().map(|a| escape(a.probe.as_str())).collect();
    let head = std::iter::once(String::new()).chain(names).collect();
    let rows = view.axis.iter().zip(&view.cells).map(|(axis, row)| {
        let site = axis.site.as_ref().map_or_else(String::new, |s| format!("<br>{}", escape(s.as_str())));
        let name = format!("**{}**{site}", escape(axis.probe.as_str()));
        let cells = row.iter().map(|c| c.and_then(|i| view.pairs.get(i)).map_or_else(String::new, cell));
        std::iter::once(name).chain(cells).collect()
    });
    table(out, head, rows);
}

fn missing(out: &mut String, view: &View) {
    if view.missing.is_empty() {
        return;
    }
    heading(out, MISSING);
    for one in view.missing.iter().take(ROWS_MAX) {
        line(out, &format!("- {} **{}**: {}", mark(one.state), escape(&one.what), escape(&one.why)));
    }
    more(out, view.missing.len());
}

/// `m1 → s1`.
fn ends(pair: &Pair) -> String {
    escape(&format!("{} → {}", pair.sender, pair.receiver))
}

fn pairs(out: &mut String, view: &View) {
    if view.pairs.is_empty() {
        return;
    }
    heading(out, PAIRS);
    line(out, &format!("{PAIRS_LEAD}\n"));
    let shown = view.pairs.iter().take(ROWS_MAX);
    table(out, PAIR_COLUMNS.map(str::to_owned).to_vec(), shown.flat_map(pair_rows));
    more(out, view.pairs.len());
}

/// A row for each test; the ends of the pair and its verdict stand in all of them, for a table may be sorted.
fn pair_rows(pair: &Pair) -> Vec<Vec<String>> {
    let contract = pair.contract.as_ref().map_or_else(String::new, |c| format!(", {c}"));
    let route = format!("{}{contract}", pair.route);
    let row = |cells: [&str; 6]| {
        let cells = cells.map(escape);
        [vec![ends(pair), escape(&route)], cells.to_vec(), vec![mark(pair.state)]].concat()
    };
    let mut rows = Vec::new();
    for rate in &pair.rates {
        let test = format!("{}{}", rate.test, rate.way);
        let figure =
            rate.variation.as_ref().map_or_else(|| rate.median.to_string(), |v| format!("{} ({v})", rate.median));
        rows.push(row([&test, &figure, &rate.retransmits, &rate.loss, &rate.jitter, ""]));
    }
    for ping in &pair.pings {
        rows.push(row([ping.test.as_str(), "", "", &ping.loss, "", &ping.range]));
    }
    if rows.is_empty() {
        rows.push(row(["", DASH, "", "", "", ""]));
    }
    rows
}

/// How far repetitions lie apart.
fn repetitions(out: &mut String, view: &View) {
    let all = || view.pairs.iter().flat_map(|p| p.rates.iter().filter(|r| r.runs > 1).map(move |r| (p, r)));
    let count = all().count();
    if count == 0 {
        return;
    }
    heading(out, REPETITIONS);
    let rows = all().take(ROWS_MAX).map(|(pair, rate)| {
        let test = format!("{}{}", rate.test, rate.way);
        vec![ends(pair), escape(&test), escape(&rate.median.to_string()), escape(&rate.spread)]
    });
    table(out, REPETITION_COLUMNS.map(str::to_owned).to_vec(), rows);
    more(out, count);
}

/// Why a pair is not simply as expected, and why runs brought nothing.
fn reasons(out: &mut String, view: &View) {
    let told = view.pairs.iter().flat_map(|p| p.judgements.iter().map(move |j| (p, j)));
    let mut told: Vec<_> =
        told.filter(|(_, j)| matches!(j.state, State::Fail | State::Warn | State::Invalid)).collect();
    told.sort_by_key(|(_, j)| j.state);
    if told.is_empty() {
        return;
    }
    heading(out, WHY);
    let row = |(pair, j): &(&Pair, &super::view::JudgementRow)| {
        vec![mark(j.state), ends(pair), escape(j.metric), escape(&j.of), escape(&j.reason)]
    };
    table(out, WHY_COLUMNS.map(str::to_owned).to_vec(), told.iter().take(ROWS_MAX).map(row));
    more(out, told.len());
}
