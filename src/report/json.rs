//! The campaign run as JSON: every stored fact in SI units, the unit in each name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::series::{self, Statistics};
use super::view::findings;
use crate::domain::campaign::Metric;
use crate::domain::counters::EndCounters;
use crate::domain::facts::{ProbeFacts, Router};
use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, CampaignRunHeader, Run, RunStatus};
use crate::domain::test::{Direction, Test, ToolKind};
use crate::domain::topology::Metadata;
use crate::domain::verdict::{Cause, Judgement, Verdict};
use crate::i18n::Lang;
use crate::verdict::{account, judgement_reason};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
pub(super) const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    #[serde(flatten)]
    header: &'a CampaignRunHeader,
    metadata: &'a Metadata,
    findings: Vec<String>,
    statistics: Vec<Statistics<'a>>,
    facts: &'a BTreeMap<Name, ProbeFacts>,
    routers: &'a BTreeMap<IpAddr, Router>,
    runs: Vec<RunDocument<'a>>,
}

#[derive(Serialize)]
pub(super) struct RunDocument<'a> {
    id: u32,
    source: &'a Name,
    destination: &'a Name,
    test: &'a Name,
    tool: ToolKind,
    direction: Direction,
    repetition: u32,
    status: RunStatus,
    started: DateTime<Utc>,
    ended: DateTime<Utc>,
    command: &'a [String],
    server_command: Option<&'a [String]>,
    measurement: Option<&'a Measurement>,
    verdict: Verdict,
    reason: String,
    judgements: Vec<JudgementDocument<'a>>,
    causes: &'a [Cause],
    error: Option<&'a str>,
    /// The declared link that was crossed.
    link: Option<&'a Name>,
    specification: &'a Test,
    source_counters: Option<&'a EndCounters>,
    destination_counters: Option<&'a EndCounters>,
    raw: &'a str,
    server_raw: Option<&'a str>,
}

#[derive(Serialize)]
struct JudgementDocument<'a> {
    metric: Metric,
    sender: &'a Name,
    receiver: &'a Name,
    verdict: Verdict,
    reason: String,
    measured: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with_headers: Option<f64>,
    contracted: Option<f64>,
    missed_limit: Option<f64>,
}

/// Programs read English, whatever language people do.
fn judgement(of: &Judgement) -> JudgementDocument<'_> {
    JudgementDocument {
        metric: of.metric,
        sender: &of.sender,
        receiver: &of.receiver,
        verdict: of.verdict,
        reason: judgement_reason(Lang::En, of),
        measured: of.measured,
        with_headers: of.with_headers,
        contracted: of.contracted,
        missed_limit: of.missed_limit,
    }
}

pub(super) fn document(run: &Run) -> RunDocument<'_> {
    RunDocument {
        id: run.id,
        source: &run.source,
        destination: &run.destination,
        test: &run.test,
        tool: run.tool(),
        direction: run.direction(),
        repetition: run.repetition,
        status: run.status,
        started: run.started,
        ended: run.ended,
        command: &run.command,
        server_command: run.server_command.as_deref(),
        measurement: run.measurement.as_ref(),
        verdict: run.assessment.verdict,
        reason: account(Lang::En, &run.assessment),
        judgements: run.assessment.judgements.iter().map(judgement).collect(),
        causes: &run.assessment.causes,
        error: run.error.as_deref(),
        link: run.path.link.as_ref().map(|c| &c.link),
        specification: &run.specification,
        source_counters: run.source_counters.as_ref(),
        destination_counters: run.destination_counters.as_ref(),
        raw: &run.raw,
        server_raw: run.server_raw.as_deref(),
    }
}

/// The document up to its runs, which are its end.
pub(super) fn head(run: &CampaignRun) -> String {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        header: &run.header,
        metadata: &run.topology.metadata,
        findings: findings(Lang::En, run).into_iter().map(|f| f.sentence).collect(),
        statistics: series::statistics(run),
        facts: &run.facts,
        routers: &run.routers,
        runs: vec![],
    };
    let mut text = pretty(&document);
    text.truncate(text.trim_end_matches(['}', '\n', ']']).len());
    text
}

/// A run within the document.
pub(super) fn piece(run: &Run, is_first: bool) -> String {
    // A text has its line ends escaped, so each of these is one of the layout.
    let text = pretty(&document(run)).replace('\n', "\n    ");
    format!("{}\n    {text}", if is_first { "" } else { "," })
}

/// The end of the document.
pub(super) const fn tail(is_empty: bool) -> &'static str {
    if is_empty { "]\n}\n" } else { "\n  ]\n}\n" }
}

fn pretty(of: &impl Serialize) -> String {
    serde_json::to_string_pretty(of).expect("every map has text for keys and nothing else can fail")
}
