//! Which of an engine's resources are a topology's, and whose they are: read off their labels.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::owner::Owner;
use super::spec::{HASH, HOST, RESOURCE, TOPOLOGY, labels};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::plan::{Desired, Holder, Observed, ResourceId, SpecHash};

/// Whose it is.
const OWNER: &str = "iperftester.owner";
/// What swarms say of the containers that they see to (moby, daemon/cluster/executor/container/container.go).
const OF_SWARM: &str = "com.docker.swarm.service.id";

type Labels = HashMap<String, String>;

/// What one host of a topology sees to on its engine.
#[derive(Debug)]
pub(in crate::backend) struct Claim {
    topology: Name,
    host: Name,
    /// The hosts of the topology that are of the same kind: two of them may be one engine.
    hosts: BTreeSet<Name>,
    owner: Owner,
}

/// What has a name that is needed, where it is something of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taker {
    /// Its topology.
    pub topology: String,
    /// Whose that is; `None` where it does not say.
    pub holder: Option<Holder>,
}

impl Claim {
    /// That of `host` of `topology`, for whoever runs this process.
    pub(in crate::backend) fn new(topology: &Topology, host: &Name) -> Self {
        let kind = |host: &Name| topology.hosts.get(host).map(|host| std::mem::discriminant(&host.kind));
        let hosts = topology.hosts.keys().filter(|other| kind(other) == kind(host)).cloned().collect();
        Self { topology: topology.name.clone(), host: host.clone(), hosts, owner: Owner::of(topology) }
    }

    /// That of a topology whose file is gone: of whichever host it was, nobody else sees to it.
    pub(super) fn without_file(topology: &Name, host: &Name) -> Self {
        Self { topology: topology.clone(), host: host.clone(), hosts: BTreeSet::new(), owner: Owner::without_file() }
    }

    /// What an engine is asked for, of one resource or of all. What it then gives may be another host's.
    pub(in crate::backend) fn filters(&self, resource: Option<&ResourceId>) -> HashMap<&'static str, Vec<String>> {
        let mut labels = vec![format!("{TOPOLOGY}={}", self.topology)];
        labels.extend(resource.map(|id| format!("{RESOURCE}={id}")));
        HashMap::from([("label", labels)])
    }

    /// Does this host see to it? To its own, and to that of a host that the topology has no more: it was renamed or taken out,
    /// and nobody else finds it.
    pub(in crate::backend) fn covers(&self, labels: Option<&Labels>) -> bool {
        let has =
            |labels: &Labels| labels.get(HOST).is_some_and(|host| host == self.host.as_str() || self.is_gone(host));
        labels.is_some_and(|labels| has(labels) && !labels.contains_key(OF_SWARM))
    }

    /// Is it of the topology, on whichever of its hosts?
    pub(super) fn is_of_topology(&self, labels: Option<&Labels>) -> bool {
        labels.and_then(|labels| labels.get(TOPOLOGY)).is_some_and(|topology| topology == self.topology.as_str())
    }

    /// Is it this resource?
    pub(super) fn is_resource(&self, labels: Option<&Labels>, id: &ResourceId) -> bool {
        labels.and_then(|labels| labels.get(RESOURCE)).is_some_and(|resource| *resource == id.0)
    }

    fn is_gone(&self, host: &str) -> bool {
        !self.hosts.iter().any(|known| known.as_str() == host)
    }

    /// May whoever runs this process remove it?
    pub(in crate::backend) fn owns(&self, labels: Option<&Labels>) -> bool {
        self.owner.has(labels.and_then(|labels| labels.get(OWNER)).map(String::as_str))
    }

    /// The labels of what is made.
    pub(in crate::backend) fn labels(&self, desired: &Desired) -> Labels {
        let mut labels = labels(&self.topology, &self.host, desired);
        labels.insert(OWNER.to_owned(), self.owner.label().to_owned());
        labels
    }

    /// What this host sees to as a resource, made at `since`.
    pub(in crate::backend) fn observed(
        &self,
        labels: Option<&Labels>,
        since: Option<DateTime<Utc>>,
    ) -> Option<Observed> {
        let (told, covered) = (labels?, self.covers(labels));
        let id = ResourceId(told.get(RESOURCE).filter(|_| covered)?.clone());
        let strayed = told.get(HOST).filter(|host| self.is_gone(host));
        let strayed = strayed.map(|host| format!("it is of a host {host}, which the topology does not have"));
        // This user's own, of before the file said whose it is: once it says so, others of that name are to find it theirs.
        let renamed = told.get(OWNER).filter(|owner| self.owner.was(owner));
        let renamed = || renamed.map(|owner| format!("it belongs to {owner}, and the topology says another `owner`"));
        Some(Observed {
            id,
            hash: told.get(HASH).cloned().map(SpecHash),
            drift: strayed.or_else(renamed),
            theirs: if self.owns(labels) { None } else { self.holder(told, since) },
        })
    }

    fn holder(&self, labels: &Labels, since: Option<DateTime<Utc>>) -> Option<Holder> {
        let owner = labels.get(OWNER)?.clone();
        Some(Holder { owner, host: self.host.clone(), since })
    }

    /// Who has a name that is needed here; `None` where nobody of ours has it.
    pub(in crate::backend) fn taker(&self, labels: Option<&Labels>, since: Option<DateTime<Utc>>) -> Option<Taker> {
        let topology = labels?.get(TOPOLOGY)?.clone();
        Some(Taker { topology, holder: self.holder(labels?, since) })
    }
}

