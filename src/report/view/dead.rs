//! Pairs between which nothing passes: what a report leads with.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::findings::Finding;
use super::missing::named;
use crate::domain::measurement::{Measurement, RoundTrip};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::verdict::Verdict;
use crate::i18n::{Lang, say};

/// Pairs that get a sentence of their own; of more, one sentence names some.
const PAIRS_TOLD: usize = 3;

/// A valid ping that no answer came back to.
pub(super) fn is_unanswered(run: &Run) -> bool {
    run.status == RunStatus::Ok
        && matches!(run.measurement, Some(Measurement::RoundTrip(RoundTrip { received_packets: 0, .. })))
}

/// From where to where all pings stayed without an answer: told by [`find`].
pub(super) fn silent(run: &CampaignRun) -> BTreeSet<(&Name, &Name)> {
    let ends = |r: &'_ Run| (r.source.clone(), r.destination.clone());
    let answered: BTreeSet<(Name, Name)> =
        run.runs.iter().filter(|r| is_ping(r) && !is_unanswered(r)).map(ends).collect();
    let silent = run.runs.iter().filter(|r| is_unanswered(r) && !answered.contains(&ends(r)));
    silent.map(|r| (&r.source, &r.destination)).collect()
}

const fn is_ping(run: &Run) -> bool {
    matches!(run.measurement, Some(Measurement::RoundTrip(_)))
}

/// Did anything come through?
fn passed(run: &Run) -> bool {
    match &run.measurement {
        Some(Measurement::RoundTrip(ping)) => ping.received_packets > 0,
        Some(Measurement::Throughput(t)) => {
            t.flow.throughput_bits_per_second > 0.0
                || t.reverse.as_ref().is_some_and(|flow| flow.throughput_bits_per_second > 0.0)
        }
        Some(Measurement::Path(path)) => path.reached,
        Some(Measurement::PathMtu(found)) => found.mtu_bytes.is_some(),
        Some(Measurement::Connect(times)) => times.connected > 0,
        None => false,
    }
}

/// A finding for each pair whose pings were never answered, with how bad it is.
pub(super) fn find(lang: Lang, run: &CampaignRun) -> Vec<(f64, Finding)> {
    let mut pairs: BTreeMap<(&Name, &Name), Vec<&Run>> = BTreeMap::new();
    for one in &run.runs {
        let (a, b) = (&one.source, &one.destination);
        pairs.entry(if a < b { (a, b) } else { (b, a) }).or_default().push(one);
    }
    let silent = silent(run);
    let mut nothing: BTreeMap<State, Vec<String>> = BTreeMap::new();
    let mut unanswered: BTreeMap<State, Vec<String>> = BTreeMap::new();
    for ((a, b), runs) in pairs {
        if !runs.iter().any(|r| passed(r)) && runs.iter().any(|r| is_unanswered(r)) {
            nothing.entry(state(&runs)).or_default().push(say!(lang, "{a} and {b}", "{a} y {b}"));
            continue;
        }
        for (from, to) in [(a, b), (b, a)] {
            if silent.contains(&(from, to)) {
                let there: Vec<&Run> = runs.iter().copied().filter(|r| r.source == *from).collect();
                unanswered.entry(state(&there)).or_default().push(say!(lang, "{from} to {to}", "{from} a {to}"));
            }
        }
    }
    let mut findings =
        told(lang, nothing, 4.0, |pairs| say!(lang, "Nothing passes between {pairs}", "No pasa nada entre {pairs}"));
    findings.extend(told(lang, unanswered, 3.0, |pairs| {
        say!(lang, "No echo request from {pairs} was answered", "Ninguna solicitud de eco de {pairs} tuvo respuesta")
    }));
    findings
}

fn state(runs: &[&Run]) -> State {
    let failed = runs.iter().any(|r| is_unanswered(r) && r.assessment.verdict == Verdict::Fail);
    if failed { State::Fail } else { State::Unmeasured }
}

fn told(
    lang: Lang,
    by_state: BTreeMap<State, Vec<String>>,
    weight: f64,
    sentence: impl Fn(&str) -> String,
) -> Vec<(f64, Finding)> {
    let mut findings = Vec::new();
    for (state, pairs) in by_state {
        let each: Vec<String> = if pairs.len() <= PAIRS_TOLD { pairs } else { vec![named(lang, &pairs)] };
        findings.extend(each.iter().map(|pairs| (weight, Finding::new(state, sentence(pairs)))));
    }
    findings
}
