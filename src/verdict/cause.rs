//! What the instrument itself contributed. A further cause is a [`CauseKind`], a check in [`find`] and two sentences
//! in each language.

use super::RunInput;
use crate::domain::counters::EndCounters;
use crate::domain::name::Name;
use crate::domain::verdict::{Cause, CauseKind};
use crate::i18n::{Lang, say};
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
pub fn explain(lang: Lang, cause: &Cause) -> String {
    let Cause { kind, probe, value, threshold } = cause;
    let (share, most) = (percent_whole(lang, *value), percent_whole(lang, *threshold));
    match kind {
        CauseKind::CpuStarved => say!(
            lang,
            "the tool on {probe} waited {share} of the time for a CPU (more than {most} cannot be trusted)",
            "la herramienta en {probe} esperó una CPU el {share} del tiempo (con más del {most} el resultado no es fiable)"
        ),
    }
}

/// What mends it.
#[must_use]
pub fn advice(lang: Lang, cause: &Cause) -> String {
    let probe = &cause.probe;
    match cause.kind {
        CauseKind::CpuStarved => say!(
            lang,
            "stop other work on the host of {probe} or give it more cores, then measure again",
            "detenga otras tareas en el equipo de {probe} o asígnele más núcleos y vuelva a medir"
        ),
    }
}
