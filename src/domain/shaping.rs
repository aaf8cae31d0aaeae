//! What of a topology asks to be shaped, and what stands against that whatever the machines are.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use super::host::{Engine, HostKind, Isolation, Network};
use super::name::Name;
use super::topology::{Directed, End, Impairment, Link, Probe, Topology};

/// What `impair` may say of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// `rate`.
    Rate,
    /// `delay`.
    Delay,
    /// `jitter`.
    Jitter,
    /// `loss`.
    Loss,
}

impl Knob {
    /// Its word in the topology.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Delay => "delay",
            Self::Jitter => "jitter",
            Self::Loss => "loss",
        }
    }
}

impl Impairment {
    /// What it says, either way.
    pub fn knobs(&self) -> impl Iterator<Item = Knob> + use<> {
        const fn any<T: Copy>(directed: &Directed<T>) -> bool {
            directed.a_to_b.is_some() || directed.b_to_a.is_some()
        }
        let said = [
            (any(&self.rate_bits_per_second), Knob::Rate),
            (any(&self.delay_seconds), Knob::Delay),
            (any(&self.jitter_seconds), Knob::Jitter),
            (any(&self.loss_ratio), Knob::Loss),
        ];
        said.into_iter().filter(|(said, _)| *said).map(|(_, knob)| knob)
    }
}

/// Something that only a shaped network can give, as the start of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking<'t> {
    /// A link, by its `impair`.
    Link(&'t Name, Knob),
    /// A site, by its `uplink`.
    Site(&'t Name),
}

impl fmt::Display for Asking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(name, knob) => write!(f, "link `{name}` asks for `impair.{}`", knob.word()),
            Self::Site(name) => write!(f, "site `{name}` asks for `uplink`"),
        }
    }
}

/// Why something cannot be shaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// The end of a sentence.
    pub why: String,
    /// What mends it.
    pub mend: &'static str,
}

impl Hindrance {
    const fn of_link(why: String) -> Self {
        let mend = "links are shaped between two probes on the bridge of one `docker` host of this machine, or between namespaces \
                    of it (`local: {}`): put both ends there, or take `impair` out";
        Self { why, mend }
    }

    const fn of_site(why: String) -> Self {
        let mend = "link the probes themselves, or leave one probe and no `uplink` in the site; sites of several probes and their \
                    uplinks are shaped between namespaces (`local: {}`)";
        Self { why, mend }
    }

    fn of_foreign(probe: &Name, host: &Name) -> Self {
        Self {
            why: format!("`{probe}` is on the `external` host `{host}`, which is somebody else's"),
            mend: "take `impair` out: the path to somebody else's server is measured as it is, and what was agreed on it goes \
                   into `contract`",
        }
    }

    /// That the engine of `host` is elsewhere.
    #[must_use]
    pub fn elsewhere(host: &Name) -> Self {
        Self {
            why: format!("the engine of host `{host}` is not at a socket of this machine"),
            mend: "run iperftester on that machine, or shape links between namespaces of this one (`local: {}`)",
        }
    }

    fn of_processes() -> Self {
        Self {
            why: "plain processes (`isolation: processes`) cannot be shaped".to_owned(),
            mend: "take that out of the topology, or let the host say `isolation: user-namespaces` (no root needed) or \
                   `isolation: namespaces` (root)",
        }
    }
}

/// How many probes a site has, and one of them.
type Residents<'t, 'f> = &'f dyn Fn(&Name) -> (usize, Option<&'t Name>);

