//! Files that are topologies, and what they come to.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use iperftester::config::{Loaded, Source, load, render};
use iperftester::domain::campaign::{Limit, Metric};
use iperftester::domain::group::Shape;
use iperftester::domain::host::HostKind;
use iperftester::domain::name::Name;
use iperftester::domain::port::PortRange;
use iperftester::domain::test::{Directions, OfferedRate, Protocol, TestDefinition};
use iperftester::domain::topology::{Directed, End, Topology};
use iperftester::domain::unit::{Bitrate, ByteSize, Ratio};

fn load_file(path: &Path) -> (Source, Loaded) {
    let source = Source { file: path.to_owned(), bytes: std::fs::read(path).unwrap() };
    let loaded = load(&source);
    (source, loaded)
}

fn clean(path: &str) -> Topology {
    let (source, loaded) = load_file(Path::new(path));
    assert!(
        loaded.diagnostics.is_empty(),
        "{}",
        render(iperftester::i18n::Lang::En, &loaded.diagnostics, &source, false)
    );
    loaded.topology.unwrap()
}

fn of_text(text: &str) -> Topology {
    let source = Source { file: "t.yaml".into(), bytes: text.as_bytes().to_vec() };
    let loaded = load(&source);
    assert!(
        loaded.diagnostics.is_empty(),
        "{}",
        render(iperftester::i18n::Lang::En, &loaded.diagnostics, &source, false)
    );
    loaded.topology.unwrap()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|t| name(t)).collect()
}

fn mega(rate: u64) -> Bitrate {
    Bitrate::new(rate * 1_000_000).unwrap()
}

#[test]
fn the_smallest_file_gets_all_that_is_built_in() {
    let topology = clean("tests/topologies/valid/smallest.yaml");
    assert_eq!(topology.name.as_str(), "office");
    assert_eq!(topology.description, None);
    assert_eq!(topology.hosts["here"].kind, HostKind::Local(Default::default()));
    assert_eq!(topology.probes.keys().cloned().collect::<Vec<_>>(), names(&["alpha", "beta"]));
    assert_eq!(topology.probes["alpha"].host, name("here"));
    assert_eq!(topology.probes["alpha"].ports, PortRange::DEFAULT);
    assert_eq!(topology.probes["alpha"].site, None);
    assert_eq!(topology.groups["all"].shape, Shape::Mesh(names(&["alpha", "beta"])));
    assert_eq!(topology.suites["auto"], names(&["ping", "traceroute", "path-mtu", "tcp", "udp"]));
    let TestDefinition::Iperf3(udp) = &topology.tests["udp"] else { panic!("udp is no iperf3 test") };
    assert_eq!(udp.rate, Some(OfferedRate::ContractOrTcp(Ratio::new(0.8).unwrap())));
    assert_eq!(udp.base.length, Some(ByteSize::new(1448)));
    let TestDefinition::Iperf3(tcp) = &topology.tests["tcp"] else { panic!("tcp is no iperf3 test") };
    assert_eq!(tcp.base.duration, Duration::from_secs(10));
    assert_eq!(tcp.base.interval, Duration::from_secs(1));
    assert_eq!((tcp.base.omit, tcp.base.streams, tcp.rate, tcp.base.length), (Duration::ZERO, 1, None, None));
    let TestDefinition::Ping(ping) = &topology.tests["ping"] else { panic!("ping is no ping test") };
    assert_eq!((ping.count, ping.interval, ping.timeout), (10, Duration::from_millis(200), Duration::from_secs(1)));
    let TestDefinition::Traceroute(trace) = &topology.tests["traceroute"] else { panic!("no traceroute test") };
    assert_eq!((trace.max_hops, trace.queries, trace.timeout), (30, 3, Duration::from_secs(1)));
    assert_eq!(topology.campaigns.len(), 1);
    let auto = &topology.campaigns["auto"];
    assert_eq!((auto.group.as_str(), auto.repeat), ("all", 1));
    assert_eq!(auto.tests, names(&["ping", "traceroute", "path-mtu", "tcp", "udp"]));
    assert_eq!(auto.expect, None);
}

