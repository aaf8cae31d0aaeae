//! Carries a campaign out: sessions, preflight, runs in a conflict-free order, every finished run kept at once.

mod conclude;
mod ends;
mod execute;
mod foreign;
mod hindrance;
mod opening;
mod preflight;
mod rates;
mod retry;
mod session;
mod slot;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use tokio::sync::watch;

use crate::backend::Reach;
use crate::domain::campaign::Expectations;
use crate::domain::facts::ProbeFacts;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::reason::SkipReason;
use crate::domain::run::Run;
use crate::domain::test::Family;
use crate::domain::topology::Topology;
use crate::i18n::Lang;
use crate::schedule::{Dispatcher, Job};
use crate::store::{Kept, Notice, Recording, Store, StoreError};
use crate::tool;
use crate::verdict;
use ends::{Ends, Far};
use execute::Executed;
use slot::Slot;

pub use opening::{await_made, greet_all, open};
pub use preflight::Reachability;
pub use session::{Session, SessionError};

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The topology.
    pub topology: &'a Topology,
    /// Its jobs, in order.
    pub jobs: &'a [Job],
    /// The campaign's expectations.
    pub expectations: Option<&'a Expectations>,
    /// This executable, which is the agent of the probes of this machine.
    pub executable: &'a str,
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
pub async fn run<B: Reach, S: Store>(
    order: Order<'_>,
    mut around: Surroundings<'_, B, S>,
) -> Result<Outcome, StoreError> {
    let (ends, facts) = tokio::select! {
        opened = opening::open_all(order, around.backend, around.events, around.now) => opened,
        () = stopped(&mut around.stop) => return Ok(Outcome { interrupted: true }),
    };
    let outcome = measure(order, &mut around, &ends, facts).await;
    join_all(ends.sessions.into_values().filter_map(Slot::into_session).map(Session::close)).await;
    outcome
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could ask for a stop.
        std::future::pending::<()>().await;
    }
}

async fn measure<B: Reach, S: Store>(
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

    let mut told = rates::told_first(order.jobs);
    let mut possible = Vec::new();
    for job in order.jobs {
        match hindrance::of(job, order.topology, ends, &facts, &reachable) {
            Some(why) => {
                told.entry(job.id).and_modify(|place| *place = Some(Err(verdict::skipped(Lang::En, &why))));
                keep(conclude::skipped(order, job, &why, (around.now)()), around).await?;
            }
            None => possible.push(job.clone()),
        }
    }

    let known = Known { facts: &facts, reachable: &reachable, silent: RefCell::default() };
    let mut dispatcher = Dispatcher::new(possible);
    let mut running = FuturesUnordered::new();
    let mut writing = FuturesUnordered::new();
    let (now, events, recording, backend) = (around.now, around.events, around.recording, around.backend);
    loop {
        while let Some(mut job) = dispatcher.take() {
            match rates::settle(&mut job, &told) {
                Ok(()) => running.push(carry_out(order, job, (backend, ends), &known, now, events)),
                Err(why) => {
                    dispatcher.release(&job);
                    let run = conclude::skipped(order, &job, &why.into(), now());
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
                    *place = Some(rates::brought(&run));
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

/// What is known of the ends.
struct Known<'a> {
    facts: &'a BTreeMap<Name, ProbeFacts>,
    reachable: &'a Reachability,
    /// Pairs whose foreign end answered neither echoes nor a test.
    silent: RefCell<BTreeSet<Pair>>,
}

async fn carry_out<B: Reach>(
    order: Order<'_>,
    job: Job,
    (backend, ends): (&B, &Ends),
    known: &Known<'_>,
    now: fn() -> DateTime<Utc>,
    events: &dyn Fn(Event<'_>),
) -> (Job, Run) {
    let skip = |job: Job, why: &SkipReason| {
        let run = conclude::skipped(order, &job, why, now());
        (job, run)
    };
    let (Some(source), Some(far)) = (ends.sessions.get(&job.pair.source), ends.far(&job.pair.destination)) else {
        return skip(job, &SkipReason::NoSession { probe: None });
    };
    let source = match source.ready(order, backend, now).await {
        Ok(session) => session,
        Err(why) => return skip(job, &why.into()),
    };
    let destination = match far {
        Far::Foreign(foreign) => Err(foreign),
        Far::Ours(slot) => match slot.ready(order, backend, now).await {
            Ok(session) => Ok(session),
            Err(why) => return skip(job, &why.into()),
        },
    };
    let test = &job.specification;
    let address = match ends.address(&job.pair, test.family()) {
        Ok(address) => address,
        Err(why) => return skip(job, &why.into()),
    };
    let silence = match far {
        Far::Ours(_) => None,
        Far::Foreign(_) => known.reachable.silence(&job.pair, Family::of(address)),
    };
    // A path shows how far one gets, also where the far end says nothing.
    if let Some(fault) =
        silence.filter(|_| test.tool().needs_destination() && known.silent.borrow().contains(&job.pair))
    {
        let fault = format!("{fault}, nor did its server answer an earlier test");
        return skip(job.clone(), &SkipReason::Unreachable { pair: job.pair, fault });
    }
    events(Event::Started(&job));
    let started = now();
    let live = |rate| events(Event::Rate(&job, rate));
    let mut executed = match &destination {
        Ok(destination) => {
            let [near, far] = hindrance::probes(&job).map(|probe| hindrance::version(known.facts, probe, test.tool()));
            let parts = tool::processes(test, near, far);
            execute::execute(&parts, &source, destination, address, live).await
        }
        Err(foreign) => foreign::execute(test, &source, foreign, address, live).await,
    };
    for session in std::iter::once(&source).chain(&destination) {
        explain(&mut executed, session, backend, now).await;
    }
    if let Some(fault) = silence {
        executed.foreboding = Some(format!("preflight: {}", verdict::cannot_reach(Lang::En, &job.pair, fault)));
        if executed.client.as_ref().is_some_and(foreign::is_unanswered) {
            known.silent.borrow_mut().insert(job.pair.clone());
        }
    }
    let run = conclude::concluded(order, &job, executed, started, now());
    (job, run)
}

/// Tells of a run that ended with its session what became of the probe.
async fn explain<B: Reach>(executed: &mut Executed, session: &Session, backend: &B, now: fn() -> DateTime<Utc>) {
    let Some(before) = session.over() else { return };
    let after = session.explained(backend, now).await;
    for fault in [&mut executed.fault, &mut executed.server_fault] {
        if fault.as_ref() == Some(&before) {
            fault.clone_from(&after);
        }
    }
}
