//! From campaigns to jobs: rates by contract, order, overrides, reasons to skip, bytes per link.

use std::time::Duration;

use super::topology;
use crate::domain::name::Name;
use crate::domain::reason::SkipReason;
use crate::domain::test::{
    Direction, Directions, Iperf2, Iperf2Definition, Iperf3, OfferedRate, Protocol, Test, TestDefinition,
};
use crate::domain::topology::Topology;
use crate::domain::unit::Ratio;
use crate::schedule::{AdHocFault, Job, LinkBytes, Options, Resource, ad_hoc, jobs, timetable};

const ASYMMETRIC: &str = "
name: t
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here }, c: { host: here } }
links:
  wire: { between: [a, b], contract: { rate: { a->b: 100M, b->a: 40M } } }
tests:
  there: { iperf3: { rate: contract } }
  back: { iperf3: { rate: contract, direction: reverse } }
  both: { iperf3: { rate: contract, direction: both } }
  at-once: { iperf3: { rate: contract, direction: bidirectional } }
  half: { iperf3: { rate: 50% } }
  datagrams: { iperf3: { protocol: udp, rate: contract } }
  small: { iperf3: { protocol: udp, rate: contract, length: 58B } }
  fixed: { iperf3: { protocol: udp, rate: 10M } }
  free: { iperf3: {} }
  rtt: { ping: { count: 10, interval: 500ms } }
  path: { traceroute: {} }
groups:
  pair: { pairs: [[a, b]] }
  open: { pairs: [[a, c]], one-way: true }
campaigns:
  check: { group: pair, run: [free, rtt], repeat: 2 }
  open: { group: open, run: [datagrams, fixed, free, rtt] }
";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn from_to(topology: &Topology, source: &str, destination: &str, test: &str) -> Vec<Job> {
    ad_hoc(topology, &name(source), &name(destination), &name(test), Options::default()).unwrap()
}

fn iperf3(job: &Job) -> &Iperf3 {
    let Test::Iperf3(test) = &job.specification else { panic!("{job:?}") };
    test
}

/// The offered rates of the jobs that one test makes, in bits per second.
fn rates(source: &str, destination: &str, test: &str) -> Vec<u64> {
    let jobs = from_to(&topology(ASYMMETRIC), source, destination, test);
    jobs.iter().map(|job| iperf3(job).rate_bits_per_second.unwrap().bits_per_second()).collect()
}

#[test]
fn iperf2_is_expanded_like_iperf3() {
    let of = |protocol, directions, share| {
        let mut topology = topology(ASYMMETRIC);
        let base = Iperf2 {
            protocol,
            direction: Direction::Forward,
            streams: 1,
            duration: Duration::from_secs(10),
            interval: Duration::from_secs(1),
            rate_bits_per_second: None,
            length: None,
            window: None,
            family: None,
        };
        let rate = Ratio::new(share).map(OfferedRate::Contract);
        let definition = TestDefinition::Iperf2(Iperf2Definition { base, directions, rate });
        topology.tests.insert(name("two"), definition);
        topology
    };
    let concrete = |topology: &Topology, to: &str, duration| {
        let jobs = ad_hoc(topology, &name("a"), &name(to), &name("two"), Options { duration }).unwrap();
        let one = |job: Job| match job.specification {
            Test::Iperf2(test) => (test, job.skip),
            other => panic!("{other:?}"),
        };
        jobs.into_iter().map(one).collect::<Vec<_>>()
    };
    let rates = |jobs: &[(Iperf2, Option<SkipReason>)]| -> Vec<u64> {
        jobs.iter().map(|(test, _)| test.rate_bits_per_second.unwrap().bits_per_second()).collect()
    };
    let both = concrete(&of(Protocol::Tcp, Directions::Both, 1.0), "b", Some(Duration::from_millis(500)));
    assert_eq!(rates(&both), [100_000_000, 40_000_000]);
    assert_eq!((both[0].0.direction, both[1].0.direction), (Direction::Forward, Direction::Reverse));
    assert_eq!((both[0].0.duration, both[0].0.interval), (Duration::from_millis(500), Duration::from_millis(500)));
    let udp = of(Protocol::Udp, Directions::Forward, 0.5);
    let there = concrete(&udp, "b", None);
    assert_eq!(there[0].0.length.unwrap().bytes(), 1448);
    assert_eq!(rates(&there), [48_590_604], "1448 of 1490 bytes of each frame, of half the contract");
    let open = concrete(&udp, "c", None);
    assert_eq!(open[0].0.rate_bits_per_second, None);
    assert!(matches!(open[0].1, Some(SkipReason::NoContractedRate { .. })), "{:?}", open[0].1);
}

