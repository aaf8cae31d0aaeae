//! What is known to be wrong with the figures of a version, said beside them.

use super::json::{Document, Node};
use crate::domain::test::Protocol;
use crate::tool::version::Version;

/// The version of an end's own output.
pub(super) fn version(document: &Document) -> Option<Version> {
    document.version().and_then(Version::read)
}

/// 3.16 and 3.17 look at the clock without a pause while they keep to a rate (esnet/iperf#1741, mended in 3.18).
const SPINS: std::ops::Range<Version> = Version::new(3, 16, 0)..Version::new(3, 18, 0);
/// Up to 3.9 a server adds up the CPU time of all its tests (esnet/iperf#1076, mended in 3.10).
const CPU_COUNTED_APART: Version = Version::new(3, 10, 0);

/// Do CPU figures of this end's output hold the tests that its server served before?
pub(super) fn counts_earlier_tests(server: &Document) -> bool {
    server.served_before && version(server).is_some_and(|v| v < CPU_COUNTED_APART)
}

/// The note on a sender that keeps a core busy while it paces itself.
pub(super) fn spinning(sender: Option<&Document>, start: &Node, protocol: Protocol) -> Option<String> {
    let sender = sender?;
    let named = version(sender).filter(|v| SPINS.contains(v))?;
    let asked = start.get("test_start").and_then(|t| t.number("target_bitrate"));
    // Of UDP without a word on its rate, iperf3's own 1 Mbit/s is kept.
    let paced = asked.map_or(protocol == Protocol::Udp, |rate| rate > 0.0);
    paced.then(|| {
        format!(
            "iperf3 {named} keeps a core busy while it holds a rate, whatever the rate is (esnet/iperf#1741, mended in \
             3.18): its CPU use says nothing"
        )
    })
}
