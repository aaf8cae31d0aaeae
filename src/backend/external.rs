//! Somebody else's iperf3 servers: destinations only. Nothing is deployed there and no session opened.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::BackendError;
use super::resolve::resolve;
use crate::domain::host::HostKind;
use crate::domain::name::Name;
use crate::domain::topology::Topology;

/// The foreign ends of a topology: the address of each probe, as written.
#[derive(Debug, Default)]
pub(super) struct External(BTreeMap<Name, String>);

impl External {
    /// Those of `topology`.
    pub(super) fn new(topology: &Topology) -> Self {
        let address = |host: &Name| match &topology.hosts.get(host)?.kind {
            HostKind::External(external) => Some(external.address.clone()),
            _ => None,
        };
        Self(topology.probes.iter().filter_map(|(name, p)| Some((name.clone(), address(&p.host)?))).collect())
    }

    /// Is `probe` one of them?
    pub(super) fn has(&self, probe: &Name) -> bool {
        self.0.contains_key(probe)
    }

    /// The first address of each family, IPv4 first.
    pub(super) async fn addresses(&self, probe: &Name) -> Result<Vec<IpAddr>, BackendError> {
        let address = self.0.get(probe).ok_or_else(|| BackendError::Unknown(format!("probe/{probe}")))?;
        resolve(probe, address).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn external(address: &str) -> (External, Name) {
        let peer = Name::new("peer").unwrap();
        (External(BTreeMap::from([(peer.clone(), address.to_owned())])), peer)
    }

    #[tokio::test]
    async fn literals_stand_and_names_are_resolved_or_told() {
        let (literal, peer) = external("2001:db8::7");
        assert_eq!(literal.addresses(&peer).await.unwrap(), ["2001:db8::7".parse::<IpAddr>().unwrap()]);
        let (named, peer) = external("localhost");
        assert!(named.addresses(&peer).await.unwrap().iter().all(IpAddr::is_loopback));
        let (unknown, peer) = external("no-such-host.invalid");
        let told = unknown.addresses(&peer).await.unwrap_err();
        assert_eq!(told.to_string(), "the address `no-such-host.invalid` of peer cannot be resolved");
    }
}
