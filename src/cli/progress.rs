//! Progress of a campaign run on standard error: bars with the current rate and an ETA on a terminal, plain lines elsewhere.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Context;
use super::failure::causes;
use super::output::Output;
use super::speech::lang;
use crate::domain::campaign::Metric;
use crate::domain::measurement::Measurement;
use crate::domain::run::Run;
use crate::domain::test::Direction;
use crate::domain::verdict::{Assessment, Verdict};
use crate::i18n::{Lang, say};
use crate::runner::Event;
use crate::schedule::Job;
use crate::stats::numbers;
use crate::verdict::{no_measurement, sent_short, sent_short_text};

/// How often bars move on without news.
const TICK: Duration = Duration::from_millis(200);

/// The progress of one campaign run.
pub(super) struct Progress {
    bars: Option<Bars>,
    done: Cell<usize>,
    total: usize,
}

struct Bars {
    all: MultiProgress,
    whole: ProgressBar,
    running: RefCell<BTreeMap<u32, (ProgressBar, Instant)>>,
    planned: Duration,
    began: Instant,
}

impl Progress {
    pub(super) fn new(output: &Output, total: usize, planned: Duration) -> Self {
        let bars = output.has_bars().then(|| Bars::new(total, planned));
        Self { bars, done: Cell::new(0), total }
    }

    pub(super) fn tell(&self, context: &Context<'_>, event: &Event<'_>) {
        match event {
            Event::Unavailable(probe, fault) => {
                let why = causes(fault).join(": ");
                let told = say!(
                    lang(),
                    "{probe}: not available, its runs are skipped: {why}",
                    "{probe}: no disponible, sus pruebas se omiten: {why}"
                );
                self.say(context, &told);
            }
            Event::Preflight(reachable) => {
                for sentence in reachable.sentences(lang()) {
                    self.say(context, &say!(lang(), "preflight: {sentence}", "comprobación previa: {sentence}"));
                }
            }
            Event::Started(job) => {
                if let Some(bars) = &self.bars {
                    bars.start(job);
                }
            }
            Event::Rate(job, rate) => {
                if let Some(bars) = &self.bars {
                    bars.rate(job, *rate);
                }
            }
            Event::Finished(run) => {
                self.done.set(self.done.get() + 1);
                if let Some(bars) = &self.bars {
                    bars.finish(run.id);
                }
                self.say(context, &format!("[{}/{}] {}", self.done.get(), self.total, result(lang(), run)));
            }
            Event::Kept(_) => {}
            Event::Notice(notice) => {
                if let Some(bars) = &self.bars {
                    bars.all.suspend(|| context.notice(notice));
                } else {
                    context.notice(notice);
                }
            }
        }
    }

    fn say(&self, context: &Context<'_>, line: &str) {
        match &self.bars {
            // A terminal that has gone away misses nothing.
            Some(bars) => drop(bars.all.println(line)),
            None => context.output.note(line),
        }
    }

    pub(super) fn end(&self) {
        if let Some(bars) = &self.bars {
            for (bar, _) in bars.running.borrow().values() {
                bar.finish_and_clear();
            }
            bars.whole.finish_and_clear();
            let _ = bars.all.clear();
        }
    }
}

impl Bars {
    fn new(total: usize, planned: Duration) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let whole = all.add(ProgressBar::new(total as u64));
        whole.set_style(style(lang().word("{bar:30} {pos}/{len} runs  {msg}", "{bar:30} {pos}/{len} pruebas  {msg}")));
        whole.enable_steady_tick(TICK);
        let bars = Self { all, whole, running: RefCell::default(), planned, began: Instant::now() };
        bars.eta();
        bars
    }

    fn eta(&self) {
        let left = self.planned.saturating_sub(self.began.elapsed()).as_secs();
        let (minutes, seconds) = (left / 60, left % 60);
        self.whole.set_message(say!(lang(), "about {minutes}:{seconds:02} left", "faltan unos {minutes}:{seconds:02}"));
    }

    fn start(&self, job: &Job) {
        let length = u64::try_from(job.duration.as_millis()).unwrap_or(u64::MAX).max(1);
        let bar = self.all.insert_before(&self.whole, ProgressBar::new(length));
        bar.set_style(style("{bar:30} {prefix}  {msg}"));
        let Job { pair, test, .. } = job;
        let way = arrow(job.specification.direction());
        bar.set_prefix(format!("{} {way} {} {test}", pair.source, pair.destination));
        bar.enable_steady_tick(TICK);
        self.running.borrow_mut().insert(job.id, (bar, Instant::now()));
        self.eta();
    }

    fn rate(&self, job: &Job, rate: f64) {
        if let Some((bar, since)) = self.running.borrow().get(&job.id) {
            bar.set_position(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
            bar.set_message(numbers::rate(lang(), rate).to_string());
        }
        self.eta();
    }

    fn finish(&self, id: u32) {
        if let Some((bar, _)) = self.running.borrow_mut().remove(&id) {
            bar.finish_and_clear();
        }
        self.whole.inc(1);
        self.eta();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well formed").progress_chars("━╸─")
}

const fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => "→",
        Direction::Reverse => "←",
        Direction::Bidirectional => "↔",
    }
}

