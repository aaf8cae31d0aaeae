//! The probes of one Docker engine. Labels on its containers and networks are what is known of them; nothing else is kept.

use std::collections::HashMap;
use std::sync::Arc;

use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerSummary, HostConfig, Network, NetworkCreateRequest};
use bollard::query_parameters::{
    InspectContainerOptions, ListContainersOptionsBuilder, ListNetworksOptionsBuilder, StartContainerOptions,
};
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use tokio::sync::OnceCell;

use super::claim::{Claim, time};
use super::reach::no_address;
use super::shape::Shaping;
use super::spec::{Container, Spec, hash, spec};
use super::supply::Supply;
use super::{
    DockerError, Engine, EngineError, EngineFault, Surroundings, create, engine, in_time, podman, remove, shape,
};
use crate::backend::{Backend, BackendError, Tell};
use crate::domain::host::{self, HostKind};
use crate::domain::meeting::Met;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::plan::{Desired, Observed, ResourceId, SpecHash};

/// How many containers are made or removed at a time.
const ABREAST: usize = 8;

/// A host with an engine.
#[derive(Debug)]
pub struct Host {
    pub(super) claim: Claim,
    name: Name,
    pub(super) settings: host::Docker,
    pub(super) spec: Spec,
    pub(super) shaping: Shaping,
    /// What its probes are made of; `None` where it has none.
    pub(super) image: Option<Arc<Supply>>,
    engine: OnceCell<Result<Engine, Arc<EngineError>>>,
}

impl Host {
    /// Host `name` of `topology`, its probes made of `image`.
    pub(super) fn new(topology: &Topology, name: &Name, settings: &host::Docker, image: Option<Arc<Supply>>) -> Self {
        let tag = image.as_ref().map(|image| image.reference()).unwrap_or_default();
        let spec = if image.is_some() { spec(topology, name, &tag) } else { Spec::default() };
        // What wants nothing lets go what was shaped with its container.
        let shaping = if image.is_some() { Shaping::new(topology, name) } else { Shaping::default() };
        Self {
            claim: Claim::new(topology, name),
            name: name.clone(),
            shaping,
            settings: settings.clone(),
            image: image.filter(|_| !spec.containers.is_empty()),
            spec,
            engine: OnceCell::new(),
        }
    }

    /// What a topology whose file is gone has on the engine that `docker: {}` stands for; wants nothing. `None` where there is
    /// no engine.
    ///
    /// # Errors
    /// [`EngineError`] where this user may not ask it. What else is wrong with it is told by whoever asks.
    ///
    /// # Panics
    /// Never: the name that it makes is one.
    pub(in crate::backend) async fn without_file(topology: &Name) -> Result<Option<Self>, Arc<EngineError>> {
        let name = Name::new("here").expect("it is a name");
        let host = Self {
            claim: Claim::without_file(topology, &name),
            name,
            settings: host::Docker::default(),
            spec: Spec::default(),
            shaping: Shaping::default(),
            image: None,
            engine: OnceCell::new(),
        };
        match host.engine().await {
            Err(DockerError::Closed(fault)) => match fault.fault {
                EngineFault::NoSocket { .. } | EngineFault::Deserted { .. } => Ok(None),
                EngineFault::Forbidden { .. } => Err(fault),
                _ => Ok(Some(host)),
            },
            _ => Ok(Some(host)),
        }
    }

    /// Its name in the topology.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Does it carry `probe`?
    #[must_use]
    pub fn has(&self, probe: &Name) -> bool {
        self.spec.containers.contains_key(probe)
    }

    /// The way to its engine, opened once.
    pub(super) async fn engine(&self) -> Result<&Engine, DockerError> {
        let opened =
            self.engine.get_or_init(async || Engine::open(&self.name, &self.settings).await.map_err(Arc::new)).await;
        opened.as_ref().map_err(|fault| DockerError::Closed(fault.clone()))
    }

    /// The containers that this host sees to, by their labels; of one resource or of all.
    pub(super) async fn containers(&self, resource: Option<&ResourceId>) -> Result<Vec<ContainerSummary>, DockerError> {
        let options = ListContainersOptionsBuilder::new().all(true).filters(&self.claim.filters(resource)).build();
        let client = self.engine().await?.client();
        let mut found = podman::readable(async || client.list_containers(Some(options.clone())).await).await?;
        found.retain(|container| self.claim.covers(container.labels.as_ref()));
        Ok(found)
    }

