//! One section per ordered pair, in the direction of the data.

use std::collections::BTreeMap;

use super::dead::is_unanswered;
use super::evidence::{Command, CounterRow, JudgementRow, commands, counter_rows, judgement_rows, label};
use super::figures::{Rate, RateRow, rate_rows, rates_of, round_trip};
use super::findings::decided_at;
use super::paths::{PathRow, path_rows};
use super::pings::{PingRow, ping_rows};
use super::representative::test_of;
use super::{State, others, place, site};
use crate::domain::campaign::Metric;
use crate::domain::name::Name;
use crate::domain::path::{Agreed, Paths};
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::{Direction, Protocol};
use crate::domain::verdict::{Judgement, Verdict};
use crate::i18n::{Lang, say};
use crate::stats::median;
use crate::stats::numbers::{self, Figure};
use crate::verdict::no_measurement;

/// Everything about the data from `sender` to `receiver`.
#[derive(Debug)]
pub(in crate::report) struct Pair {
    pub(in crate::report) sender: Name,
    pub(in crate::report) receiver: Name,
    /// Where it goes: `madrid → sevilla over macrolan`.
    pub(in crate::report) route: String,
    /// What was agreed: `100 Mbit/s, round trip 20 ms`.
    pub(in crate::report) contract: Option<String>,
    pub(in crate::report) state: State,
    /// Median of the valid runs of one TCP test, of UDP where there are none, and the suffix that tells which.
    pub(in crate::report) throughput: Option<(Figure, String)>,
    /// That as a share of the contracted rate.
    pub(in crate::report) share: Option<String>,
    /// Median of the mean round-trip times of valid pings.
    pub(in crate::report) rtt: Option<Figure>,
    pub(in crate::report) rates: Vec<RateRow>,
    pub(in crate::report) pings: Vec<PingRow>,
    pub(in crate::report) paths: Vec<PathRow>,
    /// What other tests found: the test and its figures.
    pub(in crate::report) others: Vec<(String, String)>,
    pub(in crate::report) judgements: Vec<JudgementRow>,
    /// Runs without a measurement: the test and why.
    pub(in crate::report) unmeasured: Vec<(String, String)>,
    pub(in crate::report) commands: Vec<Command>,
    pub(in crate::report) counters: Vec<CounterRow>,
}

impl Pair {
    /// An id for links within a document; names have no dots.
    pub(in crate::report) fn anchor(&self) -> String {
        format!("pair.{}.{}", self.sender, self.receiver)
    }
}

/// All pairs, the worst first, else by site and name.
pub(super) fn sections(lang: Lang, run: &CampaignRun) -> Vec<Pair> {
    let mut pairs: BTreeMap<_, Vec<&Run>> = BTreeMap::new();
    let mut add = |from, to, one| {
        pairs.entry((place(&run.topology, from), place(&run.topology, to))).or_default().push(one);
    };
    for one in &run.runs {
        let (sender, receiver) = one.flow_ends();
        add(sender, receiver, one);
        if one.direction() == Direction::Bidirectional {
            add(receiver, sender, one);
        }
    }
    let mut pairs: Vec<_> =
        pairs.into_iter().map(|(((_, _, from), (_, _, to)), runs)| (state(&runs, from, to), from, to, runs)).collect();
    // A stable sort: equal ones keep their order.
    pairs.sort_by_key(|(state, ..)| *state);
    let paths = Paths::new(&run.topology);
    let section = |(i, (state, from, to, runs)): (usize, (State, &Name, &Name, Vec<&Run>))| {
        section(lang, run, &paths, (from, to), &runs, state, i < WHOLE_MAX)
    };
    pairs.into_iter().enumerate().map(section).collect()
}

/// Pairs whose evidence a report shows whole.
const WHOLE_MAX: usize = 300;

/// Beyond so many pairs a report is not read to its end: those as expected keep their figures, the worst all their evidence.
/// The sentence that says so.
pub(super) fn left_out(lang: Lang, pairs: &[Pair]) -> Option<String> {
    if pairs.len() <= WHOLE_MAX {
        return None;
    }
    let count = lang.count(pairs.len() as u64);
    Some(say!(
        lang,
        "Of {count} pairs the {WHOLE_MAX} worst have all their evidence here; the JSON report has it of all.",
        "De {count} pares, los {WHOLE_MAX} peores tienen aquí todo su detalle; el informe JSON lo tiene de todos."
    ))
}

