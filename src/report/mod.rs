//! Reports: one view model and a file per format. Pure: a campaign run in, text out.

use crate::domain::run::CampaignRun;
use crate::i18n::Lang;

mod chart;
mod compare;
mod csv;
mod html;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod pieces;
mod redact;
mod series;
mod terminal;
mod view;

pub use compare::Comparison;
pub use pieces::Pieces;
pub use redact::RedactError;
pub(crate) use terminal::paragraph;
pub use view::Finding;

/// The answer: what falls short, what could not be measured and what is as it should be, the worst first.
#[must_use]
pub fn findings(lang: Lang, run: &CampaignRun) -> Vec<Finding> {
    view::findings(lang, run)
}

/// The report as text for a terminal `width` columns wide, with ANSI colours if `color`.
#[must_use]
pub fn terminal(lang: Lang, run: &CampaignRun, width: usize, color: bool) -> String {
    terminal::render(&view::View::new(lang, run), width, color)
}

/// The findings, the summary line, the matrix and what was not measured, as text: what a run says at its end.
#[must_use]
pub fn summary(lang: Lang, run: &CampaignRun, width: usize, color: bool) -> String {
    terminal::summary(&view::View::new(lang, run), width, color)
}

/// The report as one self-contained HTML file: no script, nothing loaded from elsewhere.
///
/// # Errors
/// The template engine's, which has none for text in memory but says so in its type.
pub fn html(lang: Lang, run: &CampaignRun) -> Result<String, askama::Error> {
    html::render(&view::View::new(lang, run))
}

/// The campaign run as a JSON document in SI units, raw outputs included. Its sentences are English in every language.
#[must_use]
pub fn json(run: &CampaignRun) -> String {
    Pieces::Json.whole(run)
}

/// The campaign run as JSON Lines: one run a line, raw outputs included.
#[must_use]
pub fn json_lines(run: &CampaignRun) -> String {
    Pieces::JsonLines.whole(run)
}

/// The campaign run as CSV (RFC 4180): a row for each run and flow, SI units.
#[must_use]
pub fn csv(run: &CampaignRun) -> String {
    csv::render(run)
}

/// The report as Markdown (GitHub's dialect, github.github.com/gfm).
#[must_use]
pub fn markdown(lang: Lang, run: &CampaignRun) -> String {
    markdown::render(&view::View::new(lang, run))
}

/// The judgements as JUnit XML: a suite for the campaign run, a case for each expectation.
///
/// # Errors
/// The XML writer's, which has none for text in memory but says so in its type.
pub fn junit(run: &CampaignRun) -> Result<String, quick_junit::SerializeError> {
    junit::render(run)
}

/// Holds each of `runs` against the first of them. Its sentences are in `lang`: English for what programs read.
#[must_use]
pub fn compare(lang: Lang, runs: &[CampaignRun]) -> Comparison {
    compare::of(lang, runs)
}

/// The same campaign runs with pseudonyms for addresses, host names and user names, in every text of theirs: an address has one
/// pseudonym throughout. Names in the topology are labels and stay.
///
/// # Errors
/// [`RedactError`] where something cannot be redacted: then nothing is given away.
pub fn redact(runs: Vec<CampaignRun>) -> Result<Vec<CampaignRun>, RedactError> {
    redact::redact(runs)
}
