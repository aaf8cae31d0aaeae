//! Domain values to rows and back, nothing lost either way.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::TryStreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::sqlite::Fault;
use super::{CampaignRunSummary, Entry, Head, Outputs, StatusCounts, StoreError, VerdictCounts};
use crate::domain::measurement::{Flow, Interval, Measurement};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, CampaignRunHeader, Run};

/// Adds the campaign run; false where its id is there already.
pub(super) async fn insert_head(c: &mut SqliteConnection, head: &Head) -> Result<bool, Fault> {
    let Head { header, topology, routers } = head;
    let done = sqlx::query(
        "INSERT INTO campaign_runs (id, topology, campaign, started, ended, planned_runs, version,
           duration_override_seconds, interrupted, topology_json, routers_json, ad_hoc_json)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    )
    .bind(&header.id)
    .bind(header.topology.as_str())
    .bind(header.campaign.as_str())
    .bind(time(header.started))
    .bind(header.ended.map(time))
    .bind(header.planned_runs)
    .bind(&header.version)
    .bind(header.duration_override.map(|d| d.as_secs_f64()))
    .bind(header.interrupted)
    .bind(json(topology, &header.id, "the topology")?)
    .bind(json(routers, &header.id, "the routers")?)
    .bind(json(&header.ad_hoc, &header.id, "what was asked for")?)
    .execute(c)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Adds to campaign run `number`; false where it is a run that is there already.
pub(super) async fn insert_entry(
    c: &mut SqliteConnection,
    number: i64,
    id: &str,
    entry: &Entry,
) -> Result<bool, Fault> {
    match entry {
        Entry::Facts { probe, facts } => {
            sqlx::query(
                "INSERT INTO facts (campaign_run, probe, facts_json) VALUES (?, ?, ?)
                 ON CONFLICT DO UPDATE SET facts_json = excluded.facts_json",
            )
            .bind(number)
            .bind(probe.as_str())
            .bind(json(facts, id, "facts")?)
            .execute(c)
            .await?;
            Ok(true)
        }
        Entry::Run(run) => insert_run(c, number, id, run).await,
        Entry::End { at, interrupted } => {
            sqlx::query("UPDATE campaign_runs SET ended = ?, interrupted = ? WHERE number = ?")
                .bind(time(*at))
                .bind(interrupted)
                .bind(number)
                .execute(c)
                .await?;
            Ok(true)
        }
    }
}

pub(super) async fn insert_run(c: &mut SqliteConnection, number: i64, id: &str, run: &Run) -> Result<bool, Fault> {
    let mut measurement = run.measurement.clone();
    let courses = measurement.as_mut().map(take_courses).unwrap_or_default();
    let part = |what| format!("{what} of run {}", run.id);
    let done = sqlx::query(
        "INSERT INTO runs (campaign_run, id, source, destination, test, tool, direction, repetition, status, verdict,
           started, ended, error, specification_json, command_json, server_command_json, measurement_json,
           assessment_json, path_json, source_counters_json, destination_counters_json)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(number)
    .bind(run.id)
    .bind(run.source.as_str())
    .bind(run.destination.as_str())
    .bind(run.test.as_str())
    .bind(run.tool().program())
    .bind(run.direction().to_string())
    .bind(run.repetition)
    .bind(run.status.as_str())
    .bind(run.assessment.verdict.as_str())
    .bind(time(run.started))
    .bind(time(run.ended))
    .bind(&run.error)
    .bind(json(&run.specification, id, part("specification"))?)
    .bind(json(&run.command, id, part("command"))?)
    .bind(json(&run.server_command, id, part("server command"))?)
    .bind(json(&measurement, id, part("measurement"))?)
    .bind(json(&run.assessment, id, part("assessment"))?)
    .bind(json(&run.path, id, part("path"))?)
    .bind(json(&run.source_counters, id, part("counters"))?)
    .bind(json(&run.destination_counters, id, part("counters"))?)
    .execute(&mut *c)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    for (flow, intervals) in courses {
        for (position, interval) in intervals.iter().enumerate() {
            insert_interval(c, number, run.id, flow, position, interval).await?;
        }
    }
    for (side, output) in [("client", Some(&run.raw)), ("server", run.server_raw.as_ref())] {
        let Some(output) = output else { continue };
        sqlx::query("INSERT INTO raw_outputs (campaign_run, run, side, output) VALUES (?, ?, ?, ?)")
            .bind(number)
            .bind(run.id)
            .bind(side)
            .bind(output.as_bytes())
            .execute(&mut *c)
            .await?;
    }
    Ok(true)
}

