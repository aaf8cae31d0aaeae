//! What the runs of a pair measured, repetitions brought together.

use std::collections::{BTreeMap, BTreeSet};

use super::pair::state;
use super::{DASH, State};
use crate::domain::measurement::{Flow, Interval, Measurement, RoundTrip};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::{Direction, Protocol, Test};
use crate::i18n::{Lang, say, sentences};
use crate::report::chart::Chart;
use crate::stats::numbers::{self, Figure};
use crate::stats::{INTERVAL_RUNS_MIN, Summary};
use crate::verdict::{flows, sent_short, sent_short_text};

/// A flow of a throughput run with its ends.
pub(super) struct Rate<'a> {
    pub(super) run: &'a Run,
    pub(super) protocol: Protocol,
    pub(super) streams: u16,
    pub(super) sender: &'a Name,
    pub(super) receiver: &'a Name,
    pub(super) flow: &'a Flow,
}

/// The flows of a run, valid or not; none of a run without throughput.
pub(super) fn rates_of(run: &Run) -> Vec<Rate<'_>> {
    let Some(Measurement::Throughput(t)) = &run.measurement else { return vec![] };
    flows(t, run.direction(), &run.source, &run.destination)
        .into_iter()
        .map(|f| Rate {
            run,
            protocol: t.protocol,
            streams: t.streams,
            sender: f.sender,
            receiver: f.receiver,
            flow: f.flow,
        })
        .collect()
}

/// All flows of valid runs.
pub(super) fn rates(run: &CampaignRun) -> Vec<Rate<'_>> {
    run.runs.iter().filter(|r| r.status == RunStatus::Ok).flat_map(rates_of).collect()
}

/// All pings of valid runs.
pub(super) fn round_trips(run: &CampaignRun) -> Vec<(&Run, &RoundTrip)> {
    let valid = run.runs.iter().filter(|r| r.status == RunStatus::Ok);
    valid.filter_map(|r| Some((r, round_trip(r)?))).collect()
}

pub(super) const fn round_trip(run: &Run) -> Option<&RoundTrip> {
    match &run.measurement {
        Some(Measurement::RoundTrip(ping)) => Some(ping),
        _ => None,
    }
}

