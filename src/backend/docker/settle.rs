//! After a deploy or destroy that was killed: an engine goes on with what it was asked for, and says of a container that it
//! is about to remove that it runs.

use std::time::Duration;

use bollard::errors::Error;
use bollard::models::ContainerUpdateBody;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::Host;
use crate::backend::Backend;

/// What has not changed for so long is done.
const QUIET: Duration = Duration::from_millis(500);
/// Nothing that an engine is asked for takes longer.
const LIMIT: Duration = Duration::from_secs(12);

impl Host {
    /// Waits until nothing of the topology comes or goes on the engine any more. One that cannot be reached is not waited for.
    pub(in crate::backend) async fn settle(&self) {
        let until = Instant::now() + LIMIT;
        let mut before = None;
        while let Ok(found) = self.observe().await
            && (self.is_removing().await || before.as_ref() != Some(&found))
            && Instant::now() < until
        {
            before = Some(found);
            tokio::time::sleep(QUIET).await;
        }
    }

    /// Is a container being removed? An engine tells that only of one that shall be changed; it is asked to change nothing.
    async fn is_removing(&self) -> bool {
        let (Ok(engine), Ok(containers)) = (self.engine().await, self.containers(None).await) else { return false };
        let changes = containers.into_iter().filter_map(|container| container.id).map(async |id| {
            let refused = engine.client().update_container(&id, ContainerUpdateBody::default()).await.err();
            matches!(refused, Some(Error::DockerResponseServerError { message, .. }) if message.contains("marked for removal"))
        });
        join_all(changes).await.contains(&true)
    }
}
