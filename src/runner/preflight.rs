//! Before anything is measured: can each pair reach each other, by ICMP and on the control port, both ways?

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;

use super::ends::Ends;
use super::session::Session;
use crate::domain::facts::ProbeFacts;
use crate::domain::group::Pair;
use crate::domain::name::Name;
use crate::domain::reason::SkipReason;
use crate::domain::test::{Family, ToolKind};
use crate::i18n::{Lang, sentences};
use crate::protocol::{Reply, Request};
use crate::verdict::cannot_reach;

/// Waiting time for each answer.
const WAIT: Duration = Duration::from_secs(2);

/// What is not reachable, per ordered pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reachability {
    faults: BTreeMap<(Pair, Family), Faults>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Faults {
    icmp: Option<String>,
    tcp: Option<String>,
    /// May the source's user send no ICMP echo? That says nothing of the path.
    is_denied: bool,
}

impl Reachability {
    /// Why a test of `tool` between this pair, in this order and by addresses of this family, would come to nothing. Every tool
    /// is answered over what its source opened, so that the other order is none of its business: there a firewall may refuse
    /// what is new.
    #[must_use]
    pub fn hinders(&self, pair: &Pair, family: Family, tool: ToolKind) -> Option<SkipReason> {
        let faults = self.faults.get(&(pair.clone(), family))?;
        let fault = match tool {
            ToolKind::Iperf3 | ToolKind::Iperf2 | ToolKind::Connect => faults.tcp.clone(),
            ToolKind::Ping | ToolKind::PathMtu => faults.icmp.clone(),
            // A traceroute into the dark is a result: it shows how far one gets.
            ToolKind::Traceroute | ToolKind::Mtr | ToolKind::Tracepath => None,
        };
        fault.map(|fault| SkipReason::Unreachable { pair: pair.clone(), fault })
    }

    /// What became of the echoes from `pair.source` to its destination, where none came back though they may be sent.
    #[must_use]
    pub fn silence(&self, pair: &Pair, family: Family) -> Option<&str> {
        let faults = self.faults.get(&(pair.clone(), family)).filter(|faults| !faults.is_denied)?;
        faults.icmp.as_deref()
    }

    /// A sentence per fault.
    #[must_use]
    pub fn sentences(&self, lang: Lang) -> Vec<String> {
        let all = self.faults.iter();
        all.flat_map(|((pair, _), faults)| {
            let both = faults.icmp.iter().chain(&faults.tcp);
            both.map(move |fault| cannot_reach(lang, pair, &sentences::told(lang, fault)))
        })
        .collect()
    }
}

/// Which end of the pair has not the tool of a test, with what mends it.
pub(super) fn lacks(facts: &BTreeMap<Name, ProbeFacts>, pair: &Pair, tool: ToolKind) -> Option<String> {
    let (tool, both_ends) = match tool {
        // The agent's own work.
        ToolKind::Connect => return None,
        ToolKind::PathMtu => (ToolKind::Ping, false),
        ToolKind::Iperf3 | ToolKind::Iperf2 => (tool, true),
        ToolKind::Ping | ToolKind::Traceroute | ToolKind::Mtr | ToolKind::Tracepath => (tool, false),
    };
    let ends = [Some(&pair.source), both_ends.then_some(&pair.destination)];
    let lacking =
        ends.into_iter().flatten().find(|probe| facts.get(*probe).is_some_and(|f| !f.tools.contains_key(&tool)))?;
    Some(format!("{lacking} has no {}: apt install {}", tool.program(), tool.package()))
}

/// Tries every pair both ways, at the addresses of the tests. Each probe tries one other at a time, so that a large mesh does
/// not drown in echoes. Of a foreign end only echoes are asked: a connection without a word would be a fault in its log.
pub(super) async fn preflight(ends: &Ends, ways: &BTreeSet<(Pair, IpAddr)>) -> Reachability {
    let sessions: BTreeMap<&Name, _> = ends.sessions.iter().map(|(name, slot)| (name, slot.newest())).collect();
    let listeners: BTreeMap<&Name, _> = join_all(sessions.iter().map(|(name, session)| async move {
        let mut work = session.begin(|job| Request::Listen { job });
        let listener = match session.answer(&mut work).await {
            Ok(Reply::Ready { port, .. }) => Ok((port, work)),
            Ok(_) => Err(session.misfit()),
            Err(fault) => Err(fault),
        };
        (*name, listener)
    }))
    .await
    .into_iter()
    .collect();
    let back = |(pair, address): &(Pair, IpAddr)| {
        let pair = pair.reversed();
        // Nothing leads towards one behind NAT but what it has asked for.
        sessions.get(&pair.destination).filter(|session| !session.behind_nat)?;
        let address = ends.address(&pair, Some(Family::of(*address))).ok()?;
        sessions.contains_key(&pair.source).then_some((pair, address))
    };
    let both_ways: BTreeSet<(Pair, IpAddr)> = ways.iter().cloned().chain(ways.iter().filter_map(back)).collect();
    let mut of_source: BTreeMap<&Name, Vec<&(Pair, IpAddr)>> = BTreeMap::new();
    for way in &both_ways {
        of_source.entry(&way.0.source).or_default().push(way);
    }
    let tries = of_source.into_iter().filter_map(|(source, ways)| {
        let (listeners, source) = (&listeners, sessions.get(source)?);
        Some(async move {
            let mut found = Vec::new();
            for (pair, address) in ways {
                let faults = match listeners.get(&pair.destination) {
                    Some(Ok((port, _))) => reach(source, *address, Some(*port)).await,
                    // What has no port left may be pinged all the same, or not.
                    Some(Err(reason)) => Faults { tcp: Some(reason.clone()), ..reach(source, *address, None).await },
                    None => reach(source, *address, None).await,
                };
                if faults != Faults::default() {
                    found.push(((pair.clone(), Family::of(*address)), faults));
                }
            }
            found
        })
    });
    let faults = join_all(tries).await.into_iter().flatten().collect();
    Reachability { faults }
}

