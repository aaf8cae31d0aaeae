//! Before anything is measured: can each pair reach each other, by ICMP and on the control port, both ways?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use super::session::Session;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::reason::SkipReason;
use crate::domain::test::ToolKind;
use crate::i18n::{Lang, sentences};
use crate::protocol::{Reply, Request};
use crate::verdict::cannot_reach;

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
    pub fn hinders(&self, pair: &Pair, tool: ToolKind) -> Option<SkipReason> {
        let of = |pair: &Pair| {
            let faults = self.faults.get(pair)?;
            match tool {
                ToolKind::Iperf3 | ToolKind::Iperf2 | ToolKind::Connect => faults.tcp.as_deref(),
                ToolKind::Ping | ToolKind::PathMtu => faults.icmp.as_deref(),
                // A traceroute into the dark is a result: it shows how far one gets.
                ToolKind::Traceroute | ToolKind::Mtr | ToolKind::Tracepath => None,
            }
        };
        // Echo answers and TCP's handshake need both ways; the way there names the fault best.
        let back = pair.reversed();
        [pair, &back].into_iter().find_map(|pair| {
            let fault = of(pair)?.to_owned();
            Some(SkipReason::Unreachable { pair: pair.clone(), fault })
        })
    }

    /// A sentence per fault.
    #[must_use]
    pub fn sentences(&self, lang: Lang) -> Vec<String> {
        let all = self.faults.iter();
        all.flat_map(|(pair, faults)| {
            let both = faults.icmp.iter().chain(&faults.tcp);
            both.map(move |fault| cannot_reach(lang, pair, &sentences::told(lang, fault)))
        })
        .collect()
    }
}

/// Tries every pair both ways. Each probe tries one other at a time, so that a large mesh does not drown in echoes.
pub(super) async fn preflight(sessions: &BTreeMap<Name, Session>, pairs: &BTreeSet<Pair>) -> Reachability {
    let listeners: BTreeMap<&Name, _> = join_all(sessions.iter().map(|(name, session)| async move {
        let mut work = session.begin(|job| Request::Listen { job });
        let listener = match session.answer(&mut work).await {
            Ok(Reply::Ready { port, .. }) => Ok((port, work)),
            Ok(_) => Err(session.misfit()),
            Err(fault) => Err(fault),
        };
        (name, listener)
    }))
    .await
    .into_iter()
    .collect();
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
    let fault = match source.answer(&mut work).await {
        Ok(Reply::Reached { icmp_fault, tcp_fault, .. }) => return Faults { icmp: icmp_fault, tcp: tcp_fault },
        Ok(_) => source.misfit(),
        Err(fault) => fault,
    };
    Faults { icmp: Some(fault.clone()), tcp: Some(fault) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(source: &str, destination: &str) -> Pair {
        Pair { source: Name::new(source).unwrap(), destination: Name::new(destination).unwrap() }
    }

    fn told(why: Option<SkipReason>) -> Option<String> {
        why.map(|why| crate::verdict::skipped(Lang::En, &why))
    }

    #[test]
    fn a_tool_is_hindered_by_what_it_needs_both_ways() {
        let icmp = Faults { icmp: Some("no echo".to_owned()), tcp: None };
        let tcp = Faults { icmp: None, tcp: Some("refused".to_owned()) };
        let reachable = Reachability { faults: BTreeMap::from([(pair("a", "b"), icmp), (pair("c", "a"), tcp)]) };
        let hinders = |source, destination, tool| told(reachable.hinders(&pair(source, destination), tool));
        assert_eq!(hinders("a", "b", ToolKind::Ping).as_deref(), Some("a cannot reach b: no echo"));
        assert_eq!(hinders("b", "a", ToolKind::Ping).as_deref(), Some("a cannot reach b: no echo"), "the way back");
        assert_eq!(hinders("a", "b", ToolKind::Iperf3), None);
        assert_eq!(hinders("c", "a", ToolKind::Iperf3).as_deref(), Some("c cannot reach a: refused"));
        assert_eq!(hinders("a", "c", ToolKind::Iperf3).as_deref(), Some("c cannot reach a: refused"));
        assert_eq!(hinders("c", "a", ToolKind::Ping), None);
        for (source, destination) in [("a", "b"), ("c", "a")] {
            assert_eq!(hinders(source, destination, ToolKind::Traceroute), None, "how far one gets is a result");
        }
        assert_eq!(hinders("b", "c", ToolKind::Iperf3), None);
        assert_eq!(reachable.sentences(Lang::En), ["a cannot reach b: no echo", "c cannot reach a: refused"]);
    }

    #[test]
    fn the_way_there_is_named_before_the_way_back() {
        let fault = |text: &str| Faults { icmp: Some(text.to_owned()), tcp: None };
        let faults = BTreeMap::from([(pair("a", "b"), fault("there")), (pair("b", "a"), fault("back"))]);
        let reachable = Reachability { faults };
        assert_eq!(told(reachable.hinders(&pair("b", "a"), ToolKind::Ping)).as_deref(), Some("b cannot reach a: back"));
    }
}
