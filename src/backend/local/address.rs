//! Addresses that stay with their name: whoever is added or goes later, the others keep theirs, but for the few that wanted
//! the same place.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::domain::name::Name;

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>). Written out because labels and addresses outlive the
/// program that chose them, and the standard library's hasher may change from one release to the next.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A slot in `first..=last` for each name: its hash, or the next free one where another name was there before. Names
/// beyond the last slot get none.
pub(in crate::backend) fn slots<'a>(
    names: impl IntoIterator<Item = &'a Name>,
    first: u32,
    last: u32,
) -> BTreeMap<&'a Name, u32> {
    let count = last - first + 1;
    let mut taken = BTreeSet::new();
    let mut slots = BTreeMap::new();
    for name in names.into_iter().take(count as usize) {
        let start = (fnv1a(name.as_str().as_bytes()) % u64::from(count)) as u32;
        let free = (0..count).map(|step| first + (start + step) % count).find(|slot| taken.insert(*slot));
        slots.extend(free.map(|slot| (name, slot)));
    }
    slots
}

/// Most sites: a /20 of 10.0.0.0/8 each; the first one is for probes without a site.
pub(super) const LAST_LAN: u32 = (1 << 12) - 1;
/// First host number of a probe in its LAN; the one before is the gateway.
pub(super) const FIRST_HOST: u32 = 2;
/// Last host number of a probe in its LAN; the one behind is the broadcast address.
pub(super) const LAST_HOST: u32 = (1 << 12) - 2;
/// Last /30 of 172.16.0.0/12 for links between sites.
pub(super) const LAST_WIRE: u32 = (1 << 18) - 1;

/// The /48 of IPv6 that all is in: unique local addresses (RFC 4193). Not drawn by lot, for they never leave the lab.
const LOCAL_48: u128 = 0xfd69_7065_7266 << 80;
/// Subnet of the ways to the core; those below are LANs.
const TRANSIT: u128 = 0x1000 << 64;
/// Subnet of links between sites.
const WIRES: u128 = 0x2000 << 64;

/// The LAN of a site, or of the probes without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lan(pub(super) u32);

impl Lan {
    /// Prefix length of a LAN.
    pub(super) const PREFIX: u8 = 20;

    /// Its network address.
    pub(super) fn network(self) -> Ipv4Addr {
        self.host(0)
    }

    /// Its router.
    pub(super) fn gateway(self) -> Ipv4Addr {
        self.host(1)
    }

    /// A probe in it.
    pub(super) fn host(self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(0x0a00_0000 | self.0 << 12 | number)
    }

    /// Prefix length of a LAN in IPv6.
    pub(super) const PREFIX_V6: u8 = 64;

    /// Its network in IPv6.
    pub(super) fn network_v6(self) -> Ipv6Addr {
        self.host_v6(0)
    }

    /// Its router in IPv6.
    pub(super) fn gateway_v6(self) -> Ipv6Addr {
        self.host_v6(1)
    }

    /// A probe in it in IPv6, by the same number.
    pub(super) fn host_v6(self, number: u32) -> Ipv6Addr {
        Ipv6Addr::from_bits(LOCAL_48 | u128::from(self.0) << 64 | u128::from(number))
    }

    /// The two ends of its way to the core in IPv6, a /126.
    pub(super) fn transit_v6(self) -> [Ipv6Addr; 2] {
        [1, 2].map(|end| Ipv6Addr::from_bits(LOCAL_48 | TRANSIT | u128::from(self.0 << 2 | end)))
    }

    /// The two ends of its way to the core, in 100.64.0.0/10 (RFC 6598): the core's, then the site's.
    pub(super) fn transit(self) -> [Ipv4Addr; 2] {
        [1, 2].map(|end| Ipv4Addr::from_bits(0x6440_0000 | self.0 << 2 | end))
    }
}

/// The two ends of a link between sites.
pub(super) fn wire(slot: u32) -> [Ipv4Addr; 2] {
    [1, 2].map(|end| Ipv4Addr::from_bits(0xac10_0000 | slot << 2 | end))
}

/// The same in IPv6, a /126.
pub(super) fn wire_v6(slot: u32) -> [Ipv6Addr; 2] {
    [1, 2].map(|end| Ipv6Addr::from_bits(LOCAL_48 | WIRES | u128::from(slot << 2 | end)))
}

/// The address of an end of a link on its own wire (RFC 4291, 2.5.6): what lies behind is reached by it, for IPv6 answers for
/// an address only where that is.
pub(super) fn link_local(side: usize) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, if side == 0 { 1 } else { 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<Name> {
        (0..count).map(|n| Name::new(&format!("n{n}")).unwrap()).collect()
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_name_has_a_slot_of_its_own_until_none_is_left() {
        let names = names(12);
        let some = slots(&names, 2, 11);
        assert_eq!(some.len(), 10);
        assert_eq!(some.values().copied().collect::<BTreeSet<_>>(), (2..=11).collect());
    }

    #[test]
    fn a_name_added_behind_moves_nobody() {
        let names = names(200);
        let (before, after) = (slots(&names[..199], FIRST_HOST, LAST_HOST), slots(&names, FIRST_HOST, LAST_HOST));
        assert!(before.iter().all(|(name, slot)| after[name] == *slot));
    }

    #[test]
    fn the_ranges_stay_in_their_networks() {
        assert_eq!(Lan(0).gateway().to_string(), "10.0.0.1");
        assert_eq!(Lan(LAST_LAN).host(LAST_HOST).to_string(), "10.255.255.254");
        assert_eq!(Lan(LAST_LAN).transit()[1].to_string(), "100.64.63.254");
        assert_eq!(wire(LAST_WIRE)[1].to_string(), "172.31.255.254");
        assert_eq!(Lan(0).gateway_v6().to_string(), "fd69:7065:7266::1");
        assert_eq!(Lan(LAST_LAN).host_v6(LAST_HOST).to_string(), "fd69:7065:7266:fff::ffe");
        assert_eq!(Lan(LAST_LAN).transit_v6()[1].to_string(), "fd69:7065:7266:1000::3ffe");
        assert_eq!(wire_v6(LAST_WIRE)[1].to_string(), "fd69:7065:7266:2000::f:fffe");
    }
}
