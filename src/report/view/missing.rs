//! What was not measured, and why: as visible as what was.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::answer::crossed_contracts;
use crate::domain::campaign::Metric;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::{Iperf2Definition, Iperf3Definition, OfferedRate, TestDefinition};
use crate::domain::topology::{Contract, Topology};
use crate::domain::verdict::{Cause, Judgement, Verdict};
use crate::stats::numbers::{count, counted};
use crate::verdict::{advice, explain};

/// Something that this report cannot say.
#[derive(Debug)]
pub(in crate::report) struct Missing {
    pub(in crate::report) state: State,
    pub(in crate::report) what: String,
    pub(in crate::report) why: String,
}

/// Runs that could not be measured for the same reason.
pub(super) struct ReasonGroup<'a> {
    pub(super) status: RunStatus,
    /// Known from the topology before anything started: nothing went wrong.
    pub(super) foreseen: bool,
    pub(super) why: String,
    pub(super) runs: Vec<&'a Run>,
}

/// Failed and skipped runs by reason, most frequent first; what was foreseen comes last.
pub(super) fn reason_groups(run: &CampaignRun) -> Vec<ReasonGroup<'_>> {
    let mut groups: BTreeMap<(bool, bool, Reason), Vec<&Run>> = BTreeMap::new();
    for one in run.runs.iter().filter(|r| matches!(r.status, RunStatus::Failed | RunStatus::Skipped)) {
        let key = (has_no_rate(&run.topology, one), one.status == RunStatus::Skipped, Reason::of(one));
        groups.entry(key).or_default().push(one);
    }
    let group = |((foreseen, skipped, reason), runs): ((bool, bool, Reason), Vec<_>)| {
        let status = if skipped { RunStatus::Skipped } else { RunStatus::Failed };
        ReasonGroup { status, foreseen, why: reason.told(&runs), runs }
    };
    let mut groups: Vec<_> = groups.into_iter().map(group).collect();
    groups.sort_by_key(|g| (g.foreseen, std::cmp::Reverse(g.runs.len())));
    groups
}

/// Why runs brought nothing, as far as it makes them one group.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// These two cannot reach each other: one fault of the path, however many tests and ways it stopped.
    Apart(Name, Name),
    /// Anything else, in its own words.
    Words(String),
}

impl Reason {
    fn of(run: &Run) -> Self {
        match unreachable(run) {
            Some((pair, _)) if pair.source < pair.destination => Self::Apart(pair.source, pair.destination),
            Some((pair, _)) => Self::Apart(pair.destination, pair.source),
            None => Self::Words(one_line(words(run))),
        }
    }

    fn told(self, runs: &[&Run]) -> String {
        let (a, b) = match self {
            Self::Words(words) => return words,
            Self::Apart(a, b) => (a, b),
        };
        let faults: Vec<(Pair, &str)> = runs.iter().filter_map(|r| unreachable(r)).collect();
        let tried: BTreeSet<&str> = faults.iter().map(|(_, fault)| *fault).collect();
        let tried = tried.into_iter().collect::<Vec<_>>().join("; ");
        match faults.split_first() {
            Some(((pair, _), rest)) if rest.iter().all(|(other, _)| other == pair) => pair.cannot_reach(&tried),
            _ => format!("{a} and {b} cannot reach each other: {tried}"),
        }
    }
}

fn words(run: &Run) -> &str {
    run.error.as_deref().unwrap_or(&run.assessment.reason)
}

/// Who could not reach whom before the test, and what was tried.
fn unreachable(run: &Run) -> Option<(Pair, &str)> {
    let there = Pair { source: run.source.clone(), destination: run.destination.clone() };
    let back = there.reversed();
    [there, back].into_iter().find_map(|pair| {
        let fault = words(run).strip_prefix(&pair.cannot_reach(""))?;
        Some((pair, fault))
    })
}

/// A test that takes its rate from the contract, on a path without one: it cannot be run there, whatever happens.
fn has_no_rate(topology: &Topology, run: &Run) -> bool {
    let rate = match topology.tests.get(&run.test) {
        Some(
            TestDefinition::Iperf3(Iperf3Definition { rate, .. })
            | TestDefinition::Iperf2(Iperf2Definition { rate, .. }),
        ) => *rate,
        _ => None,
    };
    let asks = matches!(rate, Some(OfferedRate::Contract(_)));
    run.status == RunStatus::Skipped && asks && run.specification.rate().is_none()
}

