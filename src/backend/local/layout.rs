//! From a topology to network namespaces: what each resource is made of, as commands. Pure.
//!
//! A site is a namespace with a switch (`lan`) and a router in one; `up` (the router's port) and `up-l` (the switch's) are
//! the two ends of its uplink's inner wire, so that what stays in the site never meets the uplink's shaper. Every site has
//! an open way to a core router, where the probes without a site live too. A declared link is a wire of its own, and the
//! routes follow [`Topology::path`]. All of it is IPv4 and, where the machine has it, IPv6.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::{FIRST_HOST, LAST_HOST, LAST_LAN, Lan, fnv1a, slots};
use super::batch::{Batch, Program};
use super::feature::Feature;
use super::shape::{self, Shaper};
use crate::domain::facts::Router;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::plan::{Desired, ResourceId, SpecHash};

mod links;

pub(in crate::backend) use links::impaired;

/// Stands for the digest in commands, which cannot hold their own.
const DIGEST: &str = "{digest}";

/// Settings of every namespace: those that a host may have changed and that new namespaces inherit (RFC 1812 allows no
/// filter by source where ways differ), and no throttling of ICMP errors, so that a traceroute is complete.
const SETTINGS: &str = "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
                        net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.default.arp_ignore=0 net.ipv4.icmp_ratemask=0";

/// The same for IPv6: no router but ours, and no address that waits a second before it may be used (RFC 4862, 5.4).
const SETTINGS_V6: &str = " net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
                           net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 net.ipv6.icmp.ratelimit=0";

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
pub(in crate::backend) struct Need {
    /// The feature.
    pub(in crate::backend) feature: Feature,
    /// Who asks, as the start of a sentence: "link `adsl` asks for `impair.delay`".
    pub(in crate::backend) who: String,
}

/// Everything that a topology comes to on this machine.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The resources, each after what it stands on.
    pub(super) resources: Vec<Resource>,
    /// The address of each probe in each family, IPv4 first.
    pub(super) addresses: BTreeMap<Name, Vec<IpAddr>>,
    /// Whose router has each of the other addresses.
    pub(super) routers: BTreeMap<IpAddr, Router>,
    /// What the kernel must have.
    pub(super) needs: Vec<Need>,
    /// What no machine could do: a sentence and what mends it.
    pub(super) refusals: Vec<(String, &'static str)>,
}

/// The start of the names of all our namespaces.
pub(super) const PREFIX: &str = "iperftester.";

/// The start of the names of a topology's namespaces. A topology's name has no `.`, so no topology's is another's start.
pub(super) fn prefix(topology: &Name) -> String {
    format!("{PREFIX}{topology}.")
}

/// Name of the core router's namespace behind the prefix; no site or probe can have it, for names have no `_`.
pub(super) const CORE: &str = "_core";

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

/// The label of what was made as `hash` says.
pub(super) fn marked(what: &str, hash: &SpecHash) -> String {
    label(what).replace(DIGEST, &hash.0)
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
    /// The LAN of each probe and its number there.
    hosts: BTreeMap<&'a Name, (Lan, u32)>,
    ipv6: bool,
    layout: Layout,
}

impl Layout {
    /// Is anything of it IPv6?
    pub(super) fn has_v6(&self) -> bool {
        self.routers.keys().any(IpAddr::is_ipv6)
    }

    /// Names of the topology's links.
    pub(super) fn links(&self) -> impl Iterator<Item = Name> {
        self.resources.iter().filter_map(|r| Name::new(r.desired.id.0.strip_prefix("link/")?).ok())
    }

