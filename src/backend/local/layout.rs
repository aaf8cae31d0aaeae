//! From a topology to network namespaces: what each resource is made of, as commands. Pure.
//!
//! A site is a namespace with a switch (`lan`) and a router in one; `up` (the router's port) and `up-l` (the switch's) are
//! the two ends of its uplink's inner wire, so that what stays in the site never meets the uplink's shaper. Every site has
//! an open way to a core router, where the probes without a site live too. A declared link is a wire of its own, and the
//! routes follow [`Topology::path`]. All of it is IPv4.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::address::{FIRST_HOST, LAST_HOST, LAST_LAN, LAST_WIRE, Lan, fnv1a, slots, wire};
use super::batch::{Batch, Program};
use super::feature::Feature;
use super::loss;
use super::shape::{self, Shaper};
use crate::domain::facts::Router;
use crate::domain::name::Name;
use crate::domain::topology::{Directed, End, Link, Topology};
use crate::plan::{Desired, ResourceId, SpecHash};

/// Stands for the digest in commands, which cannot hold their own.
const DIGEST: &str = "{digest}";

/// Settings of every namespace: those that a host may have changed and that new namespaces inherit (RFC 1812 allows no
/// filter by source where ways differ), and no throttling of ICMP errors, so that a traceroute is complete.
const SETTINGS: &str = "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
                        net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.default.arp_ignore=0 net.ipv4.icmp_ratemask=0";

/// A resource: what it is made of, in order. The last command of each of its parts is its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    /// Identity, digest and what it stands on.
    pub(super) desired: Desired,
    /// How it is made.
    pub(super) batches: Vec<Batch>,
}

/// A feature of the kernel that something in the topology asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// The feature.
    pub(super) feature: Feature,
    /// Who asks, as the start of a sentence: "link `adsl` asks for `impair.delay`".
    pub(super) who: String,
}

/// Everything that a topology comes to on this machine.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The resources, each after what it stands on.
    pub(super) resources: Vec<Resource>,
    /// Main address of each probe.
    pub(super) addresses: BTreeMap<Name, Ipv4Addr>,
    /// Whose router has each of the other addresses.
    pub(super) routers: BTreeMap<Ipv4Addr, Router>,
    /// What the kernel must have.
    pub(super) needs: Vec<Need>,
    /// What no machine could do: a sentence and what mends it.
    pub(super) refusals: Vec<(String, &'static str)>,
}

/// The start of the names of a topology's namespaces. A topology's name has no `.`, so no topology's is another's start.
pub(super) fn prefix(topology: &Name) -> String {
    format!("iperftester.{topology}.")
}

/// Name of the core router's namespace behind the prefix; no site or probe can have it, for names have no `_`.
pub(super) const CORE: &str = "_core";

/// The core router's name for people.
fn core_name() -> Name {
    Name::new("core").expect("core is a name")
}

/// The device of a link, the same at both its ends.
pub(super) fn link_device(link: &Name) -> String {
    device('l', link)
}

/// A device named after something: at most 15 characters (IFNAMSIZ less one).
fn device(kind: char, name: &Name) -> String {
    format!("{kind}-{:012x}", fnv1a(name.as_str().as_bytes()) >> 16)
}

/// The label of a whole resource (`ip link set … alias`); `what` is `core`, `site`, `probe` or `link=NAME`.
fn label(what: &str) -> String {
    format!("\"iperftester {what} spec={DIGEST}\"")
}

/// Reads a label: what it is on, and the digest.
pub(super) fn read_label(alias: &str) -> Option<(&str, SpecHash)> {
    let (what, digest) = alias.strip_prefix("iperftester ")?.split_once(" spec=")?;
    Some((what, SpecHash(digest.to_owned())))
}

struct Builder<'a> {
    topology: &'a Topology,
    prefix: String,
    lans: BTreeMap<Option<&'a Name>, Lan>,
    hosts: BTreeMap<&'a Name, (Lan, Ipv4Addr)>,
    layout: Layout,
}

impl Layout {
    /// Names of the topology's links.
    pub(super) fn links(&self) -> impl Iterator<Item = Name> {
        self.resources.iter().filter_map(|r| Name::new(r.desired.id.0.strip_prefix("link/")?).ok())
    }

