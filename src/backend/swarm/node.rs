//! A node of a swarm: its probes are services that are bound to it; their image and the programs in them go through its own
//! engine.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use bollard::models::{ContainerSummary, ServiceSpec};
use bollard::query_parameters::ListContainersOptionsBuilder;
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::manager::Manager;
use super::member::Member;
use super::spec::{asked, container_labels, probe_id, service};
use crate::backend::docker::health::{Health, health, log};
use crate::backend::docker::spec::{EXECUTABLE, hash};
use crate::backend::docker::{DockerError, Engine, Found, Supply, exec, found, in_time};
use crate::backend::{Backend, BackendError, Channel, Program, Tell};
use crate::domain::host::Placement;
use crate::domain::name::Name;
use crate::domain::port::PortRange;
use crate::domain::topology::Topology;
use crate::plan::{Desired, Observed, ResourceId, SpecHash};

/// How many services are made or removed at a time.
const ABREAST: usize = 8;
/// The API that has `no-new-privileges` for services: that of Docker 27.1.
const SEALS: u32 = 46;

/// A node with the probes on it.
#[derive(Debug)]
pub struct Node {
    topology: Name,
    manager: Arc<Manager>,
    member: Member,
    services: BTreeMap<Name, ServiceSpec>,
    ports: Vec<(Name, PortRange)>,
    image: Arc<Supply>,
    engine: OnceCell<Result<Engine, Arc<DockerError>>>,
}

impl Node {
    /// The node `member` of the manager's swarm as the expanded `topology` has it; `None` where it carries no probe.
    pub(super) fn new(
        topology: &Topology,
        manager: &Arc<Manager>,
        member: &Member,
        image: Option<&Arc<Supply>>,
    ) -> Option<Self> {
        let here = Placement::Members(vec![member.node.name.clone()]);
        let probes = topology
            .probes
            .iter()
            .filter(|(_, probe)| probe.host == manager.host && probe.attachment.placement.as_ref() == Some(&here));
        let probes: Vec<_> = probes.collect();
        let image = image.filter(|_| !probes.is_empty())?;
        let (tag, seals) = (image.reference(), manager.speaks(SEALS));
        Some(Self {
            topology: topology.name.clone(),
            manager: Arc::clone(manager),
            member: member.clone(),
            services: probes
                .iter()
                .map(|&(name, probe)| (name.clone(), service(topology, (name, probe), &member.id, &tag, seals)))
                .collect(),
            ports: probes.iter().map(|(name, probe)| ((*name).clone(), probe.ports)).collect(),
            image: Arc::clone(image),
            engine: OnceCell::new(),
        })
    }

    /// The swarm's name in the topology.
    #[must_use]
    pub fn host(&self) -> &Name {
        &self.manager.host
    }

