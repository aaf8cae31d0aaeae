//! Removing from an engine what may be gone already, or be going.
#![allow(clippy::disallowed_methods, reason = "an edge: it waits for an engine")]

use std::time::Duration;

use bollard::Docker as Client;
use bollard::errors::Error;
use bollard::query_parameters::RemoveContainerOptionsBuilder;

/// How often an engine is asked about a container that it is removing for somebody else.
const ASK: Duration = Duration::from_millis(100);
/// How often at most: it takes no longer than 12 s.
const ASKED_MOST: usize = 120;
/// How often it is asked about a network: those in it may be a stranger's, who stays.
const ENDPOINTS_ASKED_MOST: usize = 30;

/// Removes a container with what is in it, and waits until it is gone: two names of one engine may both remove what is of
/// neither.
pub(super) async fn container(client: &Client, id: &str) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let mut removed = client.remove_container(id, Some(options.clone())).await;
    for _ in 0..ASKED_MOST {
        match &removed {
            Err(Error::DockerResponseServerError { status_code: 409, message }) if message.contains("in progress") => {
                tokio::time::sleep(ASK).await;
                removed = client.remove_container(id, Some(options.clone())).await;
            }
            _ => break,
        }
    }
    gone(removed)
}

/// What engines say of a network that a container is in: Docker, Podman.
const IN_USE: [&str; 2] = ["active endpoints", "network is being used"];

/// Removes a network, once the containers have left it that are being removed for somebody else.
pub(super) async fn network(client: &Client, id: &str) -> Result<(), Error> {
    let mut removed = client.remove_network(id).await;
    for _ in 0..ENDPOINTS_ASKED_MOST {
        match &removed {
            Err(Error::DockerResponseServerError { message, .. })
                if IN_USE.iter().any(|words| message.contains(words)) =>
            {
                tokio::time::sleep(ASK).await;
                removed = client.remove_network(id).await;
            }
            _ => break,
        }
    }
    gone(removed)
}

/// What is gone already needs no removal.
pub(in crate::backend) fn gone(removed: Result<(), Error>) -> Result<(), Error> {
    match removed {
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        other => other,
    }
}