/// A finished run in one line.
fn result(lang: Lang, run: &Run) -> String {
    let figure = match (&run.measurement, &run.error) {
        (Some(Measurement::Throughput(t)), _) => {
            let there = numbers::rate(lang, t.flow.throughput_bits_per_second).to_string();
            let back = t.reverse.as_ref().map_or_else(String::new, |back| {
                let rate = numbers::rate(lang, back.throughput_bits_per_second);
                say!(lang, ", back {rate}", ", vuelta {rate}")
            });
            let short = sent_short(&t.flow, &run.specification);
            let short =
                short.map_or_else(String::new, |(sent, asked)| format!(", {}", sent_short_text(lang, sent, asked)));
            format!("{there}{back}{}{short}", lost(lang, t.flow.loss_ratio))
        }
        (Some(Measurement::RoundTrip(p)), _) => {
            let rtt = p.rtt_seconds.map(|rtt| format!("rtt {}", numbers::time(lang, rtt)));
            match (rtt, p.received_packets) {
                (_, 0) => lang.word("no answer", "sin respuesta").to_owned(),
                (Some(rtt), _) => format!("{rtt}{}", lost(lang, Some(p.loss_ratio))),
                (None, _) => format!("{}{}", lang.word("answered", "con respuesta"), lost(lang, Some(p.loss_ratio))),
            }
        }
        (Some(Measurement::Path(p)), _) => {
            let hops = lang.counted(p.hops.len(), ["hop", "hops"], ["salto", "saltos"]);
            if p.reached { hops } else { say!(lang, "{hops}, not reached", "{hops}, no alcanzado") }
        }
        (Some(Measurement::PathMtu(found)), _) => {
            let nothing = || lang.word("no packet came through", "no pasó ningún paquete").to_owned();
            found.mtu_bytes.map_or_else(nothing, |mtu| say!(lang, "path MTU {mtu} B", "MTU de la ruta {mtu} B"))
        }
        (Some(Measurement::Connect(c)), _) => match c.connect_seconds.map(|time| numbers::time(lang, time)) {
            None => lang.word("no connection", "sin conexión").to_owned(),
            Some(time) => say!(lang, "connects in {time}", "conecta en {time}"),
        },
        (None, Some(_)) => format!("{}: {}", lang.status(run.status, 1), no_measurement(lang, run)),
        (None, None) => lang.status(run.status, 1).to_owned(),
    };
    let verdict = match run.assessment.verdict {
        Verdict::None => String::new(),
        verdict => format!("  {}{}", lang.verdict(verdict), missed(lang, run)),
    };
    let way = arrow(run.direction());
    let repetition = if run.repetition > 1 { format!(" #{}", run.repetition) } else { String::new() };
    format!("{} {way} {} {}{repetition}: {figure}{verdict}", run.source, run.destination, run.test)
}

/// `, loss 5 %`; nothing where nothing was lost.
fn lost(lang: Lang, ratio: Option<f64>) -> String {
    let percent = ratio.filter(|r| *r > 0.0).map(|r| numbers::percent(lang, r));
    percent.map_or_else(String::new, |loss| say!(lang, ", loss {loss}", ", pérdida {loss}"))
}

