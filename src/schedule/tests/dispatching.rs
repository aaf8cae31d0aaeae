//! Nothing runs beside what it would disturb, everything runs once, what is independent runs at the same time.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::topology;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::path::Path;
use crate::domain::test::{Ping, Test};
use crate::schedule::{Dispatcher, Job, Options, Resource, Timetable, jobs, timetable};
use crate::tool::Load;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A job between two probes over a site's uplink, if any.
fn job(id: u32, from: u8, to: u8, uplink: Option<u8>, load: Load, seconds: u64) -> Job {
    let probe = |number: u8| name(&format!("p{number}"));
    let pair = Pair { source: probe(from), destination: probe(to) };
    let mut resources = BTreeSet::from([pair.source.clone(), pair.destination.clone()].map(Resource::Probe));
    resources.extend(uplink.map(|site| Resource::Uplink(name(&format!("s{site}")))));
    let ping = Ping { count: 1, interval: Duration::ZERO, timeout: Duration::ZERO, size: None, family: None };
    Job {
        id,
        pair,
        test: name("t"),
        specification: Test::Ping(ping),
        repetition: 1,
        path: Path::default(),
        resources,
        load,
        duration: Duration::from_secs(seconds),
        rate_from: None,
        note: None,
        skip: None,
    }
}

fn any_job() -> impl Strategy<Value = Job> {
    let load = prop_oneof![Just(Load::Exclusive), Just(Load::Light)];
    (0..7_u8, 1..7_u8, prop::option::of(0..3_u8), load, 1..5_u64)
        .prop_map(|(from, step, uplink, load, seconds)| job(0, from, (from + step) % 7, uplink, load, seconds))
}

fn any_jobs() -> impl Strategy<Value = Vec<Job>> {
    prop::collection::vec(any_job(), 0..60).prop_map(|mut jobs| {
        for (id, job) in (1..).zip(&mut jobs) {
            job.id = id;
        }
        jobs
    })
}

fn disturb(one: &Job, other: &Job) -> bool {
    let exclusive = [one, other].iter().any(|job| job.load == Load::Exclusive);
    exclusive && !one.resources.is_disjoint(&other.resources)
}

/// Runs everything; `choose` picks which of the running jobs ends next.
fn run_all(jobs: Vec<Job>, mut choose: impl FnMut(usize) -> usize) -> Vec<u32> {
    let mut dispatcher = Dispatcher::new(jobs);
    let (mut running, mut done): (Vec<Job>, Vec<u32>) = (vec![], vec![]);
    loop {
        while let Some(job) = dispatcher.take() {
            for other in &running {
                assert!(!disturb(&job, other), "{job:?} beside {other:?}");
            }
            running.push(job);
        }
        for waiting in dispatcher.waiting().filter(|job| job.load == Load::Exclusive) {
            let free = running.iter().all(|other| !disturb(waiting, other));
            assert!(!free, "{waiting:?} waits for nothing");
        }
        if running.is_empty() {
            assert_eq!(dispatcher.waiting().count(), 0, "jobs are left and nothing runs");
            return done;
        }
        let ended = running.swap_remove(choose(running.len()));
        dispatcher.release(&ended);
        done.push(ended.id);
    }
}

proptest! {
    #[test]
    fn no_job_disturbs_another_and_each_runs_once(jobs in any_jobs(), picks in prop::collection::vec(any::<usize>(), 60)) {
        let mut ids: Vec<u32> = jobs.iter().map(|job| job.id).collect();
        let mut picks = picks.into_iter().cycle();
        let mut done = run_all(jobs, |running| picks.next().map_or(0, |pick| pick % running));
        done.sort_unstable();
        ids.sort_unstable();
        prop_assert_eq!(done, ids);
    }

    #[test]
    fn a_timetable_keeps_the_same_rules(jobs in any_jobs()) {
        let table = timetable(&jobs);
        prop_assert_eq!(table.slots.len(), jobs.len());
        for (i, one) in table.slots.iter().enumerate() {
            let end = one.start + one.job.duration;
            prop_assert!(end <= table.total);
            for other in &table.slots[i + 1..] {
                let together = other.start < end && one.start < other.start + other.job.duration;
                prop_assert!(!together || !disturb(&one.job, &other.job), "{:?} beside {:?}", one, other);
            }
        }
        let busiest = (0..7).map(|n| Resource::Probe(name(&format!("p{n}")))).map(|probe| {
            let mine = jobs.iter().filter(|job| job.load == Load::Exclusive && job.resources.contains(&probe));
            mine.map(|job| job.duration).sum::<Duration>()
        });
        prop_assert!(table.total >= busiest.max().unwrap_or_default());
        prop_assert!(table.total <= jobs.iter().map(|job| job.duration).sum());
    }
}

#[test]
fn an_exclusive_job_is_not_starved_by_light_ones() {
    let mut list: Vec<Job> = (0..20).map(|id| job(id, 0, 1, None, Load::Light, 1)).collect();
    list.insert(1, job(99, 0, 1, None, Load::Exclusive, 1));
    let table = timetable(&list);
    let order: Vec<u32> = table.slots.iter().map(|slot| slot.job.id).collect();
    assert_eq!(order[..2], [0, 99]);
}

#[test]
fn light_jobs_run_side_by_side_but_not_all_at_once() {
    let list: Vec<Job> = (0..20).map(|id| job(id, 0, 1, None, Load::Light, 1)).collect();
    let table = timetable(&list);
    let at_once = table.slots.iter().filter(|slot| slot.start.is_zero()).count();
    assert_eq!(at_once, 8);
    assert_eq!(table.total, Duration::from_secs(3));
}

fn table(text: &str) -> Timetable {
    let topology = topology(text);
    timetable(&jobs(&topology, &topology.campaigns[&name("check")], Options::default()))
}

const FOUR: &str = "
name: t
hosts: { here: { local: {} } }
probes: { a: { host: here }, b: { host: here }, c: { host: here }, d: { host: here } }
tests: { tcp: { iperf3: { duration: 10s } } }
campaigns: { check: { group: all, run: [tcp] } }
";

#[test]
fn independent_throughput_tests_overlap() {
    let table = table(FOUR);
    assert_eq!(table.slots.len(), 12);
    // Each probe takes part in six of the twelve: no timetable is shorter.
    assert_eq!(table.total, Duration::from_secs(60));
}

#[test]
fn a_shared_uplink_serialises_its_site() {
    let sites = FOUR
        .replace("probes:", "sites: { s: { uplink: 100M } }\nprobes:")
        .replace("a: { host: here }, b: { host: here }", "a: { host: here, site: s }, b: { host: here, site: s }");
    let table = table(&sites);
    for (i, one) in table.slots.iter().enumerate() {
        for other in &table.slots[i + 1..] {
            let crosses = |job: &Job| job.resources.contains(&Resource::Uplink(name("s")));
            let together = one.start < other.start + other.job.duration && other.start < one.start + one.job.duration;
            assert!(!(together && crosses(&one.job) && crosses(&other.job)), "{one:?} {other:?}");
        }
    }
    // Eight of twelve cross the uplink one by one; of the others, two and two run at the same time.
    assert_eq!(table.total, Duration::from_secs(100));
}