impl Topology {
    /// Everything that asks to be shaped.
    pub fn asking(&self) -> impl Iterator<Item = Asking<'_>> {
        let uplinks = self.sites.iter().filter(|(_, site)| site.uplink.is_some()).map(|(name, _)| Asking::Site(name));
        let of_link = |(name, link): (_, &Link)| link.impair.knobs().map(move |knob| Asking::Link(name, knob));
        uplinks.chain(self.links.iter().flat_map(of_link))
    }

    /// The topology as far as it is on this machine: its probes, sites but those that are wholly elsewhere, links between
    /// these.
    #[must_use]
    pub fn local_part(&self) -> Self {
        let mut ours = self.clone();
        ours.probes
            .retain(|_, probe| self.hosts.get(&probe.host).is_some_and(|host| matches!(host.kind, HostKind::Local(_))));
        let lived_in =
            |of: &Self| of.probes.values().filter_map(|probe| probe.site.clone()).collect::<BTreeSet<Name>>();
        let (here, anywhere) = (lived_in(&ours), lived_in(self));
        ours.sites.retain(|site, _| here.contains(site) || !anywhere.contains(site));
        let (sites, probes) = (&ours.sites, &ours.probes);
        let stands = |end: &End| match end {
            End::Site(site) => sites.contains_key(site),
            End::Probe(probe) => probes.contains_key(probe),
        };
        ours.links.retain(|_, link| link.between.iter().all(stands));
        ours
    }

    /// How the hosts ask for their probes on this machine to be kept apart, each that carries some and says so.
    pub fn isolations(&self) -> impl Iterator<Item = (&Name, Isolation)> {
        let used: BTreeSet<&Name> = self.probes.values().map(|probe| &probe.host).collect();
        self.hosts.iter().filter(move |(name, _)| used.contains(name)).filter_map(|(name, host)| match &host.kind {
            HostKind::Local(local) => Some((name, local.isolation?)),
            _ => None,
        })
    }

    /// What asks to be shaped and never can be, each link once. Ends on kinds of host that nothing acts on yet are left out,
    /// and so are engines of which a Docker context says where they are.
    #[must_use]
    pub fn unshapeable(&self) -> Vec<(Asking<'_>, Hindrance)> {
        if self.asking().next().is_none() {
            return vec![];
        }
        let ours = self.local_part();
        let mut lived_in: HashMap<&Name, (usize, Option<&Name>)> = HashMap::new();
        for (name, probe) in &self.probes {
            if let Some(site) = &probe.site {
                let (number, one) = lived_in.entry(site).or_default();
                (*number, *one) = (*number + 1, Some(name));
            }
        }
        let residents = |site: &Name| lived_in.get(site).copied().unwrap_or_default();
        let unsettled: HashSet<&Name> =
            self.probes.iter().filter(|(_, of)| !self.is_settled(of)).map(|(name, _)| name).collect();
        let unsettled_sites: HashSet<&Name> =
            unsettled.iter().filter_map(|name| self.probes.get(*name)?.site.as_ref()).collect();
        let is_settled = |end: &End| match end {
            End::Probe(probe) => !unsettled.contains(probe),
            End::Site(site) => !unsettled_sites.contains(site),
        };
        let abroad = self
            .links
            .iter()
            .filter(|(name, link)| !ours.links.contains_key(*name) && link.between.iter().all(is_settled));
        let links = abroad.filter_map(|(name, link)| {
            Some((Asking::Link(name, link.impair.knobs().next()?), self.hindrance(link, &residents)?))
        });
        let as_processes = self.isolations().any(|(_, isolation)| isolation == Isolation::Processes);
        let here = self.asking().filter(|asking| match asking {
            Asking::Link(name, _) => ours.links.contains_key(*name),
            Asking::Site(name) => ours.sites.contains_key(*name),
        });
        let here = here.filter(|_| as_processes).map(|asking| (asking, Hindrance::of_processes()));
        links.chain(here).collect()
    }

    /// Is it on a kind of host that something acts on?
    fn is_settled(&self, probe: &Probe) -> bool {
        let kind = self.hosts.get(&probe.host).map(|host| &host.kind);
        kind.is_some_and(|kind| !matches!(kind, HostKind::Lxd(_) | HostKind::Ssh(_) | HostKind::LiveIso(_)))
    }

    /// Why a link that ends elsewhere than in the local part cannot be shaped.
    fn hindrance<'t>(&'t self, link: &'t Link, residents: Residents<'t, '_>) -> Option<Hindrance> {
        let host = match self.joined(link, residents) {
            Ok([one, _]) => &self.probes.get(one)?.host,
            Err(hindrance) => return Some(hindrance),
        };
        match &self.hosts.get(host)?.kind {
            HostKind::Docker(docker) if matches!(docker.engine(), Engine::Remote(_)) => {
                Some(Hindrance::elsewhere(host))
            }
            _ => None,
        }
    }

    /// The two probes that `link` joins on the bridge of one engine.
    ///
    /// # Errors
    /// What else it joins.
    pub fn on_one_bridge<'t>(&'t self, link: &'t Link) -> Result<[&'t Name; 2], Hindrance> {
        self.joined(link, &|site| {
            let mut here = self.probes.iter().filter(|(_, probe)| probe.site.as_ref() == Some(site));
            let one = here.next().map(|(name, _)| name);
            (usize::from(one.is_some()) + here.count(), one)
        })
    }

    fn joined<'t>(&'t self, link: &'t Link, residents: Residents<'t, '_>) -> Result<[&'t Name; 2], Hindrance> {
        let [a, b] = &link.between;
        // An end that nothing can ever be made at is the one to tell, whichever comes first.
        let foreign = |end: &'t End| {
            let probe = match end {
                End::Probe(probe) => probe,
                End::Site(site) => residents(site).1?,
            };
            self.external(probe).and(Some((probe, &self.probes.get(probe)?.host)))
        };
        if let Some((probe, host)) = [a, b].into_iter().find_map(foreign) {
            return Err(Hindrance::of_foreign(probe, host));
        }
        let (a, b) = (self.on_a_bridge(a, residents)?, self.on_a_bridge(b, residents)?);
        let host = |probe: &Name| self.probes.get(probe).map(|probe| &probe.host);
        if host(a) == host(b) {
            Ok([a, b])
        } else {
            Err(Hindrance::of_link(format!("`{a}` and `{b}` are on two hosts")))
        }
    }

    /// The one probe of an end.
    fn on_a_bridge<'t>(&'t self, end: &'t End, residents: Residents<'t, '_>) -> Result<&'t Name, Hindrance> {
        let probe = match end {
            End::Probe(probe) => probe,
            End::Site(site) => {
                let (number, probe) = residents(site);
                let Some(only) = probe.filter(|_| number == 1) else {
                    return Err(Hindrance::of_site(format!("the site `{site}` has {number} probes instead of one")));
                };
                if self.sites.get(site).is_some_and(|site| site.uplink.is_some()) {
                    let why = format!("the site `{site}` has an `uplink`, which no bridge can shape");
                    return Err(Hindrance::of_site(why));
                }
                only
            }
        };
        let Some(of) = self.probes.get(probe) else { return Ok(probe) };
        let kind = self.hosts.get(&of.host).map(|host| &host.kind);
        match (kind, &of.attachment.network) {
            (Some(HostKind::Docker(_)), None | Some(Network::Bridge)) => Ok(probe),
            (Some(HostKind::Docker(_)), Some(_)) => Err(Hindrance::of_link(format!("`{probe}` is not on a bridge"))),
            (kind, _) => {
                let word = kind.map_or("?", HostKind::word);
                Err(Hindrance::of_link(format!("`{probe}` is on the `{word}` host `{}`", of.host)))
            }
        }
    }
}
