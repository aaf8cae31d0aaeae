//! The answer: one sentence per finding, the worst first.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::answer;
use super::dead::{self, is_unanswered};
use super::missing::{invalid_groups, reason_groups, runs_text, unstarted, unstarted_why};
use super::representative::{Representative, representative, test_of, with_test};
use super::stalls;
use crate::domain::campaign::Metric;
use crate::domain::name::Name;
use crate::domain::path::Paths;
use crate::domain::reason::Reason;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::{Protocol, Test};
use crate::domain::topology::Topology;
use crate::domain::verdict::{Judgement, Verdict};
use crate::i18n::{Lang, say};
use crate::stats::numbers::{self, PERCENT};
use crate::verdict::{advice, explain, judgement_reason, worst};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it means. `None` is a fact without a limit, or something that could not be measured.
    pub verdict: Verdict,
    /// One sentence without its full stop.
    pub sentence: String,
    pub(in crate::report) state: State,
}

impl Finding {
    pub(super) const fn new(state: State, sentence: String) -> Self {
        let verdict = match state {
            State::Fail => Verdict::Fail,
            State::Invalid => Verdict::Invalid,
            State::Warn => Verdict::Warn,
            State::Pass => Verdict::Pass,
            State::Unmeasured | State::Measured => Verdict::None,
        };
        Self { verdict, sentence, state }
    }
}

/// A judgement with its run.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) run: &'a Run,
    pub(super) judgement: &'a Judgement,
}

/// What is judged together: a link in one direction, or both where a round trip was measured; a pair where no link is
/// declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Route {
    Link { link: Name, way: Way },
    Pair { from: Name, to: Name, both: bool },
}

/// Ways over a link between `a` and `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    There,
    Back,
    Both,
}

impl Route {
    fn of(paths: &Paths<'_>, seen: &Seen<'_>) -> Self {
        let Judgement { sender, receiver, .. } = seen.judgement;
        let round_trip = matches!(seen.run.specification, Test::Ping(_));
        match paths.path(sender, receiver).link {
            Some(crossing) => {
                let way = match (round_trip, crossing.forward) {
                    (true, _) => Way::Both,
                    (false, true) => Way::There,
                    (false, false) => Way::Back,
                };
                Self::Link { link: crossing.link, way }
            }
            None if round_trip && receiver < sender => {
                Self::Pair { from: receiver.clone(), to: sender.clone(), both: true }
            }
            None => Self::Pair { from: sender.clone(), to: receiver.clone(), both: round_trip },
        }
    }

    /// `madrid → sevilla`: the link's own ends, sites or probes, in the direction of the data.
    pub(super) fn ends(&self, topology: &Topology) -> String {
        match self {
            Self::Pair { from, to, both } => format!("{from} {} {to}", if *both { "↔" } else { "→" }),
            Self::Link { link, way } => topology.links.get(link).map_or_else(
                || link.to_string(),
                |l| {
                    let [a, b] = [l.between[0].name(), l.between[1].name()];
                    match way {
                        Way::There => format!("{a} → {b}"),
                        Way::Back => format!("{b} → {a}"),
                        Way::Both => format!("{a} ↔ {b}"),
                    }
                },
            ),
        }
    }
}

/// All judgements of valid runs that came to a verdict, by what they are about.
pub(super) type Groups<'a> = BTreeMap<(Route, Metric), Vec<Seen<'a>>>;

fn groups(run: &CampaignRun) -> Groups<'_> {
    let mut groups = Groups::new();
    let paths = Paths::new(&run.topology);
    let valid = run.runs.iter().filter(|r| r.status == RunStatus::Ok);
    let seen = valid.flat_map(|run| run.assessment.judgements.iter().map(move |judgement| Seen { run, judgement }));
    let told = |s: &Seen<'_>| s.judgement.verdict != Verdict::None && !stalls::is_stall(s.judgement);
    for seen in seen.filter(told) {
        groups.entry((Route::of(&paths, &seen), seen.judgement.metric)).or_default().push(seen);
    }
    groups
}

