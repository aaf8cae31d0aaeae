//! What has become of a container in which an agent has ended: which of the many ways it was, and what to look at next.

use std::time::Duration;

use bollard::models::ContainerState;
use bollard::query_parameters::InspectContainerOptions;
use chrono::{DateTime, Utc};

use super::{DockerError, Host};
use crate::domain::name::Name;

/// All questions together take no longer; an engine that is slower has gone.
const WITHIN: Duration = Duration::from_secs(10);
/// An agent is heard to end before its engine says what its container has come to.
const LOOK: Duration = Duration::from_millis(500);
/// So often it is looked whether the container goes too.
const LOOKS: usize = 5;

/// What has become of `probe`, whose agent was started `age` ago and ended with `exit`.
pub(super) async fn of(host: &Host, probe: &Name, age: Duration, exit: Option<u8>) -> Option<String> {
    let lost = || format!("the connection to host {} was lost; see `iperftester status`", host.name());
    let looks = async {
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(LOOK).await;
            }
            let told = told(&state(host, probe).await?, probe, age);
            if told.is_some() {
                return Ok(told);
            }
        }
        Ok(None)
    };
    match tokio::time::timeout(WITHIN, looks).await {
        Ok(Ok(Some(told))) => Some(told),
        Ok(Err(DockerError::NotDeployed)) => {
            Some("its container is gone; `iperftester deploy` makes it again".to_owned())
        }
        // It goes on, so the agent alone has ended, or nothing but the way to it.
        Ok(Ok(None)) if exit.is_some() => None,
        Ok(Ok(None) | Err(_)) | Err(_) => Some(lost()),
    }
}

/// How the container of `probe` is, and what time it is at its engine.
async fn state(host: &Host, probe: &Name) -> Result<(ContainerState, Option<DateTime<Utc>>), DockerError> {
    let id = host.container(probe).await?.id.unwrap_or_default();
    let engine = host.engine().await?.client();
    let found = engine.inspect_container(&id, None::<InspectContainerOptions>).await;
    let found = found.map_err(|fault| match fault {
        bollard::errors::Error::DockerResponseServerError { status_code: 404, .. } => DockerError::NotDeployed,
        fault => fault.into(),
    })?;
    let now = engine.info().await?.system_time;
    Ok((found.state.unwrap_or_default(), time(now.as_deref())))
}

fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text?).ok().map(|time| time.to_utc())
}

/// `None` of a container that has run all the time.
fn told((state, now): &(ContainerState, Option<DateTime<Utc>>), probe: &Name, age: Duration) -> Option<String> {
    use bollard::models::ContainerStateStatusEnum as Status;
    let next = format!("see `iperftester logs --container {probe}`");
    let started = || Some((now.as_ref()?.to_owned() - time(state.started_at.as_deref())?).to_std().ok()? < age);
    match state.status {
        Some(Status::EXITED) => {
            let code = state.exit_code.unwrap_or_default();
            Some(match state.oom_killed {
                Some(true) => format!("its container exited with {code} for want of memory; {next}"),
                _ => format!("its container exited with {code}; {next}"),
            })
        }
        Some(Status::REMOVING | Status::DEAD) => {
            Some("its container is gone; `iperftester deploy` makes it again".to_owned())
        }
        Some(Status::RUNNING) => {
            (started() == Some(true)).then(|| format!("its container was started again meanwhile; {next}"))
        }
        Some(other) => Some(format!("its container is {other}; see `iperftester status`")),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_a_container_to_end_has_its_sentence() {
        let now = time(Some("2026-11-26T10:00:00.5Z"));
        let told = |state: &str| {
            let probe = Name::new("a").unwrap();
            told(&(serde_json::from_str(state).unwrap(), now), &probe, Duration::from_secs(60))
        };
        assert_eq!(
            told(r#"{"Status":"exited","ExitCode":137}"#).unwrap(),
            "its container exited with 137; see `iperftester logs --container a`"
        );
        let memory = told(r#"{"Status":"exited","ExitCode":137,"OOMKilled":true}"#).unwrap();
        assert!(memory.starts_with("its container exited with 137 for want of memory; "), "{memory}");
        assert!(told(r#"{"Status":"paused"}"#).unwrap().starts_with("its container is paused; "));
        assert!(told(r#"{"Status":"removing"}"#).unwrap().starts_with("its container is gone; "));
        assert_eq!(told(r#"{"Status":"running","StartedAt":"2026-11-26T09:58:00Z"}"#), None);
        let again = told(r#"{"Status":"running","StartedAt":"2026-11-26T09:59:59Z"}"#).unwrap();
        assert!(again.starts_with("its container was started again meanwhile; "), "{again}");
    }
}