async fn insert_interval(
    c: &mut SqliteConnection,
    number: i64,
    run: u32,
    flow: &str,
    position: usize,
    interval: &Interval,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO intervals (campaign_run, run, flow, position, start_seconds, end_seconds,
           throughput_bits_per_second, retransmits, lost_packets, omitted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(number)
    .bind(run)
    .bind(flow)
    .bind(i64::try_from(position).unwrap_or(i64::MAX))
    .bind(interval.start_seconds)
    .bind(interval.end_seconds)
    .bind(interval.throughput_bits_per_second)
    // SQLite's integers are signed: the same 64 bits, turned back when read.
    .bind(interval.retransmits.map(u64::cast_signed))
    .bind(interval.lost_packets.map(u64::cast_signed))
    .bind(interval.omitted)
    .execute(c)
    .await?;
    Ok(())
}

/// Takes the intervals out of a measurement, by flow.
fn take_courses(measurement: &mut Measurement) -> Vec<(&'static str, Vec<Interval>)> {
    flows(measurement).into_iter().map(|(name, flow)| (name, std::mem::take(&mut flow.intervals))).collect()
}

fn flows(measurement: &mut Measurement) -> Vec<(&'static str, &mut Flow)> {
    match measurement {
        Measurement::Throughput(t) => {
            let reverse = t.reverse.as_deref_mut().map(|flow| ("reverse", flow));
            std::iter::once(("main", &mut t.flow)).chain(reverse).collect()
        }
        Measurement::RoundTrip(_) | Measurement::Path(_) | Measurement::PathMtu(_) | Measurement::Connect(_) => {
            Vec::new()
        }
    }
}

pub(super) async fn summaries(c: &mut SqliteConnection) -> Result<Vec<CampaignRunSummary>, Fault> {
    let rows = sqlx::query(
        "SELECT c.*,
           coalesce(sum(r.status = 'ok'), 0) AS ok, coalesce(sum(r.status = 'failed'), 0) AS failed,
           coalesce(sum(r.status = 'skipped'), 0) AS skipped, coalesce(sum(r.status = 'invalid'), 0) AS invalid,
           coalesce(sum(r.verdict = 'pass'), 0) AS v_pass, coalesce(sum(r.verdict = 'warn'), 0) AS v_warn,
           coalesce(sum(r.verdict = 'fail'), 0) AS v_fail, coalesce(sum(r.verdict = 'invalid'), 0) AS v_invalid,
           coalesce(sum(r.verdict = 'none'), 0) AS v_none
         FROM campaign_runs c LEFT JOIN runs r ON r.campaign_run = c.number
         GROUP BY c.number ORDER BY c.started DESC, c.number DESC",
    )
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| {
            let runs = StatusCounts {
                ok: row.try_get("ok")?,
                failed: row.try_get("failed")?,
                skipped: row.try_get("skipped")?,
                invalid: row.try_get("invalid")?,
            };
            let verdicts = VerdictCounts {
                pass: row.try_get("v_pass")?,
                warn: row.try_get("v_warn")?,
                fail: row.try_get("v_fail")?,
                invalid: row.try_get("v_invalid")?,
                none: row.try_get("v_none")?,
            };
            Ok(CampaignRunSummary { header: header(row)?, runs, verdicts })
        })
        .collect()
}

