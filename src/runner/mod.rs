//! Carries a campaign out: sessions, preflight, runs in a conflict-free order, every finished run kept at once.

mod conclude;
mod ends;
mod execute;
mod foreign;
mod preflight;
mod retry;
mod session;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::{self, FuturesUnordered};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use tokio::sync::watch;

use crate::backend::{Backend, BackendError};
use crate::domain::campaign::Expectations;
use crate::domain::facts::ProbeFacts;
use crate::domain::group::Pair;
use crate::domain::measurement::Measurement;
use crate::domain::name::Name;
use crate::domain::run::{Run, RunStatus};
use crate::domain::test::{Family, ToolKind};
use crate::domain::topology::Topology;
use crate::schedule::{self, Dispatcher, Job, Told};
use crate::stats::numbers;
use crate::store::{Kept, Notice, Recording, Store, StoreError};
use crate::tool::{self, End};
use ends::{Ends, Far, Foreign};

pub use preflight::Reachability;
pub use session::{Session, SessionError};

/// Sessions opened side by side. Each starts an agent and its tools once, to tell their versions; all of a thousand probes
/// at once would take longer than hello may.
const ABREAST: usize = 32;

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The topology.
    pub topology: &'a Topology,
    /// Its jobs, in order.
    pub jobs: &'a [Job],
    /// The campaign's expectations.
    pub expectations: Option<&'a Expectations>,
    /// How an agent is started on a probe: program and arguments.
    pub agent: &'a [String],
}