    /// The networks that it sees to.
    async fn networks(&self, resource: Option<&ResourceId>) -> Result<Vec<Network>, DockerError> {
        let options = ListNetworksOptionsBuilder::new().filters(&self.claim.filters(resource)).build();
        let mut found = self.engine().await?.client().list_networks(Some(options)).await?;
        found.retain(|network| self.claim.covers(network.labels.as_ref()));
        Ok(found)
    }

    fn image_id(&self) -> ResourceId {
        ResourceId(format!("image/{}", self.name))
    }

    pub(super) fn step(&self, action: &'static str, subject: &dyn ToString) -> impl Fn(DockerError) -> BackendError {
        let (subject, host) = (subject.to_string(), self.name.clone());
        move |fault| BackendError::Docker {
            action,
            subject: subject.clone(),
            host: host.clone(),
            source: Box::new(fault.at(&host)),
        }
    }

    async fn look(&self) -> Result<Vec<Observed>, DockerError> {
        let image = async {
            let Some(image) = &self.image else { return Ok(None) };
            let is_there = image.is_at(self.engine().await?.client()).await?;
            let hash = Some(SpecHash(image.hash()));
            Ok(is_there.then(|| Observed { id: self.image_id(), hash, drift: None, theirs: None }))
        };
        let (image, networks, mut containers) = tokio::try_join!(image, self.networks(None), self.containers(None))?;
        // Engines list them by their age, and those of one deploy were made at once.
        containers.sort_by(|one, other| one.names.cmp(&other.names));
        let mut found = Vec::from_iter(image);
        let of_network =
            |network: &Network| self.claim.observed(network.labels.as_ref(), time(network.created.as_ref()));
        found.extend(networks.iter().filter_map(of_network));
        let configs = try_join_all(containers.iter().map(|container| self.config(container))).await?;
        found.extend(containers.iter().zip(configs).filter_map(|(container, config)| {
            let observed = self.claim.observed(container.labels.as_ref(), created(container))?;
            let limited = || self.spec.limited_otherwise(&observed.id, config.as_ref()?);
            let or_else = || state(container).or_else(|| self.spec.astray(&observed.id, container)).or_else(limited);
            Some(Observed { drift: observed.drift.clone().or_else(or_else), ..observed })
        }));
        found.extend(self.shaped(&containers).await?);
        Ok(found)
    }

    /// How a container is held, which no list of them says; `None` where it has gone meanwhile, or where nothing is wanted.
    async fn config(&self, container: &ContainerSummary) -> Result<Option<HostConfig>, DockerError> {
        let Some(id) = container.id.as_deref().filter(|_| !self.spec.containers.is_empty()) else { return Ok(None) };
        match self.engine().await?.client().inspect_container(id, None::<InspectContainerOptions>).await {
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
            found => Ok(found?.host_config),
        }
    }

    async fn make_network(&self, desired: &Desired, request: &NetworkCreateRequest) -> Result<(), DockerError> {
        let engine = self.engine().await?.client();
        let by_name = HashMap::from([("name", vec![request.name.clone()])]);
        let same = engine.list_networks(Some(ListNetworksOptionsBuilder::new().filters(&by_name).build())).await?;
        // The filter takes parts of names; and engines before API 1.44 would make a second one of the same name.
        if let Some(other) = same.iter().find(|network| network.name.as_deref() == Some(&request.name)) {
            let taker = self.claim.taker(other.labels.as_ref(), time(other.created.as_ref()));
            return Err(DockerError::NameTaken { what: "network", name: request.name.clone(), taker });
        }
        let labels = Some(self.claim.labels(desired));
        engine.create_network(NetworkCreateRequest { labels, ..request.clone() }).await?;
        Ok(())
    }

    async fn make_container(&self, desired: &Desired, container: &Container) -> Result<(), DockerError> {
        let engine = self.engine().await?.client();
        let labels = Some(self.claim.labels(desired));
        let body = ContainerCreateBody { labels, ..container.body.clone() };
        let made = create::container(engine, &self.claim, (&desired.id, &container.name), body).await?;
        engine.start_container(&made, None::<StartContainerOptions>).await?;
        Ok(())
    }

    async fn make(&self, id: &ResourceId, tell: Tell<'_>) -> Result<(), DockerError> {
        let desired = self.desired().into_iter().find(|desired| desired.id == *id);
        let Some(desired) = desired else { return Err(DockerError::Unknown) };
        if let (Some(image), true) = (&self.image, *id == self.image_id()) {
            return image.bring(self.name.as_str(), self.engine().await?, tell).await;
        }
        if let Some(request) = self.spec.networks.get(id) {
            return self.make_network(&desired, request).await;
        }
        if let Some(probe) = shape::probe_of(id) {
            return self.shape(&probe, &desired.hash).await;
        }
        let container = self.spec.containers.iter().find(|(name, _)| probe_id(name) == *id);
        let (_, container) = container.ok_or(DockerError::Unknown)?;
        self.make_container(&desired, container).await
    }