#[test]
fn the_contract_example_resolves_as_read_aloud() {
    let topology = clean("tests/topologies/valid/contract.yaml");
    assert_eq!(topology.description.as_deref(), Some("Are the two leased services what we pay for?"));
    let cadiz = topology.sites["cadiz"].uplink.unwrap();
    assert_eq!((cadiz.down_bits_per_second, cadiz.up_bits_per_second), (mega(100), mega(20)));
    let madrid = topology.sites["madrid"].uplink.unwrap();
    assert_eq!((madrid.down_bits_per_second, madrid.up_bits_per_second), (mega(300), mega(300)));
    assert_eq!(topology.probes["s1"].site, Some(name("sevilla")));
    assert_eq!(topology.probes["s1"].tags, [name("branch")].into());

    let macrolan = &topology.links["macrolan"];
    assert_eq!(macrolan.between, [End::Site(name("madrid")), End::Site(name("sevilla"))]);
    assert_eq!(macrolan.contract.rate_bits_per_second, Directed::both(mega(100)));
    assert_eq!(macrolan.contract.rtt_seconds, Some(Duration::from_millis(20)));
    assert_eq!(macrolan.contract.jitter_seconds, Some(Duration::from_millis(5)));
    assert_eq!(macrolan.contract.loss_ratio, Ratio::new(0.001));
    assert_eq!(macrolan.contract.mtu_bytes, Some(1500));
    assert_eq!(macrolan.impair.rate_bits_per_second, Directed::both(mega(80)));
    let adsl = &topology.links["adsl"];
    let rates = Directed { a_to_b: Some(mega(100)), b_to_a: Some(mega(20)) };
    assert_eq!((adsl.contract.rate_bits_per_second, adsl.impair.rate_bits_per_second), (rates, rates));

    assert_eq!(topology.groups["offices"].shape, Shape::Mesh(names(&["m1", "m2", "s1", "c1"])));
    assert_eq!(topology.groups["offices"].pairs().len(), 12);
    assert_eq!(topology.groups["to-core"].shape, Shape::Star { hub: name("m1"), spokes: names(&["s1", "c1"]) });
    assert!(!topology.groups["to-core"].one_way);

    let TestDefinition::Iperf3(tcp) = &topology.tests["tcp"] else { panic!("tcp is no iperf3 test") };
    assert_eq!((tcp.base.duration, tcp.base.omit), (Duration::from_secs(4), Duration::from_secs(1)));
    assert_eq!(tcp.base.interval, Duration::from_millis(500));
    assert_eq!((tcp.base.protocol, tcp.directions), (Protocol::Tcp, Directions::Forward));
    let TestDefinition::Iperf3(udp) = &topology.tests["udp"] else { panic!("udp is no iperf3 test") };
    assert_eq!(udp.rate, Some(OfferedRate::Contract(Ratio::new(1.0).unwrap())));
    assert_eq!((udp.base.protocol, udp.base.length), (Protocol::Udp, Some(ByteSize::new(1448))));
    assert!(topology.tests.contains_key("ping") && topology.tests.contains_key("traceroute"));

    assert_eq!(topology.campaigns.keys().cloned().collect::<Vec<_>>(), names(&["check"]));
    let check = &topology.campaigns["check"];
    assert_eq!(check.tests, names(&["rtt", "path", "tcp", "udp"]));
    let expect = check.expect.as_ref().unwrap();
    assert_eq!(expect[&Metric::Throughput].warn, Some(Limit::OfContract(0.95)));
    assert_eq!(expect[&Metric::Throughput].fail, Some(Limit::OfContract(0.9)));
    assert_eq!((expect[&Metric::Loss].warn, expect[&Metric::Loss].fail), (None, Some(Limit::CONTRACT)));
}

#[test]
fn a_path_mtu_is_expected_in_bytes_or_by_the_contract() {
    let topology = of_text(
        "name: t\nhosts: { h: { local: {} } }\nprobes: { a: { host: h }, b: { host: h } }\n\
         links: { w: { between: [a, b], contract: { mtu: 1500 } } }\n\
         campaigns: { c: { group: all, run: auto, expect: { mtu: { warn: contract, fail: 1400 } } } }\n",
    );
    let limits = topology.campaigns["c"].expect.as_ref().unwrap()[&Metric::Mtu];
    assert_eq!((limits.warn, limits.fail), (Some(Limit::CONTRACT), Some(Limit::Bytes(1400))));
}

#[test]
fn the_nearest_default_wins_and_lists_replace() {
    let topology = of_text(
        "
name: nearest
hosts: { far: { local: {} }, middle: { local: {} }, near: { local: {} } }
defaults: { probe: { host: far, site: s, tags: [a, b], ports: 6000-6009 } }
sites:
  s: { probe: { host: middle, tags: [c] } }
  t: {}
probes:
  one: {}
  two: { host: near, tags: [] , ports: 7000 }
  three: { site: t }
",
    );
    let probe = |n: &str| &topology.probes[n];
    assert_eq!((probe("one").host.as_str(), probe("two").host.as_str()), ("middle", "near"));
    assert_eq!(probe("three").host.as_str(), "far");
    assert_eq!((&probe("one").tags, &probe("two").tags), (&[name("c")].into(), &[].into()));
    assert_eq!(probe("three").tags, [name("a"), name("b")].into());
    assert_eq!(probe("three").site, Some(name("t")));
    assert_eq!((probe("one").ports.first(), probe("one").ports.last()), (6000, 6009));
    assert_eq!((probe("two").ports.first(), probe("two").ports.last()), (7000, 7000));
}