    /// Its own name, as probes are called after it.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.member.node.name
    }

    /// Does it carry `probe`?
    #[must_use]
    pub fn has(&self, probe: &Name) -> bool {
        self.services.contains_key(probe)
    }

    /// The way to its own engine, opened once.
    async fn engine(&self) -> Result<&Engine, DockerError> {
        if let Some(state) = self.member.absent {
            return Err(DockerError::NodeAway { node: self.member.hostname.clone(), state });
        }
        let opened = self.engine.get_or_init(async || self.open().await.map_err(Arc::new));
        opened.await.as_ref().map_err(|fault| DockerError::Again(Arc::clone(fault)))
    }

    async fn open(&self) -> Result<Engine, DockerError> {
        let said = self.member.engine(&self.manager.settings);
        let place = said.clone().unwrap_or_else(|| self.manager.place());
        let engine =
            Engine::open(&self.manager.host, &place).await.map_err(|fault| DockerError::Closed(Arc::new(fault)))?;
        let swarm = engine.client().info().await?.swarm;
        if swarm.and_then(|swarm| swarm.node_id) == Some(self.member.id.clone()) {
            return Ok(engine);
        }
        let node = self.member.hostname.clone();
        Err(match said {
            None => DockerError::NoWayToNode { node },
            Some(place) => DockerError::OtherNode { endpoint: place.endpoint.unwrap_or_default(), node },
        })
    }

    /// What its own engine tells.
    pub(super) async fn found(&self) -> Result<Found, DockerError> {
        in_time(async { found(self.engine().await?, Some(&self.image)).await }).await
    }

    fn image_id(&self) -> ResourceId {
        ResourceId(format!("image/{}-{}", self.manager.host, self.name()))
    }

    async fn look(&self) -> Result<Vec<Observed>, DockerError> {
        let engine = self.engine().await?.client();
        let mut found = self.manager.observe(|id| self.services.keys().any(|probe| probe_id(probe) == *id)).await?;
        if self.image.is_at(engine).await? {
            found.push(Observed {
                id: self.image_id(),
                hash: Some(SpecHash(self.image.hash())),
                drift: None,
                theirs: None,
            });
        }
        Ok(found)
    }

    async fn make(&self, id: &ResourceId, tell: Tell<'_>) -> Result<(), DockerError> {
        let engine = self.engine().await?;
        if *id == self.image_id() {
            let host = format!("{}/{}", self.host(), self.name());
            return self.image.bring(&host, engine, tell).await;
        }
        let desired = self.desired().into_iter().find(|desired| desired.id == *id).ok_or(DockerError::Unknown)?;
        let service = self.services.iter().find(|(probe, _)| probe_id(probe) == *id);
        let (_, body) = service.ok_or(DockerError::Unknown)?;
        let image =
            engine.client().inspect_image(&self.image.reference()).await?.id.unwrap_or_else(|| self.image.reference());
        let labels = self.manager.claim.labels(&desired);
        self.manager.create(asked(body, labels, &image)).await
    }

    async fn unmake(&self, id: &ResourceId) -> Result<(), DockerError> {
        if *id == self.image_id() {
            return self.image.take_away(self.engine().await?.client()).await;
        }
        self.manager.remove(id).await
    }

    /// Removes from its engine the probe images that this one has taken the place of, and gives their names.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(in crate::backend) async fn tidy(&self, now: DateTime<Utc>) -> Result<Vec<String>, BackendError> {
        let tidy = async { self.image.supersede(self.engine().await?.client(), now).await };
        in_time(tidy).await.map_err(self.manager.step("tidy", &self.image_id()))
    }

    /// The running container of `probe`.
    async fn container(&self, probe: &Name) -> Result<String, DockerError> {
        let engine = self.engine().await?.client();
        let labels = container_labels(&self.topology, &self.manager.host, probe);
        let labels = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let filters = HashMap::from([("label", labels), ("status", vec!["running".to_owned()])]);
        let options = ListContainersOptionsBuilder::new().filters(&filters).build();
        newest(engine.list_containers(Some(options)).await?).ok_or(DockerError::NotDeployed)
    }

    async fn start(&self, probe: &Name, program: Program<'_>) -> Result<Channel, DockerError> {
        let container = self.container(probe).await?;
        Ok(exec::start(self.engine().await?.client(), &container, program, EXECUTABLE).await?)
    }

    /// How the container of `probe` is; `None` where none runs.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(in crate::backend) async fn health(&self, probe: &Name) -> Result<Option<Health>, BackendError> {
        let look = async {
            match self.container(probe).await {
                Err(DockerError::NotDeployed) => Ok(None),
                found => Ok(Some(health(self.engine().await?, &found?).await?)),
            }
        };
        in_time(look).await.map_err(self.manager.step("observe", &probe_id(probe)))
    }

    /// What the main process of the container of `probe` wrote.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(in crate::backend) async fn log(&self, probe: &Name) -> Result<Vec<u8>, BackendError> {
        let read = async {
            let container = self.container(probe).await?;
            Ok(log(self.engine().await?.client(), &container).await?)
        };
        in_time(read).await.map_err(self.manager.step("read the log of", &probe_id(probe)))
    }

    /// Starts `program` on a probe.
    ///
    /// # Errors
    /// [`BackendError::Docker`], [`BackendError::Unknown`].
    pub(in crate::backend) async fn connect(
        &self,
        probe: &Name,
        program: Program<'_>,
    ) -> Result<Channel, BackendError> {
        let subject = probe_id(probe);
        if !self.has(probe) {
            return Err(BackendError::Unknown(subject.to_string()));
        }
        in_time(self.start(probe, program)).await.map_err(self.manager.step("reach", &subject))
    }

    /// The addresses at which its probes are tested: its own.
    ///
    /// # Errors
    /// [`BackendError::Docker`].
    pub(in crate::backend) fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError> {
        let address = self.member.address.ok_or(DockerError::NoAddress);
        address.map(|address| vec![address]).map_err(self.manager.step("reach", &probe_id(probe)))
    }
}

/// Of several containers of one service the one that was made last: the others are about to end.
fn newest(found: Vec<ContainerSummary>) -> Option<String> {
    found.into_iter().max_by_key(|container| container.created)?.id
}

impl Backend for Node {
    fn desired(&self) -> Vec<Desired> {
        let image = Desired { id: self.image_id(), hash: SpecHash(self.image.hash()), depends_on: vec![] };
        let services = self.services.iter().map(|(probe, body)| Desired {
            id: probe_id(probe),
            hash: hash(body),
            depends_on: vec![],
        });
        std::iter::once(image).chain(services).collect()
    }

    fn abreast(&self) -> usize {
        ABREAST
    }

    fn stays(&self, id: &ResourceId) -> bool {
        *id == self.image_id()
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        let mut errors = Vec::new();
        for (at, (name, ports)) in self.ports.iter().enumerate() {
            let clash = |(_, other): &&(Name, PortRange)| ports.overlaps(*other);
            if let Some((other, _)) = self.ports[..at].iter().find(clash) {
                errors.push(BackendError::unsupported(
                    format!(
                        "{other} and {name} share the ports of node {} of swarm {}, and their `ports` overlap",
                        self.member.hostname,
                        self.host()
                    ),
                    "give each a range of its own, such as `ports: 5301-5320`",
                ));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        in_time(self.look()).await.map_err(self.manager.step("observe", &format!("node/{}", self.name())))
    }

    async fn create(&self, id: &ResourceId, tell: Tell<'_>) -> Result<(), BackendError> {
        self.make(id, tell).await.map_err(self.manager.step("create", id))
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        self.unmake(id).await.map_err(self.manager.step("remove", id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_reached_at_its_newest_container() {
        let made = |id: &str, created| ContainerSummary {
            id: Some(id.to_owned()),
            created: Some(created),
            ..ContainerSummary::default()
        };
        // An engine lists the newest first.
        assert_eq!(newest(vec![made("new", 20), made("old", 10)]).unwrap(), "new");
        assert_eq!(newest(vec![made("old", 10), made("new", 20)]).unwrap(), "new");
        assert_eq!(newest(vec![]), None);
    }
}
