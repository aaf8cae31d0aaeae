//! Somebody else's iperf3 servers: destinations only. Nothing is deployed there and no session opened.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::BackendError;
use crate::domain::host::HostKind;
use crate::domain::name::Name;
use crate::domain::test::Family;
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
        if let Ok(literal) = address.parse() {
            return Ok(vec![literal]);
        }
        let unresolved = |source| BackendError::Unresolved { probe: probe.clone(), address: address.clone(), source };
        // The port is the resolver's wish, not ours.
        let found = tokio::net::lookup_host((address.as_str(), 0)).await.map_err(unresolved)?;
        let addresses = first_of_each(found.map(|socket| socket.ip()));
        if addresses.is_empty() {
            return Err(unresolved(std::io::Error::other("the resolver knows no address")));
        }
        Ok(addresses)
    }
}

/// One address of each family, IPv4 first: the first that the resolver names, which it has sorted (RFC 6724).
fn first_of_each(found: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut by_family = BTreeMap::new();
    for address in found {
        by_family.entry(Family::of(address)).or_insert(address);
    }
    by_family.into_values().collect()
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

    #[test]
    fn the_first_of_each_family_is_taken() {
        let found = ["2001:db8::1", "192.0.2.1", "192.0.2.2", "2001:db8::2"].map(|a| a.parse().unwrap());
        let taken: Vec<_> = first_of_each(found.into_iter()).iter().map(ToString::to_string).collect();
        assert_eq!(taken, ["192.0.2.1", "2001:db8::1"]);
    }
}