/// A time as engines write it in bodies.
pub(in crate::backend) fn time(text: Option<&String>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text?).ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn claim(host: &str, owner: &str) -> Claim {
        let text = format!(
            r#"{{"name":"lab","description":null,"owner":"{owner}","hosts":{{"e":{{"kind":{{"docker":{{}}}}}},
                "f":{{"kind":{{"docker":{{}}}}}}}},"sites":{{}},"probes":{{}},"links":{{}},"groups":{{}},"tests":{{}},"suites":{{}},
                "campaigns":{{}}}}"#
        );
        Claim::new(&serde_json::from_str(&text).unwrap(), &name(host))
    }

    fn made(claim: &Claim) -> Labels {
        claim.labels(&Desired { id: ResourceId("probe/a".into()), hash: SpecHash("1".into()), depends_on: vec![] })
    }

    #[test]
    fn a_host_sees_to_its_own_and_to_that_of_hosts_that_are_gone() {
        let (e, f) = (claim("e", "ana"), claim("f", "ana"));
        let own = made(&e);
        assert!(e.covers(Some(&own)) && !f.covers(Some(&own)), "two names of one engine");
        assert_eq!(e.observed(Some(&own), None).unwrap().drift, None);
        assert_eq!(f.observed(Some(&own), None), None);
        let gone = Labels::from_iter(own.clone().into_iter().chain([(HOST.to_owned(), "old".to_owned())]));
        let stray = f.observed(Some(&gone), None).unwrap();
        assert_eq!(stray.drift.unwrap(), "it is of a host old, which the topology does not have");
        let task = Labels::from_iter(gone.into_iter().chain([(OF_SWARM.to_owned(), "s1".to_owned())]));
        assert!(!f.covers(Some(&task)), "its swarm sees to it");
        assert!(!f.covers(None) && !f.covers(Some(&Labels::new())));
    }

    #[test]
    fn what_somebody_else_has_made_says_whose_it_is() {
        let (ana, luis) = (claim("e", "ana"), claim("e", "luis"));
        let since = time(Some(&"2026-11-26T10:00:00.5Z".to_owned()));
        let labels = made(&ana);
        assert!(ana.owns(Some(&labels)) && !luis.owns(Some(&labels)));
        assert_eq!(ana.observed(Some(&labels), since).unwrap().theirs, None);
        let holder = luis.observed(Some(&labels), since).unwrap().theirs.unwrap();
        assert_eq!((holder.owner.as_str(), holder.since.is_some()), ("ana", true));
        assert_eq!(luis.taker(Some(&labels), since), Some(Taker { topology: "lab".into(), holder: Some(holder) }));
        assert_eq!(luis.taker(Some(&Labels::new()), since), None);
        let mut team = claim("e", "netops");
        team.owner = Owner::new(Some("netops"), "ana".to_owned());
        let drift = team.observed(Some(&labels), since).unwrap().drift.unwrap();
        assert_eq!(drift, "it belongs to ana, and the topology says another `owner`");
        assert_eq!(team.observed(Some(&made(&team)), since).unwrap().drift, None);
        let old = Labels::from_iter(labels.into_iter().filter(|(key, _)| key != OWNER));
        assert!(luis.owns(Some(&old)), "from before there were owners");
    }
}
