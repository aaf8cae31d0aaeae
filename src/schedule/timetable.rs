//! The timetable that the dispatcher comes to when every job takes exactly its duration.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use serde::Serialize;

use super::dispatch::Dispatcher;
use super::jobs::Job;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::domain::unit::Bitrate;
use crate::tool;

/// When a job starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The job.
    pub job: Job,
    /// Time from the start of the campaign run.
    pub start: Duration,
}

/// All jobs in the order of their start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timetable {
    /// The slots.
    pub slots: Vec<Slot>,
    /// End of the last job.
    pub total: Duration,
}

/// Payload that a link carries in each direction over a campaign run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LinkBytes {
    /// From the first end of `between` to the second.
    pub a_to_b_bytes: u64,
    /// From the second to the first.
    pub b_to_a_bytes: u64,
    /// Tests without a rate of their own on a link without a known rate: their bytes are not in the sums.
    pub unknown_tests: u32,
}

/// Runs the dispatcher on a simulated clock. Jobs that are skipped beforehand take no part.
#[must_use]
pub fn timetable(jobs: &[Job]) -> Timetable {
    let mut dispatcher = Dispatcher::new(jobs.iter().filter(|j| j.skip.is_none()).cloned().collect());
    let mut running: BinaryHeap<Reverse<(Duration, usize)>> = BinaryHeap::new();
    let mut table = Timetable::default();
    let mut now = Duration::ZERO;
    loop {
        while let Some(job) = dispatcher.take() {
            running.push(Reverse((now + job.duration, table.slots.len())));
            table.slots.push(Slot { job, start: now });
        }
        let Some(Reverse((end, slot))) = running.pop() else { break };
        now = end;
        dispatcher.release(&table.slots[slot].job);
    }
    table.total = now;
    table
}

/// Payload that a job sends there and back, where its own rate or that of the link it crosses bounds it.
pub(super) fn expected_bytes(topology: &Topology, job: &Job) -> (Option<u64>, Option<u64>) {
    let tool = tool::of(&job.specification);
    let crossing = job.path.link.as_ref();
    let link = crossing.and_then(|crossing| topology.links.get(&crossing.link));
    let rate = |back: bool| {
        let (crossing, link) = (crossing?, link?);
        let forward = crossing.forward != back;
        let shaped = link.impair.rate_bits_per_second.toward(forward);
        shaped.or(link.contract.rate_bits_per_second.toward(forward)).map(Bitrate::bits_per_second)
    };
    (tool.expected_bytes(rate(false)).0, tool.expected_bytes(rate(true)).1)
}

impl Timetable {
    /// What each declared link will carry.
    #[must_use]
    pub fn bytes_per_link(&self, topology: &Topology) -> BTreeMap<Name, LinkBytes> {
        let mut sums: BTreeMap<Name, LinkBytes> = BTreeMap::new();
        for Slot { job, .. } in &self.slots {
            let Some(crossing) = &job.path.link else { continue };
            if !topology.links.contains_key(&crossing.link) {
                continue;
            }
            let (there, back) = expected_bytes(topology, job);
            let sum = sums.entry(crossing.link.clone()).or_default();
            let (a_to_b, b_to_a) = if crossing.forward { (there, back) } else { (back, there) };
            if a_to_b.is_none() || b_to_a.is_none() {
                sum.unknown_tests += 1;
            }
            sum.a_to_b_bytes += a_to_b.unwrap_or(0);
            sum.b_to_a_bytes += b_to_a.unwrap_or(0);
        }
        sums
    }
}
