//! What each probe's device is told, and what no bridge can do.

use insta::assert_snapshot;

use super::super::super::Host;
use super::super::{Shaping, shape_id, spec_hash};
use super::*;
use crate::backend::{BackendError, Backends, Settings, open, swarm};
use crate::config::{self, Source};
use crate::i18n::{Lang, sentences};
use crate::plan::Desired;

/// The topology of `text`, which names probes and links.
fn topology(text: &str) -> Topology {
    let hosts = "hosts: { edge: { docker: {} }, other: { docker: { endpoint: 'unix:///run/other.sock' } }, \
                 far: { docker: { endpoint: 'ssh://far.example.net' } }, here: { local: {} }, \
                 tls: { docker: { endpoint: 'tcp+tls://192.0.2.1', tls: { ca: a, cert: b, key: c } } }, \
                 many: { swarm: { endpoint: 'unix:///run/x.sock' } }, theirs: { external: { address: 192.0.2.9 } } }\n";
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

/// What opening the topology refuses, and what its hosts do.
async fn refused(text: &str) -> Vec<(String, String)> {
    let topology = topology(text);
    let settings = Settings { executable: "/proc/self/exe".to_owned(), images: "/nowhere".into() };
    let errors = match open(&topology, &swarm::Fleet::default(), &settings).await {
        Err(errors) => errors,
        Ok(backends) => Backends::supports(&backends).await.err().unwrap_or_default(),
    };
    let told = |error| match error {
        BackendError::Unsupported { what, hint } => {
            for english in [&what, &hint] {
                let spanish = sentences::told(Lang::Es, english);
                let english = [" asks ", " and ", " is ", " has ", " or ", "probes"];
                assert!(!english.iter().any(|word| spanish.contains(word)), "{spanish}");
            }
            (what, hint)
        }
        other => panic!("{other}"),
    };
    errors.into_iter().map(told).collect()
}

#[tokio::test]
async fn what_no_bridge_can_do_is_refused_by_name() {
    let cases = [
        ("a: { host: edge }, b: { host: other }", "a and b are on two hosts"),
        ("a: { host: edge, network: host }, b: { host: edge }", "a is not on a bridge"),
        (
            "a: { host: edge }, b: { host: edge, network: { macvlan: { parent: eth1, address: 192.0.2.41/24 } } }",
            "b is not on a bridge",
        ),
        ("a: { host: here }, b: { host: edge }", "a is on the `local` host `here`"),
        ("a: { host: edge }, b: { host: theirs }", "b is on the `external` host `theirs`"),
    ];
    for (probes, why) in cases {
        let wire = "links: { wire: { between: [a, b], impair: { rate: 1M } } }";
        let errors = refused(&format!("probes: {{ {probes} }}\n{wire}")).await;
        let [(what, hint)] = &errors[..] else { panic!("{probes}: {errors:?}") };
        assert_eq!(*what, format!("link `wire` asks for `impair.rate`, and {why}"));
        assert!(hint.contains("`local: {}`") && hint.contains("one `docker` host"), "{hint}");
    }
    let probes = "probes: { a: { host: edge, site: west }, b: { host: edge, site: west }, c: { host: edge, site: east } }\n\
                  links: { wan: { between: [west, east], impair: { loss: 1% } } }";
    let several = refused(&format!("sites: {{ west: {{}}, east: {{}} }}\n{probes}")).await;
    assert_eq!(several[0].0, "link `wan` asks for `impair.loss`, and the site `west` has 2 probes instead of one");
    assert!(several[0].1.starts_with("link the probes themselves"), "{several:?}");
    let one = probes.replace(", b: { host: edge, site: west }", "");
    let uplink = refused(&format!("sites: {{ west: {{ uplink: 1G }}, east: {{}} }}\n{one}")).await;
    assert_eq!(
        uplink[0].0,
        "link `wan` asks for `impair.loss`, and the site `west` has an `uplink`, which no bridge can shape"
    );
}

#[tokio::test]
async fn an_engine_elsewhere_is_refused_before_it_is_reached() {
    for host in ["far", "tls"] {
        let probes = format!("probes: {{ a: {{ host: {host} }}, b: {{ host: {host} }} }}\n");
        let topology = topology(&format!("{probes}links: {{ wire: {{ between: [a, b], impair: {{ rate: 1M }} }} }}"));
        assert_eq!(hindrance(&topology, &topology.links[&name("wire")]), None, "the link itself is one that can be");
        let HostKind::Docker(settings) = &topology.hosts[&name(host)].kind else { panic!("no engine") };
        // Where probes are made of an image, it has that of itself.
        let mut opened = Host::new(&topology, &name(host), settings, None);
        opened.shaping = Shaping::new(&topology, &name(host));
        let errors = opened.shapeable().await;
        let [BackendError::Unsupported { what, hint }] = &errors[..] else { panic!("{errors:?}") };
        assert!(what.starts_with("link `wire` asks for `impair.rate`, and the engine of host `"), "{what}");
        assert!(what.ends_with("` is not at a socket of this machine"), "{what}");
        assert!(hint.contains("run iperftester on that machine"), "{hint}");
    }
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
