//! Several campaign runs side by side: the first is the base, each other is held against it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::series::{self, Figures, Key, Quantity, Series};
use super::view::State;
use crate::domain::campaign::Metric;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, RunStatus};
use crate::domain::topology::Metadata;
use crate::domain::verdict::{Judgement, Verdict};
use crate::i18n::Lang;
use crate::stats::{MedianInterval, Summary, median};

mod difference;
mod forms;
mod text;

/// Campaign runs, compared.
#[derive(Debug, Serialize)]
pub struct Comparison {
    #[serde(skip)]
    lang: Lang,
    schema_version: u32,
    /// The base first.
    compared: Vec<Side>,
    /// What makes the runs differ apart from what they measured, one sentence each.
    remarks: Vec<String>,
    verdict_changes: Vec<VerdictChange>,
    figures: Vec<Row>,
    /// Flows that not every campaign run has.
    only_in_some: Vec<Partial>,
}

/// One of the campaign runs.
#[derive(Debug, Serialize)]
struct Side {
    /// `A`, `B` and so on.
    letter: String,
    campaign_run: String,
    topology: Name,
    campaign: Name,
    started: DateTime<Utc>,
    version: String,
    metadata: Metadata,
}

/// An expectation whose verdict is not the same everywhere.
#[derive(Debug, Serialize)]
struct VerdictChange {
    #[serde(flatten)]
    key: Key,
    metric: Metric,
    /// One for each campaign run; `null` where the flow is not in it.
    #[serde(serialize_with = "words")]
    verdicts: Vec<Option<State>>,
    /// Median of what was judged, in the metric's SI unit.
    measured: Vec<Option<f64>>,
    /// The whole in a sentence.
    sentence: String,
}

/// A figure of a flow side by side.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    key: Key,
    #[serde(rename = "figure", serialize_with = "key_of")]
    quantity: Quantity,
    /// Why the figures cannot be held against each other: what was asked of the tests differs.
    not_comparable: Vec<String>,
    /// One for each campaign run.
    sides: Vec<Option<Value>>,
}

/// A figure of one campaign run.
#[derive(Debug, Serialize)]
struct Value {
    #[serde(flatten)]
    figures: Figures,
    /// Growth of the median over the base's, as a ratio; `null` for the base, for what is not comparable and where the base is
    /// zero.
    change_ratio: Option<f64>,
    /// What the change is worth.
    weight: Option<Weight>,
}

/// What can be said of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Weight {
    /// The 95 % intervals of both medians are apart.
    BeyondNoise,
    /// They overlap.
    WithinNoise,
    /// A single run on each side: nothing tells the change from chance.
    OneRunEach,
    /// Too few repetitions for an interval.
    TooFewRuns,
}

/// A flow that not every campaign run has.
#[derive(Debug, Serialize)]
struct Partial {
    #[serde(flatten)]
    key: Key,
    /// Letters of those that have it.
    only_in: Vec<String>,
}