/// All findings: what falls short, what could not be measured, what is as it should be, and last what was left out because
/// it cannot be run at all: the reader is to know of it and need not act.
pub(in crate::report) fn find(lang: Lang, run: &CampaignRun) -> Vec<Finding> {
    let groups = groups(run);
    let silent = dead::silent(run);
    // What was never answered is a finding of its own.
    let told = |s: &Seen<'_>| is_unanswered(s.run) && silent.contains(&(&s.run.source, &s.run.destination));
    let mut problems: Vec<(f64, Finding)> = groups
        .iter()
        .filter_map(|((route, metric), seen)| {
            let seen: Vec<Seen<'_>> = seen.iter().copied().filter(|s| !told(s)).collect();
            shortfall(lang, &run.topology, route, *metric, &seen)
        })
        .chain(dead::find(lang, run))
        .chain(stalls::find(lang, run))
        .chain(invalid(lang, run))
        .chain(unmeasured(lang, run))
        .collect();
    // A stable sort: equal ones keep the order of links and metrics.
    problems.sort_by(|(a, one), (b, other)| one.state.cmp(&other.state).then(b.total_cmp(a)));
    let mut findings: Vec<Finding> = problems.into_iter().map(|(_, finding)| finding).collect();
    findings.extend(answer::find(lang, run, &groups));
    if run.runs.is_empty() {
        findings.push(Finding::new(
            State::Unmeasured,
            lang.word("Nothing was measured: no run was made", "No se midió nada: no se hizo ninguna prueba")
                .to_owned(),
        ));
    }
    findings.sort_by_key(|f| f.state);
    findings.extend(left_out(lang, run));
    findings
}

fn left_out(lang: Lang, run: &CampaignRun) -> impl Iterator<Item = Finding> {
    reason_groups(lang, run).into_iter().filter(|g| g.foreseen).map(move |group| {
        let was = match group.runs.len() {
            1 => lang.word("was left out", "se dejó fuera"),
            _ => lang.word("were left out", "se dejaron fuera"),
        };
        Finding::new(State::Unmeasured, format!("{} {was}: {}", runs_text(lang, &group.runs), group.why))
    })
}

fn is_missed(seen: &&Seen<'_>) -> bool {
    matches!(seen.judgement.verdict, Verdict::Warn | Verdict::Fail)
}

const fn protocol(run: &Run) -> Option<Protocol> {
    run.specification.protocol()
}

/// The finding of one group and how bad it is, if anything was missed in it. Where TCP and UDP were both judged, the one
/// that missed speaks, TCP before UDP.
fn shortfall<'a>(
    lang: Lang,
    topology: &Topology,
    route: &Route,
    metric: Metric,
    seen: &'a [Seen<'a>],
) -> Option<(f64, Finding)> {
    let missed_over = |p: &Protocol| seen.iter().any(|s| protocol(s.run) == Some(*p) && is_missed(&s));
    let speaks = [Protocol::Tcp, Protocol::Sctp, Protocol::Udp].into_iter().find(missed_over);
    let heard = |s: &&Seen<'_>| speaks.is_none() || protocol(s.run) == speaks;
    let seen: Vec<&'a Seen<'a>> = seen.iter().filter(heard).collect();
    let verdict = worst(seen.iter().filter(|s| is_missed(s)).map(|s| s.judgement.verdict));
    let missed: Vec<&'a Seen<'a>> =
        seen.iter().copied().filter(|s| s.judgement.verdict == verdict && is_missed(s)).collect();
    let representative = representative(&missed, metric, missed.len() == seen.len())?;
    let speaking = test_of(representative.seen.run);
    let pair = |of: &Seen<'_>| (of.judgement.sender.clone(), of.judgement.receiver.clone());
    let others = |s: &&Seen<'a>| pair(s) == pair(representative.seen) && test_of(s.run) != speaking;
    let qualified = if seen.iter().any(others) {
        // A pair that several tests measured: only the one that speaks is counted, and named.
        let same = |all: Vec<&'a Seen<'a>>| all.into_iter().filter(|s| test_of(s.run) == speaking).collect::<Vec<_>>();
        let scope = scope(lang, &same(seen), &same(missed), metric, representative.seen);
        if metric == Metric::Throughput { format!("{}{scope}", with_test(lang, speaking)) } else { scope }
    } else {
        scope(lang, &seen, &missed, metric, representative.seen)
    };
    let sentence = sentence(lang, &route.ends(topology), metric, &representative, &qualified);
    let Judgement { contracted, missed_limit, .. } = representative.seen.judgement;
    let weight = match (metric, representative.value, missed_limit.or(*contracted)) {
        (Metric::Throughput, Some(value), Some(limit)) if missed_limit.is_none() => {
            2.0 - representative.seen.judgement.as_contracted(value) / limit
        }
        (Metric::Throughput | Metric::Mtu, Some(value), Some(limit)) => 2.0 - value / limit,
        (Metric::Throughput | Metric::Mtu, ..) => 1.0,
        _ => 0.0,
    };
    Some((weight, Finding::new(State::of(verdict), sentence)))
}