#[test]
fn the_contract_of_the_direction_of_the_data_counts() {
    assert_eq!(rates("a", "b", "there"), [100_000_000]);
    assert_eq!(rates("b", "a", "there"), [40_000_000]);
    assert_eq!(rates("a", "b", "back"), [40_000_000], "the data of a reverse run flows from b to a");
    assert_eq!(rates("b", "a", "back"), [100_000_000]);
    assert_eq!(rates("a", "b", "both"), [100_000_000, 40_000_000]);
    assert_eq!(rates("a", "b", "at-once"), [40_000_000], "both ways at once: the lower one");
    assert_eq!(rates("b", "a", "at-once"), [40_000_000]);
    assert_eq!(rates("a", "b", "half"), [50_000_000]);
    let both = from_to(&topology(ASYMMETRIC), "a", "b", "both");
    let directions: Vec<Direction> = both.iter().map(|job| iperf3(job).direction).collect();
    assert_eq!(directions, [Direction::Forward, Direction::Reverse]);
}

#[test]
fn datagrams_offer_the_payload_whose_frames_fill_the_contract() {
    // 1448 of 1490 bytes of a frame are payload, 58 of 100.
    assert_eq!(rates("a", "b", "datagrams"), [97_181_208]);
    assert_eq!(rates("b", "a", "small"), [23_200_000]);
    assert_eq!(rates("a", "b", "fixed"), [10_000_000], "a rate in the file is payload already");
}