#[test]
fn every_shape_of_group_with_every_selector() {
    let topology = of_text(
        "
name: groups
hosts: { h: { local: {} } }
defaults: { probe: { host: h } }
sites: { x: {}, y: {} }
probes:
  d: { site: x, tags: [red] }
  c: { site: y, tags: [red, blue] }
  b: { site: y }
  a: { tags: [blue] }
groups:
  everyone: { mesh: all }
  but-one: { mesh: { probes: all, except: [c] }, one-way: true }
  red: { mesh: { tags: [red] } }
  red-or-blue: { mesh: { tags: [red, blue], except: [d] } }
  red-in-y: { star: { hub: a, spokes: { tags: [red], sites: [y] } } }
  spokes: { star: { hub: b, spokes: all, except: [b, a] } }
  round: { ring: [a, c, d] }
  sides: { between: { from: { sites: [x] }, to: { sites: [y] } }, one-way: true }
  single: { between: { from: a, to: [b, c] } }
  chosen: { pairs: [[c, a], [b, d]] }
",
    );
    let shape = |n: &str| &topology.groups[n].shape;
    assert_eq!(*shape("everyone"), Shape::Mesh(names(&["d", "c", "b", "a"])));
    assert_eq!(*shape("but-one"), Shape::Mesh(names(&["d", "b", "a"])));
    assert!(topology.groups["but-one"].one_way);
    assert_eq!(*shape("red"), Shape::Mesh(names(&["d", "c"])));
    assert_eq!(*shape("red-or-blue"), Shape::Mesh(names(&["c", "a"])));
    assert_eq!(*shape("red-in-y"), Shape::Star { hub: name("a"), spokes: names(&["c"]) });
    assert_eq!(*shape("spokes"), Shape::Star { hub: name("b"), spokes: names(&["d", "c"]) });
    assert_eq!(*shape("round"), Shape::Ring(names(&["a", "c", "d"])));
    assert_eq!(*shape("sides"), Shape::Between { from: names(&["d"]), to: names(&["c", "b"]) });
    assert_eq!(*shape("single"), Shape::Between { from: names(&["a"]), to: names(&["b", "c"]) });
    assert_eq!(*shape("chosen"), Shape::Pairs(vec![(name("c"), name("a")), (name("b"), name("d"))]));
}