/// Longest reason in a sentence, in characters; the whole of it stands with its run.
const REASON_MAX: usize = 240;

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return "no reason was given".to_owned();
    }
    if line.chars().count() <= REASON_MAX {
        return line;
    }
    line.chars().take(REASON_MAX).chain(['…']).collect()
}

/// Invalid runs by the kind and place of their first cause, with the strongest example of it.
pub(super) fn invalid_groups(run: &CampaignRun) -> Vec<(Option<&Cause>, Vec<&Run>)> {
    let mut groups: Vec<(Option<&Cause>, Vec<&Run>)> = Vec::new();
    for run in run.runs.iter().filter(|r| r.status == RunStatus::Invalid) {
        let cause = run.assessment.causes.first();
        let place = |c: &Cause| (c.kind, c.probe.clone());
        match groups.iter_mut().find(|(c, _)| c.map(place) == cause.map(place)) {
            Some((strongest, runs)) => {
                *strongest = [*strongest, cause].into_iter().flatten().max_by(|a, b| a.value.total_cmp(&b.value));
                runs.push(run);
            }
            None => groups.push((cause, vec![run])),
        }
    }
    groups
}

/// Planned runs without any record.
pub(super) fn unstarted(run: &CampaignRun) -> Option<u64> {
    let made = u64::try_from(run.runs.len()).unwrap_or(u64::MAX);
    let left = u64::from(run.header.planned_runs).saturating_sub(made);
    (left > 0 && (run.header.interrupted || run.header.ended.is_some())).then_some(left)
}

/// Why they have none.
pub(super) const fn unstarted_why(run: &CampaignRun) -> &'static str {
    if run.header.interrupted { "the campaign was stopped before them" } else { "the campaign ended before them" }
}

/// Values of a link's contract that no valid run was judged against: `jitter`, `MTU`, `rate sevilla → madrid`.
pub(super) fn gaps(run: &CampaignRun, link: &Name) -> Vec<String> {
    let Some(declared) = run.topology.links.get(link) else { return vec![] };
    let Contract { rate_bits_per_second: rate, rtt_seconds, jitter_seconds, loss_ratio, mtu_bytes } = declared.contract;
    let judged: BTreeSet<(Metric, bool)> = run
        .runs
        .iter()
        .filter(|r| r.status == RunStatus::Ok && r.path.link.as_ref().is_some_and(|c| c.link == *link))
        .flat_map(|r| r.assessment.judgements.iter().map(move |j| (r, j)))
        .filter(|(_, j)| j.verdict != Verdict::None && j.contracted.is_some())
        .map(|(r, j)| {
            let forward = r.path.link.as_ref().is_some_and(|c| c.forward);
            (j.metric, forward == (j.sender == r.source))
        })
        .collect();
    let [a, b] = [declared.between[0].name(), declared.between[1].name()];
    let unjudged = |metric| !judged.iter().any(|(m, _)| *m == metric);
    let mut gaps = Vec::new();
    for (agreed, forward, from, to) in [(rate.a_to_b, true, a, b), (rate.b_to_a, false, b, a)] {
        if agreed.is_some() && !judged.contains(&(Metric::Throughput, forward)) {
            gaps.push(format!("rate {from} → {to}"));
        }
    }
    let rest =
        [(rtt_seconds.is_some(), Metric::Rtt, "round-trip time"), (jitter_seconds.is_some(), Metric::Jitter, "jitter")];
    let rest = rest
        .into_iter()
        .chain([(loss_ratio.is_some(), Metric::Loss, "loss"), (mtu_bytes.is_some(), Metric::Mtu, "MTU")]);
    gaps.extend(rest.filter(|(agreed, metric, _)| *agreed && unjudged(*metric)).map(|(_, _, word)| word.to_owned()));
    gaps
}

