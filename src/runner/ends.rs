//! Where runs end: at probes of ours, each with a session, and at foreign servers, each with an address.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::slot::Slot;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::port::PortRange;
use crate::domain::test::{Family, Test, ToolKind};

/// Somebody else's servers.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    /// Its addresses, at most one of each family, IPv4 first.
    pub(super) addresses: Vec<IpAddr>,
    /// The ports of its servers.
    pub(super) ports: PortRange,
}

/// A destination.
#[derive(Clone, Copy)]
pub(super) enum Far<'a> {
    /// A probe of ours.
    Ours(&'a Slot),
    /// Somebody else's.
    Foreign(&'a Foreign),
}

/// All that could be reached.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) sessions: BTreeMap<Name, Slot>,
    /// The addresses of our probes, which their sessions keep.
    pub(super) addresses: BTreeMap<Name, Vec<IpAddr>>,
    pub(super) foreign: BTreeMap<Name, Foreign>,
    /// The addresses of a destination where its source has a nearer way to it than all others.
    pub(super) within: BTreeMap<Pair, Vec<IpAddr>>,
    /// Why the others could not.
    pub(super) missing: BTreeMap<Name, String>,
}

impl Ends {
    /// The destination called `name`.
    pub(super) fn far(&self, name: &Name) -> Option<Far<'_>> {
        let ours = self.sessions.get(name).map(Far::Ours);
        ours.or_else(|| self.foreign.get(name).map(Far::Foreign))
    }

    /// Why nothing can be run from or to this end.
    fn absent(&self, name: &Name) -> Option<String> {
        if self.sessions.contains_key(name) || self.foreign.contains_key(name) {
            return None;
        }
        Some(self.missing.get(name).cloned().unwrap_or_else(|| format!("probe {name} has no session")))
    }

    /// Why `test` cannot be run between this pair, whatever the network does.
    pub(super) fn hinders(&self, pair: &Pair, test: &Test) -> Option<String> {
        if self.foreign.contains_key(&pair.source) {
            let source = &pair.source;
            return Some(format!(
                "{source} is not ours: no test can start there; `direction: reverse` measures the way from it"
            ));
        }
        let absent = [&pair.source, &pair.destination].into_iter().find_map(|end| self.absent(end));
        absent.or_else(|| {
            let foreign = self.foreign.contains_key(&pair.destination);
            (foreign && test.tool() == ToolKind::Iperf2)
                .then(|| format!("{} is not ours, and its servers are iperf3's", pair.destination))
                .or_else(|| self.address(pair, test.family()).err())
        })
    }

    /// The address at which `pair.destination` is tested in this family; without one, in the first that both ends have.
    pub(super) fn address(&self, pair: &Pair, family: Option<Family>) -> Result<IpAddr, String> {
        let addresses = match self.far(&pair.destination) {
            Some(Far::Ours(_)) => self.ours(pair),
            Some(Far::Foreign(foreign)) => foreign.addresses.as_slice(),
            None => &[],
        };
        // How our end gets to a foreign one is its routing's business.
        let is_ours = self.sessions.contains_key(&pair.source) && self.sessions.contains_key(&pair.destination);
        toward(pair, is_ours.then(|| self.ours(&pair.reversed())), addresses, family)
    }

    /// The addresses of `pair.destination`, one of our probes, for `pair.source`.
    fn ours(&self, pair: &Pair) -> &[IpAddr] {
        self.within.get(pair).or_else(|| self.addresses.get(&pair.destination)).map_or(&[], Vec::as_slice)
    }
}

/// Picks an address of `destination`; `source` has what the other end must have too.
fn toward(
    pair: &Pair,
    source: Option<&[IpAddr]>,
    destination: &[IpAddr],
    family: Option<Family>,
) -> Result<IpAddr, String> {
    let has = |addresses: &[IpAddr], family| addresses.iter().any(|a| Family::of(*a) == family);
    let both = |address: &&IpAddr| source.is_none_or(|own| has(own, Family::of(**address)));
    let wanted = |address: &&IpAddr| family.is_none_or(|family| Family::of(**address) == family);
    if let Some(address) = destination.iter().filter(both).find(wanted) {
        return Ok(*address);
    }
    let Some(family) = family else {
        return Err(format!("{} and {} have no family of addresses in common", pair.source, pair.destination));
    };
    let word = match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    };
    let lacks = if has(destination, family) { &pair.source } else { &pair.destination };
    Err(format!("{lacks} has no {word} address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_the_family_asked_for_or_of_one_that_both_have() {
        let addresses = |texts: &[&str]| texts.iter().map(|a| a.parse().unwrap()).collect::<Vec<IpAddr>>();
        let [a, b] = ["a", "b"].map(|n| Name::new(n).unwrap());
        let pair = Pair { source: a, destination: b };
        let both = addresses(&["192.0.2.1", "2001:db8::1"]);
        let [v4, v6] = [addresses(&["192.0.2.9"]), addresses(&["2001:db8::9"])];
        let picked = |source: Option<&[IpAddr]>, destination: &[IpAddr], family| {
            toward(&pair, source, destination, family).map(|a| a.to_string())
        };
        assert_eq!(picked(Some(&both), &both, None).unwrap(), "192.0.2.1", "IPv4 first");
        assert_eq!(picked(Some(&v6), &both, None).unwrap(), "2001:db8::1", "the one that both have");
        assert_eq!(picked(Some(&both), &both, Some(Family::Ipv6)).unwrap(), "2001:db8::1");
        assert_eq!(picked(Some(&both), &v4, Some(Family::Ipv6)).unwrap_err(), "b has no IPv6 address");
        assert_eq!(picked(Some(&v4), &both, Some(Family::Ipv6)).unwrap_err(), "a has no IPv6 address");
        assert_eq!(picked(Some(&v4), &v6, None).unwrap_err(), "a and b have no family of addresses in common");
        assert_eq!(picked(None, &v6, None).unwrap(), "2001:db8::9", "a foreign end is reached as routing knows");
    }
}