#[test]
fn yaml_looks_deceive_nobody() {
    let topology = of_text(
        "
name: no
description: 1.0
hosts: { on: { local: } }
probes:
  010: { host: on, tags: [010, 1e3, yes, \"null\"] }
  y: &same { host: on }
  n: *same
",
    );
    assert_eq!((topology.name.as_str(), topology.description.as_deref()), ("no", Some("1.0")));
    assert_eq!(topology.probes["010"].tags, names(&["010", "1e3", "null", "yes"]).into_iter().collect());
    assert_eq!(topology.probes["n"], topology.probes["y"]);
}

#[test]
fn suites_open_in_order_and_each_test_once() {
    let topology = of_text(
        "
name: suites
hosts: { h: { local: {} } }
probes: { a: { host: h }, b: { host: h } }
links: { l: { between: [b, a], contract: { rate: { a->b: 10M } } } }
tests:
  tcp: { iperf3: { direction: both, streams: 4, congestion-control: bbr, rate: 50%, length: 64KiB } }
  slow: { iperf3: { protocol: udp, rate: 1M, duration: 1m } }
suites:
  outer: [slow, inner, ping]
  inner: [ping, tcp]
campaigns:
  all: { group: all, run: [outer, traceroute, auto], repeat: 3, expect: { rtt: { warn: 5ms, fail: 20ms } } }
",
    );
    assert_eq!(topology.suites["outer"], names(&["slow", "ping", "tcp"]));
    assert_eq!(topology.suites["auto"], names(&["ping", "traceroute", "path-mtu", "tcp", "udp"]));
    let campaign = &topology.campaigns["all"];
    assert_eq!(campaign.tests, names(&["slow", "ping", "tcp", "traceroute", "path-mtu", "udp"]));
    assert_eq!((campaign.repeat, topology.campaigns.len()), (3, 1));
    let rtt = campaign.expect.as_ref().unwrap()[&Metric::Rtt];
    assert_eq!(rtt.warn, Some(Limit::time(Duration::from_millis(5))));
    let TestDefinition::Iperf3(tcp) = &topology.tests["tcp"] else { panic!("tcp is no iperf3 test") };
    assert_eq!((tcp.directions, tcp.base.streams), (Directions::Both, 4));
    assert_eq!(tcp.rate, Some(OfferedRate::Contract(Ratio::new(0.5).unwrap())));
    assert_eq!(tcp.base.congestion_control.as_deref(), Some("bbr"));
    assert_eq!(tcp.base.length, Some(ByteSize::new(65536)));
    let TestDefinition::Iperf3(slow) = &topology.tests["slow"] else { panic!("slow is no iperf3 test") };
    assert_eq!((slow.base.duration, slow.rate), (Duration::from_secs(60), Some(OfferedRate::Absolute(mega(1)))));
}

#[test]
fn every_example_loads_without_a_word() {
    let examples: Vec<PathBuf> = std::fs::read_dir("examples")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    assert!(examples.len() >= 2);
    for example in examples {
        clean(example.to_str().unwrap());
    }
}

#[test]
fn the_quickstart_has_a_finding_a_met_link_and_an_open_pair() {
    let topology = clean("examples/quickstart.yaml");
    let lowered = |link: &str| {
        let link = &topology.links[link];
        link.impair.rate_bits_per_second.a_to_b < link.contract.rate_bits_per_second.a_to_b
    };
    assert_eq!((lowered("fibre"), lowered("radio")), (true, false));
    assert_eq!((topology.probes.len(), topology.sites.len(), topology.hosts.len()), (4, 3, 1));
    assert_eq!(topology.path(&name("mill"), &name("quay")).link, None);
    let seconds: f64 = topology
        .campaigns
        .values()
        .flat_map(|c| {
            let pairs = topology.groups[&c.group].pairs().len();
            c.tests.iter().map(move |t| (t, pairs))
        })
        .map(|(test, pairs)| {
            let each = match &topology.tests[test] {
                TestDefinition::Iperf3(t) => t.base.duration + t.base.omit,
                TestDefinition::Ping(t) => t.interval * t.count,
                _ => Duration::from_millis(100),
            };
            each.as_secs_f64() * pairs as f64
        })
        .sum();
    assert!((30.0..60.0).contains(&seconds), "{seconds} s");
}

#[test]
fn a_thousand_probes_in_twenty_sites_load() {
    let mut text = String::from("name: large\nhosts: { h: { local: {} } }\ndefaults: { probe: { host: h } }\nsites:\n");
    for site in 0..20 {
        text += &format!("  site-{site}: {{ uplink: 10G }}\n");
    }
    text += "probes:\n";
    for probe in 0..1000 {
        text += &format!("  p{probe}: {{ site: site-{}, tags: [t{}] }}\n", probe % 20, probe % 7);
    }
    text += "links:\n";
    for (a, b) in (0..20).flat_map(|a| (a + 1..20).map(move |b| (a, b))).filter(|(a, b)| (a + b) % 2 == 0) {
        text += &format!("  l{a}-{b}: {{ between: [site-{a}, site-{b}], contract: {{ rate: 1G }} }}\n");
    }
    text += "groups:\n  everyone: { mesh: all }\n  way: { mesh: all, one-way: true }\n";
    text += "campaigns:\n  c: { group: everyone, run: auto, expect: { throughput: { fail: 90% } } }\n";
    text += "  d: { group: way, run: auto }\n";
    let topology = of_text(&text);
    assert_eq!((topology.probes.len(), topology.links.len()), (1000, 90));
    let Shape::Mesh(probes) = &topology.groups["everyone"].shape else { panic!("everyone is no mesh") };
    assert_eq!((probes.len(), probes[999].as_str()), (1000, "p999"));
}

#[test]
fn five_megabytes_load() {
    let mut text = String::from("name: huge\nhosts: { h: { local: {} } }\nprobes:\n");
    for probe in 0..40_000 {
        text += &format!("  probe-{probe}: {{ host: h, tags: [floor-{}, rack-{}] }}", probe % 9, probe % 101);
        text += "  # a remark on where it hangs and who may touch it, as long files have them\n";
    }
    assert!(text.len() > 5_000_000);
    assert_eq!(of_text(&text).probes.len(), 40_000);
}
