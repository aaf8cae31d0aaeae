//! Tests during which nothing passed for a while.

use std::collections::BTreeMap;

use super::State;
use super::findings::Finding;
use crate::domain::name::Name;
use crate::domain::reason::Reason;
use crate::domain::run::{CampaignRun, RunStatus};
use crate::domain::verdict::Judgement;
use crate::i18n::{Lang, say};
use crate::verdict::judgement_reason;

/// Is it told as a finding of its own?
pub(super) const fn is_stall(judgement: &Judgement) -> bool {
    matches!(judgement.reason, Reason::Stalled { .. })
}

/// A finding for each pair and test, of the run that was silent the longest.
pub(super) fn find(lang: Lang, run: &CampaignRun) -> Vec<(f64, Finding)> {
    let mut by_test: BTreeMap<_, Vec<(f64, &Judgement)>> = BTreeMap::new();
    for one in run.runs.iter().filter(|r| r.status == RunStatus::Ok) {
        for judgement in &one.assessment.judgements {
            if let Reason::Stalled { seconds, .. } = judgement.reason {
                let key = (&judgement.sender, &judgement.receiver, &one.test);
                by_test.entry(key).or_default().push((seconds, judgement));
            }
        }
    }
    let finding = |(test, stalls): (&Name, Vec<(f64, &Judgement)>)| {
        let (_, worst) = stalls.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
        let why = judgement_reason(lang, worst);
        let others = match stalls.len() - 1 {
            0 => String::new(),
            more => {
                let more = lang.counted(more, ["other run", "other runs"], ["prueba más", "pruebas más"]);
                say!(lang, "; so it was in {more}", "; lo mismo pasó en {more}")
            }
        };
        Some((1.0, Finding::new(State::Warn, format!("{test}: {why}{others}"))))
    };
    by_test.into_iter().filter_map(|((_, _, test), stalls)| finding((test, stalls))).collect()
}