    /// Only what bears our labels is removed, whatever else has the same name; and nothing of somebody else's, who may have
    /// been quicker.
    async fn unmake(&self, id: &ResourceId) -> Result<(), DockerError> {
        let opened = self.engine().await?;
        let engine = opened.client();
        if let (Some(image), true) = (&self.image, *id == self.image_id()) {
            return image.take_away(engine).await;
        }
        if let Some(probe) = shape::probe_of(id) {
            return self.unshape(&probe).await;
        }
        for container in self.containers(Some(id)).await?.iter().filter(|it| self.claim.owns(it.labels.as_ref())) {
            remove::container(engine, container.id.as_deref().unwrap_or_default()).await?;
        }
        for network in self.networks(Some(id)).await?.into_iter().filter(|it| self.claim.owns(it.labels.as_ref())) {
            remove::network(engine, &podman::handle(opened.product(), network)).await?;
        }
        Ok(())
    }

    /// Removes the probe images that its own has taken the place of, and gives their names.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(in crate::backend) async fn tidy(&self, now: DateTime<Utc>) -> Result<Vec<String>, BackendError> {
        let Some(image) = &self.image else { return Ok(vec![]) };
        let tidy = async { image.supersede(self.engine().await?.client(), now).await };
        in_time(tidy).await.map_err(self.step("tidy", &self.image_id()))
    }
}

pub(super) fn probe_id(probe: &Name) -> ResourceId {
    ResourceId(format!("probe/{probe}"))
}

pub(super) fn created(container: &ContainerSummary) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(container.created?, 0)
}

/// What a container is instead of running.
pub(super) fn state(container: &ContainerSummary) -> Option<String> {
    use bollard::models::ContainerSummaryStateEnum as State;
    match container.state? {
        State::RUNNING => None,
        State::CREATED => Some("its container was never started".to_owned()),
        other => Some(format!("its container is {other}")),
    }
}

impl Backend for Host {
    fn desired(&self) -> Vec<Desired> {
        let image = self.image.as_ref().map(|image| Desired {
            id: self.image_id(),
            hash: SpecHash(image.hash()),
            depends_on: vec![],
        });
        let networks = self.spec.networks.iter().map(|(id, body)| Desired {
            id: id.clone(),
            hash: hash(body),
            depends_on: vec![],
        });
        let containers = self.spec.containers.iter().map(|(name, container)| Desired {
            id: probe_id(name),
            hash: hash(&container.body),
            depends_on: container.network.iter().cloned().collect(),
        });
        image.into_iter().chain(networks).chain(containers).chain(self.shaping.desired()).collect()
    }

    fn abreast(&self) -> usize {
        ABREAST
    }

    fn stays(&self, id: &ResourceId) -> bool {
        *id == self.image_id()
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        let mut errors = Vec::new();
        let is_socket = engine::is_here(&self.name, &self.settings, &Surroundings::of_process()) == Some(true);
        let nowhere = self.spec.containers.iter().filter(|(_, container)| container.met == Met::Host);
        errors.extend(nowhere.filter(|_| is_socket).map(|(name, _)| no_address(name)));
        errors.extend(self.shapeable().await);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        in_time(self.look()).await.map_err(self.step("observe", &format!("host/{}", self.name)))
    }

    async fn create(&self, id: &ResourceId, tell: Tell<'_>) -> Result<(), BackendError> {
        self.make(id, tell).await.map_err(|fault| match fault {
            DockerError::Unknown => BackendError::Unknown(id.to_string()),
            fault => self.step("create", id)(fault),
        })
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        self.unmake(id).await.map_err(self.step("remove", id))
    }
}

/// The hosts of `topology` with an engine, their probes made of `image`.
pub(in crate::backend) fn all(topology: &Topology, image: Option<&Arc<Supply>>) -> Vec<Host> {
    let docker = topology.hosts.iter().filter_map(|(name, host)| match &host.kind {
        HostKind::Docker(settings) => Some((name, settings)),
        _ => None,
    });
    docker.map(|(name, settings)| Host::new(topology, name, settings, image.cloned())).collect()
}
