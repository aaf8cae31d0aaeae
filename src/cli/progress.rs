//! Progress of a campaign run on standard error: bars with the current rate and an ETA on a terminal, plain lines elsewhere.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Context;
use super::failure::causes;
use super::output::Output;
use crate::domain::measurement::Measurement;
use crate::domain::run::Run;
use crate::domain::test::Direction;
use crate::runner::Event;
use crate::schedule::Job;
use crate::stats::numbers;

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
                self.say(
                    context,
                    &format!("{probe}: not available, its runs are skipped: {}", causes(fault).join(": ")),
                );
            }
            Event::Preflight(reachable) => {
                for sentence in reachable.sentences() {
                    self.say(context, &format!("preflight: {sentence}"));
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
                self.say(context, &format!("[{}/{}] {}", self.done.get(), self.total, result(run)));
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
        whole.set_style(style("{bar:30} {pos}/{len} runs  {msg}"));
        whole.enable_steady_tick(TICK);
        let bars = Self { all, whole, running: RefCell::default(), planned, began: Instant::now() };
        bars.eta();
        bars
    }

    fn eta(&self) {
        let left = self.planned.saturating_sub(self.began.elapsed()).as_secs();
        self.whole.set_message(format!("about {}:{:02} left", left / 60, left % 60));
    }

    fn start(&self, job: &Job) {
        let length = u64::try_from(job.duration.as_millis()).unwrap_or(u64::MAX).max(1);
        let bar = self.all.insert_before(&self.whole, ProgressBar::new(length));
        bar.set_style(style("{bar:30} {prefix}  {msg}"));
        let Job { pair, test, .. } = job;
        let way = match job.specification.direction() {
            Direction::Forward => "→",
            Direction::Reverse => "←",
            Direction::Bidirectional => "↔",
        };
        bar.set_prefix(format!("{} {way} {} {test}", pair.source, pair.destination));
        bar.enable_steady_tick(TICK);
        self.running.borrow_mut().insert(job.id, (bar, Instant::now()));
        self.eta();
    }

    fn rate(&self, job: &Job, rate: f64) {
        if let Some((bar, since)) = self.running.borrow().get(&job.id) {
            bar.set_position(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX));
            bar.set_message(numbers::rate(rate).to_string());
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

/// A finished run in one line.
fn result(run: &Run) -> String {
    let figure = match (&run.measurement, &run.error) {
        (Some(Measurement::Throughput(t)), _) => {
            let there = numbers::rate(t.flow.throughput_bits_per_second).to_string();
            t.reverse.as_ref().map_or(there.clone(), |back| {
                format!("{there}, back {}", numbers::rate(back.throughput_bits_per_second))
            })
        }
        (Some(Measurement::RoundTrip(p)), _) => {
            p.rtt_seconds.map_or_else(|| "no answer".to_owned(), |rtt| format!("rtt {}", numbers::time(rtt)))
        }
        (Some(Measurement::Path(p)), _) => {
            format!("{} hops{}", p.hops.len(), if p.reached { "" } else { ", not reached" })
        }
        (None, Some(error)) => format!("{}: {error}", run.status.as_str()),
        (None, None) => run.status.as_str().to_owned(),
    };
    let verdict = match run.assessment.verdict {
        crate::domain::verdict::Verdict::None => String::new(),
        verdict => format!("  {verdict}"),
    };
    format!("{} → {} {}: {figure}{verdict}", run.source, run.destination, run.test)
}
