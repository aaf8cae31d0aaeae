//! Looking at swarms: the manager's engine, and that of each node that is to carry a probe.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::manager::Manager;
use super::{Fleet, Swarm, managers};
use crate::backend::docker::{Supply, found, in_time};
use crate::backend::{BackendError, Examined, Fault};
use crate::domain::name::Name;
use crate::domain::topology::Topology;

/// Looks at all swarms of `topology`, side by side.
pub(in crate::backend) async fn examine(topology: &Topology, image: Option<&Arc<Supply>>) -> Vec<Examined> {
    let swarms = managers(topology).map(async |(host, manager)| {
        one(topology, &host, manager, image).await.unwrap_or_else(|fault| {
            vec![Examined { host: Some(host.clone()), node: None, found: Err(Fault::from(&fault)), shaping: None }]
        })
    });
    join_all(swarms).await.into_iter().flatten().collect()
}

async fn one(
    topology: &Topology,
    host: &Name,
    manager: Manager,
    image: Option<&Arc<Supply>>,
) -> Result<Vec<Examined>, BackendError> {
    let members = manager.members().await?;
    let manager = Arc::new(manager);
    let swarm = Swarm { manager: Arc::clone(&manager), members };
    let fleet = Fleet { swarms: BTreeMap::from([(host.clone(), swarm)]), away: BTreeMap::new() };
    let expanded = fleet.expand(topology)?.topology;
    let (nodes, ..) = fleet.units(&expanded, image);
    let of_manager = in_time(async { found(manager.engine().await?, None).await });
    let of_nodes = join_all(nodes.iter().map(async |node| (node.name().clone(), node.found().await)));
    let (of_manager, of_nodes) = tokio::join!(of_manager, of_nodes);
    let all = std::iter::once((None, of_manager)).chain(of_nodes.into_iter().map(|(node, found)| (Some(node), found)));
    let examined = |(node, found): (Option<Name>, Result<_, _>)| Examined {
        host: Some(host.clone()),
        node,
        found: found.map_err(|fault| Fault::from(&fault)),
        shaping: None,
    };
    Ok(all.map(examined).collect())
}
