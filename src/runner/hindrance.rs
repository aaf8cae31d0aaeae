//! Why a job cannot be run: told before anything of it is started.

use std::collections::BTreeMap;

use super::ends::Ends;
use super::preflight::{self, Reachability};
use crate::domain::facts::ProbeFacts;
use crate::domain::name::Name;
use crate::domain::reason::SkipReason;
use crate::domain::test::{Family, ToolKind};
use crate::domain::topology::Topology;
use crate::schedule::Job;
use crate::tool::{self, End};

/// The first thing that keeps `job` from being run.
pub(super) fn of(
    job: &Job,
    topology: &Topology,
    ends: &Ends,
    facts: &BTreeMap<Name, ProbeFacts>,
    reachable: &Reachability,
) -> Option<SkipReason> {
    job.skip.clone().or_else(|| {
        let hindered = ends.hinders(&job.pair, &job.specification);
        let lacks = || preflight::lacks(facts, &job.pair, job.specification.tool());
        let unsupported = || unsupported(topology, job, facts);
        hindered.or_else(lacks).or_else(unsupported).map(SkipReason::from).or_else(|| {
            let address = ends.address(&job.pair, job.specification.family()).ok()?;
            reachable.hinders(&job.pair, Family::of(address), job.specification.tool())
        })
    })
}

/// Its two ends.
pub(super) fn probes(job: &Job) -> [&Name; 2] {
    [&job.pair.source, &job.pair.destination]
}

/// The version of a tool on a probe, where it is known.
pub(super) fn version<'a>(facts: &'a BTreeMap<Name, ProbeFacts>, probe: &Name, tool: ToolKind) -> Option<&'a str> {
    facts.get(probe)?.tools.get(&tool).map(String::as_str)
}

/// Why the tools of the two probes cannot carry the job out.
fn unsupported(topology: &Topology, job: &Job, facts: &BTreeMap<Name, ProbeFacts>) -> Option<String> {
    let tool = job.specification.tool();
    let [near, far] = probes(job).map(|probe| {
        let bound = topology.probes.get(probe).is_some_and(|p| p.attachment.interface.is_some());
        End { probe: probe.as_str(), version: version(facts, probe, tool), bound }
    });
    let parts = tool::processes(&job.specification, near.version, far.version).len();
    tool::refusal(&job.specification, near, far).or_else(|| {
        let ports = topology.probes.get(&job.pair.destination)?.ports;
        let room = usize::from(ports.last() - ports.first()) + 1;
        (parts > room).then(|| {
            format!(
                "{parts} streams of {tool} {} take {parts} processes with a port each, and {} has {room} ports: widen its \
                 `ports`, or ask for fewer streams",
                near.version.or(far.version).unwrap_or_default(),
                far.probe
            )
        })
    })
}
