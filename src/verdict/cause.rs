//! What the instrument itself contributed. A further cause is a [`CauseKind`], a check in [`find`] and two sentences.

use super::RunInput;
use crate::domain::counters::EndCounters;
use crate::domain::name::Name;
use crate::domain::verdict::{Cause, CauseKind};
use crate::stats::numbers::percent_whole;

/// Share of a run that a tool may wait for a CPU: above it, its number is the host's and not the link's.
///
/// From our own runs on two shared cores: up to 0.17 in clean runs of an idle machine (UDP at 500 Mbit/s, whose sender
/// paces itself), above 0.20 in runs beside a compiler that were still right, 0.38 to 0.97 in starved ones; none at 0.30
/// or more was ever right.
pub const CPU_STARVED_RATIO: f64 = 0.30;

/// Every cause seen at either end, the strongest first.
pub(super) fn find(input: &RunInput<'_>) -> Vec<Cause> {
    let ends = [(input.source, input.source_counters), (input.destination, input.destination_counters)];
    let mut causes: Vec<Cause> =
        ends.into_iter().filter_map(|(probe, counters)| cpu_starved(probe, counters?)).collect();
    causes.sort_by(|a, b| (b.value / b.threshold).total_cmp(&(a.value / a.threshold)));
    causes
}

fn cpu_starved(probe: &Name, counters: &EndCounters) -> Option<Cause> {
    let value = counters.run_queue_wait_ratio.filter(|r| *r > CPU_STARVED_RATIO)?;
    Some(Cause { kind: CauseKind::CpuStarved, probe: probe.clone(), value, threshold: CPU_STARVED_RATIO })
}

/// What was seen, as a sentence without its full stop.
#[must_use]
pub fn explain(cause: &Cause) -> String {
    let Cause { kind, probe, value, threshold } = cause;
    match kind {
        CauseKind::CpuStarved => format!(
            "the tool on {probe} waited {} of the time for a CPU (more than {} cannot be trusted)",
            percent_whole(*value),
            percent_whole(*threshold)
        ),
    }
}

/// What mends it.
#[must_use]
pub fn advice(cause: &Cause) -> String {
    match cause.kind {
        CauseKind::CpuStarved => {
            format!("stop other work on the host of {} or give it more cores, then measure again", cause.probe)
        }
    }
}
