//! Hosts, sites and probes: defaults → site → probe, the nearest wins.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::unknown;
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Span, Spanned};
use crate::config::raw::{self, Field};
use crate::domain::host::Attachment;
use crate::domain::name::Name;
use crate::domain::topology::{PortRange, Probe, Site, Uplink};

/// The probes in the order of the file, their defaults filled in, as far as they are written without fault.
pub(super) struct Outline<'r> {
    pub(super) probes: Vec<Member<'r>>,
    index: HashMap<&'r str, usize>,
    /// Sites by name, with the place of the name.
    pub(super) sites: HashMap<&'r str, Span>,
    /// Was every probe written without fault? If not, an empty selection proves nothing.
    pub(super) complete: bool,
}

/// One probe.
pub(super) struct Member<'r> {
    pub(super) name: &'r Spanned<Name>,
    pub(super) host: &'r Field<Name>,
    pub(super) site: Option<&'r Name>,
    pub(super) tags: &'r [Spanned<Name>],
    ports: PortRange,
}

impl<'r> Outline<'r> {
    pub(super) fn new(raw: &'r raw::Topology) -> Self {
        let by_name: HashMap<&str, &raw::Site> =
            raw.sites.entries.iter().map(|(name, site)| (name.value.as_str(), site)).collect();
        let nothing: &'static raw::Probe = &raw::Probe::NOTHING;
        let far = &raw.default_probe;
        let mut complete = raw.probes.refused == 0;
        let probes: Vec<Member<'r>> = raw
            .probes
            .entries
            .iter()
            .map(|(name, near)| {
                let site = near.site.or(&far.site);
                let middle = site.value().and_then(|s| by_name.get(s.as_str())).map_or(nothing, |s| &s.probe);
                let tags = near.tags.or(&middle.tags).or(&far.tags);
                complete &= !matches!(site, Field::Faulty) && !matches!(tags, Field::Faulty);
                Member {
                    name,
                    host: near.host.or(&middle.host).or(&far.host),
                    site: site.value(),
                    tags: tags.value().map_or(&[], Vec::as_slice),
                    ports: *near.ports.or(&middle.ports).or(&far.ports).value().unwrap_or(&PortRange::DEFAULT),
                }
            })
            .collect();
        complete &= probes.iter().all(|p| p.site.is_none_or(|s| by_name.contains_key(s.as_str())));
        let index = probes.iter().enumerate().map(|(i, p)| (p.name.value.as_str(), i)).collect();
        let sites = raw.sites.entries.iter().map(|(name, _)| (name.value.as_str(), name.span)).collect();
        Self { probes, index, sites, complete }
    }

    /// The position of a probe.
    pub(super) fn position(&self, name: &Name) -> Option<usize> {
        self.index.get(name.as_str()).copied()
    }

    /// The probes with a host, for the resolved topology.
    pub(super) fn probes(&self) -> BTreeMap<Name, Probe> {
        let resolved = self.probes.iter().filter_map(|p| {
            let tags: BTreeSet<Name> = p.tags.iter().map(|t| t.value.clone()).collect();
            let probe = Probe {
                host: p.host.value()?.clone(),
                site: p.site.cloned(),
                tags,
                ports: p.ports,
                attachment: Attachment::default(),
            };
            Some((p.name.value.clone(), probe))
        });
        resolved.collect()
    }
}

/// The sites, for the resolved topology.
pub(super) fn sites(raw: &raw::Topology) -> BTreeMap<Name, Site> {
    let resolved = raw.sites.entries.iter().map(|(name, site)| {
        let uplink = site.uplink.value().map(|u| Uplink { down_bits_per_second: u.down, up_bits_per_second: u.up });
        (name.value.clone(), Site { uplink })
    });
    resolved.collect()
}

/// Checks what hosts, sites and probes say of each other.
pub(super) fn check(raw: &raw::Topology, outline: &Outline<'_>, faults: &mut Faults<'_>) {
    let hosts: HashMap<&str, ()> = raw.hosts.names().map(|n| (n, ())).collect();
    let written = raw.probes.entries.iter().map(|(_, probe)| probe);
    let of_sites = raw.sites.entries.iter().map(|(_, site)| &site.probe);
    for probe in written.chain(of_sites).chain([&raw.default_probe]) {
        if let Some(host) = probe.host.given().filter(|h| !hosts.contains_key(h.value.as_str())) {
            unknown(Code::UnknownHost, "host", host, raw.hosts.names(), faults);
        }
        if let Some(site) = probe.site.given().filter(|s| !outline.sites.contains_key(s.value.as_str())) {
            unknown(Code::UnknownSite, "site", site, raw.sites.names(), faults);
        }
    }
    for probe in &outline.probes {
        let name = probe.name;
        if probe.host.is_absent() {
            let host = raw.hosts.names().next().unwrap_or("here");
            let fault = Fault::new(Code::MissingKey, name.span, format!("`{}` needs the key `host`", name.value));
            faults.add(fault.label("`host` is missing").fix(format!("add `host: {host}`")));
        }
        if let Some(&site) = outline.sites.get(name.value.as_str()) {
            let (first, second) = if site < name.span { (site, name.span) } else { (name.span, site) };
            let message = format!("`{}` names a site and a probe", name.value);
            let fault = Fault::new(Code::NameUsedTwice, second, message).label("second use");
            faults.add(
                fault.related(first, "first use").fix("rename one of the two: sites and probes share their names"),
            );
        }
    }
    let written = raw.probes.entries.len() + raw.probes.refused;
    if let Some(key) = raw.probes.key.filter(|_| written == 1) {
        let fault = Fault::new(Code::TooFewProbes, key, "one probe has no other to be measured against");
        faults.add(fault.fix("add a second probe"));
    }
}
