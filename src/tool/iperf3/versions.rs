//! Since when iperf3 has what a test may ask for (its RELNOTES.md, and the option tables of each release's iperf_api.c).

use crate::domain::test::{Direction, Iperf3, Protocol};
use crate::domain::unit::Bitrate;
use crate::tool::Endpoints;
use crate::tool::version::{Need, Version};

/// `--connect-timeout`. Older clients wait as long as the kernel does.
pub(super) const CONNECT_TIMEOUT: Version = Version::new(3, 2, 0);
/// `--bind-dev` came with 3.10 and binds TCP's data streams since 3.11 (esnet/iperf#1153).
pub(super) const BIND_DEVICE: Version = Version::new(3, 11, 0);
/// `--json-stream`: a line for each interval as it ends, so that what cuts a client off leaves what it had measured.
const JSON_STREAM: Version = Version::new(3, 17, 0);
/// Each stream has a thread of its own (esnet/iperf#1591).
pub(super) const THREADS: Version = Version::new(3, 16, 0);

/// Largest `-M` before 3.21, in bytes (`MAX_MSS` in iperf.h).
const MSS_MAX_BEFORE_3_21: u16 = 9 * 1024;
/// Largest `--fq-rate` before 3.18: it was held in 32 bits of bytes per second.
const FQ_RATE_MAX_BEFORE_3_18: u64 = 8 * (u32::MAX as u64);

/// Does this end's version know what came with `since`? One that is not known is taken for recent.
pub(super) fn knows(at: &Endpoints, since: Version) -> bool {
    at.version.as_deref().and_then(Version::read).is_none_or(|version| version >= since)
}

/// How a client is asked for its JSON. One whose version is not known is asked in the way that all of them know.
pub(super) fn json(at: &Endpoints) -> &'static str {
    let version = at.version.as_deref().and_then(Version::read);
    if version.is_some_and(|version| version >= JSON_STREAM) { "--json-stream" } else { "-J" }
}

/// What it takes to bind every socket to an interface.
pub(super) const fn binding() -> Need {
    Need { what: "binding to the probe's interface (`--bind-dev`)", since: BIND_DEVICE, both_ends: true }
}

/// What `test` asks for that not every version has.
pub(super) fn needs(test: &Iperf3) -> Vec<Need> {
    let back = test.direction != Direction::Forward;
    let need =
        |what, (major, minor, patch), both_ends| Need { what, since: Version::new(major, minor, patch), both_ends };
    let mut needs = Vec::new();
    if test.protocol == Protocol::Sctp {
        needs.push(need("SCTP (`--sctp`)", (3, 1, 0), true));
    }
    if test.direction == Direction::Bidirectional {
        needs.push(need("both directions at once (`--bidir`)", (3, 7, 0), true));
    }
    if let Some(rate) = test.fq_rate_bits_per_second {
        needs.push(need("pacing by the kernel (`--fq-rate`)", (3, 1, 5), back));
        if back {
            needs.push(need("pacing by the kernel at the server (`--fq-rate` with `-R`)", (3, 17, 0), true));
        }
        if rate > Bitrate::new(FQ_RATE_MAX_BEFORE_3_18).unwrap_or(rate) {
            needs.push(need("pacing above 34 Gbit/s (`--fq-rate`)", (3, 18, 0), back));
        }
    }
    if back && test.zero_copy && test.protocol == Protocol::Tcp {
        needs.push(need("sending without a copy at the server (`-Z` with `-R`)", (3, 11, 0), true));
    }
    if test.protocol != Protocol::Udp && test.mss.is_some_and(|mss| mss > MSS_MAX_BEFORE_3_21) {
        needs.push(need("a segment size above 9216 bytes (`-M`)", (3, 21, 0), true));
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::test::Test;
    use crate::tool;

    /// What is said where the source has `source` and the destination `destination`.
    fn refusal(test: Iperf3, source: &str, destination: &str) -> Option<String> {
        let end = |probe, version| tool::End { probe, version: Some(version), bound: false };
        tool::refusal(&Test::Iperf3(test), end("m1", source), end("m2", destination))
    }

    #[test]
    fn each_option_is_refused_below_its_version_and_not_from_it_on() {
        let rate = |text| Bitrate::parse(text).ok();
        let back = Iperf3 { direction: Direction::Reverse, ..Iperf3::plain() };
        let cases = [
            (Iperf3 { protocol: Protocol::Sctp, ..Iperf3::plain() }, "3.0.12", "3.1"),
            (Iperf3 { direction: Direction::Bidirectional, ..Iperf3::plain() }, "3.6", "3.7"),
            (Iperf3 { fq_rate_bits_per_second: rate("10M"), ..Iperf3::plain() }, "3.1.4", "3.1.5"),
            (Iperf3 { fq_rate_bits_per_second: rate("10M"), ..back.clone() }, "3.16", "3.17"),
            (Iperf3 { fq_rate_bits_per_second: rate("40G"), ..Iperf3::plain() }, "3.17.1", "3.18"),
            (Iperf3 { zero_copy: true, ..back.clone() }, "3.10.1", "3.11"),
            (Iperf3 { mss: Some(9217), ..Iperf3::plain() }, "3.20", "3.21"),
        ];
        for (test, old, new) in cases {
            assert!(refusal(test.clone(), new, new).is_none(), "{test:?}");
            let said = refusal(test, old, new).unwrap();
            assert!(said.contains(&format!("needs iperf3 {new} or later")), "{said}");
            assert!(said.ends_with(&format!("m1 has {old}")), "{said}");
        }
        for old in ["3.0.12", "3.1.7", "3.6", "3.9"] {
            let plain = Iperf3 { zero_copy: true, mss: Some(9216), streams: 4, ..Iperf3::plain() };
            assert_eq!(refusal(plain, old, old), None, "{old}");
            assert_eq!(refusal(back.clone(), old, old), None, "{old}");
        }
    }

    #[test]
    fn the_far_end_is_held_back_by_what_it_takes_part_in() {
        let both_ways = Iperf3 { direction: Direction::Bidirectional, ..Iperf3::plain() };
        let said = refusal(both_ways, "3.12", "3.1.7").unwrap();
        assert_eq!(said, "both directions at once (`--bidir`) needs iperf3 3.7 or later, m2 has 3.1.7");
        let paced = Iperf3 { fq_rate_bits_per_second: Bitrate::parse("10M").ok(), ..Iperf3::plain() };
        assert_eq!(refusal(paced, "3.12", "3.1"), None, "only the sender paces");
    }
}
