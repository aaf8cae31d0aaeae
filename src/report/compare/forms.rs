//! A comparison in each of its forms.

use askama::Template;
use comfy_table::{ContentArrangement, Table, presets};

use super::text::{partial, side};
use super::{Comparison, Row, State, VerdictChange};
use crate::i18n::{Lang, say};
use crate::report::csv::{guarded, table as csv_table};
use crate::report::markdown::{escape, table as markdown_table};
use crate::report::terminal::{heading, paragraph, push, safe};

/// Rows before the rest is only counted, where people read.
const ROWS_MAX: usize = 500;
const CSV_COLUMNS: [&str; 19] = [
    "side",
    "campaign_run",
    "topology",
    "campaign",
    "sender",
    "receiver",
    "test",
    "direction",
    "source",
    "figure",
    "runs",
    "median",
    "min",
    "max",
    "median_low",
    "median_high",
    "change_ratio",
    "weight",
    "not_comparable",
];

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'a> {
    comparison: &'a Comparison,
    rows: &'a [&'a Row],
    more: Option<String>,
}

impl Page<'_> {
    const fn lang(&self) -> Lang {
        self.comparison.lang
    }

    fn state(change: &VerdictChange) -> State {
        change.last()
    }
}

fn more(lang: Lang, all: usize) -> Option<String> {
    let more = all.checked_sub(ROWS_MAX).filter(|n| *n > 0)?;
    let more = lang.counted(more, ["more row", "more rows"], ["fila más", "filas más"]);
    Some(say!(
        lang,
        "… and {more}; the JSON and the CSV form have all",
        "… y {more}; las formas JSON y CSV las tienen todas"
    ))
}

fn list(out: &mut String, head: &str, texts: &[String], width: usize) {
    if texts.is_empty() {
        return;
    }
    heading(out, head);
    for text in texts {
        paragraph(out, text, width, "- ");
    }
}

impl VerdictChange {
    /// What it came to.
    fn last(&self) -> State {
        self.verdicts.last().copied().flatten().unwrap_or(State::Unmeasured)
    }
}

impl Comparison {
    /// What can be held against something; what only one has is listed apart.
    pub(super) fn shared(&self) -> Vec<&Row> {
        self.figures.iter().filter(|row| row.sides.iter().flatten().count() > 1).collect()
    }

    /// As text for a terminal `width` columns wide, with ANSI colours if `color`.
    #[must_use]
    pub fn terminal(&self, width: usize, color: bool) -> String {
        let mut out = String::new();
        for one in &self.compared {
            paragraph(&mut out, &side(self.lang, one), width, &format!("{}  ", one.letter));
        }
        heading(&mut out, self.changes_head());
        if self.verdict_changes.is_empty() {
            paragraph(&mut out, self.no_changes(), width, "");
        }
        for change in &self.verdict_changes {
            let state = change.last();
            paragraph(&mut out, &change.sentence, width, &format!("{} {}  ", state.glyph(), state.word(self.lang)));
        }
        list(&mut out, self.remarks_head(), &self.remarks, width);
        self.figures_of_terminal(&mut out, width);
        let only: Vec<String> = self.only_in_some.iter().map(|one| partial(self.lang, one)).collect();
        list(&mut out, self.only_head(), &only, width);
        safe(self.lang, &out, color)
    }

    /// The table of figures; nothing where there are none to hold against each other.
    fn figures_of_terminal(&self, out: &mut String, width: usize) {
        let shared = self.shared();
        if shared.is_empty() {
            return;
        }
        heading(out, self.figures_head());
        paragraph(out, self.figures_lead(), width, "");
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX))
            .set_header(self.columns());
        for row in shared.iter().take(ROWS_MAX) {
            table.add_row(self.cells(row));
        }
        push(out, &table);
        if let Some(more) = more(self.lang, shared.len()) {
            paragraph(out, &more, width, "");
        }
    }

    /// As one self-contained HTML file: no script, nothing loaded from elsewhere.
    ///
    /// # Errors
    /// The template engine's, which has none for text in memory but says so in its type.
    pub fn html(&self) -> Result<String, askama::Error> {
        let shared = self.shared();
        let rows = shared.get(..ROWS_MAX).unwrap_or(&shared);
        Page { comparison: self, rows, more: more(self.lang, shared.len()) }.render()
    }

    /// As Markdown in GitHub's dialect.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n", self.title());
        let list = |out: &mut String, head: &str, texts: Vec<String>| {
            if !texts.is_empty() {
                let items: String = texts.iter().map(|t| format!("- {t}\n")).collect();
                out.push_str(&format!("\n## {head}\n\n{items}"));
            }
        };
        for one in &self.compared {
            out.push_str(&format!("- **{}** {}\n", one.letter, escape(&side(self.lang, one))));
        }
        let told = |c: &VerdictChange| {
            let state = c.last();
            format!("**{} {}** {}", state.glyph(), state.word(self.lang), escape(&c.sentence))
        };
        let changes: Vec<String> = self.verdict_changes.iter().map(told).collect();
        list(
            &mut out,
            self.changes_head(),
            if changes.is_empty() { vec![self.no_changes().to_owned()] } else { changes },
        );
        list(&mut out, self.remarks_head(), self.remarks.iter().map(|r| escape(r)).collect());
        let shared = self.shared();
        if !shared.is_empty() {
            out.push_str(&format!("\n## {}\n\n{}\n\n", self.figures_head(), self.figures_lead()));
            let cells = |row: &&Row| self.cells(row).iter().map(|c| escape(c)).collect::<Vec<_>>();
            markdown_table(&mut out, self.columns(), shared.iter().take(ROWS_MAX).map(cells));
        }
        if let Some(more) = more(self.lang, shared.len()) {
            out.push_str(&format!("\n{more}\n"));
        }
        list(&mut out, self.only_head(), self.only_in_some.iter().map(|p| escape(&partial(self.lang, p))).collect());
        out
    }

    /// As a JSON document in SI units.
    #[must_use]
    pub fn json(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(self).expect("every map has text for keys and nothing else can fail");
        text.push('\n');
        text
    }

    /// As CSV (RFC 4180): a row for each figure of each campaign run, SI units as the figure's name says.
    #[must_use]
    pub fn csv(&self) -> String {
        let head = CSV_COLUMNS.map(str::to_owned).to_vec();
        let optional = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
        let rows = self.figures.iter().flat_map(|row| {
            self.compared.iter().zip(&row.sides).filter_map(move |(side, value)| {
                let value = value.as_ref()?;
                let (key, f) = (&row.key, &value.figures);
                let weight = value.weight.and_then(|w| serde_json::to_value(w).ok()?.as_str().map(str::to_owned));
                let cells = vec![
                    side.letter.clone(),
                    side.campaign_run.clone(),
                    side.topology.to_string(),
                    side.campaign.to_string(),
                    key.sender.to_string(),
                    key.receiver.to_string(),
                    key.test.to_string(),
                    key.direction.to_string(),
                    key.source.to_string(),
                    row.quantity.key().to_owned(),
                    f.runs.to_string(),
                    f.median.to_string(),
                    f.min.to_string(),
                    f.max.to_string(),
                    optional(f.median_low),
                    optional(f.median_high),
                    optional(value.change_ratio),
                    weight.unwrap_or_default(),
                    row.not_comparable.join("; "),
                ];
                Some(cells.into_iter().map(guarded).collect())
            })
        });
        csv_table(std::iter::once(head).chain(rows))
    }
}