#[test]
fn the_order_is_repetitions_then_pairs_then_tests() {
    let topology = topology(ASYMMETRIC);
    let list = jobs(&topology, &topology.campaigns[&name("check")], Options::default());
    let told: Vec<String> =
        list.iter().map(|j| format!("{} {}{} {}", j.repetition, j.pair.source, j.pair.destination, j.test)).collect();
    assert_eq!(
        told,
        ["1 ab free", "1 ab rtt", "1 ba free", "1 ba rtt", "2 ab free", "2 ab rtt", "2 ba free", "2 ba rtt"]
    );
    assert_eq!(list.iter().map(|job| job.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(list[0].resources.contains(&Resource::Link(name("wire"))));
}

#[test]
fn a_shorter_duration_holds_for_timed_tests_alone() {
    let text =
        ASYMMETRIC.replace("free: { iperf3: {} }", "free: { iperf3: { duration: 20s, omit: 4s, interval: 3s } }");
    let topology = topology(&text);
    let options = Options { duration: Some(Duration::from_secs(2)) };
    let list = jobs(&topology, &topology.campaigns[&name("check")], options);
    let shortened = iperf3(&list[0]);
    assert_eq!(shortened.duration, Duration::from_secs(2));
    assert_eq!(shortened.omit, Duration::from_secs(2), "no more than the test itself");
    assert_eq!(shortened.interval, Duration::from_secs(2));
    assert_eq!(list[0].duration, Duration::from_secs(4), "the omitted start takes time as well");
    assert_eq!(list[1].duration, Duration::from_millis(4500), "ten pings are no timed test");
}

#[test]
fn what_takes_its_rate_from_a_contract_needs_one() {
    let topology = topology(ASYMMETRIC);
    let list = jobs(&topology, &topology.campaigns[&name("open")], Options::default());
    let skipped: Vec<Option<SkipReason>> = list.iter().map(|job| job.skip.clone()).collect();
    let reason = SkipReason::NoContractedRate { test: name("datagrams") };
    assert_eq!(skipped, [Some(reason), None, None, None]);
    assert_eq!(timetable(&list).slots.len(), 3, "what is skipped takes no time");
}

#[test]
fn unknown_names_are_told_with_the_known_ones() {
    let topology = topology(ASYMMETRIC);
    let ask = |from: &str, to: &str, test: &str| {
        ad_hoc(&topology, &name(from), &name(to), &name(test), Options::default()).unwrap_err()
    };
    assert_eq!(ask("a", "x", "rtt"), AdHocFault::Probe(name("x"), ["a", "b", "c"].map(name).to_vec()));
    assert_eq!(ask("a", "a", "rtt"), AdHocFault::Same(name("a")));
    let AdHocFault::Test(asked, known) = ask("a", "b", "nothing") else { panic!() };
    assert_eq!(asked, name("nothing"));
    assert!(known.contains(&name("rtt")) && known.contains(&name("auto")), "{known:?}");
}

/// What `wire` carries by one test.
fn carried(source: &str, destination: &str, test: &str) -> LinkBytes {
    let topology = topology(ASYMMETRIC);
    let mut links = timetable(&from_to(&topology, source, destination, test)).bytes_per_link(&topology);
    links.remove(&name("wire")).unwrap_or_default()
}

#[test]
fn bytes_are_counted_in_the_direction_that_they_cross_the_link() {
    let there = LinkBytes { a_to_b_bytes: 125_000_000, b_to_a_bytes: 0, unknown_tests: 0 };
    let back = LinkBytes { a_to_b_bytes: 0, b_to_a_bytes: 50_000_000, unknown_tests: 0 };
    assert_eq!(carried("a", "b", "free"), there);
    assert_eq!(carried("b", "a", "free"), back);
    assert_eq!(carried("b", "a", "back"), there, "its data flows from a to b");
    assert_eq!(carried("a", "b", "back"), back);
    let both = LinkBytes { a_to_b_bytes: 125_000_000, b_to_a_bytes: 50_000_000, unknown_tests: 0 };
    assert_eq!(carried("a", "b", "both"), both);
    assert_eq!(carried("a", "c", "free"), LinkBytes::default(), "no declared link there");
    let rtt = carried("a", "b", "rtt");
    assert_eq!((rtt.a_to_b_bytes, rtt.b_to_a_bytes), (560, 560));
}

#[test]
fn bytes_that_nothing_bounds_are_told_as_unknown() {
    let text = ASYMMETRIC.replace("{ rate: { a->b: 100M, b->a: 40M } }", "{ rtt: 20ms }");
    let topology = topology(&text);
    let links = timetable(&from_to(&topology, "a", "b", "free")).bytes_per_link(&topology);
    assert_eq!(links[&name("wire")], LinkBytes { a_to_b_bytes: 0, b_to_a_bytes: 0, unknown_tests: 1 });
}

const NAT: &str = "
name: t
hosts: { s: { ssh: { address: a.example.net } }, u: { ssh: { address: b.example.net } }, v: { ssh: { address: c.example.net } } }
probes:
  a: { host: s, address: 192.0.2.1 }
  b: { host: u, address: 192.0.2.2, behind-nat: true }
  c: { host: v, address: 192.0.2.3 }
tests:
  up: { iperf3: {} }
  both: { iperf3: { direction: both } }
  rtt: { ping: {} }
  path: { traceroute: {} }
groups:
  to: { pairs: [[a, b]], one-way: true }
campaigns:
  mesh: { group: all, run: [up, both, rtt, path] }
  to: { group: to, run: [both, rtt, path] }
";

#[test]
fn what_a_probe_behind_nat_cannot_receive_it_measures_in_its_own_turn_or_is_skipped_with_the_reason() {
    let topology = topology(NAT);
    let told = |campaign: &str| -> Vec<String> {
        let all = jobs(&topology, &topology.campaigns[&name(campaign)], Options::default());
        let told = |job: &Job| {
            let way = if job.specification.direction() == Direction::Reverse { " back" } else { "" };
            let behind = job.skip == Some(SkipReason::BehindNat { probe: name("b") });
            assert!(behind || job.skip.is_none(), "{:?}", job.skip);
            let skip = if behind { " skipped" } else { "" };
            format!("{}{} {}{way}{skip}", job.pair.source, job.pair.destination, job.test)
        };
        all.iter().map(told).collect()
    };
    // Of `both`, the pair a, c measures each direction once; b measures both of its own.
    #[rustfmt::skip]
    let mesh = [
        "ab up skipped", "ab path", "ba up", "ba both", "ba both back", "ba rtt", "ba path",
        "ac up", "ac both", "ac rtt", "ac path", "ca up", "ca both", "ca rtt", "ca path",
        "bc up", "bc both", "bc both back", "bc rtt", "bc path", "cb up skipped", "cb path",
    ];
    assert_eq!(told("mesh"), mesh);
    assert_eq!(told("to"), ["ab both skipped", "ab both back skipped", "ab rtt skipped", "ab path"]);
    let alone = ad_hoc(&topology, &name("a"), &name("b"), &name("rtt"), Options::default()).unwrap();
    assert_eq!(alone[0].skip, Some(SkipReason::BehindNat { probe: name("b") }));
    // Its UDP would follow a TCP run that is not there either, which is not the reason.
    let auto = ad_hoc(&topology, &name("a"), &name("b"), &name("auto"), Options::default()).unwrap();
    let behind = Some(SkipReason::BehindNat { probe: name("b") });
    assert!(auto.iter().all(|job| job.test == name("traceroute") || job.skip == behind), "{auto:#?}");
}

/// How many things the two tests of two pairs share.
fn shared(hosts: &str, probes: &str, pairs: &str) -> usize {
    let text = format!(
        "name: t\nhosts: {{ {hosts} }}\nprobes: {{ {probes} }}\ngroups: {{ g: {{ pairs: {pairs}, one-way: true }} }}\n\
         tests: {{ one-way: {{ iperf3: {{}} }} }}\ncampaigns: {{ check: {{ group: g, run: [one-way] }} }}\n"
    );
    let topology = topology(&text);
    let list = jobs(&topology, &topology.campaigns[&name("check")], Options::default());
    assert_eq!(list.len(), 2);
    list[0].resources.intersection(&list[1].resources).count()
}

#[test]
fn what_leaves_a_machine_shares_its_way_out() {
    let hosts = "rack: { docker: { endpoint: unix:///r } }, desk: { docker: { endpoint: unix:///d } }, here: { local: {} }, \
                 there: { local: {} }, out: { external: { address: 192.0.2.9, ports: 5201-5209 } }";
    let probes = "r1: { host: rack, ports: 5201-5205, address: 192.0.2.1 }, r2: { host: rack, ports: 5206-5210, address: 192.0.2.1 }, \
                  r3: { host: rack, ports: 5211-5215, address: 192.0.2.1 }, d1: { host: desk, address: 192.0.2.2 }, \
                  h1: { host: here }, h2: { host: here }, h3: { host: there }, h4: { host: there }, x: { host: out }";
    assert_eq!(shared(hosts, probes, "[[r1, d1], [r2, x]]"), 1, "both leave rack");
    assert_eq!(shared(hosts, probes, "[[r1, d1], [r2, r3]]"), 0, "within rack");
    assert_eq!(shared(hosts, probes, "[[h1, h3], [h2, h4]]"), 0, "hosts of kind local are one machine");
    assert_eq!(shared(hosts, probes, "[[h1, x], [h2, d1]]"), 1, "both leave this machine");
}

#[test]
fn the_nodes_of_a_host_have_a_way_out_each() {
    let members = |name: &str, member: &str| format!("{name}: {{ host: rack, placement: {{ members: [{member}] }} }}");
    let probes = [members("a", "n1"), members("b", "n2"), members("c", "n3"), members("d", "n1")].join(", ");
    let hosts = "rack: { lxd: { endpoint: https://192.0.2.20:8443 } }";
    assert_eq!(shared(hosts, &probes, "[[a, b], [c, d]]"), 1, "n1");
    let probes = [members("a", "n1"), members("b", "n2"), members("c", "n3"), members("d", "n4")].join(", ");
    assert_eq!(shared(hosts, &probes, "[[a, b], [c, d]]"), 0);
}
