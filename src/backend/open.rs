//! Which backend acts on each host of a topology: units that are deployed each by itself, and one way to all probes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::docker;
use super::external::External;
use super::here::Here;
use super::{Backend, BackendError, Channel, Program, Reach, Unit, swarm};
use crate::domain::facts::Router;
use crate::domain::host::{HostKind, Isolation};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::image::Cache;

/// Every backend of a topology.
#[derive(Debug)]
pub struct Backends {
    here: Here,
    docker: Vec<docker::Host>,
    nodes: Vec<swarm::Node>,
    leftovers: Vec<swarm::Leftovers>,
    away: Vec<swarm::Away>,
    external: External,
}

/// What backends are told besides the topology.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This executable, the agent of every probe.
    pub executable: String,
    /// The folder of probe images.
    pub images: PathBuf,
}

/// The backends of `topology`, which is expanded by `fleet`. Changes nothing, and reaches for no other machine.
///
/// # Errors
/// Every [`BackendError::Unsupported`], all at once: kinds of host that this build cannot act on, and a form of local probes
/// that cannot be had.
pub async fn open(
    topology: &Topology,
    fleet: &swarm::Fleet,
    settings: &Settings,
) -> Result<Backends, Vec<BackendError>> {
    let mut errors = not_yet(topology);
    let here = Here::open(topology).await.map_err(|fault| errors.push(fault)).ok();
    let image = image(topology, settings).map_err(|fault| errors.push(fault)).ok();
    match (here, image) {
        (Some(here), Some(image)) if errors.is_empty() => {
            let docker = docker::all(topology, image.as_ref());
            let (nodes, leftovers, away) = fleet.units(topology, image.as_ref());
            Ok(Backends { here, docker, nodes, leftovers, away, external: External::new(topology) })
        }
        _ => Err(errors),
    }
}

/// What the probes on engines are made of; `None` where there are none.
pub(super) fn image(topology: &Topology, settings: &Settings) -> Result<Option<Arc<docker::Supply>>, BackendError> {
    let on_engine = |host: &Name| {
        matches!(topology.hosts.get(host).map(|host| &host.kind), Some(HostKind::Docker(_) | HostKind::Swarm(_)))
    };
    if !topology.probes.values().any(|probe| on_engine(&probe.host)) {
        return Ok(None);
    }
    let cache = Cache::new(settings.images.clone());
    let supply = docker::Supply::new(topology, Path::new(&settings.executable), cache);
    supply.map(|supply| Some(Arc::new(supply))).map_err(BackendError::Image)
}

/// The kinds of host that this build has no backend for, with the probes that they carry.
fn not_yet(topology: &Topology) -> Vec<BackendError> {
    let mut waiting: BTreeMap<&'static str, (BTreeSet<String>, Vec<String>)> = BTreeMap::new();
    for (name, probe) in &topology.probes {
        let Some(kind) = topology.hosts.get(&probe.host).map(|host| &host.kind) else { continue };
        if !matches!(kind, HostKind::Local(_) | HostKind::Docker(_) | HostKind::Swarm(_) | HostKind::External(_)) {
            let (hosts, probes) = waiting.entry(kind.word()).or_default();
            hosts.insert(format!("`{}`", probe.host));
            probes.push(format!("`{name}`"));
        }
    }
    let error = |(kind, (hosts, probes)): (&str, (BTreeSet<String>, Vec<String>))| {
        let hosts = hosts.into_iter().collect::<Vec<_>>().join(", ");
        BackendError::Unsupported {
            what: format!(
                "this build cannot act on `{kind}` hosts yet ({hosts}), which carry the probes {}",
                probes.join(", ")
            ),
            hint: "take them out of the topology, or put them on a `local`, `docker`, `swarm` or `external` host"
                .to_owned(),
        }
    };
    waiting.into_iter().map(error).collect()
}

impl Backends {
    /// Whatever is deployed of `topology`, on this machine and on its hosts; wants nothing, so a plan removes it all.
    #[must_use]
    pub fn remains(topology: &Topology) -> Self {
        let (docker, leftovers) = (docker::all(topology, None), swarm::remains(topology));
        Self { docker, leftovers, ..Self::remains_here(&topology.name) }
    }

    /// The same of the topology called `name`, whose file is gone: on this machine, and on the engine that `docker: {}` stands
    /// for, where there is one; with why that engine cannot be asked by this user.
    pub async fn remains_without_file(name: &Name) -> (Self, Option<Arc<docker::EngineError>>) {
        let (engine, forbidden) = match docker::Host::without_file(name).await {
            Ok(engine) => (engine, None),
            Err(fault) => (None, Some(fault)),
        };
        (Self { docker: engine.into_iter().collect(), ..Self::remains_here(name) }, forbidden)
    }

    fn remains_here(name: &Name) -> Self {
        Self {
            here: Here::remains(name),
            docker: vec![],
            nodes: vec![],
            leftovers: vec![],
            away: vec![],
            external: External::default(),
        }
    }

