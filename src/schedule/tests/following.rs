//! Nothing is measured twice, and a rate may follow what TCP reached.

use std::time::Duration;

use super::topology;
use crate::domain::name::Name;
use crate::domain::test::{Direction, OfferedRate, TestDefinition};
use crate::domain::topology::Topology;
use crate::domain::unit::Ratio;
use crate::schedule::{Dispatcher, Job, Options, Settled, Told, ad_hoc, jobs, settle, timetable};

const MESH: &str = "
name: t
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here }, c: { host: here } }
links: { wire: { between: [a, b], contract: { rate: 100M } } }
tests:
  udp: { iperf3: { protocol: udp, rate: contract } }
  udp-both: { iperf3: { protocol: udp, rate: contract, direction: bidirectional } }
  tcp: { iperf3: { direction: both } }
  one: { iperf3: {} }
  at-once: { iperf3: { direction: bidirectional } }
  paced: { iperf3: { rate: 5M } }
groups:
  mesh: { mesh: [a, b, c] }
  pair: { pairs: [[a, c]], one-way: true }
campaigns:
  mesh: { group: mesh, run: [tcp] }
  pair: { group: pair, run: [udp, tcp] }
  repeated: { group: pair, run: [one, udp], repeat: 2 }
  alone: { group: pair, run: [udp, paced] }
  shared: { group: pair, run: [at-once, udp-both] }
  met: { group: mesh, run: [udp, one] }
";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// The topology whose UDP tests follow 80 % of TCP where there is no contract.
fn following() -> Topology {
    let mut topology = topology(MESH);
    for test in ["udp", "udp-both"] {
        let Some(TestDefinition::Iperf3(definition)) = topology.tests.get_mut(&name(test)) else { panic!("{test}") };
        definition.rate = Some(OfferedRate::ContractOrTcp(Ratio::new(0.8).unwrap()));
    }
    topology
}

fn campaign(text: &str) -> Vec<Job> {
    let topology = following();
    jobs(&topology, &topology.campaigns[&name(text)], Options::default())
}

fn reached(rate: f64) -> Option<Told> {
    Some(Ok((rate, None)))
}

#[test]
fn a_group_with_both_orders_measures_each_direction_once() {
    let mesh = campaign("mesh");
    assert_eq!(mesh.len(), 6, "three pairs, each in both orders");
    assert!(mesh.iter().all(|job| job.specification.direction() == Direction::Forward));
    let one_way: Vec<Direction> = campaign("pair").iter().map(|job| job.specification.direction()).collect();
    assert_eq!(one_way, [Direction::Forward, Direction::Forward, Direction::Reverse]);
    let by_hand = ad_hoc(&following(), &name("a"), &name("c"), &name("tcp"), Options::default()).unwrap();
    assert_eq!(by_hand.len(), 2, "without a group there is nobody else to measure the way back");
}

#[test]
fn a_contract_is_preferred_to_what_tcp_reaches() {
    let met = campaign("met");
    let udp = |from: &str, to: &str| {
        let wanted = |job: &&Job| (job.pair.source.as_str(), job.pair.destination.as_str()) == (from, to);
        met.iter().filter(|job| job.test == name("udp")).find(wanted).unwrap().clone()
    };
    let contracted = udp("a", "b");
    assert_eq!(contracted.rate_from, None);
    assert_eq!(contracted.specification.rate().unwrap().bits_per_second(), 97_181_208, "100 Mbit/s of frames");
    assert_eq!(udp("a", "c").specification.rate(), None);
}

#[test]
fn a_rate_follows_the_tcp_run_of_the_same_way_and_repetition() {
    let list = campaign("pair");
    let from = list[0].rate_from.clone().unwrap();
    assert_eq!((from.sources[0].job, from.sources[0].second), (2, false), "the forward one, though it is listed later");
    let repeated = campaign("repeated");
    let sources: Vec<u32> = repeated.iter().filter_map(|j| Some(j.rate_from.as_ref()?.sources[0].job)).collect();
    assert_eq!(sources, [1, 3]);
    let both = campaign("shared")[1].rate_from.clone().unwrap();
    let told: Vec<(u32, bool)> = both.sources.iter().map(|s| (s.job, s.second)).collect();
    assert_eq!(told, [(1, false), (1, true)]);
}

#[test]
fn without_tcp_it_is_known_beforehand_that_there_is_no_rate() {
    let list = campaign("alone");
    let why = list[0].skip.clone().unwrap();
    assert!(why.contains("no TCP test without a rate of its own is run from a to c here"), "{why}");
    assert_eq!(list[1].skip, None);
    assert_eq!(timetable(&list).slots.len(), 1);
}

#[test]
fn the_follower_waits_for_its_leader_in_the_timetable_too() {
    let list = campaign("pair");
    let table = timetable(&list);
    let order: Vec<u32> = table.slots.iter().map(|slot| slot.job.id).collect();
    assert_eq!(order, [2, 1, 3]);
    assert_eq!(table.total, Duration::from_secs(list.iter().map(|j| j.duration.as_secs()).sum()));
    let mut dispatcher = Dispatcher::new(list.clone());
    let leader = dispatcher.take().unwrap();
    assert_eq!((leader.id, dispatcher.take()), (2, None));
    dispatcher.release(&leader);
    assert_eq!(dispatcher.take().map(|job| job.id), Some(1));
    // A leader that is not among the jobs is not waited for.
    let mut orphan = Dispatcher::new(vec![list[0].clone()]);
    assert_eq!(orphan.take().map(|job| job.id), Some(1));
}

#[test]
fn the_rate_is_set_from_what_was_reached_or_there_is_a_reason() {
    let mut job = campaign("pair").remove(0);
    let settled = settle(&mut job, |id| if id == 2 { reached(93_123_456.0) } else { None });
    assert_eq!(settled, Ok(Some(Settled { share: 0.8, reached_bits_per_second: 93_123_456.0 })));
    assert_eq!(job.specification.rate().unwrap().bits_per_second(), 74_400_000);
    let fails = |told: Option<Told>| settle(&mut campaign("pair").remove(0), |_| told.clone()).unwrap_err();
    assert!(fails(Some(Err("refused".to_owned()))).ends_with("TCP told none (run 2): refused"));
    assert!(fails(None).contains("it was not run"));
    assert!(fails(reached(0.0)).contains("nothing came through by TCP"));
    let mut slower = campaign("shared").remove(1);
    settle(&mut slower, |_| Some(Ok((50e6, Some(20e6))))).unwrap();
    assert_eq!(slower.specification.rate().unwrap().bits_per_second(), 16_000_000, "the slower direction counts");
    let mut other = campaign("pair").remove(1);
    assert_eq!(settle(&mut other, |_| None), Ok(None));
}