async fn reach(source: &Session, address: IpAddr, port: Option<u16>) -> Faults {
    let mut work = source.begin(|job| Request::Reach { job, address, port, timeout: WAIT });
    let fault = match source.answer(&mut work).await {
        Ok(Reply::Reached { icmp_fault, tcp_fault, is_denied, .. }) => {
            return Faults { icmp: icmp_fault, tcp: tcp_fault, is_denied };
        }
        Ok(_) => source.misfit(),
        Err(fault) => fault,
    };
    Faults { icmp: Some(fault.clone()), tcp: Some(fault), is_denied: false }
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

    fn v4(source: &str, destination: &str) -> (Pair, Family) {
        (pair(source, destination), Family::Ipv4)
    }

    #[test]
    fn a_tool_is_hindered_by_what_it_opens_itself() {
        let icmp = Faults { icmp: Some("no echo".to_owned()), ..Faults::default() };
        let tcp = Faults { tcp: Some("refused".to_owned()), ..Faults::default() };
        let reachable = Reachability { faults: BTreeMap::from([(v4("a", "b"), icmp), (v4("c", "a"), tcp)]) };
        let hinders =
            |source, destination, tool| told(reachable.hinders(&pair(source, destination), Family::Ipv4, tool));
        assert_eq!(hinders("a", "b", ToolKind::Ping).as_deref(), Some("a cannot reach b: no echo"));
        assert_eq!(hinders("b", "a", ToolKind::Ping), None, "the other order is open");
        assert_eq!(hinders("a", "b", ToolKind::Iperf3), None);
        for tool in [ToolKind::Iperf3, ToolKind::Iperf2, ToolKind::Connect] {
            assert_eq!(hinders("c", "a", tool).as_deref(), Some("c cannot reach a: refused"));
            assert_eq!(hinders("a", "c", tool), None, "the other order is open");
        }
        assert_eq!(hinders("c", "a", ToolKind::Ping), None);
        for (source, destination) in [("a", "b"), ("c", "a")] {
            assert_eq!(hinders(source, destination, ToolKind::Traceroute), None, "how far one gets is a result");
        }
        assert_eq!(hinders("b", "c", ToolKind::Iperf3), None);
        let other = reachable.hinders(&pair("a", "b"), Family::Ipv6, ToolKind::Ping);
        assert_eq!(other, None, "another family");
        assert_eq!(reachable.sentences(Lang::En), ["a cannot reach b: no echo", "c cannot reach a: refused"]);
    }

    #[test]
    fn one_that_may_not_ping_can_be_pinged() {
        let denied = Faults { icmp: Some("it may not".to_owned()), is_denied: true, ..Faults::default() };
        let reachable = Reachability { faults: BTreeMap::from([(v4("a", "b"), denied)]) };
        let hinders =
            |source, destination| told(reachable.hinders(&pair(source, destination), Family::Ipv4, ToolKind::Ping));
        assert_eq!(hinders("a", "b").as_deref(), Some("a cannot reach b: it may not"));
        assert_eq!(hinders("b", "a"), None);
        assert_eq!(reachable.silence(&pair("a", "b"), Family::Ipv4), None, "nothing was asked");
    }

    #[test]
    fn a_tool_that_is_not_there_is_told_with_its_package() {
        let with = |tools: &[ToolKind]| ProbeFacts {
            tools: tools.iter().map(|tool| (*tool, "1".to_owned())).collect(),
            ..ProbeFacts::default()
        };
        let name = |text: &str| Name::new(text).unwrap();
        let facts = BTreeMap::from([(name("a"), with(&[ToolKind::Iperf2, ToolKind::Mtr])), (name("b"), with(&[]))]);
        let lacking = |source, destination, tool| lacks(&facts, &pair(source, destination), tool);
        assert_eq!(lacking("a", "b", ToolKind::Mtr), None, "the destination needs none");
        assert_eq!(lacking("b", "a", ToolKind::Mtr).as_deref(), Some("b has no mtr: apt install mtr-tiny"));
        assert_eq!(lacking("a", "b", ToolKind::Iperf2).as_deref(), Some("b has no iperf: apt install iperf"));
        let search = lacking("a", "b", ToolKind::PathMtu);
        assert_eq!(search.as_deref(), Some("a has no ping: apt install iputils-ping"));
    }
}
