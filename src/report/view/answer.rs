//! What is as it should be, in a sentence; and the main figures where nothing was agreed.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use super::figures::{self, Rate, range_text};
use super::findings::{Finding, Groups, Route, Seen};
use super::missing::{gaps, judged};
use super::representative::{Representative, representative, test_of};
use crate::domain::campaign::Metric;
use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run};
use crate::domain::test::Protocol;
use crate::domain::unit::Bitrate;
use crate::domain::verdict::Verdict;
use crate::i18n::{Lang, say};
use crate::stats::{median, numbers};
use crate::verdict::{is_shaped_below, judgement_reason, sent_short, sent_short_text, shows};

/// Links whose figures are told in the sentence itself.
const LINKS_TOLD: usize = 2;
/// Links whose names are told.
const NAMES_TOLD: usize = 6;

pub(super) fn find(lang: Lang, run: &CampaignRun, groups: &Groups<'_>) -> Vec<Finding> {
    let crossed = crossed_contracts(run);
    if crossed.is_empty() {
        return facts(lang, run, groups);
    }
    let mut findings = Vec::new();
    let mut met: Vec<&Name> = Vec::new();
    for link in &crossed {
        match standing(groups, link) {
            Standing::Met => met.push(link),
            Standing::Unknown => findings.push(Finding::new(
                State::Unmeasured,
                say!(
                    lang,
                    "Whether {link} keeps its contract is not known: no valid run was judged against it",
                    "No se sabe si {link} cumple su contrato: ninguna prueba válida se evaluó frente a él"
                ),
            )),
            Standing::Tolerated => findings.extend(tolerated(lang, run, groups, link)),
            Standing::Missed => {}
        }
    }
    if !met.is_empty() {
        findings.push(Finding::new(State::Pass, met_sentence(lang, run, groups, &met, crossed.len())));
    }
    findings
}

/// Links with a contract that some run crossed, whatever became of it.
pub(super) fn crossed_contracts(run: &CampaignRun) -> BTreeSet<Name> {
    let crossings = run.runs.iter().filter_map(|r| r.path.link.as_ref());
    let links: BTreeSet<&Name> = crossings.map(|c| &c.link).collect();
    let contracted = |link: &&Name| {
        let contract = run.topology.links.get(*link).map(|l| l.contract);
        contract.is_some_and(|c| c != crate::domain::topology::Contract::default())
    };
    links.into_iter().filter(contracted).cloned().collect()
}

enum Standing {
    Met,
    /// An expectation was missed: told as a shortfall.
    Missed,
    /// Below the contract, within what the campaign expects.
    Tolerated,
    Unknown,
}

fn on_link<'a>(groups: &'a Groups<'a>, link: &Name) -> impl Iterator<Item = (&'a (Route, Metric), &'a Vec<Seen<'a>>)> {
    groups.iter().filter(move |((route, _), _)| matches!(route, Route::Link { link: l, .. } if l == link))
}

fn standing(groups: &Groups<'_>, link: &Name) -> Standing {
    let seen: Vec<&Seen<'_>> = on_link(groups, link).flat_map(|(_, s)| s).filter(|s| tells(s)).collect();
    if on_link(groups, link).flat_map(|(_, s)| s).any(|s| s.judgement.verdict != Verdict::Pass) {
        Standing::Missed
    } else if seen.is_empty() {
        Standing::Unknown
    } else if seen.iter().all(|s| keeps(s)) {
        Standing::Met
    } else {
        Standing::Tolerated
    }
}

/// The usual least share of a contracted rate.
const RATE_KEPT: f64 = 0.9;

/// Can the figure show whether the contract is kept? A sender that was asked for less than the contract cannot.
fn tells(seen: &Seen<'_>) -> bool {
    let Some(contract) = seen.judgement.contracted else { return false };
    let asked = seen.run.specification.offered().filter(|_| seen.judgement.metric == Metric::Throughput);
    let offered = asked.map(Bitrate::as_f64);
    offered.is_none_or(|offered| shows(seen.judgement.as_contracted(offered), RATE_KEPT * contract))
}

/// Does the figure keep the contract itself, whatever the campaign expects?
fn keeps(seen: &Seen<'_>) -> bool {
    let (Some(value), Some(contract)) = (seen.judgement.measured, seen.judgement.contracted) else { return false };
    match seen.judgement.metric {
        Metric::Throughput => seen.judgement.as_contracted(value) >= RATE_KEPT * contract,
        Metric::Mtu => value >= contract,
        Metric::Rtt | Metric::Jitter | Metric::Loss => value <= contract,
    }
}

