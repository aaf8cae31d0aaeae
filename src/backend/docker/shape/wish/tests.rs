//! What each probe's device is told.

use insta::assert_snapshot;

use super::super::{shape_id, spec_hash};
use super::*;
use crate::config::{self, Source};
use crate::plan::Desired;

/// The topology of `text`, which names probes and links.
fn topology(text: &str) -> Topology {
    let hosts = "hosts: { edge: { docker: {} } }\n";
    let bytes = format!("name: shop\n{hosts}{text}").into_bytes();
    let loaded = config::load(&Source { file: "topology.yaml".into(), bytes });
    loaded.topology.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

const FOUR: &str = "probes: { a: { host: edge }, b: { host: edge }, c: { host: edge }, d: { host: edge } }\n";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What the device of `probe` is told, each batch under its program, and with what else serves.
fn told(topology: &Topology, probe: &str) -> String {
    let addresses = |peer: &Name| {
        let number = u16::from(peer.as_str().as_bytes()[0] - b'a' + 2);
        vec![[10, 204, 0, u8::try_from(number).unwrap()].into(), [0xfd00, 0, 0, 0, 0, 0, 0, number].into()]
    };
    let batches = batches(&peers(topology, &name(probe)), "eth0", &addresses);
    let text = |batch: &Batch| format!("-- {:?}\n{}", batch.program, batch.lines);
    batches.iter().map(text).collect()
}

#[test]
fn each_direction_of_a_link_is_shaped_where_it_begins_and_lost_where_it_ends() {
    let links = "links:\n  wire: { between: [a, b], impair: { rate: { a->b: 20M, b->a: 5M } } }\n  \
                 sea: { between: [c, a], impair: { rate: 50M, delay: { a->c: 10ms }, jitter: { a->c: 1ms }, loss: { c->a: 2% } } }\n";
    let topology = topology(&format!("{FOUR}{links}"));
    for probe in ["a", "b", "c"] {
        assert_snapshot!(probe, told(&topology, probe));
    }
    assert_eq!(told(&topology, "d"), "", "no link of it is shaped");
}

#[test]
fn what_only_delays_has_no_rate_and_what_only_loses_has_no_branch() {
    let links = "links:\n  slow: { between: [a, b], impair: { delay: { a->b: 5ms } } }\n  \
                 lossy: { between: [a, c], impair: { loss: 1% } }\n";
    let topology = topology(&format!("{FOUR}{links}"));
    assert_snapshot!("delay-and-loss", told(&topology, "a"));
    assert_eq!(told(&topology, "b"), "");
}

#[test]
fn sites_of_one_probe_are_joined_as_their_probes_and_the_nearest_link_counts() {
    let sites = "sites: { west: {}, east: {} }\n";
    let probes = "probes: { a: { host: edge, site: west }, b: { host: edge, site: east }, c: { host: edge } }\n";
    let between = |links: &str| told(&topology(&format!("{sites}{probes}links:\n{links}")), "a");
    let wire = "  wire: { between: [a, b], impair: { rate: 20M } }\n";
    let sea = "  sea: { between: [west, east], impair: { rate: 20M } }\n";
    assert_eq!(between(wire), between(sea));
    assert_eq!(between(&format!("{wire}{}", sea.replace("20M", "1M"))), between(wire));
}

fn desired(topology: &Topology) -> Vec<Desired> {
    let here = topology.probes.keys().map(|probe| (probe, peers(topology, probe)));
    let shaped = here.filter(|(_, peers)| !peers.is_empty());
    shaped.map(|(probe, peers)| Desired { id: shape_id(probe), hash: spec_hash(&peers), depends_on: vec![] }).collect()
}

#[test]
fn a_changed_link_changes_its_two_ends_and_nothing_else() {
    let links = |rate| {
        let wire = "links:\n  wire: { between: [a, b], impair: { rate: 20M } }\n";
        topology(&format!("{FOUR}{wire}  lake: {{ between: [c, d], impair: {{ rate: {rate} }} }}\n"))
    };
    let (before, after) = (desired(&links("50M")), desired(&links("60M")));
    let changed: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a.hash != b.hash).map(|(a, _)| &a.id.0).collect();
    assert_eq!(changed, ["shape/c", "shape/d"]);
    assert_eq!(before.len(), 4);
    let swapped = topology(&format!("{FOUR}links:\n  wire: {{ between: [a, c], impair: {{ rate: 20M }} }}\n"));
    assert_ne!(desired(&swapped)[0].hash, before[0].hash, "another peer is another shape");
}

#[test]
fn what_the_kernel_must_have_is_asked_for_once() {
    let links = "links:\n  wire: { between: [a, b], impair: { rate: 20M, delay: 5ms } }\n  \
                 sea: { between: [c, a], impair: { rate: 50M, loss: 2% } }\n";
    let needs: Vec<_> = needs(&topology(&format!("{FOUR}{links}")), &name("edge"))
        .into_iter()
        .map(|need| format!("{}: {}", need.feature.as_str(), need.who))
        .collect();
    assert_eq!(
        needs,
        [
            "htb: link `sea` asks for `impair.rate`",
            "u32: link `sea` asks for `impair.rate`",
            "nftables random loss: link `sea` asks for `impair.loss`",
            "netem: link `wire` asks for `impair.delay`",
        ]
    );
}