    /// The layout of `topology`, with or without IPv6.
    pub(super) fn new(topology: &Topology, ipv6: bool) -> Self {
        let mut lans: BTreeMap<_, _> =
            slots(topology.sites.keys(), 1, LAST_LAN).into_iter().map(|(s, n)| (Some(s), Lan(n))).collect();
        lans.insert(None, Lan(0));
        let mut hosts = BTreeMap::new();
        for (site, lan) in &lans {
            let inside = topology.probes.iter().filter(|(_, p)| p.site.as_ref() == *site).map(|(n, _)| n);
            let numbers = slots(inside, FIRST_HOST, LAST_HOST);
            hosts.extend(numbers.into_iter().map(|(probe, number)| (probe, (*lan, number))));
        }
        let layout = Self::default();
        let mut builder = Builder { topology, prefix: prefix(&topology.name), lans, hosts, ipv6, layout };
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

    fn router(&mut self, address: Ipv4Addr, and: Ipv6Addr, name: &Name, link: Option<&Name>) {
        let router = Router { name: name.clone(), link: link.cloned() };
        self.layout.routers.insert(address.into(), router.clone());
        if self.ipv6 {
            self.layout.routers.insert(and.into(), router);
        }
    }

    /// `lines`, where the machine has IPv6.
    fn v6(&self, lines: String) -> String {
        if self.ipv6 { lines } else { String::new() }
    }

    /// The command that sets a new namespace up; a router's forwards.
    fn settings(&self, here: &str, forwards: bool) -> String {
        let v6 = self.v6(SETTINGS_V6.to_owned());
        let v4 = if forwards { " net.ipv4.ip_forward=1" } else { "" };
        let v6_forwards = if forwards { self.v6(" net.ipv6.conf.all.forwarding=1".to_owned()) } else { String::new() };
        format!("netns add {here}\nnetns exec {here} sysctl -q -w {SETTINGS}{v4}{v6}{v6_forwards}\n")
    }

    fn refuse(&mut self, what: String, hint: &'static str) {
        self.layout.refusals.push((what, hint));
    }

    /// The core router's name for people: one that no site or probe has.
    fn core_name(&self) -> Name {
        let first = ["core", "core-router"].map(str::to_owned);
        let names = first.into_iter().chain((2..).map(|n| format!("core-router-{n}")));
        let mut names = names.map(|name| Name::new(&name).expect("letters, digits and hyphens, and short"));
        let taken = |name: &Name| self.topology.sites.contains_key(name) || self.topology.probes.contains_key(name);
        names.find(|name| !taken(name)).expect("a topology has finitely many names")
    }

    fn core(&mut self) {
        for feature in [Feature::Veth, Feature::Bridge] {
            self.need(feature, "every local probe asks for a network of its own");
        }
        let name = self.core_name();
        self.router(Lan(0).gateway(), Lan(0).gateway_v6(), &name, None);
        let core = self.namespace(CORE);
        let begin = self.settings(&core, true);
        let v6 = self.v6(format!("addr add {}/{} dev lan nodad\n", Lan(0).gateway_v6(), Lan::PREFIX_V6));
        let inside = format!(
            "link set dev lo up\nlink add lan type bridge\naddr add {}/{} dev lan\n{v6}link set dev lan up\nlink set dev lo alias {}\n",
            Lan(0).gateway(),
            Lan::PREFIX,
            label("core")
        );
        let batches = vec![Batch::new(Program::Ip, None, begin), Batch::new(Program::Ip, Some(core), inside)];
        self.push("core".to_owned(), vec![], batches);
    }

    fn sites(&mut self) {
        let topology = self.topology;
        let (core, core_name) = (self.namespace(CORE), self.core_name());
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
            let (gateway_v6, prefix_v6, [far_v6, near_v6]) = (lan.gateway_v6(), Lan::PREFIX_V6, lan.transit_v6());
            self.router(gateway, gateway_v6, name, None);
            self.router(near, near_v6, name, None);
            self.router(far, far_v6, &core_name, None);
            let begin = self.settings(&here, true);
            let begin = format!(
                "{begin}link add name {port} netns {core} type veth peer name core netns {here}\n\
                 link add name up netns {here} type veth peer name up-l netns {here}\n"
            );
            let network_v6 = lan.network_v6();
            let v6 = [
                format!("addr add {far_v6}/126 dev {port} nodad\n"),
                format!("route add {network_v6}/{prefix_v6} via {near_v6} dev {port}\n"),
                format!("addr add {gateway_v6}/{prefix_v6} dev up nodad\naddr add {near_v6}/126 dev core nodad\n"),
                format!("route add ::/0 via {far_v6} dev core\n"),
            ];
            let [far_v6, to_site, own_v6, out_v6] = v6.map(|lines| self.v6(lines));
            let at_core = format!(
                "addr add {far}/30 dev {port}\n{far_v6}link set dev {port} up\nroute add {}/{prefix} via {near}\n{to_site}",
                lan.network()
            );
            // The router answers ARP at `up` alone: an answer from the switch itself would lead around the shaper.
            let inside = format!(
                "link set dev lo up\nlink add lan type bridge\nlink set dev lan arp off up\nlink set dev up-l master lan up\n{own_v6}\
                 addr add {gateway}/{prefix} dev up\nlink set dev up up\n\
                 addr add {near}/30 dev core\nlink set dev core up\nroute add default via {far}\n\
                 {out_v6}link set dev lo alias {}\n",
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
                Batch::new(Program::Tc, Some(here.clone()), by_tbf).or(Feature::Tbf, vec![(Program::Tc, by_htb)]),
                Batch::new(Program::Ip, Some(here), inside),
            ];
            self.push(format!("site/{name}"), vec![ResourceId("core".to_owned())], batches);
        }
    }

    fn probes(&mut self) {
        for (name, probe) in &self.topology.probes {
            let Some((lan, number)) = self.hosts.get(name).copied() else {
                let most = LAST_HOST - FIRST_HOST + 1;
                self.refuse(
                    format!("probe `{name}` is one too many in its site: there are {most} at most"),
                    "spread the probes over more sites",
                );
                continue;
            };
            let (address, address_v6) = (lan.host(number), lan.host_v6(number));
            let addresses = std::iter::once(address.into()).chain(self.ipv6.then_some(address_v6.into()));
            self.layout.addresses.insert(name.clone(), addresses.collect());
            let (switch, below) = match &probe.site {
                Some(site) => (self.namespace(site.as_str()), format!("site/{site}")),
                None => (self.namespace(CORE), "core".to_owned()),
            };
            let here = self.namespace(name.as_str());
            let port = device('p', name);
            let begin = self.settings(&here, false);
            let begin = format!("{begin}link add name {port} netns {switch} type veth peer name eth0 netns {here}\n");
            let at_switch = format!("link set dev {port} master lan up\n");
            let own_v6 = self.v6(format!("addr add {address_v6}/{} dev eth0 nodad\n", Lan::PREFIX_V6));
            let out_v6 = self.v6(format!("route add ::/0 via {} dev eth0\n", lan.gateway_v6()));
            let inside = format!(
                "link set dev lo up\naddr add {address}/{} dev eth0\n{own_v6}link set dev eth0 up\n\
                 route add default via {}\n{out_v6}link set dev lo alias {}\n",
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
}

#[cfg(test)]
mod tests;
