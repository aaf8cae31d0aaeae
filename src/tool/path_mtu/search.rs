//! Which size is tried next, and what the answers come to.

use crate::domain::measurement::{MtuOutcome, MtuTry, PathMtuFound};
use crate::domain::test::Family;

pub(super) const ANSWERED: MtuOutcome = MtuOutcome::Answered;

/// Largest packet of either family without a jumbogram, in bytes (RFC 791).
const LARGEST: u32 = 65_535;
/// What every IPv4 link carries, in bytes (RFC 791).
const IPV4_LEAST: u32 = 68;
/// What every IPv6 link carries, in bytes (RFC 8200).
const IPV6_LEAST: u32 = 1280;

/// MTUs that links have: tunnels, DSL, Ethernet with and without tags, jumbo frames, and the plateaus of RFC 1191, section 7.
/// They are tried before the sizes between them, so that most searches end after a few.
const USUAL: [u32; 30] = [
    576, 1006, 1280, 1300, 1350, 1376, 1380, 1390, 1400, 1412, 1420, 1428, 1430, 1436, 1440, 1450, 1454, 1458, 1460,
    1472, 1476, 1480, 1488, 1492, 1500, 2002, 4352, 8166, 9000, 9216,
];

/// A size counts as swallowed after this many silences in a row: one packet in ten lost fools that once in a thousand.
const SILENCES: u32 = 3;
/// The same where packets of a size that passes were seen lost.
const SILENCES_WHERE_LOSSY: u32 = 5;

/// A search for the largest packet that passes unfragmented.
#[derive(Debug)]
pub struct Search {
    least: u32,
    largest: u32,
    /// Largest size that was answered; 0 for none.
    low: u32,
    /// Smallest size that cannot pass.
    high: u32,
    /// Was it only silence that told so?
    high_silent: bool,
    /// The MTU that somebody named, not yet tried.
    named: Option<u32>,
    /// The size that was silent last, and how often in a row.
    silent: Option<(u32, u32)>,
    lossy: bool,
    tries: Vec<MtuTry>,
}

impl Search {
    /// A search from `largest` bytes down. Without it the search begins with more than any interface takes: the kernel names
    /// the interface's MTU then, and nothing is sent.
    #[must_use]
    pub fn new(family: Family, largest: Option<u32>) -> Self {
        let largest = largest.unwrap_or(LARGEST).min(LARGEST);
        let least = match family {
            Family::Ipv4 => IPV4_LEAST,
            Family::Ipv6 => IPV6_LEAST,
        };
        Self {
            least: least.min(largest),
            largest,
            low: 0,
            high: largest + 1,
            high_silent: false,
            named: None,
            silent: None,
            lossy: false,
            tries: vec![],
        }
    }

    /// The size of the next packet, in bytes; `None` at the end of the search.
    #[must_use]
    pub fn next_size(&self) -> Option<u32> {
        let inside = |size: &u32| *size > self.low && *size < self.high;
        if let Some((size, _)) = self.silent {
            return Some(size);
        }
        if self.tries.is_empty() {
            return Some(self.largest);
        }
        if let Some(named) = self.named.filter(inside) {
            return Some(named);
        }
        if self.low == 0 {
            // Does anything come through?
            return Some(self.least).filter(inside);
        }
        if self.low + 1 >= self.high {
            return None;
        }
        if USUAL.contains(&self.low) {
            return Some(self.low + 1);
        }
        let usual: Vec<u32> = USUAL.into_iter().filter(inside).collect();
        Some(usual.get(usual.len() / 2).copied().unwrap_or(self.low + (self.high - self.low) / 2))
    }

    /// Takes in what became of a packet of `size` bytes.
    pub fn told(&mut self, size: u32, outcome: MtuOutcome) {
        self.tries.push(MtuTry { size_bytes: size, outcome });
        let silences = self.silent.take().filter(|(s, _)| *s == size).map_or(0, |(_, count)| count);
        match outcome {
            MtuOutcome::Answered => {
                self.lossy |= silences > 0;
                self.low = self.low.max(size);
            }
            MtuOutcome::TooLarge(named) => {
                self.limit(size, false);
                // Who names no smaller size than was tried, or one below what passed, cannot be right.
                if let Some(mtu) = named.filter(|mtu| *mtu < size && *mtu > self.low && *mtu >= self.least) {
                    self.limit(mtu + 1, false);
                    self.named = Some(mtu);
                }
            }
            MtuOutcome::Silent => {
                let enough = if self.lossy { SILENCES_WHERE_LOSSY } else { SILENCES };
                if silences + 1 < enough {
                    self.silent = Some((size, silences + 1));
                } else {
                    self.limit(size, true);
                }
            }
        }
    }

