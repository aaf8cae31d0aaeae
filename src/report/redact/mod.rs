//! Pseudonyms for addresses, host names and user names, put in before any form is made, so that no form can forget one.
//!
//! They are numbers in the order of first appearance: nothing of the original is in them, not even a hash that could be tried.
//! An address has the same one throughout. What is lost is its family and whether it is private. Loopback and the unspecified
//! address name nobody and stay.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::facts::ProbeFacts;
use crate::domain::host::{Attachment, HostKind, Local};
use crate::domain::image::Image;
use crate::domain::measurement::Measurement;
use crate::domain::run::{CampaignRun, Run};
use crate::domain::topology::{Metadata, Topology};
use crate::i18n::{Lang, sentences};

mod names;
mod text;

/// Stands in the head of every form.
const NOTICE: &str = "addresses, host names and user names are pseudonyms (--redact)";

/// A note of a topology for a reader of `lang`: what its author wrote stays as it is, the notice is ours.
pub(super) fn told(lang: Lang, note: &str) -> String {
    if note == NOTICE { sentences::told(lang, note) } else { note.to_owned() }
}

/// Fields whose texts are words of ours or names in the topology.
const LABELS: [&str; 21] = [
    "source",
    "destination",
    "test",
    "sender",
    "receiver",
    "link",
    "uplinks",
    "probe",
    "kind",
    "status",
    "verdict",
    "metric",
    "protocol",
    "direction",
    "outcome",
    "family",
    "intervals_from",
    "started",
    "ended",
    "congestion_control",
    "duplex",
];

/// Something that cannot be redacted.
#[derive(Debug, thiserror::Error)]
#[error("cannot redact {what}, so nothing is shown")]
pub struct RedactError {
    what: String,
    source: serde_json::Error,
}

/// What has which pseudonym.
#[derive(Debug, Default)]
struct Redactor {
    addresses: BTreeMap<IpAddr, usize>,
    hardware: BTreeMap<String, usize>,
    /// Host and user names with their pseudonyms.
    names: BTreeMap<String, String>,
}

pub(super) fn redact(runs: Vec<CampaignRun>) -> Result<Vec<CampaignRun>, RedactError> {
    let mut redactor = Redactor { names: names::pseudonyms(&runs), ..Redactor::default() };
    runs.into_iter().map(|run| redactor.campaign_run(run)).collect()
}

impl Redactor {
    fn campaign_run(&mut self, run: CampaignRun) -> Result<CampaignRun, RedactError> {
        let CampaignRun { header, topology, routers, facts, runs } = run;
        let mut redacted = BTreeMap::new();
        for (probe, mut facts) in facts {
            for interface in &mut facts.interfaces {
                // They tell the hardware's address and nothing is measured over them.
                interface.addresses.retain(|a| !is_link_local(a));
            }
            let facts: ProbeFacts = self.value(&facts, || format!("the facts of {probe}"))?;
            redacted.insert(probe, facts);
        }
        let mut done = Vec::with_capacity(runs.len());
        for mut one in runs {
            if let Some(Measurement::Path(path)) = &mut one.measurement {
                for address in path.hops.iter_mut().flat_map(|h| &mut h.addresses) {
                    // A router is known by its address no more, so its name goes with the pseudonym.
                    if let Some(router) = address.parse().ok().and_then(|a: IpAddr| routers.get(&a)) {
                        let link = router.link.as_ref().map_or_else(String::new, |l| format!(", {l}"));
                        *address = format!("{} ({address}{link})", router.name);
                    }
                }
            }
            let id = one.id;
            let one: Run = self.value(&one, || format!("run {id}"))?;
            done.push(one);
        }
        let topology = self.topology(topology);
        Ok(CampaignRun { header, topology, routers: BTreeMap::new(), facts: redacted, runs: done })
    }

    /// Names, links and contracts stay; how hosts and probes are reached is left out, and so is whom it is for.
    fn topology(&mut self, mut topology: Topology) -> Topology {
        topology.description = topology.description.map(|text| self.text(&text));
        topology.owner = None;
        topology.metadata = Metadata { note: Some(NOTICE.to_owned()), ..Metadata::default() };
        topology.image = Image::default();
        for host in topology.hosts.values_mut() {
            host.kind = HostKind::Local(Local::default());
        }
        for probe in topology.probes.values_mut() {
            probe.attachment = Attachment::default();
        }
        topology
    }

    /// Every text in `value` redacted, whatever fields it may have one day.
    fn value<T: Serialize + DeserializeOwned>(
        &mut self,
        value: &T,
        what: impl Fn() -> String,
    ) -> Result<T, RedactError> {
        let told = |source| RedactError { what: what(), source };
        let mut plain = serde_json::to_value(value).map_err(told)?;
        self.walk(&mut plain);
        serde_json::from_value(plain).map_err(told)
    }

    fn walk(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Value::Object(fields) => {
                let open = fields.iter_mut().filter(|(key, _)| !LABELS.contains(&key.as_str()));
                open.for_each(|(_, field)| self.walk(field));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// IPv6's address of an interface for its own link (RFC 4291, 2.5.6).
fn is_link_local(address: &str) -> bool {
    let address = address.split(['/', '%']).next().unwrap_or_default();
    address.parse().is_ok_and(|a: std::net::Ipv6Addr| a.is_unicast_link_local())
}

/// Names that the topology itself gives: labels, which stay.
fn labels(runs: &[CampaignRun]) -> BTreeSet<String> {
    let mut labels = BTreeSet::new();
    for CampaignRun { header, topology: t, .. } in runs {
        let all = [&header.topology, &header.campaign, &t.name].into_iter();
        let all = all.chain(t.hosts.keys()).chain(t.sites.keys()).chain(t.probes.keys()).chain(t.links.keys());
        let all = all.chain(t.groups.keys()).chain(t.tests.keys()).chain(t.suites.keys()).chain(t.campaigns.keys());
        labels.extend(all.map(ToString::to_string));
    }
    labels
}
