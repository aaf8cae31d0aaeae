//! The report as one self-contained HTML file.

use askama::Template;

use super::view::{Pair, State, View};
use crate::i18n::{Lang, say};
use crate::stats::numbers::Figure;

/// Findings shown before the rest is folded away.
const FINDINGS_OPEN: usize = 12;

/// Pairs that are opened at first.
const PAIRS_OPEN: usize = 6;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    view: &'a View,
}

impl Page<'_> {
    /// All marks, the good ones first.
    const STATES: [State; 6] =
        [State::Pass, State::Warn, State::Fail, State::Invalid, State::Unmeasured, State::Measured];

    /// The marks of the matrix, for its legend.
    fn legend(&self) -> impl Iterator<Item = State> {
        Self::STATES.into_iter().filter(|state| self.view.pairs.iter().any(|p| p.state == *state))
    }

    /// `M` of `Mbit/s`: all that a dense matrix has room for.
    fn prefix(figure: &Figure) -> &'static str {
        figure.unit.strip_suffix("bit/s").unwrap_or(figure.unit)
    }

    /// In the reader's language.
    const fn word(&self, english: &'static str, spanish: &'static str) -> &'static str {
        self.view.lang.word(english, spanish)
    }

    const fn lang(&self) -> Lang {
        self.view.lang
    }

    fn more_told(&self) -> String {
        self.lang().counted(
            self.more_findings().len(),
            ["more finding", "more findings"],
            ["conclusión más", "conclusiones más"],
        )
    }

    /// Where all of it comes from.
    fn origin(&self) -> String {
        let View { lang, id, title, campaign, version, .. } = self.view;
        say!(
            lang,
            "{id} of topology {title}, campaign {campaign}, measured with iperftester {version}. The untouched outputs of all \
             tools are in the JSON report.",
            "{id} de la topología {title}, campaña {campaign}, medido con iperftester {version}. Las salidas intactas de todas \
             las herramientas están en el informe JSON."
        )
    }

    const fn meaning(&self, state: State) -> &'static str {
        match state {
            State::Fail => self.word("beyond the limit that fails", "más allá del límite de incumplimiento"),
            State::Invalid => {
                self.word("the instrument was the limit, not the link", "el límite fue el instrumento, no el enlace")
            }
            State::Unmeasured => self.word("no result", "sin resultado"),
            State::Warn => self.word("beyond the limit that warns", "más allá del límite de aviso"),
            State::Pass => self.word("as expected", "como se esperaba"),
            State::Measured => self.word("measured, nothing expected", "medido, sin nada esperado"),
        }
    }

    fn first_findings(&self) -> &[super::Finding] {
        self.view.findings.get(..FINDINGS_OPEN).unwrap_or(&self.view.findings)
    }

    fn more_findings(&self) -> &[super::Finding] {
        self.view.findings.get(FINDINGS_OPEN..).unwrap_or_default()
    }

    fn pair(&self, cell: &Option<usize>) -> Option<&Pair> {
        cell.and_then(|i| self.view.pairs.get(i))
    }

    /// Opened at first: all of a few pairs; of more what needs attention, as long as that is not too much itself.
    fn is_open(&self, pair: &Pair) -> bool {
        let attention = |p: &Pair| matches!(p.state, State::Fail | State::Invalid | State::Warn);
        let pairs = &self.view.pairs;
        pairs.len() <= PAIRS_OPEN || (attention(pair) && pairs.iter().filter(|p| attention(p)).count() <= PAIRS_OPEN)
    }
}

pub(super) fn render(view: &View) -> Result<String, askama::Error> {
    Page { view }.render()
}
