//! The report as Markdown in GitHub's dialect (github.github.com/gfm): what the terminal shows, without its limits of width.

use super::view::{DASH, Pair, State, View, told};
use crate::i18n::{Lang, say};

mod evidence;
mod text;

pub(super) use text::{escape, table};

/// Rows of a table before the rest is only counted: GitHub cuts files beyond 1 MB and nobody reads on.
const ROWS_MAX: usize = 500;
/// Probes on an axis of the matrix, so that it can be read.
const AXIS_MAX: usize = 16;

pub(super) fn render(view: &View) -> String {
    let mut out = String::new();
    head(&mut out, view);
    findings(&mut out, view);
    matrix(&mut out, view);
    missing(&mut out, view);
    pairs(&mut out, view);
    repetitions(&mut out, view);
    reasons(&mut out, view);
    evidence::list(&mut out, view.lang, &told::paths(view));
    evidence::list(&mut out, view.lang, &told::others(view));
    evidence::block(&mut out, view.lang, &told::commands(view));
    evidence::probes(&mut out, view);
    heading(&mut out, view.lang.word("Notes", "Notas"));
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

fn mark(lang: Lang, state: State) -> String {
    format!("{} {}", state.glyph(), state.word(lang))
}

/// Tells how many rows were left out.
fn more(out: &mut String, lang: Lang, all: usize) {
    if let Some(more) = all.checked_sub(ROWS_MAX).filter(|n| *n > 0) {
        let more = lang.counted(more, ["more row", "more rows"], ["fila más", "filas más"]);
        line(out, &say!(lang, "\n… and {more}", "\n… y {more}"));
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
    heading(out, view.lang.word("Findings", "Conclusiones"));
    for finding in view.findings.iter().take(ROWS_MAX) {
        line(out, &format!("- **{}** {}", mark(view.lang, finding.state), escape(&finding.sentence)));
    }
    more(out, view.lang, view.findings.len());
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
    let lang = view.lang;
    heading(out, lang.word("From each probe to each other", "De cada sonda a cada una de las demás"));
    if view.axis.len() > AXIS_MAX {
        let large = lang.word(
            "The matrix of so many probes stands in the HTML report.",
            "La matriz de tantas sondas está en el informe HTML.",
        );
        line(out, large);
        return;
    }
    let lead = lang.word(
        "Rows send, columns receive: throughput at the receiver, round-trip time of the idle path, verdict.",
        "Las filas envían, las columnas reciben: caudal en el receptor, tiempo de ida y vuelta con la ruta en reposo, veredicto.",
    );
    line(out, &format!("{lead}\n"));
    let cell = |pair: &Pair| {
        let figure = pair.throughput.as_ref().map(|(f, suffix)| format!("{f}{suffix}"));
        let lines = [figure, pair.rtt.as_ref().map(|f| format!("rtt {f}")), Some(mark(lang, pair.state))];
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
    heading(out, view.lang.word("Not measured or not judged", "Sin medir o sin evaluar"));
    for one in view.missing.iter().take(ROWS_MAX) {
        line(out, &format!("- {} **{}**: {}", mark(view.lang, one.state), escape(&one.what), escape(&one.why)));
    }
    more(out, view.lang, view.missing.len());
}

/// `m1 → s1`.
fn ends(pair: &Pair) -> String {
    escape(&format!("{} → {}", pair.sender, pair.receiver))
}

fn pairs(out: &mut String, view: &View) {
    if view.pairs.is_empty() {
        return;
    }
    let lang = view.lang;
    heading(out, lang.word("Pairs", "Pares"));
    let lead = lang.word(
        "The worst first, in the direction of the data. ← was asked for by the receiver (reverse), ↔ ran both ways at once. In \
         brackets the variation over repetitions or, of a single run, over its intervals.",
        "Primero lo peor, en el sentido de los datos. ← la pidió el receptor (inversa), ↔ fue en ambos sentidos a la vez. Entre \
         paréntesis, la variación entre repeticiones o, de una sola prueba, entre sus intervalos.",
    );
    line(out, &format!("{lead}\n"));
    let shown = view.pairs.iter().take(ROWS_MAX);
    let columns = [
        lang.word("From → to", "De → a"),
        lang.word("Route", "Trayecto"),
        lang.word("Test", "Prueba"),
        lang.word("Throughput", "Caudal"),
        lang.word("Retransmits", "Retransmisiones"),
        lang.word("Loss", "Pérdida"),
        lang.word("Jitter", "Jitter"),
        lang.word("RTT min/mean/max", "RTT mín/media/máx"),
        lang.word("Verdict", "Veredicto"),
    ];
    table(out, columns.map(str::to_owned).to_vec(), shown.flat_map(|pair| pair_rows(lang, pair)));
    more(out, lang, view.pairs.len());
}

/// A row for each test, with its own verdict; the ends of the pair stand in all of them, for a table may be sorted.
fn pair_rows(lang: Lang, pair: &Pair) -> Vec<Vec<String>> {
    let contract = pair.contract.as_ref().map_or_else(String::new, |c| format!(", {c}"));
    let route = format!("{}{contract}", pair.route);
    let row = |state, cells: [&str; 6]| {
        let cells = cells.map(escape);
        [vec![ends(pair), escape(&route)], cells.to_vec(), vec![mark(lang, state)]].concat()
    };
    let mut rows = Vec::new();
    for rate in &pair.rates {
        let test = format!("{}{}", rate.test, rate.way);
        let figure =
            rate.variation.as_ref().map_or_else(|| rate.median.to_string(), |v| format!("{} ({v})", rate.median));
        rows.push(row(rate.state, [&test, &figure, &rate.retransmits, &rate.loss, &rate.jitter, ""]));
    }
    for ping in &pair.pings {
        rows.push(row(ping.state, [ping.test.as_str(), "", "", &ping.loss, "", &ping.range]));
    }
    if rows.is_empty() {
        rows.push(row(pair.state, ["", DASH, "", "", "", ""]));
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
    let lang = view.lang;
    heading(out, lang.word("Repetitions", "Repeticiones"));
    let rows = all().take(ROWS_MAX).map(|(pair, rate)| {
        let test = format!("{}{}", rate.test, rate.way);
        vec![ends(pair), escape(&test), escape(&rate.median.to_string()), escape(&rate.spread)]
    });
    let columns = [
        lang.word("From → to", "De → a"),
        lang.word("Test", "Prueba"),
        lang.word("Median", "Mediana"),
        lang.word("Spread", "Dispersión"),
    ];
    table(out, columns.map(str::to_owned).to_vec(), rows);
    more(out, lang, count);
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
    let lang = view.lang;
    heading(out, lang.word("Why", "Por qué"));
    let row = |(pair, j): &(&Pair, &super::view::JudgementRow)| {
        vec![mark(lang, j.state), ends(pair), escape(j.metric), escape(&j.of), escape(&j.reason)]
    };
    let columns = [
        lang.word("Verdict", "Veredicto"),
        lang.word("From → to", "De → a"),
        lang.word("Metric", "Magnitud"),
        lang.word("Test", "Prueba"),
        lang.word("Reason", "Motivo"),
    ];
    table(out, columns.map(str::to_owned).to_vec(), told.iter().take(ROWS_MAX).map(row));
    more(out, lang, told.len());
}
