//! What makes campaign runs differ apart from what they measured.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde_json::Value;

use super::letter;
use crate::domain::campaign::Metric;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run};
use crate::domain::topology::{Contract, Topology};
use crate::i18n::{Lang, say};
use crate::report::series::Series;

/// Settings of a test that change how its course is told and not what it measures.
const IMMATERIAL: [&str; 1] = ["interval_seconds"];

/// Why the figures of a flow cannot be held against the base's: each setting that differs, as `B: duration_seconds 10 → 2`.
pub(super) fn of_specifications(lang: Lang, of: &[Option<&Series<'_>>]) -> Vec<String> {
    let Some(base) = of.first().and_then(first) else { return vec![] };
    let mut reasons = Vec::new();
    for (index, other) in of.iter().enumerate().skip(1) {
        let Some(other) = first(other) else { continue };
        let told = |reason| format!("{}: {reason}", letter(index));
        reasons.extend(settings(lang, base, other).into_iter().map(told));
        let link = |r: &Run| {
            r.path.link.as_ref().map_or_else(|| lang.word("no link", "sin enlace").to_owned(), |c| c.link.to_string())
        };
        if link(base) != link(other) {
            let (was, is) = (link(base), link(other));
            reasons.push(told(say!(lang, "crossed link {was} → {is}", "enlace cruzado {was} → {is}")));
        }
    }
    reasons
}

fn first<'a>(series: &Option<&'a Series<'a>>) -> Option<&'a Run> {
    series.and_then(|s| s.runs.first().copied())
}

fn settings(lang: Lang, base: &Run, other: &Run) -> Vec<String> {
    if base.tool() != other.tool() {
        let (was, is) = (base.tool(), other.tool());
        return vec![say!(lang, "tool {was} → {is}", "herramienta {was} → {is}")];
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
        None | Some(Value::Null) => lang.word("none", "ninguno").to_owned(),
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
pub(super) fn of_campaign_runs(lang: Lang, runs: &[CampaignRun]) -> Vec<String> {
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
        differs(lang.word("topology", "topología"), &a.topology, &b.topology);
        differs(lang.word("campaign", "campaña"), &a.campaign, &b.campaign);
        differs("iperftester", &a.version, &b.version);
        for (probe, facts) in &base.facts {
            let Some(now) = other.facts.get(probe) else { continue };
            differs(&say!(lang, "kernel of {probe}", "núcleo de {probe}"), &facts.kernel, &now.kernel);
            for (tool, version) in &facts.tools {
                if let Some(later) = now.tools.get(tool) {
                    differs(&say!(lang, "{tool} of {probe}", "{tool} de {probe}"), version, later);
                }
            }
        }
        let changed = changed(lang, &base.topology, &other.topology);
        if !changed.is_empty() {
            let changed = changed.join(", ");
            remarks.push(say!(lang, "{who}: not as in A: {changed}", "{who}: distinto de A: {changed}"));
        }
        if other.header.interrupted {
            remarks.push(say!(lang, "{who} was stopped before its end", "{who} se detuvo antes de su fin"));
        }
    }
    if base.header.interrupted {
        remarks.push(lang.word("A was stopped before its end", "A se detuvo antes de su fin").to_owned());
    }
    remarks
}

/// Probes, links and contracts that both have and that are not the same.
fn changed(lang: Lang, base: &Topology, other: &Topology) -> Vec<String> {
    let mut changed = Vec::new();
    for (name, probe) in &base.probes {
        if other.probes.get(name).is_some_and(|p| p.site != probe.site || p.host != probe.host) {
            changed.push(say!(lang, "probe {name}", "sonda {name}"));
        }
    }
    for (name, link) in &base.links {
        let Some(later) = other.links.get(name) else { continue };
        if later.between != link.between {
            changed.push(say!(lang, "link {name}", "enlace {name}"));
        }
        let Contract { rate_bits_per_second, rtt_seconds, jitter_seconds, loss_ratio, mtu_bytes } = link.contract;
        let parts = [
            (lang.word("rate", "tasa"), later.contract.rate_bits_per_second != rate_bits_per_second),
            (lang.word("round-trip time", "tiempo de ida y vuelta"), later.contract.rtt_seconds != rtt_seconds),
            (lang.metric(Metric::Jitter), later.contract.jitter_seconds != jitter_seconds),
            (lang.metric(Metric::Loss), later.contract.loss_ratio != loss_ratio),
            ("MTU", later.contract.mtu_bytes != mtu_bytes),
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|(_, differs)| *differs).map(|(word, _)| word).collect();
        if !parts.is_empty() {
            let parts = parts.join(", ");
            changed.push(say!(lang, "contract of {name} ({parts})", "contrato de {name} ({parts})"));
        }
    }
    let names = |t: &Topology| -> BTreeSet<Name> { t.probes.keys().cloned().collect() };
    let (a, b) = (names(base), names(other));
    changed.extend(a.difference(&b).map(|n| say!(lang, "probe {n} is gone", "la sonda {n} ya no está")));
    changed.extend(b.difference(&a).map(|n| say!(lang, "probe {n} is new", "la sonda {n} es nueva")));
    changed
}
