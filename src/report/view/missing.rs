//! What was not measured, and why: as visible as what was.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::answer::crossed_contracts;
use crate::domain::campaign::Metric;
use crate::domain::group::{Group, Pair};
use crate::domain::name::Name;
use crate::domain::path::Paths;
use crate::domain::reason::{Account, Reason as Why, SkipReason};
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::{Iperf2Definition, Iperf3Definition, OfferedRate, TestDefinition};
use crate::domain::topology::{Contract, Topology};
use crate::domain::verdict::{Cause, Judgement, Verdict};
use crate::i18n::{Lang, say, sentences};
use crate::verdict::{advice, cannot_reach, explain, judgement_reason, no_measurement, too_few};

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
pub(super) fn reason_groups(lang: Lang, run: &CampaignRun) -> Vec<ReasonGroup<'_>> {
    let mut groups: BTreeMap<(bool, bool, Reason), Vec<&Run>> = BTreeMap::new();
    for one in run.runs.iter().filter(|r| matches!(r.status, RunStatus::Failed | RunStatus::Skipped)) {
        let key = (has_no_rate(&run.topology, one), one.status == RunStatus::Skipped, Reason::of(lang, one));
        groups.entry(key).or_default().push(one);
    }
    let group = |((foreseen, skipped, reason), runs): ((bool, bool, Reason), Vec<_>)| {
        let status = if skipped { RunStatus::Skipped } else { RunStatus::Failed };
        ReasonGroup { status, foreseen, why: reason.told(lang, &runs), runs }
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
    fn of(lang: Lang, run: &Run) -> Self {
        match unreachable(run) {
            Some((pair, _)) if pair.source < pair.destination => Self::Apart(pair.source, pair.destination),
            Some((pair, _)) => Self::Apart(pair.destination, pair.source),
            None => Self::Words(one_line(lang, &no_measurement(lang, run))),
        }
    }

    fn told(self, lang: Lang, runs: &[&Run]) -> String {
        let (a, b) = match self {
            Self::Words(words) => return words,
            Self::Apart(a, b) => (a, b),
        };
        let faults: Vec<(Pair, &str)> = runs.iter().filter_map(|r| unreachable(r)).collect();
        let tried: BTreeSet<&str> = faults.iter().map(|(_, fault)| *fault).collect();
        let tried = tried.into_iter().map(|fault| sentences::told(lang, fault)).collect::<Vec<_>>().join("; ");
        match faults.split_first() {
            Some(((pair, _), rest)) if rest.iter().all(|(other, _)| other == pair) => cannot_reach(lang, pair, &tried),
            _ => {
                say!(lang, "{a} and {b} cannot reach each other: {tried}", "{a} y {b} no se alcanzan entre sí: {tried}")
            }
        }
    }
}

