//! The report for a terminal: plain text, glyph and word for every verdict, colour only on top of them.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::view::{Pair, State, View, told};
use crate::domain::campaign::Metric;
use crate::i18n::{Lang, say};

mod evidence;
mod repetitions;

/// Rows of a table before the rest is only counted: a terminal is read, not searched.
const ROWS_MAX: usize = 60;
/// Findings before the rest is only counted.
const FINDINGS_MAX: usize = 20;
/// Narrowest layout.
const WIDTH_MIN: usize = 40;

/// The whole report.
pub(super) fn render(view: &View, width: usize, color: bool) -> String {
    let width = width.max(WIDTH_MIN);
    let mut out = answer(view, width);
    pairs(&mut out, view, width);
    repetitions::told(&mut out, view, width);
    let more = [["more path", "more paths"], ["ruta más", "rutas más"]];
    evidence::list(&mut out, view, width, &told::paths(view), more);
    let more = [["more result", "more results"], ["resultado más", "resultados más"]];
    evidence::list(&mut out, view, width, &told::others(view), more);
    evidence::commands(&mut out, view);
    evidence::probes(&mut out, view, width);
    out.push('\n');
    for note in &view.notes {
        paragraph(&mut out, note, width, "");
    }
    safe(view.lang, &out, color)
}

/// The answer without its evidence.
pub(super) fn summary(view: &View, width: usize, color: bool) -> String {
    safe(view.lang, &answer(view, width.max(WIDTH_MIN)), color)
}

fn answer(view: &View, width: usize) -> String {
    let mut out = String::new();
    findings(&mut out, view, width);
    paragraph(&mut out, &view.summary.join(" · "), width, "");
    for (label, text) in &view.metadata {
        paragraph(&mut out, text, width, &format!("{label}: "));
    }
    for warning in &view.warnings {
        paragraph(&mut out, warning, width, "! ");
    }
    matrix(&mut out, view, width);
    missing(&mut out, view, width);
    out
}

/// `text` without anything that steers a terminal, and with colours if `color`.
pub(super) fn safe(lang: Lang, text: &str, color: bool) -> String {
    // What tools and users wrote must not steer the terminal.
    let text: String = text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    if color { colored(lang, &text) } else { text }
}

fn findings(out: &mut String, view: &View, width: usize) {
    let shown = || view.findings.iter().take(FINDINGS_MAX);
    let marks = shown().map(|f| mark(view.lang, f.state).chars().count()).max().unwrap_or(0);
    for finding in shown() {
        paragraph(out, &finding.sentence, width, &format!("{:marks$}  ", mark(view.lang, finding.state)));
    }
    if let Some(more) = view.findings.len().checked_sub(FINDINGS_MAX).filter(|n| *n > 0) {
        paragraph(
            out,
            &view.lang.counted(more, ["more finding", "more findings"], ["conclusión más", "conclusiones más"]),
            width,
            "  ",
        );
    }
    out.push('\n');
}

fn mark(lang: Lang, state: State) -> String {
    format!("{} {}", state.glyph(), state.word(lang))
}

fn table(width: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table
}

/// Keeps each word whole where there is room for that: in a narrow column they would be broken anywhere.
fn keep_words(table: &mut Table, width: usize) {
    let mut longest: Vec<usize> = Vec::new();
    for row in table.header().into_iter().chain(table.row_iter()) {
        for (column, cell) in row.cell_iter().enumerate() {
            let content = cell.content();
            let word = content.split_ascii_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
            match longest.get_mut(column) {
                Some(known) => *known = word.max(*known),
                None => longest.push(word),
            }
        }
    }
    // A blank on either side of each, and a line between them and at both ends.
    if longest.iter().map(|word| word + 3).sum::<usize>() + 1 > width {
        return;
    }
    for (column, word) in table.column_iter_mut().zip(longest) {
        let least = u16::try_from(word + 2).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
    }
}

pub(super) fn heading(out: &mut String, text: &str) {
    out.push('\n');
    out.push_str(text);
    out.push('\n');
}

