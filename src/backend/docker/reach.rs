//! The way to the probes of a host: what their containers are, and programs that are started in them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use bollard::models::ContainerSummary;

use super::health::{Health, health, log, waits};
use super::host::{probe_id, state};
use super::spec::EXECUTABLE;
use super::{DockerError, Host, exec, fate, in_time, shape};
use crate::backend::resolve::resolve;
use crate::backend::{Backend, BackendError, Channel, Program, Reach};
use crate::domain::facts::Router;
use crate::domain::meeting::Met;
use crate::domain::name::Name;
use crate::plan::{self, ResourceId};

impl Host {
    /// The one container of `probe`.
    pub(super) async fn container(&self, probe: &Name) -> Result<ContainerSummary, DockerError> {
        let mut found = self.containers(Some(&probe_id(probe))).await?;
        found.pop().ok_or(DockerError::NotDeployed)
    }

    /// How the container of `probe` is; `None` where it has none.
    ///
    /// # Errors
    /// [`BackendError`].
    pub async fn health(&self, probe: &Name) -> Result<Option<Health>, BackendError> {
        let look = async {
            let container = match self.container(probe).await {
                Err(DockerError::NotDeployed) => return Ok(None),
                found => found?,
            };
            let id = container.id.unwrap_or_default();
            Ok(Some(health(self.engine().await?, &id).await?))
        };
        in_time(look).await.map_err(self.step("observe", &probe_id(probe)))
    }

    /// What the main process of the container of `probe` wrote.
    ///
    /// # Errors
    /// [`BackendError`].
    pub async fn log(&self, probe: &Name) -> Result<Vec<u8>, BackendError> {
        let read = async {
            let id = self.container(probe).await?.id.unwrap_or_default();
            Ok(log(self.engine().await?.client(), &id).await?)
        };
        in_time(read).await.map_err(self.step("read the log of", &probe_id(probe)))
    }

    async fn open(&self, probe: &Name, program: Program<'_>) -> Result<Channel, DockerError> {
        let container = self.container(probe).await?;
        if let Some(drift) = state(&container) {
            return Err(DockerError::Stopped(drift));
        }
        let id = container.id.unwrap_or_default();
        Ok(exec::start(self.engine().await?.client(), &id, program, EXECUTABLE).await?)
    }

    /// The addresses that the engine gave it in its own network, IPv4 first. Whatever other network somebody put it into,
    /// nothing is measured there.
    pub(super) async fn given(&self, probe: &Name) -> Result<Vec<IpAddr>, DockerError> {
        let container = self.container(probe).await?;
        if let Some(drift) = state(&container) {
            return Err(DockerError::Stopped(drift));
        }
        let mut networks = container.network_settings.and_then(|settings| settings.networks);
        let own = self.spec.network_of(probe).and_then(|network| networks.as_mut()?.remove(network));
        let texts = own.into_iter().flat_map(|end| [end.ip_address, end.global_ipv6_address]).flatten();
        let mut addresses: Vec<IpAddr> = texts.filter_map(|text| text.parse().ok()).collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        if addresses.is_empty() { Err(DockerError::NoAddress) } else { Ok(addresses) }
    }
}

/// Others do not reach a probe at a socket.
pub(super) fn no_address(probe: &Name) -> BackendError {
    BackendError::Unsupported {
        what: format!("{probe} is reached at its host, whose engine is at a socket of this machine"),
        hint: format!("say at which address others reach it: `address: 192.0.2.1` at the probe `{probe}`"),
    }
}

impl Reach for Host {
    async fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError> {
        let subject = format!("probe/{probe}");
        let container = self.spec.containers.get(probe).ok_or_else(|| BackendError::Unknown(subject.clone()))?;
        match container.met {
            Met::At(address) => Ok(vec![address]),
            Met::Own => in_time(self.given(probe)).await.map_err(self.step("reach", &subject)),
            Met::Host => {
                let step = self.step("reach", &subject);
                let engine = self.engine().await.map_err(&step)?;
                let name = engine.host_name().await.map_err(|fault| step(fault.into()))?;
                let found = resolve(probe, name.ok_or_else(|| no_address(probe))?).await;
                found.map_err(|fault| match fault {
                    BackendError::Unresolved { probe, address, source } => {
                        step(DockerError::NoHostAddress { name: address, probe, source })
                    }
                    other => other,
                })
            }
        }
    }

    async fn addresses_within(&self, probe: &Name, from: &Name) -> Result<Option<Vec<IpAddr>>, BackendError> {
        if !self.spec.is_around(probe, from) {
            return Ok(None);
        }
        in_time(self.given(probe)).await.map(Some).map_err(self.step("reach", &format!("probe/{probe}")))
    }

    async fn connect(&self, probe: &Name, program: Program<'_>) -> Result<Channel, BackendError> {
        let subject = format!("probe/{probe}");
        if !self.has(probe) {
            return Err(BackendError::Unknown(subject));
        }
        in_time(self.open(probe, program)).await.map_err(self.step("reach", &subject))
    }

    async fn waits(&self, probe: &Name) -> bool {
        match (self.spec.containers.get(probe), self.engine().await) {
            (Some(container), Ok(engine)) => waits(engine.client(), &container.name).await,
            _ => false,
        }
    }

    async fn fate(&self, probe: &Name, age: Duration, exit: Option<u8>) -> Option<String> {
        fate::of(self, probe, age, exit).await
    }

    async fn unchanged(&self, probe: &Name) -> Result<(), BackendError> {
        let observed = self.observe().await?;
        let plan = plan::diff(&self.desired(), &observed);
        // Where one probe has come to another address, the others' links to it are shaped no more.
        let concerns = |id: &ResourceId| *id == probe_id(probe) || shape::probe_of(id).is_some();
        match plan.actions.into_iter().find(|action| concerns(&action.id)) {
            Some(action) => Err(self.step("reach", &action.id)(DockerError::Stopped(action.reason.to_string()))),
            None => Ok(()),
        }
    }

    fn routers(&self) -> BTreeMap<IpAddr, Router> {
        BTreeMap::new()
    }
}
