//! What a topology comes to: the language's words as values of the domain.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::IpAddr;
use std::time::Duration;

use iperftester::config::{Loaded, Source, load};
use iperftester::domain::host::{Address, HostKind, Isolation, Network, Placement, ResourceLimits, Secret};
use iperftester::domain::image::{Base, Image};
use iperftester::domain::name::Name;
use iperftester::domain::port::PortRange;
use iperftester::domain::test::{Directions, Family, OfferedRate, Protocol, TestDefinition};
use iperftester::domain::topology::Topology;
use iperftester::domain::unit::{Bitrate, ByteSize, Ratio};

fn loaded(text: &str) -> Loaded {
    load(&Source { file: "t.yaml".into(), bytes: text.as_bytes().to_vec() })
}

fn topology(text: &str) -> Topology {
    let loaded = loaded(text);
    loaded.topology.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

const TWO: &str = "name: t\nhosts: { h: { local: {} } }\nprobes: { a: { host: h }, b: { host: h } }\n";

fn fleet() -> Topology {
    topology(include_str!("topologies/valid/fleet.yaml"))
}

fn address(text: &str) -> Address {
    let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, bits.parse().ok()));
    Address { ip: ip.parse().unwrap(), prefix_bits: bits }
}

#[test]
fn the_fleet_is_valid_with_one_warning() {
    let loaded = loaded(include_str!("topologies/valid/fleet.yaml"));
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|d| d.code.as_str()).collect();
    assert_eq!(codes, ["short-fingerprint"]);
    assert!(loaded.topology.is_some());
}

#[test]
fn hosts_of_every_kind_keep_their_settings() {
    let fleet = fleet();
    let kind = |name: &str| &fleet.hosts[name].kind;
    let HostKind::Docker(rack) = kind("rack") else { panic!() };
    assert_eq!(rack.endpoint.as_deref(), Some("tcp+tls://192.0.2.10:2376"));
    assert_eq!(rack.tls.as_ref().unwrap().key.to_str(), Some("key.pem"));
    let HostKind::Lxd(cluster) = kind("cluster") else { panic!() };
    assert_eq!((cluster.project.as_deref(), cluster.fingerprint.as_deref()), (Some("probes"), Some("5f1c6a…")));
    let HostKind::Ssh(branch) = kind("branch") else { panic!() };
    assert_eq!(
        (branch.address.as_str(), branch.user.as_deref(), branch.port),
        ("branch.example.net", Some("ops"), None)
    );
    let HostKind::LiveIso(stick) = kind("stick") else { panic!() };
    assert!(stick.install.as_ref().unwrap().wipe);
    let HostKind::External(carrier) = kind("carrier") else { panic!() };
    assert_eq!(carrier.ports, PortRange::new(5201, 5210).unwrap());
    assert!(matches!(kind("swarm"), HostKind::Swarm(_)));

    let one = topology(
        "name: t\nhosts: { h: { local: { isolation: user-namespaces } }, x: { lxd: { token: { file: t.txt } } } }\n\
         probes: { a: { host: h }, b: { host: x } }\n",
    );
    let HostKind::Local(local) = one.hosts["h"].kind else { panic!() };
    assert_eq!(local.isolation, Some(Isolation::UserNamespaces));
    let HostKind::Lxd(lxd) = &one.hosts["x"].kind else { panic!() };
    assert_eq!(lxd.token, Some(Secret::File("t.txt".into())));
}