/// Everything that was not measured, the worst first.
pub(super) fn list(run: &CampaignRun) -> Vec<Missing> {
    let mut list = Vec::new();
    for (cause, runs) in invalid_groups(run) {
        let why = cause
            .map_or_else(|| "the instrument was the limit".to_owned(), |c| format!("{}; {}", explain(c), advice(c)));
        list.push(Missing { state: State::Invalid, what: format!("{}, invalid", runs_text(&runs)), why });
    }
    let (foreseen, failed): (Vec<_>, Vec<_>) = reason_groups(run).into_iter().partition(|g| g.foreseen);
    let told = |group: ReasonGroup<'_>| {
        let what = format!("{}, {}", runs_text(&group.runs), group.status.as_str());
        Missing { state: State::Unmeasured, what, why: group.why }
    };
    list.extend(failed.into_iter().map(told));
    if let Some(left) = unstarted(run) {
        let what = format!("{} of {} planned runs", count(left), count(run.header.planned_runs.into()));
        list.push(Missing { state: State::Unmeasured, what, why: unstarted_why(run).to_owned() });
    }
    let crossed = crossed_contracts(run);
    let mut by_gaps: BTreeMap<Vec<String>, Vec<&Name>> = BTreeMap::new();
    for link in &crossed {
        by_gaps.entry(gaps(run, link)).or_default().push(link);
    }
    for (gaps, links) in by_gaps.into_iter().filter(|(gaps, _)| !gaps.is_empty()) {
        let what = format!("contract of {}: {}", names_text(&links), gaps.join(", "));
        let why = "no valid run of this campaign was judged against it".to_owned();
        list.push(Missing { state: State::Unmeasured, what, why });
    }
    let contracted = run.topology.links.iter().filter(|(_, link)| link.contract != Contract::default());
    let untouched: Vec<&Name> = contracted.map(|(name, _)| name).filter(|name| !crossed.contains(*name)).collect();
    if !untouched.is_empty() {
        let why = "no run of this campaign crosses it".to_owned();
        list.push(Missing { state: State::Unmeasured, what: format!("contract of {}", names_text(&untouched)), why });
    }
    list.extend(foreseen.into_iter().map(told));
    list.extend(unjudged(run));
    list
}

/// Figures that were measured but not judged, although an expectation names them; none that another run of the pair has
/// judged.
fn unjudged(run: &CampaignRun) -> Vec<Missing> {
    let valid = || run.runs.iter().filter(|r| r.status == RunStatus::Ok).flat_map(|r| &r.assessment.judgements);
    let about = |j: &Judgement| (j.metric, j.sender.clone(), j.receiver.clone());
    let judged: BTreeSet<_> = valid().filter(|j| j.verdict != Verdict::None).map(about).collect();
    let mut groups: BTreeMap<(Metric, &str), BTreeSet<(&Name, &Name)>> = BTreeMap::new();
    for one in valid().filter(|j| j.verdict == Verdict::None && !judged.contains(&about(j))) {
        let Judgement { metric, sender, receiver, reason, .. } = one;
        // The probes of a pair stand in front already.
        let why = if reason.starts_with("no contract") { "no contract covers it" } else { reason };
        groups.entry((*metric, why.trim_start_matches("not judged: "))).or_default().insert((sender, receiver));
    }
    groups
        .into_iter()
        .map(|((metric, why), pairs)| {
            let what = format!("{metric} on {}, not judged", pairs_text(&pairs));
            Missing { state: State::Measured, what, why: why.to_owned() }
        })
        .collect()
}

/// Pairs and tests that are named before the rest is only counted.
const NAMED: usize = 4;

pub(super) fn runs_text(runs: &[&Run]) -> String {
    let tests: BTreeSet<&Name> = runs.iter().map(|r| &r.test).collect();
    let pairs: BTreeSet<(&Name, &Name)> = runs.iter().map(|r| (&r.source, &r.destination)).collect();
    let tests: Vec<&Name> = tests.into_iter().collect();
    format!("{} of {} on {}", counted(runs.len(), "run", "runs"), names_text(&tests), pairs_text(&pairs))
}

fn names_text(names: &[&Name]) -> String {
    named(&names.iter().map(|n| n.as_str()).collect::<Vec<_>>())
}

fn pairs_text(pairs: &BTreeSet<(&Name, &Name)>) -> String {
    let texts: Vec<String> = pairs.iter().map(|(from, to)| format!("{from} → {to}")).collect();
    named(&texts)
}

pub(super) fn named<T: AsRef<str>>(texts: &[T]) -> String {
    let told: Vec<&str> = texts.iter().take(NAMED).map(AsRef::as_ref).collect();
    match texts.len().saturating_sub(NAMED) {
        0 => told.join(", "),
        more => format!("{} and {} more", told.join(", "), count(more as u64)),
    }
}