fn tolerated(lang: Lang, run: &CampaignRun, groups: &Groups<'_>, link: &Name) -> Vec<Finding> {
    let below = |((route, metric), seen): (&(Route, Metric), &Vec<Seen<'_>>)| {
        let below: Vec<&Seen<'_>> = seen.iter().filter(|s| tells(s) && !keeps(s)).collect();
        let first = below.first()?;
        let sentence = match (metric, representative(&below, *metric, false)) {
            (Metric::Throughput, Some(Representative { value: Some(value), .. })) => {
                let share = super::findings::share_of_rate(
                    lang,
                    (value, first.judgement.as_contracted(value)),
                    first.judgement.contracted?,
                    &[RATE_KEPT],
                );
                let ends = route.ends(&run.topology);
                say!(
                    lang,
                    "{ends} delivers {share}, within what the campaign expects",
                    "{ends} entrega {share}, dentro de lo que espera la campaña"
                )
            }
            _ => format!("{}: {}", route.ends(&run.topology), judgement_reason(lang, first.judgement)),
        };
        Some(Finding::new(State::Measured, sentence))
    };
    on_link(groups, link).filter_map(below).collect()
}

fn met_sentence(lang: Lang, run: &CampaignRun, groups: &Groups<'_>, met: &[&Name], crossed: usize) -> String {
    let names: Vec<&str> = met.iter().map(|n| n.as_str()).collect();
    let told = match names.as_slice() {
        [one] => say!(lang, "The contract of {one} is met", "Se cumple el contrato de {one}"),
        [one, two] if crossed == 2 => say!(
            lang,
            "Both contracts are met, of {one} and of {two}",
            "Se cumplen ambos contratos, el de {one} y el de {two}"
        ),
        all if all.len() == crossed => {
            say!(lang, "All {crossed} contracts are met", "Se cumplen los {crossed} contratos")
        }
        some => {
            let met = some.len();
            let told = say!(lang, "{met} of {crossed} contracts are met", "Se cumplen {met} de {crossed} contratos");
            if met <= NAMES_TOLD { format!("{told}: {}", some.join(", ")) } else { told }
        }
    };
    let seen = judged(run);
    let whole = met.iter().all(|link| gaps(lang, run, &seen, link).is_empty());
    let told = if whole { told } else { say!(lang, "{told} as far as measured", "{told} hasta donde se midió") };
    let rates: Vec<String> = if met.len() <= LINKS_TOLD {
        met.iter().flat_map(|link| on_link(groups, link)).filter_map(|group| rate_kept(lang, run, group)).collect()
    } else {
        Vec::new()
    };
    if rates.is_empty() { told } else { format!("{told}: {}", rates.join(", ")) }
}