    const fn limit(&mut self, size: u32, silent: bool) {
        if size < self.high {
            self.high = size;
            self.high_silent = silent;
        }
    }

    /// What was found.
    #[must_use]
    pub fn found(self) -> PathMtuFound {
        PathMtuFound {
            mtu_bytes: (self.low > 0).then_some(self.low),
            black_hole: self.low > 0 && self.high_silent,
            tries: self.tries,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A path: the interface's MTU, then a narrow link whose router tells, or does not.
    #[derive(Debug, Clone, Copy)]
    struct Path {
        interface: u32,
        narrow: u32,
        tells: bool,
    }

    impl Path {
        fn outcome(self, size: u32) -> MtuOutcome {
            match size {
                _ if size > self.interface => MtuOutcome::TooLarge(Some(self.interface)),
                _ if size <= self.narrow => MtuOutcome::Answered,
                _ if self.tells => MtuOutcome::TooLarge(Some(self.narrow)),
                _ => MtuOutcome::Silent,
            }
        }
    }

    /// Searches, at most 200 tries.
    fn search(mut search: Search, mut outcome: impl FnMut(u32) -> MtuOutcome) -> PathMtuFound {
        for _ in 0..200 {
            let Some(size) = search.next_size() else { return search.found() };
            search.told(size, outcome(size));
        }
        panic!("it does not end: {search:?}");
    }

    fn sizes(found: &PathMtuFound) -> Vec<u32> {
        found.tries.iter().map(|t| t.size_bytes).collect()
    }

    #[test]
    fn an_open_path_takes_two_tries_and_a_told_one_three() {
        let open = Path { interface: 1500, narrow: 1500, tells: true };
        let found = search(Search::new(Family::Ipv4, None), |s| open.outcome(s));
        assert_eq!((found.mtu_bytes, found.black_hole, sizes(&found)), (Some(1500), false, vec![65_535, 1500]));
        let told = Path { narrow: 1400, ..open };
        let found = search(Search::new(Family::Ipv4, None), |s| told.outcome(s));
        assert_eq!((found.mtu_bytes, found.black_hole, sizes(&found)), (Some(1400), false, vec![65_535, 1500, 1400]));
    }

    #[test]
    fn a_black_hole_of_a_usual_size_is_found_in_few_tries() {
        let hole = Path { interface: 1500, narrow: 1400, tells: false };
        let found = search(Search::new(Family::Ipv4, None), |s| hole.outcome(s));
        assert_eq!((found.mtu_bytes, found.black_hole), (Some(1400), true));
        assert!(found.tries.len() < 20, "{:?}", sizes(&found));
    }

    #[test]
    fn where_nothing_is_answered_no_black_hole_is_claimed() {
        for family in [Family::Ipv4, Family::Ipv6] {
            let found = search(Search::new(family, Some(1500)), |_| MtuOutcome::Silent);
            assert_eq!((found.mtu_bytes, found.black_hole, found.tries.len()), (None, false, 6));
        }
    }

    #[test]
    fn routers_that_name_nonsense_are_not_followed() {
        for named in [None, Some(0), Some(1), Some(1500), Some(9000)] {
            let found = search(Search::new(Family::Ipv4, Some(1500)), |size| {
                if size <= 1433 { MtuOutcome::Answered } else { MtuOutcome::TooLarge(named) }
            });
            assert_eq!((found.mtu_bytes, found.black_hole), (Some(1433), false), "{named:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_path_mtu_is_found(
            interface in 1280_u32..=65_535,
            part in 0.0..=1.0_f64,
            tells in any::<bool>(),
            family in prop_oneof![Just(Family::Ipv4), Just(Family::Ipv6)],
        ) {
            let narrow = 1280 + (f64::from(interface - 1280) * part) as u32;
            let path = Path { interface, narrow, tells };
            let found = search(Search::new(family, None), |s| path.outcome(s));
            prop_assert_eq!(found.mtu_bytes, Some(narrow));
            prop_assert_eq!(found.black_hole, !tells && narrow < interface);
        }

        #[test]
        fn loss_makes_no_black_hole(narrow in 1280_u32..=1500, lost in proptest::collection::vec(0_usize..40, 0..12)) {
            // Never more than two in a row, whatever the size.
            let path = Path { interface: 1500, narrow, tells: true };
            let (mut count, mut row) = (0, 0);
            let found = search(Search::new(Family::Ipv4, None), |size| {
                count += 1;
                row = if size <= 1500 && lost.contains(&count) && row < 2 { row + 1 } else { 0 };
                if row > 0 { MtuOutcome::Silent } else { path.outcome(size) }
            });
            prop_assert_eq!((found.mtu_bytes, found.black_hole), (Some(narrow), false));
        }
    }
}