/// One throughput test in one direction, over its repetitions.
#[derive(Debug)]
pub(in crate::report) struct RateRow {
    pub(in crate::report) test: Name,
    /// `←` asked for by the receiver, `↔` both ways at once, nothing where the client sent.
    pub(in crate::report) way: &'static str,
    pub(in crate::report) how: String,
    /// The worst that was judged of this test in this direction.
    pub(in crate::report) state: State,
    /// Repetitions that the figures are made of.
    pub(in crate::report) runs: usize,
    pub(in crate::report) median: Figure,
    pub(in crate::report) spread: String,
    /// Coefficient of variation over the repetitions or, of a single run, over its intervals.
    pub(in crate::report) variation: Option<Figure>,
    /// Label and value.
    pub(in crate::report) details: Vec<(&'static str, String)>,
    pub(in crate::report) chart: Option<Chart>,
    pub(in crate::report) retransmits: String,
    pub(in crate::report) loss: String,
    pub(in crate::report) jitter: String,
    /// What to know when reading these numbers, such as a fault of the tool's version.
    pub(in crate::report) notes: Vec<String>,
}

pub(super) fn rate_rows(lang: Lang, rates: &[Rate<'_>], contract: Option<f64>, whole: bool) -> Vec<RateRow> {
    let mut tests: BTreeMap<(&Name, Direction, &Name), Vec<&Rate<'_>>> = BTreeMap::new();
    for rate in rates {
        tests.entry((&rate.run.test, rate.run.direction(), &rate.run.source)).or_default().push(rate);
    }
    tests.into_values().filter_map(|of| rate_row(lang, &of, contract, whole)).collect()
}

fn rate_row(lang: Lang, rates: &[&Rate<'_>], contract: Option<f64>, whole: bool) -> Option<RateRow> {
    let own: Vec<&Run> = rates.iter().map(|r| r.run).collect();
    let state = rates.first().map(|r| state(&own, r.sender, r.receiver))?;
    // Invalid runs are shown where there is nothing else, and said to be so.
    let valid: Vec<&Rate<'_>> = rates.iter().copied().filter(|r| r.run.status == RunStatus::Ok).collect();
    let invalid = rates.len() - valid.len();
    let rates = if valid.is_empty() { rates } else { &valid };
    let first = rates.first()?;
    let all: Vec<f64> = rates.iter().map(|r| r.flow.throughput_bits_per_second).collect();
    let summary = Summary::of(&all)?;
    let each =
        |value: &dyn Fn(&Flow) -> Option<f64>| -> Vec<f64> { rates.iter().filter_map(|r| value(r.flow)).collect() };
    let count = |v: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that was a whole number")]
        lang.count(v.round() as u64)
    };
    let retransmits = over(lang, &each(&|f| f.retransmits.map(float)), &count);
    let loss = over(lang, &each(&|f| f.loss_ratio), &|v| numbers::percent(lang, v).to_string());
    let jitter = over(lang, &each(&|f| f.jitter_seconds), &|v| numbers::time(lang, v).to_string());
    let time = |v: f64| numbers::time(lang, v).to_string();
    let details = [
        (lang.word("Within a run", "Dentro de una prueba"), within(lang, rates)),
        (lang.word("Offered", "Ofrecido"), offered(lang, rates)),
        (lang.word("Retransmits", "Retransmisiones"), retransmits.clone()),
        (lang.word("Loss", "Pérdida"), loss.clone().map(|l| format!("{l}{}", lost(lang, rates)))),
        (lang.word("Jitter", "Jitter"), jitter.clone()),
        (
            lang.word("Out of order", "Fuera de orden"),
            over(lang, &each(&|f| f.out_of_order_packets.map(float)), &count),
        ),
        (lang.word("RTT under load", "RTT con carga"), over(lang, &each(&|f| f.rtt_seconds), &time)),
        (
            lang.word("Largest window", "Ventana máxima"),
            over(lang, &each(&|f| f.congestion_window_max_bytes.map(float)), &|v| numbers::bytes(lang, v).to_string()),
        ),
        (lang.word("Congestion control", "Control de congestión"), first.flow.congestion_control.clone()),
        (
            lang.word("Received", "Recibido"),
            over(lang, &each(&|f| f.received_bytes.map(float)), &|v| numbers::bytes(lang, v).to_string()),
        ),
    ];
    Some(RateRow {
        test: first.run.test.clone(),
        way: way(first.run.direction()),
        how: how(lang, first),
        state,
        runs: summary.count,
        variation: Some(summary).filter(|s| s.count > 1).or_else(|| course(rates)).and_then(|s| coefficient(lang, &s)),
        median: numbers::rate(lang, summary.median),
        spread: match invalid {
            0 => spread(lang, &summary),
            n if valid.is_empty() => format!("{}, {}", spread(lang, &summary), lang.status(RunStatus::Invalid, n)),
            n => {
                let (spread, invalid) = (spread(lang, &summary), lang.status(RunStatus::Invalid, n));
                say!(lang, "{spread}, {n} more {invalid}", "{spread}, {n} más {invalid}")
            }
        },
        details: details.into_iter().filter(|_| whole).filter_map(|(label, text)| Some((label, text?))).collect(),
        chart: if whole { chart(lang, rates, contract) } else { None },
        retransmits: retransmits.unwrap_or_else(|| DASH.to_owned()),
        loss: loss.unwrap_or_else(|| DASH.to_owned()),
        jitter: jitter.unwrap_or_else(|| DASH.to_owned()),
        notes: notes(rates).iter().map(|note| sentences::told(lang, note)).collect(),
    })
}

/// Each note once.
fn notes(rates: &[&Rate<'_>]) -> Vec<String> {
    let all = rates.iter().filter_map(|r| match &r.run.measurement {
        Some(Measurement::Throughput(t)) => Some(&t.notes),
        _ => None,
    });
    all.flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

#[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
const fn float(n: u64) -> f64 {
    n as f64
}

fn how(lang: Lang, rate: &Rate<'_>) -> String {
    let protocol = match rate.protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    };
    let streams = lang.counted(rate.streams.into(), ["stream", "streams"], ["flujo", "flujos"]);
    let time = match &rate.run.specification {
        Test::Iperf3(t) if t.omit.is_zero() => format!(", {}", numbers::span(lang, t.duration)),
        Test::Iperf3(t) => {
            let (time, omitted) = (numbers::span(lang, t.duration), numbers::span(lang, t.omit));
            say!(lang, ", {time} after {omitted} of slow start", ", {time} tras {omitted} de arranque lento")
        }
        Test::Iperf2(t) => format!(", {}", numbers::span(lang, t.duration)),
        Test::Ping(_)
        | Test::Traceroute(_)
        | Test::Mtr(_)
        | Test::Tracepath(_)
        | Test::PathMtu(_)
        | Test::Connect(_) => String::new(),
    };
    let way = match rate.run.direction() {
        Direction::Forward => String::new(),
        Direction::Reverse => {
            let source = &rate.run.source;
            say!(lang, ", asked for by {source} (reverse)", ", pedida por {source} (inversa)")
        }
        Direction::Bidirectional => {
            lang.word(", both ways at the same time", ", en ambos sentidos a la vez").to_owned()
        }
    };
    format!("{protocol}, {streams}{time}{way}")
}

fn spread(lang: Lang, summary: &Summary) -> String {
    if summary.count == 1 {
        return lang.counted(1, ["run", "runs"], ["prueba", "pruebas"]);
    }
    let unit = numbers::rate_scale(summary.max);
    let variation = variation(lang, summary);
    let (least, most) = (unit.round(lang, summary.min, 3), unit.round(lang, summary.max, 3));
    let range =
        if least == most { String::new() } else { format!(", {}", range_text(lang, &least.number, &most.to_string())) };
    let count = summary.count;
    let interval = interval(lang, summary, unit);
    say!(
        lang,
        "median of {count} runs{range}{variation}, {interval}",
        "mediana de {count} pruebas{range}{variation}, {interval}"
    )
}

/// Between what the median lies, as far as the number of repetitions lets it be said.
fn interval(lang: Lang, summary: &Summary, unit: numbers::Scale) -> String {
    match summary.interval {
        Some(i) => {
            let (low, high) = (unit.round(lang, i.low, 3).number, unit.round(lang, i.high, 3));
            say!(lang, "95 % interval of the median {low} to {high}", "intervalo del 95 % de la mediana {low} a {high}")
        }
        None => say!(
            lang,
            "no 95 % interval below {INTERVAL_RUNS_MIN} runs",
            "sin intervalo del 95 % con menos de {INTERVAL_RUNS_MIN} pruebas"
        ),
    }
}

/// `9.2 to 9.6 Mbit/s`.
pub(super) fn range_text(lang: Lang, least: &str, most: &str) -> String {
    say!(lang, "{least} to {most}", "{least} a {most}")
}

const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => "",
        Direction::Reverse => " ←",
        Direction::Bidirectional => " ↔",
    }
}

/// The coefficient of variation, to two digits.
fn coefficient(lang: Lang, summary: &Summary) -> Option<Figure> {
    summary.coefficient_of_variation().map(|cv| numbers::PERCENT.round(lang, cv, 2))
}

fn variation(lang: Lang, summary: &Summary) -> String {
    coefficient(lang, summary).map_or_else(String::new, |cv| say!(lang, ", variation {cv}", ", variación {cv}"))
}

/// The measured intervals of all runs.
fn course(rates: &[&Rate<'_>]) -> Option<Summary> {
    let intervals = rates.iter().flat_map(|r| &r.flow.intervals).filter(|i| !i.omitted);
    let values: Vec<f64> = intervals.map(|i| i.throughput_bits_per_second).collect();
    Summary::of(&values).filter(|s| s.count > 1)
}

/// The course of the measured intervals: least, most and variation.
fn within(lang: Lang, rates: &[&Rate<'_>]) -> Option<String> {
    let summary = course(rates)?;
    let unit = numbers::rate_scale(summary.max);
    let variation = variation(lang, &summary);
    let (least, most) = (unit.round(lang, summary.min, 3).number, unit.round(lang, summary.max, 3).to_string());
    Some(format!("{}{variation}", range_text(lang, &least, &most)))
}

/// The median, with its range where repetitions differ.
fn over(lang: Lang, values: &[f64], text: &dyn Fn(f64) -> String) -> Option<String> {
    let summary = Summary::of(values)?;
    let (middle, least, most) = (text(summary.median), text(summary.min), text(summary.max));
    Some(if least == most { middle } else { format!("{middle} ({})", range_text(lang, &least, &most)) })
}

/// The rate that was asked for; of the run whose sender fell shortest of it, what was sent.
fn offered(lang: Lang, rates: &[&Rate<'_>]) -> Option<String> {
    let Test::Iperf3(test) = &rates.first()?.run.specification else { return None };
    let asked = numbers::rate(lang, test.rate_bits_per_second?.as_f64());
    let sent = |r: &&&Rate<'_>| r.flow.sent_bits_per_second.unwrap_or(f64::INFINITY);
    let least = rates.iter().min_by(|a, b| sent(a).total_cmp(&sent(b)))?;
    let short = sent_short(least.flow, &least.run.specification);
    Some(short.map_or_else(|| asked.to_string(), |(sent, asked)| sent_short_text(lang, sent, asked)))
}

fn lost(lang: Lang, rates: &[&Rate<'_>]) -> String {
    match rates {
        [one] => match (one.flow.lost_packets, one.flow.packets) {
            (Some(lost), Some(all)) => {
                let (lost, all) = (lang.count(lost), lang.count(all));
                say!(lang, ", {lost} of {all} packets", ", {lost} de {all} paquetes")
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}

fn chart(lang: Lang, rates: &[&Rate<'_>], contract: Option<f64>) -> Option<Chart> {
    let series: Vec<Vec<Interval>> =
        rates.iter().map(|r| r.flow.intervals.clone()).filter(|intervals| intervals.len() > 1).collect();
    let first = rates.first().filter(|_| !series.is_empty())?;
    let title = format!("{}: {} → {}", first.run.test, first.sender, first.receiver);
    let Rate { run, sender, receiver, .. } = first;
    // The keys by which tests are brought together, all of them names.
    let id = format!("chart.{sender}.{receiver}.{}.{}.{}", run.test, run.direction(), run.source);
    Some(Chart { lang, id, title, series, contract })
}
