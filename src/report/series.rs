//! What a flow brought in each test, repetitions brought together: figures for programs and for comparisons.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::Direction;
use crate::stats::Summary;
use crate::verdict::flows;

/// What is told in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quantity {
    Throughput,
    RoundTrip,
    Jitter,
    Loss,
    ConnectTime,
    PathMtu,
}

impl Quantity {
    /// Its field in documents for programs, with its unit.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Throughput => "throughput_bits_per_second",
            Self::RoundTrip => "rtt_seconds",
            Self::Jitter => "jitter_seconds",
            Self::Loss => "loss_ratio",
            Self::ConnectTime => "connect_seconds",
            Self::PathMtu => "path_mtu_bytes",
        }
    }
}

/// Which flow of which test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Key {
    pub(super) sender: Name,
    pub(super) receiver: Name,
    pub(super) test: Name,
    pub(super) direction: Direction,
    /// Where the client ran; one of the two ends.
    pub(super) source: Name,
}

/// The runs of one flow in one test.
#[derive(Debug, Default)]
pub(super) struct Series<'a> {
    /// All of them, valid or not.
    pub(super) runs: Vec<&'a Run>,
    /// The figures of the valid ones.
    pub(super) values: BTreeMap<Quantity, Vec<f64>>,
}

/// Repetitions in numbers, as they stand in JSON.
#[derive(Debug, Serialize)]
pub(super) struct Statistics<'a> {
    #[serde(flatten)]
    key: Key,
    figures: BTreeMap<&'a str, Figures>,
}

/// What repetitions come to. All but `runs` and `confidence_ratio` are in the unit of the quantity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Figures {
    pub(super) runs: usize,
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) mean: f64,
    pub(super) standard_deviation: Option<f64>,
    pub(super) median_low: Option<f64>,
    pub(super) median_high: Option<f64>,
    pub(super) confidence_ratio: Option<f64>,
}

impl From<Summary> for Figures {
    fn from(s: Summary) -> Self {
        Self {
            runs: s.count,
            median: s.median,
            min: s.min,
            max: s.max,
            mean: s.mean,
            standard_deviation: s.stddev,
            median_low: s.interval.map(|i| i.low),
            median_high: s.interval.map(|i| i.high),
            confidence_ratio: s.interval.map(|i| i.confidence_ratio),
        }
    }
}

/// All flows of a campaign run.
pub(super) fn all(run: &CampaignRun) -> BTreeMap<Key, Series<'_>> {
    let mut all: BTreeMap<Key, Series<'_>> = BTreeMap::new();
    for one in &run.runs {
        let key = |sender: &Name, receiver: &Name| Key {
            sender: sender.clone(),
            receiver: receiver.clone(),
            test: one.test.clone(),
            direction: one.direction(),
            source: one.source.clone(),
        };
        let (sender, receiver) = one.flow_ends();
        all.entry(key(sender, receiver)).or_default().runs.push(one);
        if one.direction() == Direction::Bidirectional {
            all.entry(key(receiver, sender)).or_default().runs.push(one);
        }
        if one.status != RunStatus::Ok {
            continue;
        }
        for (sender, receiver, quantity, value) in figures(one) {
            all.entry(key(sender, receiver)).or_default().values.entry(quantity).or_default().push(value);
        }
    }
    all
}

/// The figures of a run, each with the ends of its flow.
fn figures(run: &Run) -> Vec<(&Name, &Name, Quantity, f64)> {
    let mut found = Vec::new();
    let (from, to) = (&run.source, &run.destination);
    let mut add = |from, to, quantity, value: Option<f64>| found.extend(value.map(|v| (from, to, quantity, v)));
    match &run.measurement {
        Some(Measurement::Throughput(t)) => {
            for f in flows(t, run.direction(), from, to) {
                let (from, to, flow) = (f.sender, f.receiver, f.flow);
                add(from, to, Quantity::Throughput, Some(flow.throughput_bits_per_second));
                add(from, to, Quantity::Jitter, flow.jitter_seconds);
                add(from, to, Quantity::Loss, flow.loss_ratio);
            }
        }
        Some(Measurement::RoundTrip(ping)) => {
            add(from, to, Quantity::RoundTrip, ping.rtt_seconds);
            add(from, to, Quantity::Loss, Some(ping.loss_ratio));
        }
        Some(Measurement::Connect(times)) => add(from, to, Quantity::ConnectTime, times.connect_seconds),
        Some(Measurement::PathMtu(found)) => add(from, to, Quantity::PathMtu, found.mtu_bytes.map(f64::from)),
        Some(Measurement::Path(path)) => add(from, to, Quantity::PathMtu, path.mtu_bytes.map(f64::from)),
        None => {}
    }
    found
}

/// The same in numbers; flows without any figure are left out.
pub(super) fn statistics(run: &CampaignRun) -> Vec<Statistics<'static>> {
    let told = |(key, series): (Key, Series<'_>)| {
        let figures = series.values.iter().filter_map(|(q, values)| Some((q.key(), Summary::of(values)?.into())));
        let figures: BTreeMap<&str, Figures> = figures.collect();
        (!figures.is_empty()).then_some(Statistics { key, figures })
    };
    all(run).into_iter().filter_map(told).collect()
}
