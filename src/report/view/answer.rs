//! What is as it should be, in a sentence; and the main figures where nothing was agreed.

use std::collections::BTreeSet;

use super::State;
use super::figures::{self, Rate};
use super::findings::{Finding, Groups, Representative, Route, Seen, representative};
use super::missing::gaps;
use crate::domain::campaign::Metric;
use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::run::CampaignRun;
use crate::domain::test::Protocol;
use crate::domain::unit::Bitrate;
use crate::domain::verdict::Verdict;
use crate::stats::numbers::{self, counted};

/// Links whose figures are told in the sentence itself.
const LINKS_TOLD: usize = 2;
/// Links whose names are told.
const NAMES_TOLD: usize = 6;

pub(super) fn find(run: &CampaignRun, groups: &Groups<'_>) -> Vec<Finding> {
    let crossed = crossed_contracts(run);
    if crossed.is_empty() {
        return facts(run, groups);
    }
    let mut findings = Vec::new();
    let mut met: Vec<&Name> = Vec::new();
    for link in &crossed {
        match standing(groups, link) {
            Standing::Met => met.push(link),
            Standing::Unknown => findings.push(Finding::new(
                State::Unmeasured,
                format!("Whether {link} keeps its contract is not known: no valid run was judged against it"),
            )),
            Standing::Tolerated => findings.extend(tolerated(run, groups, link)),
            Standing::Missed => {}
        }
    }
    if !met.is_empty() {
        findings.push(Finding::new(State::Pass, met_sentence(run, groups, &met, crossed.len())));
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

/// The usual least share of a contracted rate: frames have headers.
const RATE_KEPT: f64 = 0.9;

/// Can the figure show whether the contract is kept? A sender that was asked for less than the contract cannot.
fn tells(seen: &Seen<'_>) -> bool {
    let Some(contract) = seen.judgement.contracted else { return false };
    let asked = seen.run.specification.rate().filter(|_| seen.judgement.metric == Metric::Throughput);
    let offered = asked.map(Bitrate::as_f64);
    offered.is_none_or(|offered| offered >= RATE_KEPT * contract)
}

/// Does the figure keep the contract itself, whatever the campaign expects?
fn keeps(seen: &Seen<'_>) -> bool {
    let (Some(value), Some(contract)) = (seen.judgement.measured, seen.judgement.contracted) else { return false };
    match seen.judgement.metric {
        Metric::Throughput => value >= RATE_KEPT * contract,
        Metric::Mtu => value >= contract,
        Metric::Rtt | Metric::Jitter | Metric::Loss => value <= contract,
    }
}

fn tolerated(run: &CampaignRun, groups: &Groups<'_>, link: &Name) -> Vec<Finding> {
    let below = |((route, metric), seen): (&(Route, Metric), &Vec<Seen<'_>>)| {
        let below: Vec<&Seen<'_>> = seen.iter().filter(|s| tells(s) && !keeps(s)).collect();
        let first = below.first()?;
        let sentence = match (metric, representative(&below, *metric, false)) {
            (Metric::Throughput, Some(Representative { value: Some(value), .. })) => {
                let share = super::findings::share_of_rate(value, first.judgement.contracted?);
                format!("{} delivers {share}, within what the campaign expects", route.ends(&run.topology))
            }
            _ => format!("{}: {}", route.ends(&run.topology), first.judgement.reason),
        };
        Some(Finding::new(State::Measured, sentence))
    };
    on_link(groups, link).filter_map(below).collect()
}

fn met_sentence(run: &CampaignRun, groups: &Groups<'_>, met: &[&Name], crossed: usize) -> String {
    let names: Vec<&str> = met.iter().map(|n| n.as_str()).collect();
    let told = match names.as_slice() {
        [one] => format!("The contract of {one} is met"),
        [one, two] if crossed == 2 => format!("Both contracts are met, of {one} and of {two}"),
        all if all.len() == crossed => format!("All {crossed} contracts are met"),
        some if some.len() <= NAMES_TOLD => {
            format!("{} of {crossed} contracts are met: {}", some.len(), some.join(", "))
        }
        some => format!("{} of {crossed} contracts are met", some.len()),
    };
    let whole = met.iter().all(|link| gaps(run, link).is_empty());
    let told = if whole { told } else { format!("{told} as far as measured") };
    let rates: Vec<String> = if met.len() <= LINKS_TOLD {
        met.iter().flat_map(|link| on_link(groups, link)).filter_map(|group| rate_kept(run, group)).collect()
    } else {
        Vec::new()
    };
    if rates.is_empty() { told } else { format!("{told}: {}", rates.join(", ")) }
}

fn rate_kept(run: &CampaignRun, ((route, metric), seen): (&(Route, Metric), &Vec<Seen<'_>>)) -> Option<String> {
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
    Some(format!("{ends} delivers {} of {}", numbers::rate_of(value, contract), numbers::rate_exact(contract)))
}

/// The main figures of a campaign run that crossed no contract.
fn facts(run: &CampaignRun, groups: &Groups<'_>) -> Vec<Finding> {
    let judged: Vec<&Seen<'_>> = groups.values().flatten().collect();
    let met = !judged.is_empty() && judged.iter().all(|s| s.judgement.verdict == Verdict::Pass);
    let mut findings = Vec::new();
    if met {
        let sentence = match judged.len() {
            1 => "The expectation of the campaign is met".to_owned(),
            n => format!("All {} expectations of the campaign are met", numbers::count(n as u64)),
        };
        findings.push(Finding::new(State::Pass, sentence));
    }
    let flows = figures::rates(run);
    for (protocol, name) in [(Protocol::Tcp, "TCP"), (Protocol::Udp, "UDP")] {
        let of: Vec<&Rate<'_>> = flows.iter().filter(|r| r.protocol == protocol).collect();
        let rates = of.iter().map(|r| (r.sender, r.receiver, r.flow.throughput_bits_per_second)).collect();
        findings.extend(extremes(rates).map(|e| {
            let rate = |v| numbers::rate(v).to_string();
            Finding::new(State::Measured, e.sentence(&format!("over {name}"), "delivers", "deliver", rate))
        }));
    }
    let round_trips = figures::round_trips(run)
        .into_iter()
        .filter_map(|(r, p)| Some((&r.source, &r.destination, p.rtt_seconds?)))
        .collect();
    findings.extend(extremes(round_trips).map(|e| {
        Finding::new(State::Measured, e.sentence("for a round trip", "takes", "take", |v| numbers::time(v).to_string()))
    }));
    if !findings.is_empty() && !met {
        findings.push(Finding::new(
            State::Measured,
            "No contract covers what was measured, so nothing was judged".to_owned(),
        ));
    }
    findings
}

/// The least and the most of what several pairs measured.
struct Extremes<'a> {
    least: (&'a Name, &'a Name, f64),
    most: (&'a Name, &'a Name, f64),
    pairs: usize,
}

fn extremes<'a>(mut values: Vec<(&'a Name, &'a Name, f64)>) -> Option<Extremes<'a>> {
    let pairs = values.iter().map(|(from, to, _)| (*from, *to)).collect::<BTreeSet<_>>().len();
    if pairs == 1 {
        let all: Vec<f64> = values.iter().map(|v| v.2).collect();
        let middle = crate::stats::median(&all)?;
        values = values.into_iter().take(1).map(|(from, to, _)| (from, to, middle)).collect();
    }
    values.sort_by(|a, b| a.2.total_cmp(&b.2));
    Some(Extremes { least: *values.first()?, most: *values.last()?, pairs })
}

impl Extremes<'_> {
    fn sentence(&self, how: &str, one: &str, many: &str, text: impl Fn(f64) -> String) -> String {
        let (from, to, least) = self.least;
        if self.pairs == 1 {
            return format!("{from} → {to} {one} {} {how}", text(least));
        }
        let (other_from, other_to, most) = self.most;
        let pairs = counted(self.pairs, "pair", "pairs");
        format!("{pairs} {many} {} ({from} → {to}) to {} ({other_from} → {other_to}) {how}", text(least), text(most))
    }
}