/// How campaign run `number` began, and that it goes on: it has no end any more.
pub(super) async fn reopen(c: &mut SqliteConnection, number: i64, id: &str) -> Result<Head, Fault> {
    sqlx::query("UPDATE campaign_runs SET ended = NULL, interrupted = 0 WHERE number = ?")
        .bind(number)
        .execute(&mut *c)
        .await?;
    let row = sqlx::query("SELECT * FROM campaign_runs WHERE number = ?").bind(number).fetch_one(c).await?;
    Ok(Head {
        header: header(&row)?,
        topology: value(&row, "topology_json", id)?,
        routers: value(&row, "routers_json", id)?,
    })
}

/// The campaign run; `raw`: with the tools' outputs, which are most of it.
pub(super) async fn load(c: &mut SqliteConnection, number: i64, id: &str, raw: bool) -> Result<CampaignRun, Fault> {
    let row = sqlx::query("SELECT * FROM campaign_runs WHERE number = ?").bind(number).fetch_one(&mut *c).await?;
    let header = header(&row)?;
    let topology = value(&row, "topology_json", id)?;
    let routers = value(&row, "routers_json", id)?;
    let mut facts = BTreeMap::new();
    for row in sqlx::query("SELECT * FROM facts WHERE campaign_run = ?").bind(number).fetch_all(&mut *c).await? {
        facts.insert(name(&row, "probe", id)?, value(&row, "facts_json", id)?);
    }
    let mut outputs = if raw { outputs(c, number, id, 0..=u32::MAX).await? } else { Outputs::new() };
    let mut courses = courses(c, number).await?;
    // One row after the other: all of them at once would be held twice.
    let mut rows = sqlx::query("SELECT * FROM runs WHERE campaign_run = ? ORDER BY id").bind(number).fetch(c);
    let mut runs = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let mut run = run(&row, id)?;
        (run.raw, run.server_raw) = outputs.remove(&run.id).unwrap_or_default();
        for (flow, of) in run.measurement.as_mut().map(flows).unwrap_or_default() {
            of.intervals = courses.remove(&(run.id, flow.to_owned())).unwrap_or_default();
        }
        runs.push(run);
    }
    drop(rows);
    Ok(CampaignRun { header, topology, routers, facts, runs })
}

pub(super) async fn outputs(
    c: &mut SqliteConnection,
    number: i64,
    id: &str,
    runs: RangeInclusive<u32>,
) -> Result<Outputs, Fault> {
    let rows = sqlx::query("SELECT run, side, output FROM raw_outputs WHERE campaign_run = ? AND run BETWEEN ? AND ?");
    let mut outputs = Outputs::new();
    let mut rows = rows.bind(number).bind(runs.start()).bind(runs.end()).fetch(c);
    while let Some(row) = rows.try_next().await? {
        let run: u32 = row.try_get("run")?;
        let text = String::from_utf8(row.try_get("output")?)
            .map_err(|source| unreadable(id, format!("the raw output of run {run}"), source))?;
        let of: &mut (String, Option<String>) = outputs.entry(run).or_default();
        match row.try_get("side")? {
            "server" => of.1 = Some(text),
            _ => of.0 = text,
        }
    }
    Ok(outputs)
}

async fn courses(c: &mut SqliteConnection, number: i64) -> Result<BTreeMap<(u32, String), Vec<Interval>>, sqlx::Error> {
    let rows = sqlx::query("SELECT * FROM intervals WHERE campaign_run = ? ORDER BY run, flow, position");
    let mut courses: BTreeMap<_, Vec<Interval>> = BTreeMap::new();
    let mut rows = rows.bind(number).fetch(c);
    while let Some(row) = rows.try_next().await? {
        courses.entry((row.try_get("run")?, row.try_get("flow")?)).or_default().push(Interval {
            start_seconds: row.try_get("start_seconds")?,
            end_seconds: row.try_get("end_seconds")?,
            throughput_bits_per_second: row.try_get("throughput_bits_per_second")?,
            retransmits: row.try_get::<Option<i64>, _>("retransmits")?.map(i64::cast_unsigned),
            lost_packets: row.try_get::<Option<i64>, _>("lost_packets")?.map(i64::cast_unsigned),
            omitted: row.try_get("omitted")?,
        });
    }
    Ok(courses)
}

