//! What stands behind the figures of a pair: each verdict with its reason, the commands, the state of the instrument.

use std::collections::BTreeMap;

use super::figures::range_text;
use super::{State, or_dash};
use crate::domain::campaign::Metric;
use crate::domain::counters::EndCounters;
use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::run::{Run, RunStatus};
use crate::domain::verdict::Judgement;
use crate::i18n::{Lang, say};
use crate::stats::Summary;
use crate::stats::numbers::{self, PERCENT, percent_whole};
use crate::verdict::{account, judgement_reason};

/// An expectation, judged.
#[derive(Debug)]
pub(in crate::report) struct JudgementRow {
    pub(in crate::report) state: State,
    pub(in crate::report) metric: &'static str,
    /// The test, with its repetition where there are several.
    pub(in crate::report) of: String,
    pub(in crate::report) reason: String,
}

/// A command as it was started.
#[derive(Debug)]
pub(in crate::report) struct Command {
    pub(in crate::report) run: u32,
    pub(in crate::report) at: Name,
    /// That it was started more than once, side by side.
    pub(in crate::report) several: Option<String>,
    pub(in crate::report) line: String,
}

/// The state of one end during a run.
#[derive(Debug)]
pub(in crate::report) struct CounterRow {
    pub(in crate::report) run: u32,
    pub(in crate::report) of: String,
    pub(in crate::report) at: Name,
    pub(in crate::report) cpu_wait: String,
    pub(in crate::report) on_cpu: String,
    pub(in crate::report) busiest_core: String,
    pub(in crate::report) steal: String,
    pub(in crate::report) udp_buffer: String,
    pub(in crate::report) interface: String,
    pub(in crate::report) tcp_limits: String,
    pub(in crate::report) suspect: bool,
}

/// `tcp`, or `tcp #2` where it was repeated.
pub(super) fn label(run: &Run, repeated: bool) -> String {
    if repeated { format!("{} #{}", run.test, run.repetition) } else { run.test.to_string() }
}

pub(super) fn judgement_rows(
    lang: Lang,
    runs: &[&Run],
    (sender, receiver): (&Name, &Name),
    repeated: bool,
    whole: bool,
) -> Vec<JudgementRow> {
    let mut rows = Vec::new();
    let mut alike: BTreeMap<_, Vec<(&Run, &Judgement)>> = BTreeMap::new();
    for run in runs {
        if run.status == RunStatus::Invalid {
            rows.push(JudgementRow {
                state: State::Invalid,
                metric: lang.word("validity", "validez"),
                of: label(run, repeated),
                reason: account(lang, &run.assessment),
            });
        }
        let own = run.assessment.judgements.iter().filter(|j| j.sender == *sender && j.receiver == *receiver);
        for judgement in own {
            // What an invalid run missed is no miss of the link.
            let state = if run.status == RunStatus::Invalid { State::Invalid } else { State::of(judgement.verdict) };
            // Of many pairs, what is as expected goes without saying.
            if !whole && state == State::Pass {
                continue;
            }
            let key = (state, &run.test, judgement.metric, run.direction(), &run.source);
            alike.entry(key).or_default().push((run, judgement));
        }
    }
    let together = |((state, _, of_metric, _, _), seen): ((State, _, Metric, _, _), Vec<(&Run, &Judgement)>)| {
        let reason = reason(lang, of_metric, &seen)?;
        let of = match seen.as_slice() {
            [(run, _)] => label(run, repeated),
            several => several.first()?.0.test.to_string(),
        };
        Some(JudgementRow { state, metric: metric(lang, of_metric), of, reason })
    };
    rows.extend(alike.into_iter().filter_map(together));
    rows.sort_by_key(|r| r.state);
    rows
}

/// Why repetitions of a test came to the same verdict: how far they lie apart, and the reason of the worst.
fn reason(lang: Lang, metric: Metric, seen: &[(&Run, &Judgement)]) -> Option<String> {
    let badness = |j: &Judgement| match (metric, j.measured) {
        (_, None) => f64::INFINITY,
        (Metric::Throughput | Metric::Mtu, Some(value)) => -value,
        (_, Some(value)) => value,
    };
    let (run, worst) = seen.iter().max_by(|(_, a), (_, b)| badness(a).total_cmp(&badness(b)))?;
    let reason = judgement_reason(lang, worst);
    if seen.len() == 1 {
        return Some(reason);
    }
    let repetition = run.repetition;
    let runs = lang.counted(seen.len(), ["run", "runs"], ["prueba", "pruebas"]);
    let values: Vec<f64> = seen.iter().filter_map(|(_, j)| j.measured).collect();
    let Some(summary) = Summary::of(&values).filter(|s| s.count == seen.len()) else {
        return Some(say!(
            lang,
            "in {runs}, such as #{repetition}: {reason}",
            "en {runs}, como la #{repetition}: {reason}"
        ));
    };
    let unit = match metric {
        Metric::Throughput => numbers::rate_scale(summary.max),
        Metric::Rtt | Metric::Jitter => numbers::time_scale(summary.max),
        Metric::Loss => PERCENT,
        Metric::Mtu => numbers::BYTES,
    };
    let shown = |value| match metric {
        Metric::Loss => numbers::percent(lang, value),
        Metric::Mtu => unit.exact(lang, value),
        Metric::Throughput | Metric::Rtt | Metric::Jitter => unit.round(lang, value, 3),
    };
    let (least, most) = (shown(summary.min), shown(summary.max));
    let range = if least == most { most.to_string() } else { range_text(lang, &least.number, &most.to_string()) };
    Some(say!(
        lang,
        "{range} in {runs}, the worst #{repetition}: {reason}",
        "{range} en {runs}, la peor la #{repetition}: {reason}"
    ))
}

