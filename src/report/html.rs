//! The report as one self-contained HTML file.

use askama::Template;

use super::view::{Pair, State, View};
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

    const fn meaning(state: State) -> &'static str {
        match state {
            State::Fail => "beyond the limit that fails",
            State::Invalid => "the instrument was the limit, not the link",
            State::Unmeasured => "no result",
            State::Warn => "beyond the limit that warns",
            State::Pass => "as expected",
            State::Measured => "measured, nothing expected",
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
