//! Rows that are counted, and rows that go.

use std::collections::BTreeMap;

use sqlx::{Row, SqliteConnection};

use super::rows::{time, value};
use super::sqlite::Fault;
use super::{Spender, Spent};

/// Bytes of content of each campaign run. What a row takes beside its long columns is counted as 64 bytes, roughly the
/// eight-byte numbers of a row of `intervals`, which has nothing else.
pub(super) async fn sizes(c: &mut SqliteConnection) -> Result<BTreeMap<String, u64>, Fault> {
    let rows = sqlx::query(
        "SELECT c.id, length(c.topology_json) + length(c.routers_json)
           + (SELECT coalesce(sum(length(facts_json)), 0) FROM facts f WHERE f.campaign_run = c.number)
           + (SELECT coalesce(sum(64 + length(specification_json) + length(command_json) + length(server_command_json)
               + length(measurement_json) + length(assessment_json) + length(path_json) + length(source_counters_json)
               + length(destination_counters_json)), 0) FROM runs r WHERE r.campaign_run = c.number)
           + (SELECT count(*) * 64 FROM intervals i WHERE i.campaign_run = c.number)
           + (SELECT coalesce(sum(length(output)), 0) FROM raw_outputs o WHERE o.campaign_run = c.number) AS bytes
         FROM campaign_runs c",
    )
    .fetch_all(c)
    .await?;
    let sized = rows.iter().map(|row| {
        let bytes: i64 = row.try_get("bytes")?;
        Ok((row.try_get("id")?, bytes.unsigned_abs()))
    });
    sized.collect()
}

/// Removes a campaign run; what belongs to it goes with it (`ON DELETE CASCADE`).
pub(super) async fn remove(c: &mut SqliteConnection, id: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM campaign_runs WHERE id = ?").bind(id).execute(c).await?;
    Ok(())
}

/// What was sent by runs that were started.
pub(super) async fn spent(c: &mut SqliteConnection, by: &Spender<'_>) -> Result<Vec<Spent>, Fault> {
    let rows = sqlx::query(
        "SELECT c.id AS owner, r.specification_json, r.measurement_json,
           r.source_counters_json, r.destination_counters_json
         FROM runs r JOIN campaign_runs c ON c.number = r.campaign_run
         WHERE c.topology = ? AND c.campaign = ? AND r.status <> 'skipped' AND r.started >= ? AND r.started < ?",
    )
    .bind(by.topology.as_str())
    .bind(by.campaign.as_str())
    .bind(time(by.from))
    .bind(time(by.to))
    .fetch_all(c)
    .await?;
    let spent = rows.iter().map(|row| {
        let id: &str = row.try_get("owner")?;
        Ok(Spent {
            specification: value(row, "specification_json", id)?,
            measurement: value(row, "measurement_json", id)?,
            source_counters: value(row, "source_counters_json", id)?,
            destination_counters: value(row, "destination_counters_json", id)?,
        })
    });
    spent.collect()
}