const fn metric(lang: Lang, metric: Metric) -> &'static str {
    match metric {
        Metric::Rtt => lang.word("round trip", "ida y vuelta"),
        Metric::Mtu => lang.word("path MTU", "MTU de la ruta"),
        Metric::Throughput | Metric::Jitter | Metric::Loss => lang.metric(metric),
    }
}

pub(super) fn commands(lang: Lang, runs: &[&Run]) -> Vec<Command> {
    let ends = runs.iter().flat_map(|run| {
        let server = run.server_command.as_ref().map(|c| (*run, &run.destination, c));
        let client = Some((*run, &run.source, &run.command)).filter(|(_, _, c)| !c.is_empty());
        server.into_iter().chain(client)
    });
    let command = |(run, at, argv): (&Run, &Name, &Vec<String>)| Command {
        run: run.id,
        at: at.clone(),
        several: several(lang, run),
        line: shell(argv),
    };
    ends.map(command).collect()
}

/// Of processes side by side the command of the first is stored; the others differ in their port alone.
fn several(lang: Lang, run: &Run) -> Option<String> {
    let Some(Measurement::Throughput(measured)) = &run.measurement else { return None };
    let count = measured.processes.filter(|n| *n > 1)?;
    Some(say!(
        lang,
        "{count} processes side by side, each with a port of its own, the first",
        "{count} procesos a la vez, cada uno con su propio puerto, el primero"
    ))
}

/// An argument list as a POSIX shell reads it.
pub(in crate::report) fn shell(argv: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+.,/:@%".contains(c);
    let quote = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

pub(super) fn counter_rows(lang: Lang, runs: &[&Run], repeated: bool) -> Vec<CounterRow> {
    let ends = runs.iter().flat_map(|run| {
        let ends = [(&run.source, &run.source_counters), (&run.destination, &run.destination_counters)];
        ends.into_iter().filter_map(move |(at, counters)| Some((*run, at, counters.as_ref()?)))
    });
    ends.map(|(run, at, counters)| counter_row(lang, run, label(run, repeated), at, counters)).collect()
}

fn counter_row(lang: Lang, run: &Run, of: String, at: &Name, counters: &EndCounters) -> CounterRow {
    let most = |of: fn(&crate::domain::counters::CoreUse) -> f64| counters.cores.iter().map(of).reduce(f64::max);
    let ratio = |value: Option<f64>| or_dash(value.map(|v| percent_whole(lang, v)));
    let (mut dropped, mut errors) = (0, 0);
    for i in &counters.interfaces {
        dropped += i.rx_dropped + i.tx_dropped + i.queue_dropped.unwrap_or(0);
        errors += i.rx_errors + i.tx_errors;
    }
    CounterRow {
        run: run.id,
        of,
        at: at.clone(),
        cpu_wait: ratio(counters.run_queue_wait_ratio),
        on_cpu: ratio(counters.on_cpu_ratio),
        busiest_core: ratio(most(|c| c.busy_ratio)),
        steal: ratio(most(|c| c.steal_ratio)),
        udp_buffer: lang.count(counters.udp.receive_buffer_errors + counters.udp.send_buffer_errors),
        interface: format!("{} / {}", lang.count(dropped), lang.count(errors)),
        tcp_limits: tcp_limits(lang, counters),
        suspect: run.assessment.causes.iter().any(|c| c.probe == *at),
    }
}

/// How much of its busy time TCP was held back by a window or a buffer; the most of all sockets.
fn tcp_limits(lang: Lang, counters: &EndCounters) -> String {
    let share = |limited: fn(&crate::domain::counters::TcpLimits) -> Option<f64>| {
        let shares = counters.tcp.iter().filter_map(|t| Some(limited(t)? / t.busy_seconds.filter(|b| *b > 0.0)?));
        shares.reduce(f64::max)
    };
    let parts = [
        (lang.word("receive window", "ventana de recepción"), share(|t| t.receive_window_limited_seconds)),
        (lang.word("send buffer", "búfer de envío"), share(|t| t.send_buffer_limited_seconds)),
    ];
    let told = parts
        .into_iter()
        .filter_map(|(what, s)| s.filter(|s| *s >= 0.005).map(|s| format!("{what} {}", percent_whole(lang, s))));
    let told: Vec<String> = told.collect();
    if told.is_empty() { "–".to_owned() } else { told.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::shell;

    #[test]
    fn commands_survive_a_shell() {
        let argv = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(shell(&argv(&["iperf3", "-c", "10.0.0.1", "--bitrate=100M"])), "iperf3 -c 10.0.0.1 --bitrate=100M");
        assert_eq!(shell(&argv(&["a b", "it's", "", "$(x)", "*"])), r"'a b' 'it'\''s' '' '$(x)' '*'");
    }
}