fn words<S: Serializer>(states: &[Option<State>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(states.iter().map(|s| s.map(|state| state.word(Lang::En))))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn key_of<S: Serializer>(quantity: &Quantity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(quantity.key())
}

/// `A` for the first.
fn letter(index: usize) -> String {
    u8::try_from(index)
        .ok()
        .filter(|i| *i < 26)
        .map_or_else(|| format!("#{}", index + 1), |i| char::from(b'A' + i).to_string())
}

/// Holds each of `runs` against the first.
#[must_use]
pub(super) fn of(lang: Lang, runs: &[CampaignRun]) -> Comparison {
    let sides: Vec<BTreeMap<Key, Series<'_>>> = runs.iter().map(series::all).collect();
    let keys: BTreeSet<&Key> = sides.iter().flat_map(BTreeMap::keys).collect();
    let (mut verdict_changes, mut figures, mut only_in_some) = (Vec::new(), Vec::new(), Vec::new());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for key in keys {
        let of: Vec<Option<&Series<'_>>> = sides.iter().map(|side| side.get(key)).collect();
        let there = of.iter().enumerate().filter(|(_, s)| s.is_some());
        let letters: Vec<String> = there.map(|(i, _)| letter(i)).collect();
        if letters.len() < runs.len() {
            only_in_some.push(Partial { key: key.clone(), only_in: letters });
        }
        let differing = difference::of_specifications(lang, &of);
        for reason in &differing {
            *reasons.entry(reason.clone()).or_default() += 1;
        }
        figures.extend(rows(key, &of, &differing));
        verdict_changes.extend(changes(lang, key, &of, &differing));
    }
    let heavy = |row: &Row| row.sides.iter().flatten().any(|v| v.weight == Some(Weight::BeyondNoise));
    // Stable sorts: what matters first, else by the names of the ends.
    figures.sort_by_key(|row| !heavy(row));
    verdict_changes.sort_by_key(|c: &VerdictChange| c.verdicts.last().copied().flatten());
    let mut remarks = difference::of_campaign_runs(lang, runs);
    remarks.extend(reasons.into_iter().map(|(reason, flows)| text::not_comparable(lang, &reason, flows)));
    Comparison {
        lang,
        schema_version: super::json::SCHEMA_VERSION,
        compared: runs.iter().enumerate().map(side).collect(),
        remarks,
        verdict_changes,
        figures,
        only_in_some,
    }
}

fn side((index, run): (usize, &CampaignRun)) -> Side {
    let header = &run.header;
    Side {
        letter: letter(index),
        campaign_run: header.id.clone(),
        topology: header.topology.clone(),
        campaign: header.campaign.clone(),
        started: header.started,
        version: header.version.clone(),
        metadata: run.topology.metadata.clone(),
    }
}

fn rows(key: &Key, of: &[Option<&Series<'_>>], differing: &[String]) -> Vec<Row> {
    let quantities: BTreeSet<Quantity> = of.iter().flatten().flat_map(|s| s.values.keys().copied()).collect();
    let row = |quantity| {
        let summary = |s: &Option<&Series<'_>>| s.and_then(|s| Summary::of(s.values.get(&quantity)?));
        let summaries: Vec<Option<Summary>> = of.iter().map(summary).collect();
        let base = summaries.first().copied().flatten();
        let value = |(index, summary): (usize, Option<Summary>)| {
            let summary = summary?;
            let base = base.filter(|_| index > 0 && differing.is_empty());
            Some(Value {
                figures: summary.into(),
                change_ratio: base.map(|b| summary.median / b.median - 1.0).filter(|c| c.is_finite()),
                weight: base.map(|b| weight(&b, &summary)),
            })
        };
        let sides = summaries.into_iter().enumerate().map(value).collect();
        Row { key: key.clone(), quantity, not_comparable: differing.to_vec(), sides }
    };
    quantities.into_iter().map(row).collect()
}

fn weight(base: &Summary, other: &Summary) -> Weight {
    match (base.interval, other.interval) {
        (Some(a), Some(b)) if MedianInterval::overlaps(&a, &b) => Weight::WithinNoise,
        (Some(_), Some(_)) => Weight::BeyondNoise,
        _ if base.count == 1 && other.count == 1 => Weight::OneRunEach,
        _ => Weight::TooFewRuns,
    }
}

/// What one campaign run says about an expectation of a flow.
struct Judged {
    state: State,
    measured: Option<f64>,
}

fn changes(lang: Lang, key: &Key, of: &[Option<&Series<'_>>], differing: &[String]) -> Vec<VerdictChange> {
    let metrics: BTreeSet<Metric> = of.iter().flatten().flat_map(|s| own(key, s)).map(|(_, j)| j.metric).collect();
    let change = |metric| {
        let judged: Vec<Option<Judged>> = of.iter().map(|s| s.map(|s| judged(key, s, metric))).collect();
        let verdicts: Vec<Option<State>> = judged.iter().map(|j| j.as_ref().map(|j| j.state)).collect();
        let told: BTreeSet<State> = verdicts.iter().copied().flatten().collect();
        if told.len() < 2 {
            return None;
        }
        let measured: Vec<Option<f64>> = judged.iter().map(|j| j.as_ref().and_then(|j| j.measured)).collect();
        let sentence = text::change(lang, key, metric, &verdicts, &measured, differing);
        Some(VerdictChange { key: key.clone(), metric, verdicts, measured, sentence })
    };
    metrics.into_iter().filter_map(change).collect()
}

/// The judgements of a flow, each with how its run ended.
fn own<'a>(key: &'a Key, series: &'a Series<'_>) -> impl Iterator<Item = (RunStatus, &'a Judgement)> {
    let all = series.runs.iter().flat_map(|r| r.assessment.judgements.iter().map(move |j| (r.status, j)));
    all.filter(|(_, j)| j.sender == key.sender && j.receiver == key.receiver)
}

fn judged(key: &Key, series: &Series<'_>, metric: Metric) -> Judged {
    let of: Vec<(RunStatus, &Judgement)> = own(key, series).filter(|(_, j)| j.metric == metric).collect();
    let valid = of.iter().filter(|(status, _)| *status == RunStatus::Ok).map(|(_, j)| j);
    let state = valid.clone().filter(|j| j.verdict != Verdict::None).map(|j| State::of(j.verdict)).min();
    let values: Vec<f64> = valid.clone().filter_map(|j| j.measured).collect();
    let otherwise = match () {
        () if valid.clone().next().is_some() => State::Measured,
        () if series.runs.iter().any(|r| r.status == RunStatus::Invalid) => State::Invalid,
        () => State::Unmeasured,
    };
    Judged { state: state.unwrap_or(otherwise), measured: median(&values) }
}