fn sentence(lang: Lang, ends: &str, metric: Metric, representative: &Representative<'_>, scope: &str) -> String {
    let Seen { run, judgement } = representative.seen;
    let (Some(value), Some(limit)) = (representative.value, judgement.missed_limit.or(judgement.contracted)) else {
        return format!("{ends}: {}{scope}", judgement_reason(lang, judgement));
    };
    let unit = match metric {
        Metric::Throughput => numbers::rate_scale(value),
        Metric::Rtt | Metric::Jitter => numbers::time_scale(value),
        Metric::Loss => PERCENT,
        Metric::Mtu => numbers::BYTES,
    };
    let measured = match metric {
        Metric::Mtu => unit.exact(lang, value),
        _ => numbers::apart(lang, unit, value, limit, false),
    };
    let expected = match metric {
        Metric::Throughput => numbers::rate_exact(lang, limit),
        Metric::Rtt | Metric::Jitter => numbers::time_exact(lang, limit),
        Metric::Loss => PERCENT.exact(lang, limit),
        Metric::Mtu => numbers::BYTES.exact(lang, limit),
    };
    // A limit that the campaign gives as a value is its own and not the contract's.
    let own = judgement.missed_limit.is_some();
    let allowed = match own {
        true => say!(lang, ", more than the {expected} expected", ", más que lo esperado ({expected})"),
        false => say!(lang, "; the contract allows {expected}", "; el contrato permite {expected}"),
    };
    match metric {
        Metric::Throughput => {
            let over = if protocol(run) == Some(Protocol::Udp) { lang.word(" over UDP", " con UDP") } else { "" };
            if own {
                say!(
                    lang,
                    "{ends} delivers {measured}{over}{scope}, below the {expected} expected",
                    "{ends} entrega {measured}{over}{scope}, por debajo de los {expected} esperados"
                )
            } else {
                let share = share_of_rate(
                    lang,
                    (value, judgement.as_contracted(value)),
                    limit,
                    decided_at(judgement).as_slice(),
                );
                say!(lang, "{ends} delivers {share}{over}{scope}", "{ends} entrega {share}{over}{scope}")
            }
        }
        Metric::Mtu if own => say!(
            lang,
            "{ends} carries packets of {measured}{scope}, below the {expected} expected",
            "{ends} lleva paquetes de {measured}{scope}, por debajo de los {expected} esperados"
        ),
        Metric::Mtu => say!(
            lang,
            "{ends} carries packets of {measured}{scope} of the contracted {expected}",
            "{ends} lleva paquetes de {measured}{scope} de los {expected} contratados"
        ),
        Metric::Rtt => say!(
            lang,
            "{ends} takes {measured} for a round trip{scope}{allowed}",
            "{ends} tarda {measured} en ida y vuelta{scope}{allowed}"
        ),
        Metric::Jitter => say!(
            lang,
            "{ends} has a jitter of {measured}{scope}{allowed}",
            "{ends} tiene un jitter de {measured}{scope}{allowed}"
        ),
        Metric::Loss => {
            let packets = packets(lang, run);
            say!(
                lang,
                "{ends} loses {measured} of its {packets}{scope}{allowed}",
                "{ends} pierde el {measured} de {packets}{scope}{allowed}"
            )
        }
    }
}

/// What was counted as lost.
fn packets(lang: Lang, run: &Run) -> String {
    match (protocol(run), run.specification.rate()) {
        (Some(_), Some(rate)) => {
            let rate = numbers::rate(lang, rate.as_f64());
            say!(lang, "packets in UDP at {rate}", "los paquetes UDP a {rate}")
        }
        (Some(_), None) => lang.word("packets in UDP", "los paquetes UDP").to_owned(),
        (None, _) => lang.word("echo requests", "las solicitudes de eco").to_owned(),
    }
}

/// `76.2 of the contracted 100 Mbit/s (80 % with headers)`: of the payload, and of the whole.
///
/// Each share in `limits` stays on its side of what is shown.
pub(super) fn share_of_rate(lang: Lang, (value, whole): (f64, f64), contract: f64, limits: &[f64]) -> String {
    let (measured, rate) = (numbers::rate_of(lang, value, contract), numbers::rate_exact(lang, contract));
    let share = numbers::apart_from_all(lang, PERCENT, whole / contract, limits, true);
    let share = match whole > value {
        true => say!(lang, "{share} with headers", "{share} con cabeceras"),
        false => share.to_string(),
    };
    say!(lang, "{measured} of the contracted {rate} ({share})", "{measured} de los {rate} contratados ({share})")
}

