//! The one engine of a topology as a backend by itself.

use std::collections::BTreeMap;
use std::net::IpAddr;

use iperftester::backend::swarm::Fleet;
use iperftester::backend::{self, Backend, BackendError, Backends, Channel, Program, Reach, Settings, Tell, Unit};
use iperftester::domain::facts::Router;
use iperftester::domain::host::{Docker, HostKind};
use iperftester::domain::image::Base;
use iperftester::domain::name::Name;
use iperftester::domain::topology::Topology;
use iperftester::plan::{Desired, Observed, ResourceId};

use super::world::cache;

/// `topology` with all its hosts on the engine at `url`.
pub(crate) fn hosted(mut topology: Topology, url: &str) -> Topology {
    for host in topology.hosts.values_mut() {
        host.kind = HostKind::Docker(Docker { endpoint: Some(url.to_owned()), ..Docker::default() });
    }
    topology.image.base = Some(Base::Small);
    topology
}

/// The backend.
pub(crate) struct OnEngine(Backends);

impl OnEngine {
    /// That of `topology`.
    pub(crate) async fn of(topology: &Topology) -> Self {
        let executable = env!("CARGO_BIN_EXE_iperftester").to_owned();
        let settings = Settings { executable, images: cache().join("iperftester/images") };
        Self(backend::open(topology, &Fleet::default(), &settings).await.unwrap())
    }

    /// One that wants nothing.
    pub(crate) fn remains(topology: &Topology) -> Self {
        Self(Backends::remains(topology))
    }

    fn unit(&self) -> Unit<'_> {
        self.0.units().find(|unit| unit.host().is_some()).unwrap()
    }
}

impl Backend for OnEngine {
    fn desired(&self) -> Vec<Desired> {
        self.unit().desired()
    }

    fn abreast(&self) -> usize {
        self.unit().abreast()
    }

    fn stays(&self, id: &ResourceId) -> bool {
        self.unit().stays(id)
    }

    async fn supports(&self) -> Result<(), Vec<BackendError>> {
        self.unit().supports().await
    }

    async fn observe(&self) -> Result<Vec<Observed>, BackendError> {
        self.unit().observe().await
    }

    async fn create(&self, id: &ResourceId, tell: Tell<'_>) -> Result<(), BackendError> {
        self.unit().create(id, tell).await
    }

    async fn remove(&self, id: &ResourceId) -> Result<(), BackendError> {
        self.unit().remove(id).await
    }
}

impl Reach for OnEngine {
    async fn connect(&self, probe: &Name, program: Program<'_>) -> Result<Channel, BackendError> {
        self.0.connect(probe, program).await
    }

    async fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError> {
        self.0.addresses(probe).await
    }

    fn routers(&self) -> BTreeMap<IpAddr, Router> {
        self.0.routers()
    }
}