fn header(row: &SqliteRow) -> Result<CampaignRunHeader, Fault> {
    let id: String = row.try_get("id")?;
    let override_seconds: Option<f64> = row.try_get("duration_override_seconds")?;
    Ok(CampaignRunHeader {
        topology: name(row, "topology", &id)?,
        campaign: name(row, "campaign", &id)?,
        started: moment(row, "started", &id)?,
        ended: row.try_get::<Option<&str>, _>("ended")?.map(|text| read_time(text, "ended", &id)).transpose()?,
        planned_runs: row.try_get("planned_runs")?,
        version: row.try_get("version")?,
        duration_override: override_seconds
            .map(|s| std::time::Duration::try_from_secs_f64(s).map_err(|e| unreadable(&id, "the duration", e)))
            .transpose()?,
        interrupted: row.try_get("interrupted")?,
        ad_hoc: value(row, "ad_hoc_json", &id)?,
        id,
    })
}

/// A run but for its raw outputs and intervals.
fn run(row: &SqliteRow, id: &str) -> Result<Run, Fault> {
    Ok(Run {
        id: row.try_get("id")?,
        source: name(row, "source", id)?,
        destination: name(row, "destination", id)?,
        test: name(row, "test", id)?,
        specification: value(row, "specification_json", id)?,
        repetition: row.try_get("repetition")?,
        status: word(row, "status", id)?,
        started: moment(row, "started", id)?,
        ended: moment(row, "ended", id)?,
        command: value(row, "command_json", id)?,
        server_command: value(row, "server_command_json", id)?,
        measurement: value(row, "measurement_json", id)?,
        assessment: value(row, "assessment_json", id)?,
        error: row.try_get("error")?,
        path: value(row, "path_json", id)?,
        raw: String::new(),
        server_raw: None,
        source_counters: value(row, "source_counters_json", id)?,
        destination_counters: value(row, "destination_counters_json", id)?,
    })
}

pub(super) fn unreadable(
    id: &str,
    what: impl Into<String>,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Content { what: what.into(), id: id.to_owned(), source: source.into() }
}

pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

fn read_time(text: &str, column: &str, id: &str) -> Result<DateTime<Utc>, StoreError> {
    DateTime::parse_from_rfc3339(text).map(|t| t.to_utc()).map_err(|e| unreadable(id, column, e))
}

fn moment(row: &SqliteRow, column: &str, id: &str) -> Result<DateTime<Utc>, Fault> {
    Ok(read_time(row.try_get(column)?, column, id)?)
}

fn name(row: &SqliteRow, column: &str, id: &str) -> Result<Name, Fault> {
    Ok(Name::new(row.try_get(column)?).map_err(|e| unreadable(id, column, e))?)
}

fn json(of: &impl Serialize, id: &str, what: impl Into<String>) -> Result<String, StoreError> {
    serde_json::to_string(of).map_err(|e| unreadable(id, what, e))
}

pub(super) fn value<T: DeserializeOwned>(row: &SqliteRow, column: &str, id: &str) -> Result<T, Fault> {
    Ok(serde_json::from_str(row.try_get(column)?).map_err(|e| unreadable(id, column, e))?)
}

/// A unit variant by the word that serde has for it.
pub(super) fn word<T: DeserializeOwned>(row: &SqliteRow, column: &str, id: &str) -> Result<T, Fault> {
    let word = serde_json::Value::String(row.try_get(column)?);
    Ok(serde_json::from_value(word).map_err(|e| unreadable(id, column, e))?)
}
