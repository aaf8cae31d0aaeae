//! Where a probe is met by the others, and with whom it shares the ports there.

use std::collections::HashMap;
use std::net::IpAddr;

use super::data_path::DataPath;
use super::host::{Engine, HostKind, Network};
use super::name::Name;
use super::topology::{Probe, Topology};

/// Where a probe in a container is met by the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// At the address of its own that the engine gave it.
    Own,
    /// At this address.
    At(IpAddr),
    /// At its host's address.
    Host,
}

/// What has one address and one set of ports, whoever listens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Machine<'t> {
    /// A host, or each node of a swarm.
    Host(&'t Name),
    /// The host of an engine, whatever its hosts are called here.
    Engine(Engine<'t>),
    /// Somebody else's server, whatever its hosts are called here.
    Server(&'t str),
}

/// Where a probe is met, and whose ports its servers listen at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meeting<'t> {
    /// `None` for what is in no container of a `docker` host.
    pub met: Option<Met>,
    /// `None` for a probe with an address of its own.
    pub machine: Option<Machine<'t>>,
}

impl Topology {
    /// Where `probe` is met; `None` for what is in no container of a `docker` host.
    #[must_use]
    pub fn met(&self, probe: &Name) -> Option<Met> {
        self.met_of(self.probes.get(probe)?, self.data_path(probe)?)
    }

    /// Where every probe is met.
    #[must_use]
    pub fn meetings(&self) -> HashMap<&Name, Meeting<'_>> {
        let mut on: HashMap<&Name, usize> = HashMap::new();
        for probe in self.probes.values().filter(|probe| self.is_ours(probe)) {
            *on.entry(&probe.host).or_default() += 1;
        }
        let all: usize = on.values().sum();
        let meeting = |(name, of): (_, _)| {
            let of: &Probe = of;
            let path = self.data_path_of(of, || all > on.get(&of.host).copied().unwrap_or_default());
            let met = path.and_then(|path| self.met_of(of, path));
            (name, Meeting { met, machine: self.machine_of(of, path) })
        };
        self.probes.iter().map(meeting).collect()
    }

    fn met_of(&self, of: &Probe, path: DataPath<'_>) -> Option<Met> {
        let HostKind::Docker(_) = self.hosts.get(&of.host)?.kind else { return None };
        let told = of.attachment.address;
        Some(match (path, &of.attachment.network) {
            (DataPath::Macvlan(_), Some(Network::Macvlan { address, .. })) => Met::At(address.ip),
            (DataPath::Host, _) => told.map_or(Met::Host, |told| Met::At(told.ip)),
            // With a prefix it is the bridge's, which leads nowhere from elsewhere.
            (DataPath::Published, _) => {
                told.filter(|told| told.prefix_bits.is_none()).map_or(Met::Host, |told| Met::At(told.ip))
            }
            // Without one it is the host's, where nothing is published.
            (DataPath::Bridge | DataPath::Macvlan(_), _) => {
                told.filter(|told| told.prefix_bits.is_some()).map_or(Met::Own, |told| Met::At(told.ip))
            }
        })
    }

    fn machine_of<'t>(&'t self, of: &'t Probe, path: Option<DataPath<'_>>) -> Option<Machine<'t>> {
        match &self.hosts.get(&of.host)?.kind {
            HostKind::External(server) => Some(Machine::Server(&server.address)),
            HostKind::Ssh(_) | HostKind::Swarm(_) => Some(Machine::Host(&of.host)),
            HostKind::Docker(docker) => match path? {
                DataPath::Host | DataPath::Published => Some(Machine::Engine(docker.engine())),
                DataPath::Bridge | DataPath::Macvlan(_) => None,
            },
            HostKind::Local(_) | HostKind::Lxd(_) | HostKind::LiveIso(_) => None,
        }
    }
}
