//! Sessions opened before anything is run, many side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use futures_util::stream;
use futures_util::{Stream, StreamExt};

use super::ends::{Ends, Foreign};
use super::session::{Session, SessionError};
use super::slot::Slot;
use super::{Event, Order};
use crate::backend::{BackendError, Program, Reach};
use crate::domain::facts::ProbeFacts;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::topology::Topology;

/// Sessions opened side by side. Each starts an agent and its tools once, to tell their versions; all of a thousand probes
/// at once would take longer than hello may.
const ABREAST: usize = 32;

/// Opens a session to each probe of ours that `order` needs, and finds the addresses of the others.
pub(super) async fn open_all<B: Reach>(
    order: Order<'_>,
    backend: &B,
    events: &dyn Fn(Event<'_>),
    now: fn() -> DateTime<Utc>,
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
        .map(|probe| async move { (probe, open(order.topology, backend, probe, order.executable).await) })
        .buffered(ABREAST);
    let (mut ends, mut facts) = (Ends::default(), BTreeMap::new());
    let absent = |ends: &mut Ends, probe: &Name, fault: &SessionError| {
        events(Event::Unavailable(probe, fault));
        ends.missing.insert(probe.clone(), why_missing(probe, fault));
    };
    for (probe, outcome) in opened.collect::<Vec<_>>().await {
        match outcome {
            Ok((session, told)) => {
                ends.addresses.insert(probe.clone(), session.addresses.clone());
                ends.sessions.insert(probe.clone(), Slot::new(session, now));
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
    ends.within = nearer(order, backend, &ends).await;
    (ends, facts)
}

/// The addresses of those that share a network with their source; one that the backend cannot tell any more is met at the
/// others' address.
async fn nearer<B: Reach>(order: Order<'_>, backend: &B, ends: &Ends) -> BTreeMap<Pair, Vec<IpAddr>> {
    let pairs = order.jobs.iter().flat_map(|job| [job.pair.clone(), job.pair.reversed()]).collect::<BTreeSet<Pair>>();
    let ours = pairs
        .into_iter()
        .filter(|pair| [&pair.source, &pair.destination].into_iter().all(|end| ends.sessions.contains_key(end)));
    let asked = stream::iter(ours).map(async |pair| {
        let addresses = backend.addresses_within(&pair.destination, &pair.source).await.ok().flatten()?;
        Some((pair, addresses))
    });
    asked.buffer_unordered(ABREAST).filter_map(std::future::ready).collect().await
}

/// What is said of each run with an end that is not there: an unknown address and what is wrong with an engine are the whole
/// reason, of a session elsewhere there is more in the event.
fn why_missing(probe: &Name, fault: &SessionError) -> String {
    match fault {
        SessionError::Address { source: BackendError::Unresolved { source, .. }, .. } => {
            format!("the address of {probe} cannot be resolved: {source}")
        }
        SessionError::Address { source: BackendError::Docker { source, .. }, .. }
        | SessionError::Connect { source: BackendError::Docker { source, .. }, .. } => {
            format!("probe {probe} has no session: {source}")
        }
        _ => format!("probe {probe} has no session"),
    }
}

/// Opens a session to one probe.
///
/// # Errors
/// [`SessionError`].
pub async fn open<B: Reach>(
    topology: &Topology,
    backend: &B,
    probe: &Name,
    executable: &str,
) -> Result<(Session, ProbeFacts), SessionError> {
    let of = topology.probes.get(probe).ok_or_else(|| SessionError::Unknown(probe.clone()))?;
    let unknown = |source| SessionError::Address { probe: probe.clone(), source };
    let addresses = backend.addresses(probe).await.map_err(unknown)?;
    Session::open(backend, probe, addresses, of, Program::agent(executable)).await
}

/// Opens a session to one probe and closes it again: what is it?
async fn greet<B: Reach>(
    topology: &Topology,
    backend: &B,
    probe: &Name,
    executable: &str,
) -> Result<ProbeFacts, SessionError> {
    let (session, facts) = open(topology, backend, probe, executable).await?;
    session.close().await;
    Ok(facts)
}

/// The same of each probe of ours: which of them are ready, and what are they?
pub async fn greet_all<'a, B: Reach>(
    topology: &'a Topology,
    backend: &B,
    executable: &str,
) -> Vec<(&'a Name, Result<ProbeFacts, SessionError>)> {
    let ours = topology.probes.keys().filter(|probe| topology.external(probe).is_none());
    let greeted = stream::iter(ours).map(async |probe| (probe, greet(topology, backend, probe, executable).await));
    greeted.buffered(ABREAST).collect().await
}

/// Waits until each of `probes`, as they are made, is ready: its main process has said that it waits, or else its agent
/// answers hello.
pub async fn await_made<'a, B: Reach>(
    topology: &Topology,
    backend: &B,
    executable: &str,
    probes: impl Stream<Item = &'a Name>,
) -> Vec<(&'a Name, Result<(), SessionError>)> {
    let ready = async |probe| match backend.waits(probe).await {
        true => Ok(()),
        false => greet(topology, backend, probe, executable).await.map(drop),
    };
    probes.map(async |probe| (probe, ready(probe).await)).buffered(ABREAST).collect().await
}