/// What happens meanwhile.
#[derive(Debug)]
pub enum Event<'a> {
    /// A probe has no session; its runs are skipped.
    Unavailable(&'a Name, &'a SessionError),
    /// The preflight's outcome.
    Preflight(&'a Reachability),
    /// A run starts.
    Started(&'a Job),
    /// The rate at the receiver of a running test, in bits per second.
    Rate(&'a Job, f64),
    /// A run has ended, or was skipped.
    Finished(&'a Run),
    /// The result of this run is kept: it survives whatever comes.
    Kept(u32),
    /// Something about where results are kept.
    Notice(&'a Notice),
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Stopped before everything was run.
    pub interrupted: bool,
}

/// The world around the runner.
pub struct Surroundings<'a, B, S> {
    /// Where the probes are.
    pub backend: &'a B,
    /// Where results are kept.
    pub recording: &'a Recording<'a, S>,
    /// The wall clock.
    pub now: fn() -> DateTime<Utc>,
    /// Turns true when the user wants to stop.
    pub stop: watch::Receiver<bool>,
    /// Hears what happens.
    pub events: &'a dyn Fn(Event<'_>),
}

/// Runs every job of `order` and keeps every result. What cannot be measured is skipped with its reason; the rest goes on.
///
/// # Errors
/// A [`StoreError`] where a result can be kept nowhere; nothing more is started then.
pub async fn run<B: Backend, S: Store>(
    order: Order<'_>,
    mut around: Surroundings<'_, B, S>,
) -> Result<Outcome, StoreError> {
    let (ends, facts) = tokio::select! {
        opened = open_all(order, around.backend, around.events) => opened,
        () = stopped(&mut around.stop) => return Ok(Outcome { interrupted: true }),
    };
    let outcome = measure(order, &mut around, &ends, facts).await;
    join_all(ends.sessions.into_values().map(Session::close)).await;
    outcome
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could ask for a stop.
        std::future::pending::<()>().await;
    }
}

async fn open_all<B: Backend>(
    order: Order<'_>,
    backend: &B,
    events: &dyn Fn(Event<'_>),
) -> (Ends, BTreeMap<Name, ProbeFacts>) {
    let wanted: BTreeSet<&Name> = order
        .jobs
        .iter()
        .filter(|job| job.skip.is_none())
        .flat_map(|job| [&job.pair.source, &job.pair.destination])
        .collect();
    let (abroad, ours): (Vec<&Name>, Vec<&Name>) =
        wanted.into_iter().partition(|probe| order.topology.external(probe).is_some());
    let opened = stream::iter(ours)
        .map(|probe| async move { (probe, open(order.topology, backend, probe, order.agent).await) })
        .buffered(ABREAST);
    let (mut ends, mut facts) = (Ends::default(), BTreeMap::new());
    let absent = |ends: &mut Ends, probe: &Name, fault: &SessionError| {
        events(Event::Unavailable(probe, fault));
        ends.missing.insert(probe.clone(), why_missing(probe, fault));
    };
    for (probe, outcome) in opened.collect::<Vec<_>>().await {
        match outcome {
            Ok((session, told)) => {
                ends.sessions.insert(probe.clone(), session);
                facts.insert(probe.clone(), told);
            }
            Err(fault) => absent(&mut ends, probe, &fault),
        }
    }
    for probe in abroad {
        let Some(external) = order.topology.external(probe) else { continue };
        match backend.addresses(probe).await {
            Ok(addresses) => {
                ends.foreign.insert(probe.clone(), Foreign { addresses, ports: external.ports });
            }
            Err(source) => absent(&mut ends, probe, &SessionError::Address { probe: probe.clone(), source }),
        }
    }
    (ends, facts)
}

/// What is said of each run with an end that is not there: an unknown address is the whole reason, of a session there is more
/// in the event.
fn why_missing(probe: &Name, fault: &SessionError) -> String {
    match fault {
        SessionError::Address { source: BackendError::Unresolved { source, .. }, .. } => {
            format!("the address of {probe} cannot be resolved: {source}")
        }
        _ => format!("probe {probe} has no session"),
    }
}

/// Opens a session to one probe.
///
/// # Errors
/// [`SessionError`].
pub async fn open<B: Backend>(
    topology: &Topology,
    backend: &B,
    probe: &Name,
    agent: &[String],
) -> Result<(Session, ProbeFacts), SessionError> {
    let of = topology.probes.get(probe).ok_or_else(|| SessionError::Unknown(probe.clone()))?;
    let unknown = |source| SessionError::Address { probe: probe.clone(), source };
    let addresses = backend.addresses(probe).await.map_err(unknown)?;
    Session::open(backend, probe, addresses, of, agent).await
}

/// Opens a session to each probe of ours and closes it again: which of them are ready, and what are they?
pub async fn greet_all<'a, B: Backend>(
    topology: &'a Topology,
    backend: &B,
    agent: &[String],
) -> Vec<(&'a Name, Result<ProbeFacts, SessionError>)> {
    let greet = async |probe| {
        let (session, facts) = open(topology, backend, probe, agent).await?;
        session.close().await;
        Ok(facts)
    };
    let ours = topology.probes.keys().filter(|probe| topology.external(probe).is_none());
    let greeted = stream::iter(ours).map(async |probe| (probe, greet(probe).await));
    greeted.buffered(ABREAST).collect().await
}

async fn measure<B: Backend, S: Store>(
    order: Order<'_>,
    around: &mut Surroundings<'_, B, S>,
    ends: &Ends,
    facts: BTreeMap<Name, ProbeFacts>,
) -> Result<Outcome, StoreError> {
    for (probe, facts) in &facts {
        noted(around.recording.facts(probe.clone(), facts.clone()).await?, around.events);
    }
    let wanted = order.jobs.iter().filter(|job| job.skip.is_none());
    let ways: BTreeSet<(Pair, IpAddr)> = wanted
        .filter(|job| ends.hinders(&job.pair, &job.specification).is_none())
        .filter_map(|job| Some((job.pair.clone(), ends.address(&job.pair, job.specification.family()).ok()?)))
        .collect();
    let reachable = tokio::select! {
        reachable = preflight::preflight(ends, &ways) => reachable,
        () = stopped(&mut around.stop) => return Ok(Outcome { interrupted: true }),
    };
    (around.events)(Event::Preflight(&reachable));

    let mut told = told_first(order.jobs);
    let mut possible = Vec::new();
    for job in order.jobs {
        let hindrance = job.skip.clone().or_else(|| {
            let hindered = ends.hinders(&job.pair, &job.specification);
            hindered
                .or_else(|| preflight::lacks(&facts, &job.pair, job.specification.tool()))
                .or_else(|| unsupported(order.topology, job, &facts))
                .or_else(|| {
                    let address = ends.address(&job.pair, job.specification.family()).ok()?;
                    reachable.hinders(&job.pair, Family::of(address), job.specification.tool())
                })
        });
        match hindrance {
            Some(why) => {
                told.entry(job.id).and_modify(|place| *place = Some(Err(why.clone())));
                keep(conclude::skipped(order, job, &why, (around.now)()), around).await?;
            }
            None => possible.push(job.clone()),
        }
    }

    let mut dispatcher = Dispatcher::new(possible);
    let mut running = FuturesUnordered::new();
    let mut writing = FuturesUnordered::new();
    let (now, events, recording) = (around.now, around.events, around.recording);
    loop {
        while let Some(mut job) = dispatcher.take() {
            match settle(&mut job, &told) {
                Ok(()) => running.push(carry_out(order, job, ends, &facts, now, events)),
                Err(why) => {
                    dispatcher.release(&job);
                    let run = conclude::skipped(order, &job, &why, now());
                    events(Event::Finished(&run));
                    writing.push(store(recording, run));
                }
            }
        }
        if running.is_empty() && writing.is_empty() {
            break;
        }
        tokio::select! {
            Some((job, run)) = running.next() => {
                dispatcher.release(&job);
                if let Some(place) = told.get_mut(&job.id) {
                    *place = Some(brought(&run));
                }
                events(Event::Finished(&run));
                writing.push(store(recording, run));
            }
            Some((id, kept)) = writing.next() => {
                noted(kept?, events);
                events(Event::Kept(id));
            }
            () = stopped(&mut around.stop) => break,
        }
    }
    let interrupted = !running.is_empty() || dispatcher.waiting().next().is_some();
    // Dropping a run cancels it on both probes.
    drop(running);
    while let Some((id, kept)) = writing.next().await {
        noted(kept?, events);
        events(Event::Kept(id));
    }
    Ok(Outcome { interrupted })
}

fn probes(job: &Job) -> [&Name; 2] {
    [&job.pair.source, &job.pair.destination]
}

fn version<'a>(facts: &'a BTreeMap<Name, ProbeFacts>, probe: &Name, tool: ToolKind) -> Option<&'a str> {
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