    /// What is deployed by itself, this machine first.
    pub fn units(&self) -> impl Iterator<Item = Unit<'_>> {
        let docker = self.docker.iter().map(Unit::Docker);
        let swarms = self.leftovers.iter().map(Unit::Leftovers).chain(self.nodes.iter().map(Unit::Node));
        let away = self.away.iter().map(Unit::Away);
        std::iter::once(Unit::Here(&self.here)).chain(docker).chain(swarms).chain(away)
    }

    /// How the probes of this machine are kept apart; `None` where there are none.
    #[must_use]
    pub const fn isolation(&self) -> Option<Isolation> {
        self.here.isolation()
    }

    /// `topology` with that written down, for the report to say.
    #[must_use]
    pub fn settled(&self, topology: &Topology) -> Topology {
        let mut settled = topology.clone();
        for host in settled.hosts.values_mut() {
            if let HostKind::Local(local) = &mut host.kind {
                local.isolation = self.isolation().or(local.isolation);
            }
        }
        settled
    }

    /// What cannot be true of this topology here, a sentence each.
    #[must_use]
    pub fn limits(&self, topology: &Topology) -> Vec<String> {
        self.here.limits(topology)
    }

    fn docker(&self, probe: &Name) -> Option<&docker::Host> {
        self.docker.iter().find(|host| host.has(probe))
    }

    fn node(&self, probe: &Name) -> Option<&swarm::Node> {
        self.nodes.iter().find(|node| node.has(probe))
    }

    fn away(&self, probe: &Name) -> Option<&swarm::Away> {
        self.away.iter().find(|swarm| swarm.has(probe))
    }

    /// Can all of it be had? Changes nothing, and reaches for no other machine.
    ///
    /// # Errors
    /// Every [`BackendError::Unsupported`], all at once.
    pub async fn supports(&self) -> Result<(), Vec<BackendError>> {
        let mut errors = Vec::new();
        for unit in self.units() {
            if let Err(more) = unit.supports().await {
                errors.extend(more);
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// How the container of `probe` is; `None` where it is in none.
    ///
    /// # Errors
    /// [`BackendError`].
    pub async fn health(&self, probe: &Name) -> Result<Option<docker::Health>, BackendError> {
        match (self.docker(probe), self.node(probe)) {
            (Some(host), _) => host.health(probe).await,
            (None, Some(node)) => node.health(probe).await,
            (None, None) => Ok(None),
        }
    }

    /// What the main process of the container of `probe` wrote; `None` where it is in none.
    ///
    /// # Errors
    /// [`BackendError`].
    pub async fn log(&self, probe: &Name) -> Result<Option<Vec<u8>>, BackendError> {
        match (self.docker(probe), self.node(probe)) {
            (Some(host), _) => host.log(probe).await.map(Some),
            (None, Some(node)) => node.log(probe).await.map(Some),
            (None, None) => Ok(None),
        }
    }
}

impl Reach for Backends {
    async fn connect(&self, probe: &Name, program: Program<'_>) -> Result<Channel, BackendError> {
        if self.external.has(probe) {
            return Err(BackendError::NotOurs(probe.clone()));
        }
        if let Some(swarm) = self.away(probe) {
            return Err(swarm.fault());
        }
        match (self.docker(probe), self.node(probe)) {
            (Some(host), _) => host.connect(probe, program).await,
            (None, Some(node)) => node.connect(probe, program).await,
            (None, None) => self.here.connect(probe, program).await,
        }
    }

    async fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError> {
        if self.external.has(probe) {
            return self.external.addresses(probe).await;
        }
        if let Some(swarm) = self.away(probe) {
            return Err(swarm.fault());
        }
        match (self.docker(probe), self.node(probe)) {
            (Some(host), _) => host.addresses(probe).await,
            (None, Some(node)) => node.addresses(probe),
            (None, None) => self.here.addresses(probe).await,
        }
    }

    async fn waits(&self, probe: &Name) -> bool {
        match self.docker(probe) {
            Some(host) => host.waits(probe).await,
            None => false,
        }
    }

    async fn addresses_within(&self, probe: &Name, from: &Name) -> Result<Option<Vec<IpAddr>>, BackendError> {
        match self.docker(probe) {
            Some(host) => host.addresses_within(probe, from).await,
            None => Ok(None),
        }
    }

    fn own(&self, probe: &Name) -> Option<IpAddr> {
        self.here.own(probe)
    }

    async fn fate(&self, probe: &Name, age: Duration, exit: Option<u8>) -> Option<String> {
        self.docker(probe)?.fate(probe, age, exit).await
    }

    async fn unchanged(&self, probe: &Name) -> Result<(), BackendError> {
        match self.docker(probe) {
            Some(host) => host.unchanged(probe).await,
            None => Ok(()),
        }
    }

    fn routers(&self) -> BTreeMap<IpAddr, Router> {
        self.here.routers()
    }
}