fn rate_kept(
    lang: Lang,
    run: &CampaignRun,
    ((route, metric), seen): (&(Route, Metric), &Vec<Seen<'_>>),
) -> Option<String> {
    if *metric != Metric::Throughput {
        return None;
    }
    let tcp =
        |s: &&Seen<'_>| matches!(&s.run.measurement, Some(Measurement::Throughput(t)) if t.protocol == Protocol::Tcp);
    let all: Vec<&Seen<'_>> = seen.iter().collect();
    let over_tcp: Vec<&Seen<'_>> = seen.iter().filter(tcp).collect();
    let best = representative(if over_tcp.is_empty() { &all } else { &over_tcp }, *metric, true)?;
    let (value, contract) = (best.value?, best.seen.judgement.contracted?);
    let ends = route.ends(&run.topology);
    let (value, contract) = (numbers::rate_of(lang, value, contract), numbers::rate_exact(lang, contract));
    Some(say!(lang, "{ends} delivers {value} of {contract}", "{ends} entrega {value} de {contract}"))
}

/// What its sender sent and what it was asked for, where that is clearly more, and no shaper of the topology held it back.
fn short(run: &CampaignRun, rate: &Rate<'_>) -> Option<(f64, f64)> {
    sent_short(rate.flow, &rate.run.specification)
        .filter(|(_, asked)| !is_shaped_below(&run.topology, rate.sender, rate.receiver, *asked))
}

/// Pairs whose UDP sender itself was too slow: what arrived is its figure and not the path's. Told of the one that was
/// furthest from what was asked.
fn held_back(lang: Lang, run: &CampaignRun, flows: &[Rate<'_>]) -> Option<Finding> {
    let all: Vec<_> = flows.iter().filter_map(|rate| Some((rate, short(run, rate)?))).collect();
    let share = |(sent, asked): (f64, f64)| sent / asked;
    let (rate, (sent, asked)) = all.iter().min_by(|a, b| share(a.1).total_cmp(&share(b.1)))?;
    let (from, to) = (rate.sender, rate.receiver);
    let sent = sent_short_text(lang, *sent, *asked);
    let pairs = all.iter().map(|(rate, _)| (rate.sender, rate.receiver)).collect::<BTreeSet<_>>().len();
    let others = match pairs - 1 {
        0 => String::new(),
        more => {
            let more = lang.counted(more, ["other pair", "other pairs"], ["par más", "pares más"]);
            say!(lang, "; so it is with {more}", "; lo mismo ocurre con {more}")
        }
    };
    Some(Finding::new(
        State::Measured,
        say!(
            lang,
            "What {from} → {to} carries over UDP is not shown: {from} {sent}{others}",
            "Lo que {from} → {to} lleva con UDP no queda mostrado: {from} {sent}{others}"
        ),
    ))
}

/// The main figures of a campaign run that crossed no contract.
fn facts(lang: Lang, run: &CampaignRun, groups: &Groups<'_>) -> Vec<Finding> {
    let judged: Vec<&Seen<'_>> = groups.values().flatten().collect();
    let met = !judged.is_empty() && judged.iter().all(|s| s.judgement.verdict == Verdict::Pass);
    let mut findings = Vec::new();
    if met {
        let sentence = match judged.len() {
            1 => lang.word("The expectation of the campaign is met", "Se cumple lo que espera la campaña").to_owned(),
            n => {
                let n = lang.count(n as u64);
                say!(
                    lang,
                    "All {n} expectations of the campaign are met",
                    "Se cumplen las {n} expectativas de la campaña"
                )
            }
        };
        findings.push(Finding::new(State::Pass, sentence));
    }
    let flows = figures::rates(run);
    for (protocol, name) in [(Protocol::Tcp, "TCP"), (Protocol::Udp, "UDP")] {
        let of = flows.iter().filter(|r| r.protocol == protocol && short(run, r).is_none());
        let rates = medians(of.map(|r| (r.sender, r.receiver, r.run, r.flow.throughput_bits_per_second)));
        findings.extend(extremes(rates).map(|e| {
            let how = say!(lang, "over {name}", "con {name}");
            let verb = match e.pairs {
                1 => lang.word("delivers", "entrega"),
                _ => lang.word("deliver", "entregan"),
            };
            Finding::new(State::Measured, e.sentence(lang, &how, verb, |v| numbers::rate(lang, v).to_string()))
        }));
    }
    findings.extend(held_back(lang, run, &flows));
    let round_trips =
        figures::round_trips(run).into_iter().filter_map(|(r, p)| Some((&r.source, &r.destination, r, p.rtt_seconds?)));
    findings.extend(extremes(medians(round_trips)).map(|e| {
        let how = lang.word("for a round trip", "en ida y vuelta");
        let verb = match e.pairs {
            1 => lang.word("takes", "tarda"),
            _ => lang.word("take", "tardan"),
        };
        Finding::new(State::Measured, e.sentence(lang, how, verb, |v| numbers::time(lang, v).to_string()))
    }));
    if !findings.is_empty() && !met {
        findings.push(Finding::new(
            State::Measured,
            lang.word(
                "No contract covers what was measured, so nothing was judged",
                "Ningún contrato cubre lo medido, así que no se evaluó nada",
            )
            .to_owned(),
        ));
    }
    findings
}

/// The median of each test's repetitions on each pair.
fn medians<'a>(values: impl Iterator<Item = (&'a Name, &'a Name, &'a Run, f64)>) -> Vec<(&'a Name, &'a Name, f64)> {
    let mut tests: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for (from, to, run, value) in values {
        tests.entry((from, to, test_of(run))).or_default().push(value);
    }
    tests.into_iter().filter_map(|((from, to, _), all)| Some((from, to, median(&all)?))).collect()
}

/// The least and the most of what several pairs, or several tests of one, measured.
struct Extremes<'a> {
    least: (&'a Name, &'a Name, f64),
    most: (&'a Name, &'a Name, f64),
    pairs: usize,
}

fn extremes<'a>(mut values: Vec<(&'a Name, &'a Name, f64)>) -> Option<Extremes<'a>> {
    let pairs = values.iter().map(|(from, to, _)| (*from, *to)).collect::<BTreeSet<_>>().len();
    values.sort_by(|a, b| a.2.total_cmp(&b.2));
    Some(Extremes { least: *values.first()?, most: *values.last()?, pairs })
}

impl Extremes<'_> {
    fn sentence(&self, lang: Lang, how: &str, verb: &str, text: impl Fn(f64) -> String) -> String {
        let (from, to, least) = self.least;
        if self.pairs == 1 {
            let (least, most) = (text(least), text(self.most.2));
            let range = if least == most { least } else { range_text(lang, &least, &most) };
            return format!("{from} → {to} {verb} {range} {how}");
        }
        let (other_from, other_to, most) = self.most;
        let pairs = lang.counted(self.pairs, ["pair", "pairs"], ["par", "pares"]);
        let (least, most) = (text(least), text(most));
        say!(
            lang,
            "{pairs} {verb} {least} ({from} → {to}) to {most} ({other_from} → {other_to}) {how}",
            "{pairs} {verb} de {least} ({from} → {to}) a {most} ({other_from} → {other_to}) {how}"
        )
    }
}
