//! Links: a wire each, shaped at both ends, and the routes that follow [`Topology::path`].

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::address::{LAST_WIRE, Lan, link_local, slots, wire, wire_v6};
use super::super::batch::{Batch, Program};
use super::super::feature::Feature;
use super::super::loss;
use super::super::shape::{self, Shaper};
use super::{Builder, label, link_device};
use crate::domain::name::Name;
use crate::domain::shaping::{Asking, Knob};
use crate::domain::topology::{End, Link};
use crate::plan::ResourceId;

impl Builder<'_> {
    pub(super) fn links(&mut self) {
        let wires = slots(self.topology.links.keys(), 0, LAST_WIRE);
        for (name, link) in &self.topology.links {
            let device = link_device(name);
            let [a, b] = link.between.each_ref().map(|end| self.namespace(end.name().as_str()));
            let begin = format!("link add name {device} netns {a} type veth peer name {device} netns {b}\n");
            let ends = wires.get(name).map(|slot| (wire(*slot), wire_v6(*slot)));
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
                batches.push(shapes.or(Feature::Tbf, vec![(Program::Tc, by_htb)]));
                if let Some([by_nft, by_iptables, by_ip6tables]) =
                    loss::ingress(&device, impair.loss_ratio.toward(!out))
                {
                    let losses = Batch::new(Program::Nft, Some(here.clone()), by_nft);
                    let v6 = self.ipv6.then_some((Program::Ip6tables, by_ip6tables));
                    let instead = std::iter::once((Program::Iptables, by_iptables)).chain(v6);
                    batches.push(losses.or(Feature::Loss, instead.collect()));
                }

                let mut inside = String::new();
                if loss::ingress(&device, impair.loss_ratio.toward(out)).is_some() {
                    // The far end's filter must see packets, not the kernel's bundles of them.
                    let _ = writeln!(inside, "link set dev {device} gso_max_segs 1");
                }
                inside += &self.v6(format!("addr add {}/64 dev {device} nodad\n", link_local(side)));
                if let ([End::Site(_), End::Site(_)], Some((ends, ends_v6))) = (&link.between, ends) {
                    let _ = writeln!(inside, "addr add {}/30 dev {device}", ends[side]);
                    inside += &self.v6(format!("addr add {}/126 dev {device} nodad\n", ends_v6[side]));
                    self.router(ends[side], ends_v6[side], link.between[side].name(), Some(name));
                }
                let _ = writeln!(inside, "link set dev {device} up");
                let (near, far) = (&link.between[side], &link.between[1 - side]);
                if self.carries(name, link) {
                    if let Some(route) = self.route(near, far, ends.map(|(ends, _)| ends), 1 - side) {
                        let _ = writeln!(inside, "route add {route} dev {device}");
                    }
                    if let Some((to, from)) = self.route_v6(near, far) {
                        let via = link_local(1 - side);
                        let from = from.map(|from| format!(" src {from}")).unwrap_or_default();
                        inside += &self.v6(format!("route add {to} via {via} dev {device}{from}\n"));
                    }
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
        let host = |probe| self.hosts.get(probe).map(|(lan, number)| lan.host(*number));
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

    /// What `here` reaches over the link in IPv6, and by which address of its own; a link between sites has addresses.
    fn route_v6(&self, here: &End, there: &End) -> Option<(String, Option<Ipv6Addr>)> {
        let lan = |site| self.lans.get(&Some(site)).copied();
        let host = |probe| self.hosts.get(probe).map(|(lan, number)| lan.host_v6(*number));
        let to = match there {
            End::Probe(to) => format!("{}/128", host(to)?),
            End::Site(to) => format!("{}/{}", lan(to)?.network_v6(), Lan::PREFIX_V6),
        };
        let from = match (here, there) {
            (End::Probe(from), _) => Some(host(from)?),
            (End::Site(from), End::Probe(_)) => Some(lan(from)?.gateway_v6()),
            (End::Site(_), End::Site(_)) => None,
        };
        Some((to, from))
    }

    fn link_needs(&mut self, name: &Name, link: &Link) {
        for (who, feature) in impaired(name, link) {
            self.need(feature, who);
        }
    }
}

/// What a link's `impair` asks for, as the start of a sentence, and with what it is made.
pub(in crate::backend) fn impaired(name: &Name, link: &Link) -> impl Iterator<Item = (String, Feature)> {
    link.impair.knobs().map(move |knob| {
        let feature = match knob {
            Knob::Rate => Feature::Tbf,
            Knob::Delay | Knob::Jitter => Feature::Netem,
            Knob::Loss => Feature::Loss,
        };
        (Asking::Link(name, knob).to_string(), feature)
    })
}
