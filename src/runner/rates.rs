//! Rates that jobs take from what other runs brought.

use std::collections::BTreeMap;

use crate::domain::measurement::Measurement;
use crate::domain::run::{Run, RunStatus};
use crate::i18n::Lang;
use crate::schedule::{self, Job, Told};
use crate::stats::numbers;
use crate::verdict;

/// The jobs whose rates others wait for; none has been run.
pub(super) fn told_first(jobs: &[Job]) -> BTreeMap<u32, Option<Told>> {
    let sources = jobs.iter().filter_map(|job| job.rate_from.as_ref()).flat_map(|from| &from.sources);
    sources.map(|source| (source.job, None)).collect()
}

/// What a run tells those who take their rate from it.
pub(super) fn brought(run: &Run) -> Told {
    match (&run.measurement, run.status) {
        (_, RunStatus::Invalid) => Err(verdict::account(Lang::En, &run.assessment)),
        (Some(Measurement::Throughput(throughput)), _) => schedule::told(throughput),
        _ => Err(run.error.clone().unwrap_or_else(|| "it measured nothing".to_owned())),
    }
}

/// Sets the rate of a job that takes it from others.
pub(super) fn settle(job: &mut Job, told: &BTreeMap<u32, Option<Told>>) -> Result<(), String> {
    if let Some(settled) = schedule::settle(job, |id| told.get(&id).cloned().flatten())? {
        job.note = Some(format!(
            "sent at {} of the {} that TCP reached, for no contract names a rate",
            numbers::percent_whole(Lang::En, settled.share),
            numbers::rate(Lang::En, settled.reached_bits_per_second)
        ));
    }
    Ok(())
}
