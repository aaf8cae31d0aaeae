//! Words with their meanings: what decoding looks up, diagnostics list and the schema enumerates.

pub(crate) use crate::domain::campaign::Metric;
use crate::domain::host::{Isolation, Network, Placement};
use crate::domain::image::Base;
use crate::domain::test::{Directions, Family, Protocol};

/// The words of a table.
pub(super) const fn words<T, const N: usize>(table: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut i = 0;
    while i < N {
        words[i] = table[i].0;
        i += 1;
    }
    words
}

pub(crate) const PROTOCOLS: [(&str, Protocol); 3] =
    [("tcp", Protocol::Tcp), ("udp", Protocol::Udp), ("sctp", Protocol::Sctp)];
pub(super) const PROTOCOL_WORDS: [&str; 3] = words(&PROTOCOLS);

/// iperf 2 speaks no SCTP.
pub(crate) const IPERF2_PROTOCOLS: [(&str, Protocol); 2] = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp)];
pub(super) const IPERF2_PROTOCOL_WORDS: [&str; 2] = words(&IPERF2_PROTOCOLS);

pub(crate) const DIRECTIONS: [(&str, Directions); 4] = [
    ("forward", Directions::Forward),
    ("reverse", Directions::Reverse),
    ("both", Directions::Both),
    ("bidirectional", Directions::Bidirectional),
];
pub(super) const DIRECTION_WORDS: [&str; 4] = words(&DIRECTIONS);

pub(crate) const FAMILIES: [(&str, Family); 2] = [("ipv4", Family::Ipv4), ("ipv6", Family::Ipv6)];
pub(super) const FAMILY_WORDS: [&str; 2] = words(&FAMILIES);

pub(crate) const ISOLATIONS: [(&str, Isolation); 3] = [
    (Isolation::Namespaces.word(), Isolation::Namespaces),
    (Isolation::UserNamespaces.word(), Isolation::UserNamespaces),
    (Isolation::Processes.word(), Isolation::Processes),
];
pub(super) const ISOLATION_WORDS: [&str; 3] = words(&ISOLATIONS);

pub(crate) const BASES: [(&str, Base); 2] = [(Base::Small.word(), Base::Small), (Base::Debian.word(), Base::Debian)];
pub(super) const BASE_WORDS: [&str; 2] = words(&BASES);

pub(crate) const NETWORKS: [(&str, Network); 2] = [("host", Network::Host), ("bridge", Network::Bridge)];
pub(super) const NETWORK_WORDS: [&str; 2] = words(&NETWORKS);

pub(crate) const PLACEMENTS: [(&str, Placement); 1] = [("each-node", Placement::EachNode)];
pub(super) const PLACEMENT_WORDS: [&str; 1] = words(&PLACEMENTS);

/// DSCPs by name: class selectors (RFC 2474), assured forwarding (RFC 2597), expedited forwarding (RFC 3246), voice admit
/// (RFC 5865), lower effort (RFC 8622).
pub(crate) const DSCPS: [(&str, u8); 25] = [
    ("default", 0),
    ("be", 0),
    ("le", 1),
    ("cs0", 0),
    ("cs1", 8),
    ("cs2", 16),
    ("cs3", 24),
    ("cs4", 32),
    ("cs5", 40),
    ("cs6", 48),
    ("cs7", 56),
    ("af11", 10),
    ("af12", 12),
    ("af13", 14),
    ("af21", 18),
    ("af22", 20),
    ("af23", 22),
    ("af31", 26),
    ("af32", 28),
    ("af33", 30),
    ("af41", 34),
    ("af42", 36),
    ("af43", 38),
    ("va", 44),
    ("ef", 46),
];
pub(super) const DSCP_WORDS: [&str; 25] = words(&DSCPS);
