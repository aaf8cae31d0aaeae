//! Before anything is measured: can each pair reach each other, by ICMP and on the control port, both ways?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use super::session::Session;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::test::ToolKind;
use crate::protocol::{Reply, Request};

/// Waiting time for each answer.
const WAIT: Duration = Duration::from_secs(2);

/// What is not reachable, per ordered pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reachability {
    faults: BTreeMap<Pair, Faults>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Faults {
    icmp: Option<String>,
    tcp: Option<String>,
}

impl Reachability {
    /// Why a test of `tool` between this pair, in this order, would come to nothing.
    #[must_use]
    pub fn hinders(&self, pair: &Pair, tool: ToolKind) -> Option<String> {
        let of = |pair: &Pair| {
            let faults = self.faults.get(pair)?;
            match tool {
                ToolKind::Iperf3 => faults.tcp.as_deref(),
                ToolKind::Ping => faults.icmp.as_deref(),
                // A traceroute into the dark is a result: it shows how far one gets.
                ToolKind::Traceroute => None,
            }
        };
        // Echo answers and TCP's handshake need both ways; the way there names the fault best.
        let back = pair.reversed();
        [pair, &back].into_iter().find_map(|pair| Some(pair.cannot_reach(of(pair)?)))
    }

    /// A sentence per fault.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let all = self.faults.iter();
        all.flat_map(|(pair, faults)| {
            let both = faults.icmp.iter().chain(&faults.tcp);
            both.map(move |fault| pair.cannot_reach(fault))
        })
        .collect()
    }
}

/// Tries every pair both ways. Each probe tries one other at a time, so that a large mesh does not drown in echoes.
pub(super) async fn preflight(sessions: &BTreeMap<Name, Session>, pairs: &BTreeSet<Pair>) -> Reachability {
    let mut listeners = BTreeMap::new();
    for (name, session) in sessions {
        let mut work = session.begin(|job| Request::Listen { job });
        match tokio::time::timeout(WAIT, work.reply()).await {
            Ok(Some(Reply::Ready { port, .. })) => {
                listeners.insert(name, Ok((port, work)));
            }
            Ok(Some(Reply::Refused { reason, .. })) => {
                listeners.insert(name, Err(reason));
            }
            _ => {
                listeners.insert(name, Err("its agent does not answer".to_owned()));
            }
        }
    }
    let both_ways: BTreeSet<Pair> = pairs
        .iter()
        .flat_map(|p| [p.clone(), p.reversed()])
        .filter(|p| sessions.contains_key(&p.source) && sessions.contains_key(&p.destination))
        .collect();
    let mut of_source: BTreeMap<&Name, Vec<&Pair>> = BTreeMap::new();
    for pair in &both_ways {
        of_source.entry(&pair.source).or_default().push(pair);
    }
    let tries = of_source.into_iter().map(|(source, pairs)| {
        let listeners = &listeners;
        async move {
            let mut found = Vec::new();
            for pair in pairs {
                let faults = match listeners.get(&pair.destination) {
                    Some(Ok((port, _))) => reach(&sessions[source], &sessions[&pair.destination], *port).await,
                    Some(Err(reason)) => Faults { tcp: Some(reason.clone()), icmp: None },
                    None => continue,
                };
                if faults != Faults::default() {
                    found.push((pair.clone(), faults));
                }
            }
            found
        }
    });
    let faults = join_all(tries).await.into_iter().flatten().collect();
    Reachability { faults }
}

async fn reach(source: &Session, destination: &Session, port: u16) -> Faults {
    let mut work = source.begin(|job| Request::Reach { job, address: destination.address, port, timeout: WAIT });
    // ping itself waits for two packets beyond its own limit.
    match tokio::time::timeout(WAIT * 3, work.reply()).await {
        Ok(Some(Reply::Reached { icmp_fault, tcp_fault, .. })) => Faults { icmp: icmp_fault, tcp: tcp_fault },
        Ok(Some(Reply::Refused { reason, .. })) => Faults { icmp: Some(reason.clone()), tcp: Some(reason) },
        _ => {
            let silent = Some("its agent does not answer".to_owned());
            Faults { icmp: silent.clone(), tcp: silent }
        }
    }
}