/// The jobs whose rates others wait for; none has been run.
fn told_first(jobs: &[Job]) -> BTreeMap<u32, Option<Told>> {
    let sources = jobs.iter().filter_map(|job| job.rate_from.as_ref()).flat_map(|from| &from.sources);
    sources.map(|source| (source.job, None)).collect()
}

/// What a run tells those who take their rate from it.
fn brought(run: &Run) -> Told {
    match (&run.measurement, run.status) {
        (_, RunStatus::Invalid) => Err(run.assessment.reason.clone()),
        (Some(Measurement::Throughput(throughput)), _) => schedule::told(throughput),
        _ => Err(run.error.clone().unwrap_or_else(|| "it measured nothing".to_owned())),
    }
}

/// Sets the rate of a job that takes it from others.
fn settle(job: &mut Job, told: &BTreeMap<u32, Option<Told>>) -> Result<(), String> {
    if let Some(settled) = schedule::settle(job, |id| told.get(&id).cloned().flatten())? {
        job.note = Some(format!(
            "sent at {} of the {} that TCP reached, for no contract names a rate",
            numbers::percent_whole(settled.share),
            numbers::rate(settled.reached_bits_per_second)
        ));
    }
    Ok(())
}

async fn keep<B, S: Store>(run: Run, around: &Surroundings<'_, B, S>) -> Result<(), StoreError> {
    (around.events)(Event::Finished(&run));
    let (id, kept) = store(around.recording, run).await;
    noted(kept?, around.events);
    (around.events)(Event::Kept(id));
    Ok(())
}

async fn store<S: Store>(recording: &Recording<'_, S>, run: Run) -> (u32, Result<Kept, StoreError>) {
    (run.id, recording.append(run).await)
}

fn noted(kept: Kept, events: &dyn Fn(Event<'_>)) {
    if let Kept::Rescued(notice) = kept {
        events(Event::Notice(&notice));
    }
}

async fn carry_out(
    order: Order<'_>,
    job: Job,
    ends: &Ends,
    facts: &BTreeMap<Name, ProbeFacts>,
    now: fn() -> DateTime<Utc>,
    events: &dyn Fn(Event<'_>),
) -> (Job, Run) {
    let skip = |job: Job, why: &str| {
        let run = conclude::skipped(order, &job, why, now());
        (job, run)
    };
    let (Some(source), Some(far)) = (ends.sessions.get(&job.pair.source), ends.far(&job.pair.destination)) else {
        return skip(job, "a probe has no session");
    };
    let destination = match far {
        Far::Ours(session) => Some(session),
        Far::Foreign(_) => None,
    };
    if let Some(why) = std::iter::once(source).chain(destination).find_map(Session::over) {
        return skip(job, &why);
    }
    let test = &job.specification;
    let address = match ends.address(&job.pair, test.family()) {
        Ok(address) => address,
        Err(why) => return skip(job, &why),
    };
    events(Event::Started(&job));
    let started = now();
    let live = |rate| events(Event::Rate(&job, rate));
    let executed = match far {
        Far::Ours(destination) => {
            let [near, far] = probes(&job).map(|probe| version(facts, probe, test.tool()));
            let parts = tool::processes(test, near, far);
            execute::execute(&parts, source, destination, address, live).await
        }
        Far::Foreign(foreign) => foreign::execute(test, source, foreign, address, live).await,
    };
    let run = conclude::concluded(order, &job, executed, started, now());
    (job, run)
}
