//! Host names of a topology as addresses: resolved here, so that no probe needs a resolver.
#![allow(clippy::disallowed_methods, reason = "an edge: it asks the resolver")]

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::BackendError;
use crate::domain::name::Name;
use crate::domain::test::Family;

/// The first address of each family, IPv4 first, of `address`, which `probe` is reached at.
///
/// # Errors
/// [`BackendError::Unresolved`].
pub(super) async fn resolve(probe: &Name, address: &str) -> Result<Vec<IpAddr>, BackendError> {
    if let Ok(literal) = address.parse() {
        return Ok(vec![literal]);
    }
    let unresolved = |source| BackendError::Unresolved { probe: probe.clone(), address: address.to_owned(), source };
    // The port is the resolver's wish, not ours.
    let found = tokio::net::lookup_host((address, 0)).await.map_err(unresolved)?;
    let addresses = first_of_each(found.map(|socket| socket.ip()));
    if addresses.is_empty() {
        return Err(unresolved(std::io::Error::other("the resolver knows no address")));
    }
    Ok(addresses)
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

    #[test]
    fn the_first_of_each_family_is_taken() {
        let found = ["2001:db8::1", "192.0.2.1", "192.0.2.2", "2001:db8::2"].map(|a| a.parse().unwrap());
        let taken: Vec<_> = first_of_each(found.into_iter()).iter().map(ToString::to_string).collect();
        assert_eq!(taken, ["192.0.2.1", "2001:db8::1"]);
    }
}