/// `whole`: with all evidence; what a report leaves out is not even made.
fn section(
    lang: Lang,
    run: &CampaignRun,
    paths: &Paths<'_>,
    (sender, receiver): (&Name, &Name),
    runs: &[&Run],
    state: State,
    whole: bool,
) -> Pair {
    let crossing = paths.path(sender, receiver).link;
    let agreed = run.topology.agreed(crossing.as_ref());
    let rate = agreed.and_then(|a| a.rate).map(crate::domain::unit::Bitrate::as_f64);
    let repeated = runs.iter().any(|r| r.repetition > 1);
    let rates: Vec<Rate<'_>> =
        runs.iter().flat_map(|r| rates_of(r)).filter(|r| r.sender == sender && r.receiver == receiver).collect();
    let throughput = throughput(&rates);
    let rtts: Vec<f64> =
        runs.iter().filter(|r| r.status == RunStatus::Ok).filter_map(|r| round_trip(r)?.rtt_seconds).collect();
    let failed = runs.iter().filter(|r| matches!(r.status, RunStatus::Failed | RunStatus::Skipped));
    let judged = runs.iter().flat_map(|r| &r.assessment.judgements);
    let decided: Vec<f64> = judged.filter(|j| j.metric == Metric::Throughput).filter_map(decided_at).collect();
    Pair {
        sender: sender.clone(),
        receiver: receiver.clone(),
        route: route(lang, run, sender, receiver, crossing.as_ref().map(|c| &c.link)),
        contract: agreed.filter(|_| whole).map(|a| contract_text(lang, &a)),
        state,
        share: throughput.as_ref().zip(rate).map(|(given, contract)| {
            let share = with_headers(given.run, sender, given.value) / contract;
            numbers::apart_from_all(lang, numbers::PERCENT, share, &decided, true).to_string()
        }),
        throughput: throughput.map(|given| (numbers::rate(lang, given.value), given.suffix)),
        rtt: median(&rtts).map(|rtt| numbers::time(lang, rtt)),
        rates: rate_rows(lang, &rates, rate, whole),
        pings: ping_rows(lang, runs, sender, receiver),
        paths: if whole { path_rows(lang, run, runs) } else { vec![] },
        others: others::rows(lang, runs, repeated),
        judgements: judgement_rows(lang, runs, (sender, receiver), repeated, whole),
        unmeasured: failed
            .map(|r| (format!("{} {}", label(r, repeated), lang.status(r.status, 1)), no_measurement(lang, r)))
            .collect(),
        commands: if whole { commands(lang, runs) } else { vec![] },
        counters: if whole { counter_rows(lang, runs, repeated) } else { vec![] },
    }
}

/// What the path gives, by one test of it.
struct Given<'a> {
    value: f64,
    /// A run of that test.
    run: &'a Run,
    suffix: String,
}

/// The test that speaks for the path: one that is held to no rate of its own and has the path for itself, where there is such;
/// of several the best. Figures of different tests are never mixed.
fn throughput<'a>(rates: &[Rate<'a>]) -> Option<Given<'a>> {
    let given = |(protocol, name): (Protocol, &str)| {
        let mut tests: BTreeMap<_, Vec<&Rate<'a>>> = BTreeMap::new();
        for rate in rates.iter().filter(|r| r.protocol == protocol && r.run.status == RunStatus::Ok) {
            tests.entry(test_of(rate.run)).or_default().push(rate);
        }
        let several = tests.len() > 1;
        let each = tests.into_iter().filter_map(|((test, both_ways), of)| {
            let run = of.first()?.run;
            let value = median(&of.iter().map(|r| r.flow.throughput_bits_per_second).collect::<Vec<_>>())?;
            let way = if both_ways { " ↔" } else { "" };
            let suffix = if several { format!("{name} {test}{way}") } else { name.to_owned() };
            Some(((run.specification.offered().is_some(), both_ways), Given { value, run, suffix }))
        });
        each.min_by(|(a, one), (b, other)| a.cmp(b).then(other.value.total_cmp(&one.value))).map(|(_, given)| given)
    };
    [(Protocol::Tcp, ""), (Protocol::Udp, " UDP")].into_iter().find_map(given)
}

/// `value` with the headers that the contract counts.
fn with_headers(run: &Run, sender: &Name, value: f64) -> f64 {
    let judged = |j: &&Judgement| j.metric == Metric::Throughput && j.sender == *sender && j.with_headers.is_some();
    run.assessment.judgements.iter().find(judged).map_or(value, |j| j.as_contracted(value))
}

/// The worst that was judged; `Unmeasured` only where no run brought anything.
pub(super) fn state(runs: &[&Run], sender: &Name, receiver: &Name) -> State {
    let of = |run: &&Run| match run.status {
        RunStatus::Failed | RunStatus::Skipped => None,
        RunStatus::Invalid => Some(State::Invalid),
        RunStatus::Ok => {
            let own = run.assessment.judgements.iter().filter(|j| j.sender == *sender && j.receiver == *receiver);
            let judged = own.filter(|j| j.verdict != Verdict::None).map(|j| State::of(j.verdict)).min();
            judged.or_else(|| (!is_unanswered(run)).then_some(State::Measured))
        }
    };
    runs.iter().filter_map(of).min().unwrap_or(State::Unmeasured)
}

fn route(lang: Lang, run: &CampaignRun, sender: &Name, receiver: &Name, link: Option<&Name>) -> String {
    let sites = (site(&run.topology, sender), site(&run.topology, receiver));
    match (sites, link) {
        ((Some(from), Some(to)), Some(link)) if from != to => {
            say!(lang, "{from} → {to} over {link}", "{from} → {to} por {link}")
        }
        (_, Some(link)) => say!(lang, "over {link}", "por {link}"),
        ((Some(from), Some(to)), None) if from == to => {
            say!(lang, "within {from}, no contract", "dentro de {from}, sin contrato")
        }
        ((Some(from), Some(to)), None) => say!(
            lang,
            "{from} → {to}, no link declared, no contract",
            "{from} → {to}, sin enlace declarado, sin contrato"
        ),
        _ => lang.word("no link declared, no contract", "sin enlace declarado, sin contrato").to_owned(),
    }
}

fn contract_text(lang: Lang, agreed: &Agreed) -> String {
    let time = |t: std::time::Duration| numbers::time_exact(lang, t.as_secs_f64());
    let parts = [
        agreed.rate.map(|r| numbers::rate_exact(lang, r.as_f64()).to_string()),
        agreed.rtt.map(|t| format!("{} {}", lang.word("round trip", "ida y vuelta"), time(t))),
        agreed.jitter.map(|t| format!("{} {}", lang.metric(Metric::Jitter), time(t))),
        agreed.loss.map(|l| format!("{} {}", lang.metric(Metric::Loss), numbers::PERCENT.exact(lang, l.share()))),
        agreed.mtu.map(|mtu| format!("MTU {mtu} B")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
