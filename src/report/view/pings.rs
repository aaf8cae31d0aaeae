//! What the pings of a pair measured, repetitions brought together.

use std::collections::BTreeMap;

use super::figures::round_trip;
use super::pair::state;
use super::{State, or_dash};
use crate::domain::measurement::RoundTrip;
use crate::domain::name::Name;
use crate::domain::run::Run;
use crate::i18n::{Lang, say};
use crate::stats::median;
use crate::stats::numbers;

/// A ping, over its repetitions.
#[derive(Debug)]
pub(in crate::report) struct PingRow {
    pub(in crate::report) test: Name,
    /// The worst that was judged of this test.
    pub(in crate::report) state: State,
    pub(in crate::report) min: String,
    pub(in crate::report) mean: String,
    pub(in crate::report) max: String,
    /// The three in one: `11.6 / 12.3 / 14.9 ms`.
    pub(in crate::report) range: String,
    pub(in crate::report) deviation: String,
    pub(in crate::report) loss: String,
}

pub(super) fn ping_rows(lang: Lang, runs: &[&Run], sender: &Name, receiver: &Name) -> Vec<PingRow> {
    let mut tests: BTreeMap<&Name, Vec<&RoundTrip>> = BTreeMap::new();
    for run in runs {
        if let Some(ping) = round_trip(run) {
            tests.entry(&run.test).or_default().push(ping);
        }
    }
    let row = |(test, pings): (&Name, Vec<&RoundTrip>)| {
        let own: Vec<&Run> = runs.iter().copied().filter(|r| r.test == *test).collect();
        let values = |of: fn(&RoundTrip) -> Option<f64>| pings.iter().filter_map(|p| of(p)).collect::<Vec<_>>();
        let least = values(|p| p.rtt_min_seconds).into_iter().reduce(f64::min);
        let most = values(|p| p.rtt_max_seconds).into_iter().reduce(f64::max);
        let packets: u64 = pings.iter().map(|p| p.packets).sum();
        let lost: u64 = pings.iter().map(|p| p.packets.saturating_sub(p.received_packets)).sum();
        let (lost, packets) = (lang.count(lost), lang.count(packets));
        let time = |seconds| numbers::time(lang, seconds);
        let mean = median(&values(|p| p.rtt_seconds));
        let range = match (least, mean, most) {
            (Some(least), Some(mean), Some(most)) => {
                let unit = numbers::time_scale(most);
                let (least, mean) = (unit.round(lang, least, 3).number, unit.round(lang, mean, 3).number);
                format!("{least} / {mean} / {}", unit.round(lang, most, 3))
            }
            _ => lang.word("no answer", "sin respuesta").to_owned(),
        };
        PingRow {
            test: test.clone(),
            state: state(&own, sender, receiver),
            range,
            min: or_dash(least.map(time)),
            mean: or_dash(mean.map(time)),
            max: or_dash(most.map(time)),
            deviation: or_dash(median(&values(|p| p.rtt_deviation_seconds)).map(time)),
            loss: say!(lang, "{lost} of {packets}", "{lost} de {packets}"),
        }
    };
    tests.into_iter().map(row).collect()
}
