//! Probes as plain processes of this machine, each with an address of 127.0.0.0/8 of its own: nothing is made, so nothing
//! can be shaped.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::local::slots;
use super::{BackendError, Channel, Program};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::process::{self, Errors};

/// The first address; 127.0.0.1, 127.0.0.53 (systemd-resolved) and 127.0.1.1 (Debian's own name) belong to others.
const FIRST: u32 = 0x7f40_0001;
/// The last one: 127.127.255.254.
const LAST: u32 = 0x7f7f_fffe;

/// The probes of a topology.
#[derive(Debug, Default)]
pub(super) struct Processes {
    addresses: BTreeMap<Name, Ipv4Addr>,
}

impl Processes {
    /// Those of `topology`, which has no others.
    pub(super) fn new(topology: &Topology) -> Self {
        let slots = slots(topology.probes.keys(), FIRST, LAST);
        let addresses = slots.into_iter().map(|(name, slot)| (name.clone(), Ipv4Addr::from_bits(slot)));
        Self { addresses: addresses.collect() }
    }

    /// Has the topology such probes?
    pub(super) fn has(&self, probe: &Name) -> bool {
        self.addresses.contains_key(probe)
    }

    /// A child of ours.
    pub(super) fn connect(&self, probe: &Name, program: Program<'_>) -> Result<Channel, BackendError> {
        let subject = format!("probe/{probe}");
        if !self.has(probe) {
            return Err(BackendError::Unknown(subject));
        }
        let failed = |source| BackendError::Step { action: "reach", subject, source };
        process::start(&program.bound(), Errors::Inherited).map(Channel::from).map_err(failed)
    }

    /// Its one address.
    pub(super) fn address(&self, probe: &Name) -> Option<IpAddr> {
        self.addresses.get(probe).copied().map(IpAddr::V4)
    }
}
