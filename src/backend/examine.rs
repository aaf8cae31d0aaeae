//! Looking at the engines of a topology without changing anything, side by side: each has a deadline of its own, so one that is
//! silent holds up no other.

use std::sync::Arc;

use futures_util::future::join_all;

use super::docker::{self, DockerError, Found};
use super::open::{Settings, image};
use super::{BackendError, swarm};
use crate::domain::name::Name;
use crate::domain::topology::Topology;

/// The engines of a topology.
#[derive(Debug, Clone)]
pub struct Engines {
    /// Is the probe image made, or what hinders that? `None` where no probe is on an engine.
    pub image: Option<Result<bool, Fault>>,
    /// Each engine: Docker hosts, managers, nodes.
    pub each: Vec<Examined>,
}

/// An engine that was looked at.
#[derive(Debug, Clone)]
pub struct Examined {
    /// Its host; `None` where no topology names one.
    pub host: Option<Name>,
    /// The node of that host, where it is one.
    pub node: Option<Name>,
    /// What it told, or what deploying there would fail by.
    pub found: Result<Found, Fault>,
    /// What hinders links between its probes from being shaped; `None` where none is to be.
    pub shaping: Option<Vec<Fault>>,
}

/// What is in the way of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In the words of that deployment.
    pub why: String,
    /// What to try.
    pub mend: Option<String>,
}

impl From<&DockerError> for Fault {
    fn from(error: &DockerError) -> Self {
        Self { why: error.to_string(), mend: error.hint() }
    }
}

impl From<&BackendError> for Fault {
    fn from(error: &BackendError) -> Self {
        match error {
            BackendError::Docker { source, .. } => Self::from(&**source),
            BackendError::Image(fault) => Self { why: fault.to_string(), mend: fault.hint() },
            BackendError::Unsupported { what, hint } => Self { why: what.clone(), mend: Some(hint.clone()) },
            other => Self { why: other.to_string(), mend: None },
        }
    }
}

/// Looks at every engine that `topology` names.
pub async fn examine(topology: &Topology, settings: &Settings) -> Engines {
    let image = image(topology, settings);
    let supply = image.as_ref().ok().and_then(Option::as_ref);
    let hosts = docker::all(topology, supply);
    let (mut each, swarms) =
        tokio::join!(join_all(hosts.iter().map(docker::Host::examine)), swarm::examine(topology, supply));
    each.extend(swarms);
    let made =
        |supply: &Arc<docker::Supply>| supply.is_made().map_err(|fault| Fault::from(&BackendError::Image(fault)));
    let image = match &image {
        Ok(supply) => supply.as_ref().map(made),
        Err(fault) => Some(Err(Fault::from(fault))),
    };
    Engines { image, each }
}

/// Looks at the engine at Docker's usual socket; `None` where there is no such socket.
pub async fn examine_usual() -> Option<Examined> {
    docker::usual().await
}