/// ` (rtt, loss)`: what the verdict comes from.
fn missed(lang: Lang, run: &Run) -> String {
    let Assessment { verdict, judgements, .. } = &run.assessment;
    if !matches!(verdict, Verdict::Warn | Verdict::Fail) {
        return String::new();
    }
    let missed: BTreeSet<Metric> = judgements.iter().filter(|j| j.verdict == *verdict).map(|j| j.metric).collect();
    let missed: Vec<&str> = missed.into_iter().map(|metric| lang.metric(metric)).collect();
    format!(" ({})", missed.join(", "))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::measurement::{Flow, Hop, HopPath, RoundTrip, Throughput};
    use crate::domain::name::Name;
    use crate::domain::path::Path;
    use crate::domain::run::RunStatus;
    use crate::domain::test::{Iperf3, Ping, Protocol, Test, Traceroute};
    use crate::domain::verdict::Judgement;

    fn line(specification: Test, repetition: u32, measurement: Measurement, missed: &[(Metric, Verdict)]) -> String {
        let name = |text: &str| Name::new(text).unwrap();
        let judgement = |(metric, verdict): &(Metric, Verdict)| Judgement {
            metric: *metric,
            sender: name("p1"),
            receiver: name("l1"),
            verdict: *verdict,
            reason: "".into(),
            measured: None,
            contracted: None,
            missed_limit: None,
            with_headers: None,
        };
        let verdict = crate::verdict::worst(missed.iter().map(|(_, verdict)| *verdict));
        result(
            Lang::En,
            &Run {
                id: 1,
                source: name("p1"),
                destination: name("l1"),
                test: name("t"),
                specification,
                repetition,
                status: RunStatus::Ok,
                started: DateTime::UNIX_EPOCH,
                ended: DateTime::UNIX_EPOCH,
                command: vec![],
                server_command: None,
                measurement: Some(measurement),
                assessment: Assessment {
                    verdict,
                    reason: "".into(),
                    judgements: missed.iter().map(judgement).collect(),
                    causes: vec![],
                },
                error: None,
                path: Path::default(),
                source_counters: None,
                destination_counters: None,
                raw: String::new(),
                server_raw: None,
            },
        )
    }

    fn tcp(direction: Direction, repetition: u32) -> String {
        let specification = Test::Iperf3(Iperf3 { direction, duration: Duration::from_secs(1), ..Iperf3::plain() });
        let flow = Flow { throughput_bits_per_second: 9.65e6, ..Flow::default() };
        let measured = Throughput {
            protocol: Protocol::Tcp,
            streams: 1,
            reverse: (direction == Direction::Bidirectional).then(|| Box::new(flow.clone())),
            flow,
            tool_version: None,
            notes: vec![],
            processes: None,
            segment: None,
        };
        line(specification, repetition, Measurement::Throughput(measured), &[(Metric::Throughput, Verdict::Warn)])
    }

    #[test]
    fn a_line_shows_direction_repetition_and_what_was_missed() {
        assert_eq!(tcp(Direction::Forward, 1), "p1 → l1 t: 9.65 Mbit/s  warn (throughput)");
        assert_eq!(tcp(Direction::Reverse, 2), "p1 ← l1 t #2: 9.65 Mbit/s  warn (throughput)");
        assert_eq!(tcp(Direction::Bidirectional, 1), "p1 ↔ l1 t: 9.65 Mbit/s, back 9.65 Mbit/s  warn (throughput)");
    }

    #[test]
    fn a_ping_shows_its_loss_and_a_path_its_hops() {
        let second = Duration::from_secs(1);
        let ping = |received: u64, missed: &[(Metric, Verdict)]| {
            let measured = RoundTrip {
                packets: 20,
                received_packets: received,
                loss_ratio: (20 - received) as f64 / 20.0,
                duplicate_packets: 0,
                rtt_seconds: (received > 0).then_some(0.000_066),
                rtt_min_seconds: None,
                rtt_max_seconds: None,
                rtt_deviation_seconds: None,
                rtts_seconds: vec![],
            };
            let test = Test::Ping(Ping { count: 20, interval: second, timeout: second, size: None, family: None });
            line(test, 1, Measurement::RoundTrip(measured), missed)
        };
        let (rtt, loss) = (Metric::Rtt, Metric::Loss);
        assert_eq!(
            ping(19, &[(rtt, Verdict::Pass), (loss, Verdict::Fail)]),
            "p1 → l1 t: rtt 66 µs, loss 5 %  fail (loss)"
        );
        assert_eq!(ping(20, &[(rtt, Verdict::Pass)]), "p1 → l1 t: rtt 66 µs  pass");
        let both = [(rtt, Verdict::Fail), (loss, Verdict::Fail)];
        assert_eq!(ping(0, &both), "p1 → l1 t: no answer  fail (rtt, loss)");
        let hop =
            Hop { ttl: 1, addresses: vec![], rtts_seconds: vec![], unanswered: 0, annotations: vec![], figures: None };
        let path = Measurement::Path(HopPath { hops: vec![hop], reached: true, mtu_bytes: None });
        let test = Test::Traceroute(Traceroute { max_hops: 30, queries: 3, timeout: second, family: None });
        assert_eq!(line(test, 1, path, &[]), "p1 → l1 t: 1 hop");
    }
}
