//! The test and the figure that speak for many: figures of different tests are never mixed.

use std::collections::BTreeMap;

use super::findings::Seen;
use crate::domain::campaign::Metric;
use crate::domain::name::Name;
use crate::domain::run::Run;
use crate::domain::test::Direction;
use crate::i18n::{Lang, say};
use crate::stats::median;

/// The value that speaks for a group, and the judgement it stands by.
pub(super) struct Representative<'a> {
    pub(super) seen: &'a Seen<'a>,
    pub(super) value: Option<f64>,
}

/// Runs of one test repeat each other, whichever end asks for it; with data both ways at once it is another test.
pub(super) fn test_of(run: &Run) -> (&Name, bool) {
    (&run.test, run.direction() == Direction::Bidirectional)
}

/// ` with tcp (both ways at once)`.
pub(super) fn with_test(lang: Lang, (test, both_ways): (&Name, bool)) -> String {
    let both = if both_ways { lang.word(" (both ways at once)", " (ambos sentidos a la vez)") } else { "" };
    say!(lang, " with {test}{both}", " con {test}{both}")
}

/// Of each pair and test the median of its repetitions; of these the best, for the link does at least that, or the worst.
pub(super) fn representative<'a>(seen: &[&'a Seen<'a>], metric: Metric, best: bool) -> Option<Representative<'a>> {
    let mut by_pair: BTreeMap<_, Vec<&'a Seen<'a>>> = BTreeMap::new();
    for one in seen {
        by_pair.entry((&one.judgement.sender, &one.judgement.receiver, test_of(one.run))).or_default().push(one);
    }
    let of_pair = |pair: Vec<&'a Seen<'a>>| {
        let values: Vec<f64> = pair.iter().filter_map(|s| s.judgement.measured).collect();
        pair.first().map(|first| Representative { seen: first, value: median(&values) })
    };
    let highest = best == metric.lower_is_worse();
    // Without a value it is worse than any: no answer at all.
    let key = |r: &Representative<'_>| r.value.unwrap_or(if metric.lower_is_worse() { -1.0 } else { f64::INFINITY });
    let pairs = by_pair.into_values().filter_map(of_pair);
    if highest {
        pairs.max_by(|a, b| key(a).total_cmp(&key(b)))
    } else {
        pairs.min_by(|a, b| key(a).total_cmp(&key(b)))
    }
}