/// The share of the contract by which a judgement was made.
pub(super) fn decided_at(judgement: &Judgement) -> Option<f64> {
    let inner = match &judgement.reason {
        Reason::HeldBack { reason, .. } | Reason::BlackHole { reason } | Reason::BothWays { reason } => reason,
        reason => reason,
    };
    if let Reason::Limit { share, .. } = inner { *share } else { None }
}

/// On how much of what was judged this rests: nothing to say for one pair or where all runs agree.
fn scope(lang: Lang, seen: &[&Seen<'_>], missed: &[&Seen<'_>], metric: Metric, representative: &Seen<'_>) -> String {
    let pairs = |of: &[&Seen<'_>]| {
        of.iter().map(|s| (&s.judgement.sender, &s.judgement.receiver)).collect::<BTreeSet<_>>().len()
    };
    let (all, hit) = (pairs(seen), pairs(missed));
    let Judgement { sender, receiver, .. } = representative.judgement;
    if missed.len() < seen.len() {
        let (missed, seen) = (missed.len(), lang.counted(seen.len(), ["run", "runs"], ["prueba", "pruebas"]));
        let runs = say!(lang, " in {missed} of {seen}", " en {missed} de {seen}");
        if all == 1 {
            return runs;
        }
        return say!(lang, "{runs}, worst on {sender} → {receiver}", "{runs}, la peor en {sender} → {receiver}");
    }
    match (hit, metric) {
        (1, _) => String::new(),
        (_, Metric::Throughput) => say!(lang, ", the best of {all} pairs", ", el mejor de {all} pares"),
        _ => say!(lang, " on the best of {all} pairs", " en el mejor de {all} pares"),
    }
}

fn invalid(lang: Lang, run: &CampaignRun) -> impl Iterator<Item = (f64, Finding)> {
    invalid_groups(run).into_iter().map(move |(cause, runs)| {
        let says = match runs.len() {
            1 => lang.word("says nothing about the link", "no dice nada del enlace"),
            _ => lang.word("say nothing about the link", "no dicen nada del enlace"),
        };
        let runs = runs_text(lang, &runs);
        let sentence = match cause {
            Some(cause) => format!("{runs} {says}: {}; {}", explain(lang, cause), advice(lang, cause)),
            None => format!("{runs} {says}"),
        };
        (0.0, Finding::new(State::Invalid, sentence))
    })
}

/// Reasons that get a sentence of their own; the rest share one and are listed under what was not measured.
const REASONS_TOLD: usize = 3;

fn unmeasured(lang: Lang, run: &CampaignRun) -> Vec<(f64, Finding)> {
    let mut groups = reason_groups(lang, run);
    groups.retain(|g| !g.foreseen);
    let mut sentences: Vec<String> = groups
        .iter()
        .take(REASONS_TOLD)
        .map(|group| {
            let pairs: BTreeSet<(&Name, &Name)> = group.runs.iter().map(|r| (&r.source, &r.destination)).collect();
            let runs = lang.counted(group.runs.len(), ["run", "runs"], ["prueba", "pruebas"]);
            let of = match (pairs.len(), pairs.first()) {
                (1, Some((from, to))) => say!(lang, "{runs} from {from} to {to}", "{runs} de {from} a {to}"),
                (n, _) => say!(lang, "{runs} on {n} pairs", "{runs} en {n} pares"),
            };
            let not = match group.runs.len() {
                1 => lang.word("could not be measured", "no se pudo medir"),
                _ => lang.word("could not be measured", "no se pudieron medir"),
            };
            format!("{of} {not}: {}", group.why)
        })
        .collect();
    let rest: usize = groups.iter().skip(REASONS_TOLD).map(|g| g.runs.len()).sum();
    if rest > 0 {
        let more = lang.counted(
            rest,
            ["more run could not be measured", "more runs could not be measured"],
            ["prueba más no se pudo medir", "pruebas más no se pudieron medir"],
        );
        sentences.push(say!(lang, "{more} for other reasons", "{more} por otros motivos"));
    }
    if let Some(n) = unstarted(run) {
        let (n, total) = (lang.count(n), lang.count(run.header.planned_runs.into()));
        let why = unstarted_why(lang, run);
        sentences.push(say!(
            lang,
            "{n} of {total} planned runs were not made: {why}",
            "{n} de {total} pruebas previstas no se hicieron: {why}"
        ));
    }
    sentences.into_iter().map(|s| (0.0, Finding::new(State::Unmeasured, s))).collect()
}