/// Who could not reach whom before the test, and what was tried.
fn unreachable(run: &Run) -> Option<(Pair, &str)> {
    if let Account::Skipped(SkipReason::Unreachable { pair, fault }) = &run.assessment.reason {
        return Some((pair.clone(), fault));
    }
    // Results of older versions have it in words.
    let words = run.error.as_deref()?;
    let there = Pair { source: run.source.clone(), destination: run.destination.clone() };
    let back = there.reversed();
    [there, back].into_iter().find_map(|pair| {
        let fault = words.strip_prefix(&cannot_reach(Lang::En, &pair, ""))?;
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

fn one_line(lang: Lang, text: &str) -> String {
    let line = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return lang.word("no reason was given", "no se dio ningún motivo").to_owned();
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
pub(super) const fn unstarted_why(lang: Lang, run: &CampaignRun) -> &'static str {
    match run.header.interrupted {
        true => lang.word("the campaign was stopped before them", "la campaña se detuvo antes"),
        false => lang.word("the campaign ended before them", "la campaña terminó antes"),
    }
}

/// Links that the pairs of this campaign cross, whether or not it came to them.
fn planned_links(run: &CampaignRun) -> BTreeSet<Name> {
    let CampaignRun { header, topology, .. } = run;
    let pairs = match &header.ad_hoc {
        Some(asked) => vec![Pair { source: asked.source.clone(), destination: asked.destination.clone() }],
        None => {
            let group = topology.campaigns.get(&header.campaign).and_then(|c| topology.groups.get(&c.group));
            group.map(Group::pairs).unwrap_or_default()
        }
    };
    let paths = Paths::new(topology);
    pairs.iter().filter_map(|pair| Some(paths.path(&pair.source, &pair.destination).link?.link)).collect()
}

/// What valid runs were judged against of the contract of each link: the metric, and whether in the link's own direction.
pub(super) type Judged<'a> = BTreeMap<&'a Name, BTreeSet<(Metric, bool)>>;

pub(super) fn judged(run: &CampaignRun) -> Judged<'_> {
    let mut judged = Judged::new();
    for one in run.runs.iter().filter(|r| r.status == RunStatus::Ok) {
        let Some(crossing) = &one.path.link else { continue };
        let own = one.assessment.judgements.iter();
        let own = own.filter(|j| j.verdict != Verdict::None && j.contracted.is_some());
        let own = own.map(|j| (j.metric, crossing.forward == (j.sender == one.source)));
        judged.entry(&crossing.link).or_default().extend(own);
    }
    judged
}

/// Values of a link's contract that no valid run was judged against: `jitter`, `MTU`, `rate sevilla → madrid`.
pub(super) fn gaps(lang: Lang, run: &CampaignRun, judged: &Judged<'_>, link: &Name) -> Vec<String> {
    let Some(declared) = run.topology.links.get(link) else { return vec![] };
    let Contract { rate_bits_per_second: rate, rtt_seconds, jitter_seconds, loss_ratio, mtu_bytes } = declared.contract;
    let has = |metric, forward| judged.get(link).is_some_and(|judged| judged.contains(&(metric, forward)));
    let [a, b] = [declared.between[0].name(), declared.between[1].name()];
    let unjudged = |metric| !has(metric, true) && !has(metric, false);
    let mut gaps = Vec::new();
    for (agreed, forward, from, to) in [(rate.a_to_b, true, a, b), (rate.b_to_a, false, b, a)] {
        if agreed.is_some() && !has(Metric::Throughput, forward) {
            gaps.push(say!(lang, "rate {from} → {to}", "tasa {from} → {to}"));
        }
    }
    let rest = [
        (rtt_seconds.is_some(), Metric::Rtt, lang.word("round-trip time", "tiempo de ida y vuelta")),
        (jitter_seconds.is_some(), Metric::Jitter, lang.word("jitter", "jitter")),
        (loss_ratio.is_some(), Metric::Loss, lang.word("loss", "pérdida")),
        (mtu_bytes.is_some(), Metric::Mtu, lang.word("MTU", "MTU")),
    ];
    let rest = rest.into_iter();
    gaps.extend(rest.filter(|(agreed, metric, _)| *agreed && unjudged(*metric)).map(|(_, _, word)| word.to_owned()));
    gaps
}

/// Everything that was not measured, the worst first.
pub(super) fn list(lang: Lang, run: &CampaignRun) -> Vec<Missing> {
    let mut list = Vec::new();
    for (cause, runs) in invalid_groups(run) {
        let unknown = || lang.word("the instrument was the limit", "el límite fue el instrumento").to_owned();
        let why = cause.map_or_else(unknown, |c| format!("{}; {}", explain(lang, c), advice(lang, c)));
        let invalid = lang.status(RunStatus::Invalid, runs.len());
        list.push(Missing { state: State::Invalid, what: format!("{}, {invalid}", runs_text(lang, &runs)), why });
    }
    let (foreseen, failed): (Vec<_>, Vec<_>) = reason_groups(lang, run).into_iter().partition(|g| g.foreseen);
    let told = |group: ReasonGroup<'_>| {
        let what = format!("{}, {}", runs_text(lang, &group.runs), lang.status(group.status, group.runs.len()));
        Missing { state: State::Unmeasured, what, why: group.why }
    };
    list.extend(failed.into_iter().map(told));
    if let Some(left) = unstarted(run) {
        let (left, planned) = (lang.count(left), lang.count(run.header.planned_runs.into()));
        let what = say!(lang, "{left} of {planned} planned runs", "{left} de {planned} pruebas previstas");
        list.push(Missing { state: State::Unmeasured, what, why: unstarted_why(lang, run).to_owned() });
    }
    let crossed = crossed_contracts(run);
    let mut by_gaps: BTreeMap<Vec<String>, Vec<&Name>> = BTreeMap::new();
    let seen = judged(run);
    for link in &crossed {
        by_gaps.entry(gaps(lang, run, &seen, link)).or_default().push(link);
    }
    for (gaps, links) in by_gaps.into_iter().filter(|(gaps, _)| !gaps.is_empty()) {
        let what = format!("{}: {}", contract_of(lang, &links), gaps.join(", "));
        let why = lang
            .word(
                "no valid run of this campaign was judged against it",
                "ninguna prueba válida de esta campaña se evaluó frente a él",
            )
            .to_owned();
        list.push(Missing { state: State::Unmeasured, what, why });
    }
    let contracted = run.topology.links.iter().filter(|(_, link)| link.contract != Contract::default());
    let untouched: Vec<&Name> = contracted.map(|(name, _)| name).filter(|name| !crossed.contains(*name)).collect();
    if !untouched.is_empty() {
        let whole = run.runs.len() >= run.header.planned_runs as usize;
        let planned = if whole { BTreeSet::new() } else { planned_links(run) };
        let (unreached, apart): (Vec<&Name>, Vec<&Name>) = untouched.into_iter().partition(|n| planned.contains(*n));
        let short = match (run.header.interrupted, run.header.ended) {
            (true, _) => {
                lang.word("not reached: the campaign was interrupted", "sin alcanzar: la campaña se interrumpió")
            }
            (false, Some(_)) => {
                lang.word("not reached: the campaign ended before", "sin alcanzar: la campaña acabó antes")
            }
            (false, None) => {
                lang.word("not reached: the campaign has not ended", "sin alcanzar: la campaña no ha terminado")
            }
        };
        let never = lang.word("no run of this campaign crosses it", "ninguna prueba de esta campaña lo cruza");
        for (links, why) in [(unreached, short), (apart, never)].into_iter().filter(|(l, _)| !l.is_empty()) {
            list.push(Missing { state: State::Unmeasured, what: contract_of(lang, &links), why: why.to_owned() });
        }
    }
    list.extend(foreseen.into_iter().map(told));
    list.extend(unjudged(lang, run));
    list
}

/// Figures that were measured but not judged, although an expectation names them; none that another run of the pair has
/// judged.
fn unjudged(lang: Lang, run: &CampaignRun) -> Vec<Missing> {
    let valid = || run.runs.iter().filter(|r| r.status == RunStatus::Ok).flat_map(|r| &r.assessment.judgements);
    let about = |j: &Judgement| (j.metric, j.sender.clone(), j.receiver.clone());
    let judged: BTreeSet<_> = valid().filter(|j| j.verdict != Verdict::None).map(about).collect();
    let mut groups: BTreeMap<(Metric, String), BTreeSet<(&Name, &Name)>> = BTreeMap::new();
    for one in valid().filter(|j| j.verdict == Verdict::None && !judged.contains(&about(j))) {
        let Judgement { metric, sender, receiver, reason, .. } = one;
        groups.entry((*metric, unjudged_why(lang, one, reason))).or_default().insert((sender, receiver));
    }
    groups
        .into_iter()
        .map(|((metric, why), pairs)| {
            let (metric, pairs) = (lang.metric(metric), pairs_text(lang, &pairs));
            let what = say!(lang, "{metric} on {pairs}, not judged", "{metric} en {pairs}, sin evaluar");
            Missing { state: State::Measured, what, why }
        })
        .collect()
}

/// Without what stands in front of it already: that it was not judged, and the probes of the pair.
fn unjudged_why(lang: Lang, judgement: &Judgement, reason: &Why) -> String {
    let no_contract = || lang.word("no contract covers it", "ningún contrato lo cubre").to_owned();
    match reason {
        Why::NoContract => no_contract(),
        Why::Text(text) if text.starts_with("no contract") => no_contract(),
        Why::Text(text) => sentences::told(lang, text.trim_start_matches("not judged: ")),
        _ => too_few(lang, reason).unwrap_or_else(|| judgement_reason(lang, judgement)),
    }
}

fn contract_of(lang: Lang, links: &[&Name]) -> String {
    let links = names_text(lang, links);
    say!(lang, "contract of {links}", "contrato de {links}")
}

/// Pairs and tests that are named before the rest is only counted.
const NAMED: usize = 4;

/// `2 runs of udp on m1 → s1`, in the direction of the data as everywhere in a report.
pub(super) fn runs_text(lang: Lang, runs: &[&Run]) -> String {
    let tests: BTreeSet<&Name> = runs.iter().map(|r| &r.test).collect();
    let pairs: BTreeSet<(&Name, &Name)> = runs.iter().map(|r| r.flow_ends()).collect();
    let tests: Vec<&Name> = tests.into_iter().collect();
    let runs = lang.counted(runs.len(), ["run", "runs"], ["prueba", "pruebas"]);
    let (tests, pairs) = (names_text(lang, &tests), pairs_text(lang, &pairs));
    say!(lang, "{runs} of {tests} on {pairs}", "{runs} de {tests} en {pairs}")
}

fn names_text(lang: Lang, names: &[&Name]) -> String {
    named(lang, &names.iter().map(|n| n.as_str()).collect::<Vec<_>>())
}

fn pairs_text(lang: Lang, pairs: &BTreeSet<(&Name, &Name)>) -> String {
    let texts: Vec<String> = pairs.iter().map(|(from, to)| format!("{from} → {to}")).collect();
    named(lang, &texts)
}

pub(super) fn named<T: AsRef<str>>(lang: Lang, texts: &[T]) -> String {
    let told: Vec<&str> = texts.iter().take(NAMED).map(AsRef::as_ref).collect();
    match texts.len().saturating_sub(NAMED) {
        0 => told.join(", "),
        more => {
            let (told, more) = (told.join(", "), lang.count(more as u64));
            say!(lang, "{told} and {more} more", "{told} y {more} más")
        }
    }
}