#[test]
fn probes_are_attached_as_written() {
    let fleet = fleet();
    let of = |name: &str| &fleet.probes[name].attachment;
    assert_eq!(of("e1").network, Some(Network::Host));
    let limits =
        ResourceLimits { cpu_millicores: Some(1000), memory_bytes: Some(ByteSize::new(128 << 20)), cpu_set: None };
    assert_eq!(of("e1").limits, Some(limits));
    let macvlan = Network::Macvlan { parent: "eth1".into(), address: address("192.0.2.41/24") };
    assert_eq!(of("r1").network, Some(macvlan));
    assert_eq!(of("node").placement, Some(Placement::EachNode));
    let Some(Placement::Members(members)) = &of("lx").placement else { panic!() };
    assert_eq!(members.iter().map(Name::as_str).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(of("b1").address, Some(address("198.51.100.7")));
    assert!(of("b1").behind_nat && !of("e1").behind_nat);
    assert_eq!(of("b1").management.as_deref(), Some("branch.example.net"));
    let gateway: IpAddr = "198.51.100.1".parse().unwrap();
    assert_eq!((of("usb").gateway, of("usb").dns.as_slice()), (Some(gateway), [gateway].as_slice()));
    // An external server listens where its host says, whatever the defaults are.
    assert_eq!(fleet.probes["peer"].ports, PortRange::new(5201, 5210).unwrap());
}

#[test]
fn defaults_reach_the_probes_that_can_use_them_key_by_key() {
    let topology = topology(
        "name: t\n\
         hosts: { l: { local: {} }, d: { docker: {} } }\n\
         defaults: { probe: { limits: { cpus: 0.5, memory: 64MiB }, behind-nat: true } }\n\
         sites: { s: { probe: { host: d, limits: { cpus: 2 } } } }\n\
         probes: { a: { host: l }, b: { site: s, limits: { memory: 1GB } }, c: { site: s, behind-nat: false, address: 192.0.2.7 } }\n",
    );
    assert!(topology.probes["a"].attachment.is_default());
    let limits = |name: &str| topology.probes[name].attachment.limits.clone().unwrap();
    assert_eq!(limits("b").cpu_millicores, Some(2000));
    assert_eq!(limits("b").memory_bytes, Some(ByteSize::new(1_000_000_000)));
    assert_eq!(limits("c").memory_bytes, Some(ByteSize::new(64 << 20)));
    assert!(topology.probes["b"].attachment.behind_nat && !topology.probes["c"].attachment.behind_nat);
}

#[test]
fn the_built_in_suite_measures_all_there_is_to_know_of_a_path() {
    let topology = topology(TWO);
    let auto: Vec<&str> = topology.suites["auto"].iter().map(Name::as_str).collect();
    assert_eq!(auto, ["ping", "traceroute", "path-mtu", "tcp", "udp"]);
    assert_eq!(topology.campaigns["auto"].tests, topology.suites["auto"]);
    let TestDefinition::Ping(ping) = &topology.tests["ping"] else { panic!() };
    assert_eq!(ping.count, 10);
    let iperf3 = |name: &str| match &topology.tests[name] {
        TestDefinition::Iperf3(test) => test.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((iperf3("tcp").base.protocol, iperf3("tcp").directions), (Protocol::Tcp, Directions::Both));
    assert_eq!((iperf3("tcp").rate, iperf3("udp").base.protocol), (None, Protocol::Udp));
    assert_eq!(iperf3("udp").directions, Directions::Both);
    assert_eq!(iperf3("udp").rate, Some(OfferedRate::ContractOrTcp(Ratio::new(0.8).unwrap())));
}

#[test]
fn tests_say_what_their_tools_can_do() {
    let topology = topology(&format!(
        "{TWO}tests:\n\
         \x20 a: {{ iperf3: {{ protocol: sctp, mss: 1400, window: 4MiB, family: ipv6, fq-rate: 10M }} }}\n\
         \x20 b: {{ iperf3: {{ dscp: af41, zero-copy: true, rate: {{ contract-else-tcp: 50% }} }} }}\n\
         \x20 c: {{ iperf3: {{ dscp: 46 }} }}\n\
         \x20 d: {{ iperf2: {{ protocol: udp, rate: 10M, direction: reverse }} }}\n\
         \x20 e: {{ mtr: {{ count: 3, family: ipv4 }} }}\n\
         \x20 f: {{ tracepath: {{ max-hops: 5 }} }}\n\
         \x20 g: {{ path-mtu: {{ largest: 9000 }} }}\n\
         \x20 h: {{ connect: {{ interval: 1s }} }}\n"
    ));
    let iperf3 = |name: &str| match &topology.tests[name] {
        TestDefinition::Iperf3(test) => test.clone(),
        other => panic!("{other:?}"),
    };
    let a = iperf3("a").base;
    assert_eq!((a.protocol, a.mss, a.window), (Protocol::Sctp, Some(1400), Some(ByteSize::new(4 << 20))));
    assert_eq!((a.family, a.fq_rate_bits_per_second), (Some(Family::Ipv6), Bitrate::new(10_000_000)));
    assert_eq!((iperf3("b").base.dscp.unwrap().value(), iperf3("b").base.zero_copy), (34, true));
    assert_eq!(iperf3("b").rate, Some(OfferedRate::ContractOrTcp(Ratio::new(0.5).unwrap())));
    assert_eq!(iperf3("c").base.dscp.unwrap().tos(), 184);
    let TestDefinition::Iperf2(d) = &topology.tests["d"] else { panic!() };
    assert_eq!((d.base.length, d.directions), (Some(ByteSize::new(1448)), Directions::Reverse));
    let TestDefinition::Mtr(e) = &topology.tests["e"] else { panic!() };
    assert_eq!((e.count, e.interval, e.max_hops, e.family), (3, Duration::from_secs(1), 30, Some(Family::Ipv4)));
    let TestDefinition::Tracepath(f) = &topology.tests["f"] else { panic!() };
    assert_eq!(f.max_hops, 5);
    let TestDefinition::PathMtu(g) = &topology.tests["g"] else { panic!() };
    assert_eq!(g.largest, Some(9000));
    let TestDefinition::Connect(h) = &topology.tests["h"] else { panic!() };
    assert_eq!((h.count, h.interval), (10, Duration::from_secs(1)));
}

#[test]
fn an_external_server_is_a_destination_of_everybody_and_a_source_of_nothing() {
    let fleet = fleet();
    let pairs = fleet.groups["all"].pairs();
    assert!(pairs.iter().all(|pair| pair.source.as_str() != "peer"));
    assert_eq!(pairs.iter().filter(|pair| pair.destination.as_str() == "peer").count(), 6);
    assert_eq!(pairs.len(), 6 * 5 + 6);
    assert!(fleet.groups["all-but-peer"].pairs().iter().all(|pair| pair.destination.as_str() != "peer"));
}

#[test]
fn the_image_is_what_is_written_or_bookworm() {
    let whole = Image {
        base: Some(Base::Debian),
        suite: "trixie".to_owned(),
        mirror: Some("http://deb.example.net/debian".to_owned()),
        registry: Some("registry.example.net:5000/net".to_owned()),
    };
    let engines = topology(include_str!("topologies/valid/engines.yaml"));
    assert_eq!(engines.owner.as_deref(), Some("netops"));
    assert_eq!(engines.image, whole);
    assert_eq!(topology(TWO).image, Image { base: None, suite: "bookworm".to_owned(), mirror: None, registry: None });
    // Results that are stored already know of none.
    let mut stored = serde_json::to_value(topology(TWO)).unwrap();
    assert_eq!(stored.as_object_mut().unwrap().remove("image"), None);
    assert_eq!(serde_json::from_value::<Topology>(stored).unwrap().image, Image::default());
}

#[test]
fn schedule_budget_and_metadata_are_kept() {
    let nightly = fleet().campaigns["nightly"].clone();
    let schedule = nightly.schedule.unwrap();
    assert_eq!((schedule.cron.as_str(), schedule.time_zone.as_str()), ("0 3 * * *", "Europe/Madrid"));
    assert_eq!(schedule.skip[0].from.to_string(), "2026-12-24");
    assert_eq!(nightly.budget.bytes_per_day, Some(ByteSize::new(50_000_000_000)));
    assert_eq!(nightly.budget.max_rate_bits_per_second, Bitrate::new(500_000_000));
    let topology = topology(&format!(
        "{TWO}metadata: {{ customer: ACME, circuit-id: 42 }}\n\
         campaigns: {{ c: {{ group: all, run: tcp, schedule: {{ cron: \"*/5 * * * 1-5\" }} }} }}\n"
    ));
    assert_eq!(topology.metadata.customer.as_deref(), Some("ACME"));
    assert_eq!(topology.metadata.circuit_id.as_deref(), Some("42"));
    assert_eq!(topology.campaigns["c"].schedule.as_ref().unwrap().time_zone, "UTC");
}
