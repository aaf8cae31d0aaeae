//! The paths of a pair, hop by hop.

use super::others;
use crate::domain::facts::{InterfaceFacts, Router};
use crate::domain::measurement::{HopPath, Measurement};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run};
use crate::i18n::Lang;
use crate::stats::numbers;

/// A path as traceroute, tracepath or mtr saw it.
#[derive(Debug)]
pub(in crate::report) struct PathRow {
    pub(in crate::report) test: Name,
    pub(in crate::report) reached: bool,
    /// Was each hop counted by many packets, as mtr does? Then its times and its loss are a result of their own.
    pub(in crate::report) counted: bool,
    /// TTL, who answered, round-trip times.
    pub(in crate::report) hops: Vec<(u8, String, String)>,
}

/// Paths of the runs; equal ones of several repetitions once.
pub(super) fn path_rows(lang: Lang, run: &CampaignRun, runs: &[&Run]) -> Vec<PathRow> {
    let mut rows: Vec<PathRow> = Vec::new();
    for one in runs {
        let Some(Measurement::Path(path)) = &one.measurement else { continue };
        let row = path_row(lang, run, &one.test, path);
        let who = |r: &PathRow| r.hops.iter().map(|h| h.1.clone()).collect::<Vec<_>>();
        if !rows.iter().any(|r| r.test == row.test && who(r) == who(&row)) {
            rows.push(row);
        }
    }
    rows
}

fn path_row(lang: Lang, run: &CampaignRun, test: &Name, path: &HopPath) -> PathRow {
    let hops = path.hops.iter().map(|hop| {
        let addresses: Vec<String> = hop.addresses.iter().map(|a| named(run, a)).collect();
        let who = if addresses.is_empty() {
            lang.word("no answer", "sin respuesta").to_owned()
        } else {
            addresses.join(", ")
        };
        let who = if hop.annotations.is_empty() { who } else { format!("{who} {}", hop.annotations.join(" ")) };
        let unit = hop.rtts_seconds.iter().copied().reduce(f64::max).map(numbers::time_scale);
        let times: Vec<String> =
            unit.iter().flat_map(|u| hop.rtts_seconds.iter().map(|t| u.round(lang, *t, 3).number)).collect();
        let unit = unit.map_or("", |u| u.unit);
        let lost =
            if hop.unanswered > 0 { format!(" {}", "*".repeat(hop.unanswered.min(8) as usize)) } else { String::new() };
        let counted = hop.figures.as_ref().map(|figures| others::hop(lang, figures));
        (hop.ttl, who, counted.unwrap_or_else(|| format!("{} {unit}{lost}", times.join(" / ")).trim().to_owned()))
    });
    PathRow {
        test: test.clone(),
        reached: path.reached,
        counted: path.hops.iter().any(|hop| hop.figures.is_some()),
        hops: hops.collect(),
    }
}

/// The address with the name of the probe that has it, or of the router and its link, where that is known.
fn named(run: &CampaignRun, address: &str) -> String {
    let has = |interfaces: &[InterfaceFacts]| {
        interfaces.iter().flat_map(|i| &i.addresses).any(|a| a.split('/').next() == Some(address))
    };
    if let Some((probe, _)) = run.facts.iter().find(|(_, f)| has(&f.interfaces)) {
        return format!("{probe} ({address})");
    }
    match address.parse().ok().and_then(|a| run.routers.get(&a)) {
        Some(Router { name, link: Some(link) }) => format!("{name} ({address}, {link})"),
        Some(Router { name, link: None }) => format!("{name} ({address})"),
        None => address.to_owned(),
    }
}
