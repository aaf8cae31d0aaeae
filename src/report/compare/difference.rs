//! What makes campaign runs differ apart from what they measured.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde_json::Value;

use super::letter;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run};
use crate::domain::topology::{Contract, Topology};
use crate::report::series::Series;

/// Settings of a test that change how its course is told and not what it measures.
const IMMATERIAL: [&str; 1] = ["interval_seconds"];

/// Why the figures of a flow cannot be held against the base's: each setting that differs, as `B: duration_seconds 10 → 2`.
pub(super) fn of_specifications(of: &[Option<&Series<'_>>]) -> Vec<String> {
    let Some(base) = of.first().and_then(first) else { return vec![] };
    let mut reasons = Vec::new();
    for (index, other) in of.iter().enumerate().skip(1) {
        let Some(other) = first(other) else { continue };
        let told = |reason| format!("{}: {reason}", letter(index));
        reasons.extend(settings(base, other).into_iter().map(told));
        let link = |r: &Run| r.path.link.as_ref().map_or_else(|| "no link".to_owned(), |c| c.link.to_string());
        if link(base) != link(other) {
            reasons.push(told(format!("crossed link {} → {}", link(base), link(other))));
        }
    }
    reasons
}

fn first<'a>(series: &Option<&'a Series<'a>>) -> Option<&'a Run> {
    series.and_then(|s| s.runs.first().copied())
}

fn settings(base: &Run, other: &Run) -> Vec<String> {
    if base.tool() != other.tool() {
        return vec![format!("tool {} → {}", base.tool(), other.tool())];
    }
    let plain = |run: &Run| {
        let whole = serde_json::to_value(&run.specification).unwrap_or_default();
        // The specification of a tool stands under its name.
        match whole {
            Value::Object(outer) => outer.into_iter().next().map(|(_, inner)| inner).unwrap_or_default(),
            other => other,
        }
    };
    let (Value::Object(a), Value::Object(b)) = (plain(base), plain(other)) else { return vec![] };
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let shown = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    names
        .into_iter()
        .filter(|name| !IMMATERIAL.contains(&name.as_str()))
        .map(|name| (name, shown(a.get(name)), shown(b.get(name))))
        .filter(|(_, a, b)| a != b)
        .map(|(name, a, b)| format!("{name} {a} → {b}"))
        .collect()
}

/// Topologies, campaigns, contracts and instruments that are not the base's, a sentence each.
pub(super) fn of_campaign_runs(runs: &[CampaignRun]) -> Vec<String> {
    let mut remarks = Vec::new();
    let Some((base, others)) = runs.split_first() else { return remarks };
    for (index, other) in others.iter().enumerate() {
        let who = letter(index + 1);
        let mut differs = |what: &str, a: &dyn Display, b: &dyn Display| {
            let (a, b) = (a.to_string(), b.to_string());
            if a != b {
                remarks.push(format!("{who}: {what} {a} → {b}"));
            }
        };
        let (a, b) = (&base.header, &other.header);
        differs("topology", &a.topology, &b.topology);
        differs("campaign", &a.campaign, &b.campaign);
        differs("iperftester", &a.version, &b.version);
        for (probe, facts) in &base.facts {
            let Some(now) = other.facts.get(probe) else { continue };
            differs(&format!("kernel of {probe}"), &facts.kernel, &now.kernel);
            for (tool, version) in &facts.tools {
                if let Some(later) = now.tools.get(tool) {
                    differs(&format!("{tool} of {probe}"), version, later);
                }
            }
        }
        let changed = changed(&base.topology, &other.topology);
        if !changed.is_empty() {
            remarks.push(format!("{who}: not as in A: {}", changed.join(", ")));
        }
        if other.header.interrupted {
            remarks.push(format!("{who} was stopped before its end"));
        }
    }
    if base.header.interrupted {
        remarks.push("A was stopped before its end".to_owned());
    }
    remarks
}

/// Probes, links and contracts that both have and that are not the same.
fn changed(base: &Topology, other: &Topology) -> Vec<String> {
    let mut changed = Vec::new();
    for (name, probe) in &base.probes {
        if other.probes.get(name).is_some_and(|p| p.site != probe.site || p.host != probe.host) {
            changed.push(format!("probe {name}"));
        }
    }
    for (name, link) in &base.links {
        let Some(later) = other.links.get(name) else { continue };
        if later.between != link.between {
            changed.push(format!("link {name}"));
        }
        let Contract { rate_bits_per_second, rtt_seconds, jitter_seconds, loss_ratio, mtu_bytes } = link.contract;
        let parts = [
            ("rate", later.contract.rate_bits_per_second != rate_bits_per_second),
            ("round-trip time", later.contract.rtt_seconds != rtt_seconds),
            ("jitter", later.contract.jitter_seconds != jitter_seconds),
            ("loss", later.contract.loss_ratio != loss_ratio),
            ("MTU", later.contract.mtu_bytes != mtu_bytes),
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|(_, differs)| *differs).map(|(word, _)| word).collect();
        if !parts.is_empty() {
            changed.push(format!("contract of {name} ({})", parts.join(", ")));
        }
    }
    let names = |t: &Topology| -> BTreeSet<Name> { t.probes.keys().cloned().collect() };
    let (a, b) = (names(base), names(other));
    changed.extend(a.difference(&b).map(|n| format!("probe {n} is gone")));
    changed.extend(b.difference(&a).map(|n| format!("probe {n} is new")));
    changed
}
