//! Making a container under a name that may still be about to be free.
#![allow(clippy::disallowed_methods, reason = "an edge: it waits for an engine")]

use std::time::Duration;

use bollard::Docker as Client;
use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptionsBuilder, InspectContainerOptions};
use tokio::time::Instant;

use super::claim::{Claim, time};
use super::{DockerError, podman, remove};
use crate::plan::ResourceId;

/// How long a name is waited for that something of the same topology has, which goes from another of its hosts on the same
/// engine.
const LIMIT: Duration = Duration::from_secs(12);
/// How often it is tried meanwhile.
const TRY: Duration = Duration::from_millis(200);

/// Makes the container of the resource `id` and gives its identity. Whatever else has its name is told.
///
/// # Errors
/// [`DockerError::NameTaken`], and what the engine says.
pub(super) async fn container(
    client: &Client,
    claim: &Claim,
    (id, name): (&ResourceId, &str),
    body: ContainerCreateBody,
) -> Result<String, DockerError> {
    let options = CreateContainerOptionsBuilder::new().name(name).build();
    let until = Instant::now() + LIMIT;
    loop {
        let conflict = match client.create_container(Some(options.clone()), body.clone()).await {
            Err(fault) if is_conflict(&fault) => fault,
            made => return Ok(made?.id),
        };
        let late = Instant::now() > until;
        match client.inspect_container(name, None::<InspectContainerOptions>).await {
            Ok(other) => {
                let labels = other.config.and_then(|config| config.labels);
                if late || !claim.is_of_topology(labels.as_ref()) || !claim.owns(labels.as_ref()) {
                    let taker = claim.taker(labels.as_ref(), time(other.created.as_ref()));
                    return Err(DockerError::NameTaken { what: "container", name: name.to_owned(), taker });
                }
                // A deploy that was killed may have asked for it, and the engine have made it only now.
                if claim.covers(labels.as_ref()) && claim.is_resource(labels.as_ref(), id) {
                    remove::container(client, &other.id.unwrap_or_default()).await?;
                    continue;
                }
            }
            // It has gone meanwhile.
            Err(Error::DockerResponseServerError { status_code: 404, .. }) if !late => {}
            Err(_) => return Err(conflict.into()),
        }
        tokio::time::sleep(TRY).await;
    }
}

/// Has something else the name?
fn is_conflict(fault: &Error) -> bool {
    matches!(fault, Error::DockerResponseServerError { status_code: 409, .. }) || podman::is_conflict(fault)
}
