//! Rates that jobs take from what other runs brought.

use std::collections::BTreeMap;

use crate::domain::measurement::Measurement;
use crate::domain::run::{Run, RunStatus};
use crate::i18n::Lang;
use crate::schedule::{self, Job, Told};
use crate::stats::numbers;

/// The jobs whose rates others wait for; none has been run.
pub(super) fn told_first(jobs: &[Job]) -> BTreeMap<u32, Option<Told>> {
    let sources = jobs.iter().filter_map(|job| job.rate_from.as_ref()).flat_map(|from| &from.sources);
    sources.map(|source| (source.job, None)).collect()
}

/// What a run tells those who take their rate from it. Why it brought none stands with that run, and is not said again.
pub(super) fn brought(run: &Run) -> Told {
    match (&run.measurement, run.status) {
        (_, RunStatus::Invalid) => Err("its result is invalid".to_owned()),
        (Some(Measurement::Throughput(throughput)), _) => schedule::told(throughput),
        _ => Err("it measured nothing".to_owned()),
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
