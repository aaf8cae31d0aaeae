//! Probe images that newer ones took the place of.

use std::collections::{HashMap, HashSet};

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptions};
use chrono::{DateTime, TimeDelta, Utc};

use super::podman;
use crate::image::{HASH_LABEL, NAME};

/// So long an image is left that nobody uses: another deploy may have brought it, and make its containers next.
const LEFT_FOR: TimeDelta = TimeDelta::days(1);

/// Removes the images with our label that are not `current`, that no container uses, running or not, and that were brought a day
/// before `now` or earlier; gives their names. One that somebody gave a name of his own stays, and one of which the engine
/// does not know since when it is there.
///
/// # Errors
/// The engine's.
pub(super) async fn remove(client: &Docker, current: &str, now: DateTime<Utc>) -> Result<Vec<String>, Error> {
    let current = client.inspect_image(current).await?.id.unwrap_or_default();
    let ours = HashMap::from([("label", vec![HASH_LABEL.to_owned()])]);
    let images = client.list_images(Some(ListImagesOptionsBuilder::new().filters(&ours).build())).await?;
    if images.iter().all(|image| image.id == current) {
        return Ok(vec![]);
    }
    let all = || Some(ListContainersOptionsBuilder::new().all(true).build());
    let containers = podman::readable(async || client.list_containers(all()).await).await?;
    let used: HashSet<String> = containers.into_iter().filter_map(|container| container.image_id).collect();
    let mut removed = vec![];
    for image in images.into_iter().filter(|image| image.id != current && !used.contains(&image.id)) {
        // An image without a name has this one in older versions of the API.
        let names: Vec<String> = image.repo_tags.into_iter().filter(|name| name != "<none>:<none>").collect();
        if !names.iter().all(|name| is_ours(name)) || !is_old(client, &image.id, now).await? {
            continue;
        }
        let all = if names.is_empty() { vec![image.id] } else { names };
        for name in all {
            match client.remove_image(&name, None::<RemoveImageOptions>, None).await {
                Ok(_) => removed.push(name),
                // Gone, or used since.
                Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
    }
    Ok(removed)
}

/// Is this a name that we give, in a registry or not?
fn is_ours(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split_once(':').is_some_and(|(repository, _)| repository == NAME)
}

/// Was it named a day ago or earlier?
async fn is_old(client: &Docker, id: &str, now: DateTime<Utc>) -> Result<bool, Error> {
    let named = client.inspect_image(id).await?.metadata.and_then(|metadata| metadata.last_tag_time);
    let named = named.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
    // The year 1 is Go's word for never.
    let named = named.filter(|at| at.timestamp() > 0);
    Ok(named.is_some_and(|at| now.signed_duration_since(at) >= LEFT_FOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_names_are_told_from_others() {
        for name in ["iperftester-probe:0123", "registry.example.net:5000/net/iperftester-probe:0123"] {
            assert!(is_ours(name), "{name}");
        }
        for name in ["elsewhere:1", "iperftester-probe/other:1", "my-iperftester-probe:1", "iperftester-probe"] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
