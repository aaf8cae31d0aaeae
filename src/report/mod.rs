//! Reports: one view model and a file per format. Pure: a campaign run in, text out.

use crate::domain::run::CampaignRun;
use crate::i18n::Lang;

mod chart;
mod html;
mod json;
mod terminal;
mod view;

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
    json::render(run)
}