    /// The layout of `topology`.
    pub(super) fn new(topology: &Topology) -> Self {
        let mut lans: BTreeMap<_, _> =
            slots(topology.sites.keys(), 1, LAST_LAN).into_iter().map(|(s, n)| (Some(s), Lan(n))).collect();
        lans.insert(None, Lan(0));
        let mut hosts = BTreeMap::new();
        for (site, lan) in &lans {
            let inside = topology.probes.iter().filter(|(_, p)| p.site.as_ref() == *site).map(|(n, _)| n);
            let numbers = slots(inside, FIRST_HOST, LAST_HOST);
            hosts.extend(numbers.into_iter().map(|(probe, number)| (probe, (*lan, lan.host(number)))));
        }
        let layout = Self::default();
        let mut builder = Builder { topology, prefix: prefix(&topology.name), lans, hosts, layout };
        builder.core();
        builder.sites();
        builder.probes();
        builder.links();
        builder.layout
    }
}

impl Builder<'_> {
    fn namespace(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn push(&mut self, id: String, depends_on: Vec<ResourceId>, mut batches: Vec<Batch>) {
        batches.retain(|b| !b.lines.is_empty());
        let mut text = String::new();
        for batch in &batches {
            let namespace = batch.namespace.as_deref().unwrap_or_default();
            let _ = writeln!(text, "{:?} {namespace}\n{}", batch.program, batch.lines);
        }
        let hash = format!("{:016x}", fnv1a(text.as_bytes()));
        for batch in &mut batches {
            batch.lines = batch.lines.replace(DIGEST, &hash);
        }
        let desired = Desired { id: ResourceId(id), hash: SpecHash(hash), depends_on };
        self.layout.resources.push(Resource { desired, batches });
    }

    fn need(&mut self, feature: Feature, who: impl Into<String>) {
        self.layout.needs.push(Need { feature, who: who.into() });
    }

    fn router(&mut self, address: Ipv4Addr, name: &Name, link: Option<&Name>) {
        self.layout.routers.insert(address, Router { name: name.clone(), link: link.cloned() });
    }

    fn refuse(&mut self, what: String, hint: &'static str) {
        self.layout.refusals.push((what, hint));
    }

    fn core(&mut self) {
        for feature in [Feature::Veth, Feature::Bridge] {
            self.need(feature, "every local probe asks for a network of its own");
        }
        self.router(Lan(0).gateway(), &core_name(), None);
        let core = self.namespace(CORE);
        let begin = format!("netns add {core}\nnetns exec {core} sysctl -q -w {SETTINGS} net.ipv4.ip_forward=1\n");
        let inside = format!(
            "link set dev lo up\nlink add lan type bridge\naddr add {}/{} dev lan\nlink set dev lan up\nlink set dev lo alias {}\n",
            Lan(0).gateway(),
            Lan::PREFIX,
            label("core")
        );
        let batches = vec![Batch::new(Program::Ip, None, begin), Batch::new(Program::Ip, Some(core), inside)];
        self.push("core".to_owned(), vec![], batches);
    }

    fn sites(&mut self) {
        let topology = self.topology;
        let core = self.namespace(CORE);
        for (name, site) in &topology.sites {
            let Some(lan) = self.lans.get(&Some(name)).copied() else {
                self.refuse(
                    format!("site `{name}` is one too many: there are {LAST_LAN} at most"),
                    "remove some sites",
                );
                continue;
            };
            let here = self.namespace(name.as_str());
            let port = device('s', name);
            let (gateway, prefix) = (lan.gateway(), Lan::PREFIX);
            let [far, near] = lan.transit();
            self.router(gateway, name, None);
            self.router(near, name, None);
            self.router(far, &core_name(), None);
            let begin = format!(
                "netns add {here}\nnetns exec {here} sysctl -q -w {SETTINGS} net.ipv4.ip_forward=1\n\
                 link add name {port} netns {core} type veth peer name core netns {here}\n\
                 link add name up netns {here} type veth peer name up-l netns {here}\n"
            );
            let at_core = format!(
                "addr add {far}/30 dev {port}\nlink set dev {port} up\nroute add {}/{prefix} via {near}\n",
                lan.network()
            );
            // The router answers ARP at `up` alone: an answer from the switch itself would lead around the shaper.
            let inside = format!(
                "link set dev lo up\nlink add lan type bridge\nlink set dev lan arp off up\nlink set dev up-l master lan up\n\
                 addr add {gateway}/{prefix} dev up\nlink set dev up up\n\
                 addr add {near}/30 dev core\nlink set dev core up\nroute add default via {far}\n\
                 link set dev lo alias {}\n",
                label("site")
            );
            let mut shapes = <[String; 2]>::default();
            if let Some(uplink) = site.uplink {
                self.need(Feature::Tbf, format!("site `{name}` asks for `uplink`"));
                let both = |shaper| {
                    shape::egress("up", Some(uplink.down_bits_per_second), None, None, shaper)
                        + &shape::egress("up-l", Some(uplink.up_bits_per_second), None, None, shaper)
                };
                shapes = [both(Shaper::Tbf), both(Shaper::Htb)];
            }
            let [by_tbf, by_htb] = shapes;
            let batches = vec![
                Batch::new(Program::Ip, None, begin),
                Batch::new(Program::Ip, Some(core.clone()), at_core),
                Batch::new(Program::Tc, Some(here.clone()), by_tbf).or(Feature::Tbf, Program::Tc, by_htb),
                Batch::new(Program::Ip, Some(here), inside),
            ];
            self.push(format!("site/{name}"), vec![ResourceId("core".to_owned())], batches);
        }
    }

    fn probes(&mut self) {
        for (name, probe) in &self.topology.probes {
            let Some((lan, address)) = self.hosts.get(name).copied() else {
                let most = LAST_HOST - FIRST_HOST + 1;
                self.refuse(
                    format!("probe `{name}` is one too many in its site: there are {most} at most"),
                    "spread the probes over more sites",
                );
                continue;
            };
            self.layout.addresses.insert(name.clone(), address);
            let (switch, below) = match &probe.site {
                Some(site) => (self.namespace(site.as_str()), format!("site/{site}")),
                None => (self.namespace(CORE), "core".to_owned()),
            };
            let here = self.namespace(name.as_str());
            let port = device('p', name);
            let begin = format!(
                "netns add {here}\nnetns exec {here} sysctl -q -w {SETTINGS}\n\
                 link add name {port} netns {switch} type veth peer name eth0 netns {here}\n"
            );
            let at_switch = format!("link set dev {port} master lan up\n");
            let inside = format!(
                "link set dev lo up\naddr add {address}/{} dev eth0\nlink set dev eth0 up\nroute add default via {}\n\
                 link set dev lo alias {}\n",
                Lan::PREFIX,
                lan.gateway(),
                label("probe")
            );
            let batches = vec![
                Batch::new(Program::Ip, None, begin),
                Batch::new(Program::Ip, Some(switch), at_switch),
                Batch::new(Program::Ip, Some(here), inside),
            ];
            self.push(format!("probe/{name}"), vec![ResourceId(below)], batches);
        }
    }

    fn links(&mut self) {
        let wires = slots(self.topology.links.keys(), 0, LAST_WIRE);
        for (name, link) in &self.topology.links {
            let device = link_device(name);
            let [a, b] = link.between.each_ref().map(|end| self.namespace(end.name().as_str()));
            let begin = format!("link add name {device} netns {a} type veth peer name {device} netns {b}\n");
            let ends = wires.get(name).map(|slot| wire(*slot));
            let mut batches = vec![Batch::new(Program::Ip, None, begin)];
            let mut labels = vec![];
            for (side, here) in [a, b].into_iter().enumerate() {
                let impair = &link.impair;
                let out = side == 0;
                let delay = impair.delay_seconds.toward(out).map(|s| s.0);
                let jitter = impair.jitter_seconds.toward(out).map(|s| s.0);
                let rate = impair.rate_bits_per_second.toward(out);
                let [by_tbf, by_htb] =
                    [Shaper::Tbf, Shaper::Htb].map(|shaper| shape::egress(&device, rate, delay, jitter, shaper));
                let shapes = Batch::new(Program::Tc, Some(here.clone()), by_tbf);
                batches.push(shapes.or(Feature::Tbf, Program::Tc, by_htb));
                let [by_nft, by_iptables] = loss::ingress(&device, impair.loss_ratio.toward(!out)).unwrap_or_default();
                let losses = Batch::new(Program::Nft, Some(here.clone()), by_nft);
                batches.push(losses.or(Feature::Loss, Program::Iptables, by_iptables));

                let mut inside = String::new();
                if loss::ingress(&device, impair.loss_ratio.toward(out)).is_some() {
                    // The far end's filter must see packets, not the kernel's bundles of them.
                    let _ = writeln!(inside, "link set dev {device} gso_max_segs 1");
                }
                if let ([End::Site(_), End::Site(_)], Some(ends)) = (&link.between, ends) {
                    let _ = writeln!(inside, "addr add {}/30 dev {device}", ends[side]);
                    self.router(ends[side], link.between[side].name(), Some(name));
                }
                let _ = writeln!(inside, "link set dev {device} up");
                if self.carries(name, link)
                    && let Some(route) = self.route(&link.between[side], &link.between[1 - side], ends, 1 - side)
                {
                    let _ = writeln!(inside, "route add {route} dev {device}");
                }
                let _ = writeln!(inside, "link set dev {device} alias {}", label(&format!("link={name}")));
                labels.push(Batch::new(Program::Ip, Some(here), inside));
            }
            batches.append(&mut labels);
            let depends_on = link.between.iter().map(|end| match end {
                End::Site(n) => ResourceId(format!("site/{n}")),
                End::Probe(n) => ResourceId(format!("probe/{n}")),
            });
            self.link_needs(name, link);
            self.push(format!("link/{name}"), depends_on.collect(), batches);
        }
    }

    /// Does the link carry traffic by the rule of [`Topology::path`]? The first link between two ends does, and none
    /// between a site and a probe in it: they have their switch.
    fn carries(&self, name: &Name, link: &Link) -> bool {
        let [a, b] = &link.between;
        let same = |l: &Link| l.between == link.between || (l.between[0] == *b && l.between[1] == *a);
        let first = self.topology.links.iter().find(|(_, l)| same(l)).is_some_and(|(first, _)| first == name);
        let inside = match (a, b) {
            (End::Site(site), End::Probe(probe)) | (End::Probe(probe), End::Site(site)) => {
                self.topology.probes.get(probe).is_some_and(|p| p.site.as_ref() == Some(site))
            }
            _ => false,
        };
        first && !inside
    }

    /// How `here` reaches `there` over the link, up to the device.
    fn route(&self, here: &End, there: &End, wire: Option<[Ipv4Addr; 2]>, far: usize) -> Option<String> {
        let lan = |site| self.lans.get(&Some(site)).copied();
        let host = |probe| self.hosts.get(probe).map(|(_, address)| *address);
        Some(match (here, there) {
            (End::Probe(from), End::Probe(to)) => format!("{}/32 src {}", host(to)?, host(from)?),
            (End::Site(from), End::Probe(to)) => format!("{}/32 src {}", host(to)?, lan(from)?.gateway()),
            (End::Probe(from), End::Site(to)) => {
                let (to, from) = (lan(to)?, host(from)?);
                format!("{}/{} via {} onlink src {from}", to.network(), Lan::PREFIX, to.gateway())
            }
            (End::Site(_), End::Site(to)) => format!("{}/{} via {}", lan(to)?.network(), Lan::PREFIX, wire?[far]),
        })
    }

    fn link_needs(&mut self, name: &Name, link: &Link) {
        let impair = &link.impair;
        let asked = [
            (any(&impair.rate_bits_per_second), "rate", Feature::Tbf),
            (any(&impair.delay_seconds), "delay", Feature::Netem),
            (any(&impair.jitter_seconds), "jitter", Feature::Netem),
            (any(&impair.loss_ratio), "loss", Feature::Loss),
        ];
        for (_, option, feature) in asked.into_iter().filter(|(asked, ..)| *asked) {
            self.need(feature, format!("link `{name}` asks for `impair.{option}`"));
        }
    }
}

const fn any<T: Copy>(directed: &Directed<T>) -> bool {
    directed.a_to_b.is_some() || directed.b_to_a.is_some()
}

#[cfg(test)]
mod tests;
