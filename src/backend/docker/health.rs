//! How a probe's container is: what its engine says of it.

use std::time::Duration;

use bollard::Docker;
use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::{InspectContainerOptions, LogsOptionsBuilder, StatsOptionsBuilder};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use serde::Serialize;

use super::Engine;
use crate::backend::WAITS;

/// A container and what it takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// Whose engine it is on: `Docker`, `Podman`.
    pub engine: &'static str,
    /// That engine's version.
    pub engine_version: String,
    /// The API that is spoken with it.
    pub api_version: String,
    /// The engine's word: `running`, `exited`.
    pub state: String,
    /// Since when it runs, or ran last.
    pub started: Option<DateTime<Utc>>,
    /// How often the engine has started it again.
    pub restarts: Option<u64>,
    /// Was it ended for want of memory?
    pub out_of_memory: bool,
    /// Does the engine hold it to its limits? Without root on cgroup v1 none does.
    pub limited: bool,
    /// Memory without what the kernel can drop at once, as `docker stats` counts it.
    pub memory_bytes: Option<u64>,
    /// CPU time since its start.
    pub cpu_seconds: Option<f64>,
    /// Processes and threads.
    pub processes: Option<u64>,
}

/// The main process of a container that was made has said within this that it waits, or it is asked another way.
const SAYS_WITHIN: Duration = Duration::from_secs(10);

/// Has the main process of this container, which was just made, said that it waits? Waits for that while it runs.
pub(super) async fn waits(engine: &Docker, container: &str) -> bool {
    let options = LogsOptionsBuilder::new().follow(true).stdout(true).build();
    let mut log = engine.logs(container, Some(options)).boxed();
    let mut said = Vec::new();
    let line = async {
        while let Some(Ok(piece)) = log.next().await {
            said.extend_from_slice(&piece.into_bytes());
            if said.split(|byte| *byte == b'\n').any(|line| line == WAITS.as_bytes()) {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(SAYS_WITHIN, line).await.unwrap_or(false)
}

/// The health of container `id`.
///
/// # Errors
/// The engine's.
pub(in crate::backend) async fn health(engine: &Engine, id: &str) -> Result<Health, bollard::errors::Error> {
    let client: &Docker = engine.client();
    let found = client.inspect_container(id, None::<InspectContainerOptions>).await?;
    let state = found.state.unwrap_or_default();
    let is_running = state.running == Some(true);
    let limited = found.host_config.is_some_and(|host| host.memory.is_some_and(|bytes| bytes > 0));
    // What does not run takes nothing; of what has no group of its own, the figures are the whole host's.
    let once = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
    let stats =
        if is_running && limited { client.stats(id, Some(once)).boxed().next().await.transpose()? } else { None };
    let started = state.started_at.as_deref().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    Ok(Health {
        engine: engine.product(),
        engine_version: engine.version().to_owned(),
        api_version: engine.api_version().to_owned(),
        state: state.status.map_or_else(String::new, |status| status.to_string()),
        // An engine says year 1 of what never ran.
        started: started.map(|time| time.to_utc()).filter(|time| time.timestamp() > 0),
        restarts: found.restart_count.and_then(|count| u64::try_from(count).ok()),
        out_of_memory: state.oom_killed == Some(true),
        limited,
        memory_bytes: stats.as_ref().and_then(memory),
        cpu_seconds: stats.as_ref().and_then(cpu),
        processes: stats.as_ref().and_then(|stats| stats.pids_stats.as_ref()?.current),
    })
}

/// What the main process of container `id` wrote, as far as its engine keeps it.
///
/// # Errors
/// The engine's.
pub(in crate::backend) async fn log(client: &Docker, id: &str) -> Result<Vec<u8>, bollard::errors::Error> {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
    let mut pieces = client.logs(id, Some(options)).boxed();
    let mut log = Vec::new();
    while let Some(piece) = pieces.next().await {
        log.extend_from_slice(&piece?.into_bytes());
    }
    Ok(log)
}

/// As the Docker CLI has it: the usage without pages of files that are not in use (`total_inactive_file` of cgroup v1,
/// `inactive_file` of v2).
fn memory(stats: &ContainerStatsResponse) -> Option<u64> {
    let memory = stats.memory_stats.as_ref()?;
    let details = memory.stats.as_ref();
    let idle = details.and_then(|map| map.get("total_inactive_file").or_else(|| map.get("inactive_file")));
    Some(memory.usage?.saturating_sub(idle.copied().unwrap_or_default()))
}

fn cpu(stats: &ContainerStatsResponse) -> Option<f64> {
    let nanoseconds = stats.cpu_stats.as_ref()?.cpu_usage.as_ref()?.total_usage?;
    #[allow(
        clippy::cast_precision_loss,
        reason = "2^53 ns are 104 days, and a microsecond more or less is nothing then"
    )]
    Some(nanoseconds as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_files_that_nobody_uses_are_no_memory_of_a_probe() {
        let stats = |text: &str| serde_json::from_str::<ContainerStatsResponse>(text).unwrap();
        let v1 = stats(r#"{"memory_stats":{"usage":9000,"stats":{"total_inactive_file":4000,"inactive_file":1}}}"#);
        assert_eq!(memory(&v1), Some(5000));
        assert_eq!(memory(&stats(r#"{"memory_stats":{"usage":9000,"stats":{"inactive_file":8000}}}"#)), Some(1000));
        assert_eq!(memory(&stats(r#"{"memory_stats":{"usage":9000}}"#)), Some(9000));
        assert_eq!(memory(&stats(r#"{"memory_stats":{}}"#)), None);
        assert_eq!(cpu(&stats(r#"{"cpu_stats":{"cpu_usage":{"total_usage":1500000000}}}"#)), Some(1.5));
    }
}
