//! Budgets.

use chrono::{DateTime, NaiveDate, Utc};

use super::super::budget::{BudgetFault, account, capped, day, payload};
use super::super::jobs::{Job, Options, jobs};
use crate::domain::campaign::{Budget, Campaign, Schedule};
use crate::domain::counters::{EndCounters, InterfaceGrowth};
use crate::domain::name::Name;
use crate::domain::test::Test;
use crate::domain::topology::Topology;
use crate::domain::unit::{Bitrate, ByteSize};
use crate::i18n::{Lang, sentences};

const TWO: &str = "
name: budget
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here } }
links: { wire: { between: [a, b], contract: { rate: 80M } } }
tests:
  tcp: { iperf3: { duration: 10s } }
  slow: { iperf3: { duration: 10s, rate: 5M } }
  udp: { iperf3: { protocol: udp, duration: 10s, rate: 20M } }
  rtt: { ping: { count: 5 } }
campaigns: { check: { group: all, run: [tcp, slow, udp, rtt] } }
";

fn world(text: &str) -> (Topology, Vec<Job>) {
    let topology = super::topology(text);
    let jobs = jobs(&topology, &topology.campaigns[&name("check")], Options::default());
    (topology, jobs)
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn rate(megabits: u64) -> Option<Bitrate> {
    Bitrate::new(megabits * 1_000_000)
}

fn limit(megabits: u64) -> Budget {
    Budget { max_rate_bits_per_second: rate(megabits), bytes_per_day: None }
}

fn rates(jobs: &[Job], test: &str) -> Vec<Option<Bitrate>> {
    let of = jobs.iter().filter(|job| job.test.as_str() == test);
    of.filter_map(|job| if let Test::Iperf3(t) = &job.specification { Some(t.rate_bits_per_second) } else { None })
        .collect()
}

#[test]
fn tcp_is_held_to_the_highest_rate_and_what_is_below_it_stays() {
    let (_, jobs) = world(TWO);
    let held = capped(jobs.clone(), &limit(20)).unwrap();
    assert_eq!(rates(&held, "tcp"), [rate(20), rate(20)]);
    assert_eq!(rates(&held, "slow"), [rate(5), rate(5)]);
    assert_eq!(rates(&held, "udp"), [rate(20), rate(20)]);
    assert_eq!(capped(jobs.clone(), &Budget::default()).unwrap(), jobs, "without a budget nothing changes");
}

#[test]
fn udp_above_it_is_refused_with_test_rate_and_limit() {
    let (_, jobs) = world(TWO);
    let faults = capped(jobs, &limit(19)).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let of = |from, to| {
        format!(
            "`udp` from {from} to {to} sends 20 Mbit/s, over the 19 Mbit/s that the campaign's budget allows a test"
        )
    };
    assert_eq!(told, [of("a", "b"), of("b", "a")]);
    let spoken = told.iter().map(|fault| sentences::told(Lang::Es, fault)).collect::<Vec<_>>();
    assert!(spoken[0].starts_with("`udp` de a a b envía 20 Mbit/s, más de los 19 Mbit/s que"), "{spoken:?}");
    let odd = BudgetFault::TooFast {
        test: name("udp"),
        source_probe: name("s1"),
        destination: name("c1"),
        rate: Bitrate::new(43_731_544).unwrap(),
        limit: Bitrate::new(840).unwrap(),
    };
    assert!(odd.to_string().contains("sends 43.7 Mbit/s, over the 840 bit/s that"), "{odd}");
    let (_, jobs) = world(&TWO.replace("count: 5", "count: 1000, interval: 2ms, size: 1000B"));
    let faults = capped(jobs, &limit(1)).unwrap_err();
    assert!(faults.iter().any(|f| f.to_string().starts_with("`rtt` from a to b sends")), "{faults:?}");
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn in_zone(zone: &str) -> Campaign {
    let (topology, _) = world(TWO);
    let schedule = Schedule { cron: "0 3 * * *".to_owned(), time_zone: zone.to_owned(), skip: vec![] };
    Campaign { schedule: Some(schedule), ..topology.campaigns[&name("check")].clone() }
}

#[test]
fn a_day_is_that_of_the_campaigns_time_zone() {
    let (topology, _) = world(TWO);
    let utc = day(&topology.campaigns[&name("check")], at("2026-11-24T23:30:00Z")).unwrap();
    assert_eq!((utc.from, utc.to), (at("2026-11-24T00:00:00Z"), at("2026-11-25T00:00:00Z")));
    // Madrid is an hour ahead in winter, and the day on which it puts its clocks forward has 23 hours.
    let madrid = day(&in_zone("Europe/Madrid"), at("2026-11-24T23:30:00Z")).unwrap();
    assert_eq!(madrid.date, NaiveDate::from_ymd_opt(2026, 11, 25).unwrap());
    assert_eq!((madrid.from, madrid.to), (at("2026-11-24T23:00:00Z"), at("2026-11-25T23:00:00Z")));
    let short = day(&in_zone("Europe/Madrid"), at("2026-03-29T12:00:00Z")).unwrap();
    assert_eq!((short.to - short.from).num_hours(), 23);
    // Beirut put its clocks forward at midnight of 27 March 2022: that day began at one o'clock.
    let beirut = day(&in_zone("Asia/Beirut"), at("2022-03-27T12:00:00Z")).unwrap();
    assert_eq!(beirut.from, at("2022-03-26T22:00:00Z"));
    let fault = day(&in_zone("Europe/Sevilla"), at("2026-03-29T12:00:00Z")).unwrap_err();
    assert_eq!(fault.to_string(), "`Europe/Sevilla` is no time zone of the IANA database");
}

#[test]
fn a_days_account_adds_what_was_sent_and_what_will_be() {
    let (topology, jobs) = world(TWO);
    let today = day(&topology.campaigns[&name("check")], at("2026-11-24T12:00:00Z")).unwrap();
    let account = |bytes, used| account(&topology, ByteSize::new(bytes), &today, used, &jobs).unwrap();
    // Each way: 80 Mbit/s (the contract), 5 and 20 for 10 s; five echoes of 56 bytes there and back.
    let planned = 2 * (100_000_000 + 6_250_000 + 25_000_000) + 4 * 5 * 56;
    let enough = account(planned + 1000, 1000);
    assert_eq!((enough.planned_bytes, enough.left_bytes), (planned, 0));
    enough.check().unwrap();
    let short = account(planned + 1000, 1001);
    let told = short.check().unwrap_err();
    assert!(matches!(told, BudgetFault::Spent { .. }));
    assert!(told.to_string().contains("for 2026-11-24 (UTC)"), "{told}");
}

#[test]
fn without_a_bound_the_account_is_refused_and_a_highest_rate_is_one() {
    let (topology, jobs) = world(&TWO.replace("links:", "#"));
    let today = day(&topology.campaigns[&name("check")], at("2026-11-24T12:00:00Z")).unwrap();
    let fault = account(&topology, ByteSize::new(1), &today, 0, &jobs).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the budget of 1 B a day cannot be kept: nothing bounds what `tcp` from a to b, `tcp` from b to a send"
    );
    let held = capped(jobs, &limit(40)).unwrap();
    let account = account(&topology, ByteSize::new(1), &today, 0, &held).unwrap();
    assert_eq!(account.planned_bytes, 2 * (50_000_000 + 6_250_000 + 25_000_000) + 4 * 5 * 56);
}

#[test]
fn a_run_without_a_measurement_counts_with_what_it_was_to_send() {
    let (_, jobs) = world(TWO);
    let slow = jobs.iter().find(|job| job.test.as_str() == "slow").unwrap();
    let busy = counted(8_000_000, 9_000_000);
    assert_eq!(payload(&slow.specification, None, [Some(&busy), Some(&busy)]), 6_250_000);
}

fn counted(rx_bytes: u64, tx_bytes: u64) -> EndCounters {
    let of = |name: &str, rx_bytes, tx_bytes| InterfaceGrowth {
        name: name.to_owned(),
        rx_bytes,
        tx_bytes,
        ..InterfaceGrowth::default()
    };
    let interfaces = vec![of("lo", 10, 10), of("eth0", rx_bytes, tx_bytes)];
    EndCounters { interfaces, ..EndCounters::default() }
}

#[test]
fn a_failed_run_that_nothing_bounds_counts_with_what_left_the_interfaces() {
    let (source, destination) = (counted(3_000, 70_000), counted(70_000, 4_000));
    let both = [Some(&source), Some(&destination)];
    for (direction, ends, bytes) in [
        ("forward", both, 70_010),
        ("reverse", both, 4_010),
        ("bidirectional", both, 74_020),
        // A far end that is not ours counts nothing: what came from it was counted here.
        ("reverse", [Some(&source), None], 3_010),
        ("forward", [None, None], 0),
    ] {
        let (_, jobs) = world(&TWO.replace("tcp: { iperf3: {", &format!("tcp: {{ iperf3: {{ direction: {direction},")));
        let tcp = jobs.iter().find(|job| job.test.as_str() == "tcp").unwrap();
        assert_eq!(payload(&tcp.specification, None, ends), bytes, "{direction}");
    }
}
