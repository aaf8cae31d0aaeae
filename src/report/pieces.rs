//! The forms with the tools' outputs, which are most of a store: made run by run, so that nobody has to hold them all at once.

use super::{json, jsonl};
use crate::domain::run::{CampaignRun, Run};

/// A form that is made of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// One JSON document.
    Json,
    /// JSON Lines: one run a line.
    JsonLines,
}

impl Pieces {
    /// What stands before the runs; the outputs in `whole` are not looked at.
    #[must_use]
    pub fn head(self, whole: &CampaignRun) -> String {
        match self {
            Self::Json => json::head(whole),
            Self::JsonLines => String::new(),
        }
    }

    /// A run of `whole` with its outputs; of that only the header and whom it is for are looked at.
    #[must_use]
    pub fn run(self, whole: &CampaignRun, run: &Run, is_first: bool) -> String {
        match self {
            Self::Json => json::piece(run, is_first),
            Self::JsonLines => jsonl::piece(whole, run),
        }
    }

    /// What stands after the runs, if there were any.
    #[must_use]
    pub const fn tail(self, is_empty: bool) -> &'static str {
        match self {
            Self::Json => json::tail(is_empty),
            Self::JsonLines => "",
        }
    }

    /// All pieces of a campaign run that is held with its outputs.
    pub(super) fn whole(self, run: &CampaignRun) -> String {
        let mut text = self.head(run);
        for (i, one) in run.runs.iter().enumerate() {
            text.push_str(&self.run(run, one, i == 0));
        }
        text.push_str(self.tail(run.runs.is_empty()));
        text
    }
}