pub(super) fn push(out: &mut String, table: &Table) {
    // comfy-table pads the last column; trailing blanks are noise in files and diffs.
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn matrix(out: &mut String, view: &View, width: usize) {
    let cell = |pair: &Pair| {
        let figure = pair.throughput.as_ref().map(|(f, suffix)| format!("{f}{suffix}"));
        let lines = [figure, pair.rtt.as_ref().map(|f| format!("rtt {f}")), Some(mark(view.lang, pair.state))];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    };
    let columns: Vec<Vec<String>> = view
        .cells
        .iter()
        .map(|row| row.iter().map(|c| c.and_then(|i| view.pairs.get(i)).map_or_else(String::new, cell)).collect())
        .collect();
    let widest = |text: &str| text.lines().map(|l| l.chars().count()).max().unwrap_or(0);
    let head = |column: usize| view.axis.get(column).map_or(0, |a| a.probe.as_str().len());
    let needed: usize = (0..view.axis.len())
        .map(|c| columns.iter().filter_map(|row| row.get(c)).map(|t| widest(t)).max().unwrap_or(0).max(head(c)) + 3)
        .sum();
    let first = view.axis.iter().map(|a| a.probe.as_str().len()).max().unwrap_or(0).max(9) + 4;
    if view.axis.is_empty() {
        return;
    }
    heading(out, view.lang.word("From (row) to (column)", "De (fila) a (columna)"));
    // One that does not fit says nothing that the table of pairs does not.
    if needed + first > width {
        let needed = needed + first;
        let told = say!(
            view.lang,
            "The matrix needs {needed} columns; this terminal has {width}.",
            "La matriz necesita {needed} columnas; este terminal tiene {width}."
        );
        paragraph(out, &told, width, "");
        return;
    }
    let mut table = table(width);
    let names = view.axis.iter().map(|a| Cell::new(&a.probe));
    table.set_header(std::iter::once(Cell::new("")).chain(names));
    for (axis, row) in view.axis.iter().zip(columns) {
        let name = axis.site.as_ref().map_or_else(|| axis.probe.to_string(), |s| format!("{}\n{s}", axis.probe));
        let cells = row.into_iter().map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
        table.add_row(std::iter::once(Cell::new(name)).chain(cells));
    }
    table.load_style(presets::UTF8_FULL);
    push(out, &table);
}

fn missing(out: &mut String, view: &View, width: usize) {
    if view.missing.is_empty() {
        return;
    }
    heading(out, view.lang.word("Not measured or not judged", "Sin medir o sin evaluar"));
    for one in view.missing.iter().take(ROWS_MAX) {
        paragraph(out, &format!("{}: {}", one.what, one.why), width, &format!("{} ", one.state.glyph()));
    }
    more(out, view.lang, view.missing.len(), |n| {
        view.lang.counted(n, ["more reason", "more reasons"], ["motivo más", "motivos más"])
    });
}

/// Says how many rows are left out, in the words of `counted`.
fn more(out: &mut String, lang: Lang, all: usize, counted: impl Fn(usize) -> String) {
    if let Some(more) = all.checked_sub(ROWS_MAX).filter(|n| *n > 0) {
        out.push_str(&format!("… {} {}\n", lang.word("and", "y"), counted(more)));
    }
}

fn pairs(out: &mut String, view: &View, width: usize) {
    if view.pairs.is_empty() {
        return;
    }
    let (lang, count) = (view.lang, view.lang.count(view.pairs.len() as u64));
    heading(
        out,
        &say!(lang, "Pairs ({count}), in the direction of the data", "Pares ({count}), en el sentido de los datos"),
    );
    if view.pairs.iter().any(|p| p.rates.iter().any(|r| r.variation.is_some())) {
        let meaning = lang.word(
            "In brackets the variation over repetitions or, of a single run, over its intervals.",
            "Entre paréntesis, la variación entre repeticiones o, de una sola prueba, entre sus intervalos.",
        );
        paragraph(out, meaning, width, "");
    }
    if view.pairs.iter().any(|p| p.rates.iter().any(|r| !r.way.is_empty())) {
        let meaning = lang.word(
            "← was asked for by the receiver (reverse), ↔ ran both ways at once.",
            "← la pidió el receptor (inversa), ↔ fue en ambos sentidos a la vez.",
        );
        paragraph(out, meaning, width, "");
    }
    let mut table = table(width);
    table.set_header([
        lang.word("from → to", "de → a"),
        lang.word("test", "prueba"),
        lang.metric(Metric::Throughput),
        lang.word("retransmits", "retransm."),
        lang.metric(Metric::Loss),
        lang.metric(Metric::Jitter),
        lang.word("rtt min / mean / max", "rtt mín / media / máx"),
        lang.word("verdict", "veredicto"),
    ]);
    for pair in view.pairs.iter().take(ROWS_MAX) {
        let mut head = vec![format!("{} → {}", pair.sender, pair.receiver), mark(lang, pair.state)];
        let mut row = |cells: [String; 6]| {
            let (name, state) = (head.first().cloned().unwrap_or_default(), head.get(1).cloned().unwrap_or_default());
            head.clear();
            table.add_row(std::iter::once(name).chain(cells).chain([state]));
        };
        for rate in &pair.rates {
            let (loss, jitter) = (rate.loss.clone(), rate.jitter.clone());
            row([
                format!("{}{}", rate.test, rate.way),
                rate.variation.as_ref().map_or_else(|| rate.median.to_string(), |v| format!("{} ({v})", rate.median)),
                rate.retransmits.clone(),
                loss,
                jitter,
                String::new(),
            ]);
        }
        for ping in &pair.pings {
            let none = String::new;
            row([ping.test.to_string(), none(), none(), ping.loss.clone(), none(), ping.range.clone()]);
        }
        if pair.rates.is_empty() && pair.pings.is_empty() {
            row(std::array::from_fn(|_| String::new()));
        }
    }
    keep_words(&mut table, width);
    push(out, &table);
    more(out, lang, view.pairs.len(), |n| lang.counted(n, ["more pair", "more pairs"], ["par más", "pares más"]));
    reasons(out, lang, &view.pairs, width);
}

/// Why a pair is not simply as expected.
fn reasons(out: &mut String, lang: Lang, pairs: &[Pair], width: usize) {
    let told = pairs.iter().flat_map(|p| p.judgements.iter().map(move |j| (p, j)));
    let mut told: Vec<_> = told.filter(|(_, j)| matches!(j.state, State::Fail | State::Warn)).collect();
    told.sort_by_key(|(_, j)| j.state);
    if told.is_empty() {
        return;
    }
    heading(out, lang.word("Why", "Por qué"));
    for (pair, j) in told.iter().take(ROWS_MAX) {
        let sentence = format!("{} → {}, {} ({}): {}", pair.sender, pair.receiver, j.metric, j.of, j.reason);
        paragraph(out, &sentence, width, &format!("{} ", j.state.glyph()));
    }
    more(out, lang, told.len(), |n| {
        lang.counted(n, ["more expectation", "more expectations"], ["expectativa más", "expectativas más"])
    });
}

/// `text` wrapped at its ASCII blanks (the space in `24 500` is none) to `width`, its first line after `lead`, the others below
/// its beginning.
pub(crate) fn paragraph(out: &mut String, text: &str, width: usize, lead: &str) {
    let indent = lead.chars().count();
    let mut column = indent;
    out.push_str(lead);
    for (i, word) in text.split_ascii_whitespace().enumerate() {
        let length = word.chars().count();
        if i > 0 && column + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if i > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

/// Marks in their colour. It comes last, so that no escape sequence is counted as width.
fn colored(lang: Lang, text: &str) -> String {
    let colors =
        [(State::Fail, 31), (State::Invalid, 35), (State::Unmeasured, 36), (State::Warn, 33), (State::Pass, 32)];
    colors.iter().fold(text.to_owned(), |text, (state, code)| {
        let mark = mark(lang, *state);
        text.replace(&mark, &format!("\x1b[{code}m{mark}\x1b[0m"))
    })
}
