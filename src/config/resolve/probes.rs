//! Hosts, sites and probes: defaults → site → probe, the nearest wins.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use super::{attach, unknown};
use crate::config::codes::Code;
use crate::config::fault::{Fault, Faults, Span, Spanned};
use crate::config::language::usable;
use crate::config::raw::{self, Field};
use crate::domain::host::{Address, Attachment, HostKind, Network, Placement, ResourceLimits};
use crate::domain::name::Name;
use crate::domain::port::PortRange;
use crate::domain::topology::{Probe, Site, Uplink};

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
    /// Its host's kind, where that is known.
    pub(super) kind: Option<&'r HostKind>,
    pub(super) ports: PortRange,
    /// What was written at the probe itself, at its site and in the defaults.
    pub(super) levels: [&'r raw::Probe; 3],
}

static NOTHING: raw::Probe = raw::Probe::NOTHING;

impl<'r> Member<'r> {
    /// The nearest value of a key, where the probe's host can use the key.
    fn read<T>(&self, key: &str, field: impl Fn(&'r raw::Probe) -> &'r Field<T>) -> Option<&'r Spanned<T>> {
        let [near, middle, far] = self.levels;
        let found = field(near).or(field(middle)).or(field(far)).given();
        found.filter(|_| self.kind.is_some_and(|kind| usable(key, kind)))
    }

    fn attachment(&self) -> Attachment {
        let cpus = self.read("limits", |p| &p.cpus).map(|cpus| cpus.value);
        let memory = self.read("limits", |p| &p.memory).map(|memory| memory.value);
        let cpu_set = self.cpu_set().map(|set| set.value.clone());
        Attachment {
            address: self.read("address", |p| &p.address).map(|a| a.value),
            management: self.read("management", |p| &p.management).map(|m| m.value.clone()),
            interface: self.read("interface", |p| &p.interface).map(|i| i.value.clone()),
            behind_nat: self.read("behind-nat", |p| &p.behind_nat).is_some_and(|n| n.value),
            network: self.network().cloned(),
            limits: (cpus.is_some() || memory.is_some() || cpu_set.is_some()).then_some(ResourceLimits {
                cpu_millicores: cpus,
                memory_bytes: memory,
                cpu_set,
            }),
            raw_sockets: self.read("raw-sockets", |p| &p.raw_sockets).is_some_and(|r| r.value),
            placement: self.placement().cloned(),
            gateway: self.gateway().map(|g| g.value),
            dns: self.read("dns", |p| &p.dns).map_or_else(Vec::new, |d| d.value.clone()),
        }
    }

    pub(super) fn network(&self) -> Option<&'r Network> {
        self.read("network", |p| &p.network).map(|n| &n.value)
    }

    pub(super) fn cpu_set(&self) -> Option<&'r Spanned<String>> {
        self.read("limits", |p| &p.cpu_set)
    }

    pub(super) fn placement(&self) -> Option<&'r Placement> {
        self.read("placement", |p| &p.placement).map(|p| &p.value)
    }

    pub(super) fn gateway(&self) -> Option<&'r Spanned<IpAddr>> {
        self.read("gateway", |p| &p.gateway)
    }

    /// The address that is written for it, with the place of its value.
    pub(super) fn address(&self) -> Option<Spanned<Address>> {
        let own = self.read("address", |p| &p.address).cloned();
        let macvlan = || match self.read("network", |p| &p.network) {
            Some(Spanned { value: Network::Macvlan { address, .. }, span }) => Some(Spanned::new(*address, *span)),
            _ => None,
        };
        own.or_else(macvlan).or_else(|| match self.kind? {
            HostKind::External(host) => {
                let ip = host.address.parse().ok()?;
                Some(Spanned::new(Address { ip, prefix_bits: None }, self.name.span))
            }
            _ => None,
        })
    }

    /// The place of its ports, or of its name where it has none of its own.
    pub(super) fn ports_span(&self) -> Span {
        let [written, ..] = self.levels;
        let own = written.ports.given().filter(|_| self.kind.is_some_and(|kind| usable("ports", kind)));
        own.map_or(self.name.span, |ports| ports.span)
    }

    /// Is all that says where it is met written without fault? If not, nothing can be concluded from where it is not.
    pub(super) fn is_clear(&self) -> bool {
        fn clear<'r, T: 'r>(levels: [&'r raw::Probe; 3], field: impl Fn(&'r raw::Probe) -> &'r Field<T>) -> bool {
            let [near, middle, far] = levels.map(field);
            !matches!(near.or(middle).or(far), Field::Faulty)
        }
        clear(self.levels, |p| &p.ports)
            && clear(self.levels, |p| &p.address)
            && clear(self.levels, |p| &p.behind_nat)
            && clear(self.levels, |p| &p.network)
            && clear(self.levels, |p| &p.placement)
    }

    /// May it stand for several, one on each of several nodes?
    pub(super) fn is_several(&self) -> bool {
        let several = match self.placement() {
            Some(Placement::EachNode) => true,
            Some(Placement::Replicas { count, .. }) => *count > 1,
            Some(Placement::Members(_)) | None => false,
        };
        several && matches!(self.kind, Some(HostKind::Swarm(_)))
    }

    pub(super) fn is_external(&self) -> bool {
        matches!(self.kind, Some(HostKind::External(_)))
    }
}

impl<'r> Outline<'r> {
    pub(super) fn new(raw: &'r raw::Topology) -> Self {
        let by_name: HashMap<&str, &raw::Site> =
            raw.sites.entries.iter().map(|(name, site)| (name.value.as_str(), site)).collect();
        let kinds: HashMap<&str, &HostKind> =
            raw.hosts.entries.iter().filter_map(|(name, kind)| Some((name.value.as_str(), kind.as_ref()?))).collect();
        let far = &raw.default_probe;
        let mut complete = raw.probes.refused == 0;
        let probes: Vec<Member<'r>> = raw
            .probes
            .entries
            .iter()
            .map(|(name, near)| {
                let site = near.site.or(&far.site);
                let middle = site.value().and_then(|s| by_name.get(s.as_str())).map_or(&NOTHING, |s| &s.probe);
                let tags = near.tags.or(&middle.tags).or(&far.tags);
                complete &= !matches!(site, Field::Faulty) && !matches!(tags, Field::Faulty);
                let host = near.host.or(&middle.host).or(&far.host);
                let kind = host.value().and_then(|h| kinds.get(h.as_str())).copied();
                let ports = *near.ports.or(&middle.ports).or(&far.ports).value().unwrap_or(&PortRange::DEFAULT);
                Member {
                    name,
                    host,
                    site: site.value(),
                    tags: tags.value().map_or(&[], Vec::as_slice),
                    kind,
                    ports: if let Some(HostKind::External(host)) = kind { host.ports } else { ports },
                    levels: [near, middle, far],
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
                attachment: p.attachment(),
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
        attach::keys(probe, faults);
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
    let lone = written == 1 && !outline.probes.iter().any(Member::is_several);
    if let Some(key) = raw.probes.key.filter(|_| lone) {
        let fault = Fault::new(Code::TooFewProbes, key, "one probe has no other to be measured against");
        faults.add(fault.fix("add a second probe"));
    }
}
