//! A node as its manager tells it, and where its own engine is. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use bollard::models::{self, NodeSpecAvailabilityEnum, NodeState};

use crate::domain::fleet;
use crate::domain::host::{Docker, Swarm};
use crate::domain::name::Name;

/// A node of a swarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// As a topology is expanded by it.
    pub(super) node: fleet::Node,
    /// Its identity in the swarm.
    pub(super) id: String,
    /// Its host name, as its engine tells it.
    pub(super) hostname: String,
    /// Where it joined the swarm from; `None` where the manager does not know.
    pub(super) address: Option<IpAddr>,
    /// `down` or the like; `None` where it answers the manager.
    pub(super) absent: Option<&'static str>,
}

impl Member {
    /// That of the API; `None` for one without an identity.
    pub(super) fn of(told: models::Node) -> Option<Self> {
        let id = told.id?;
        let spec = told.spec.unwrap_or_default();
        let status = told.status.unwrap_or_default();
        // One that has just joined has not told its name yet.
        let hostname = told.description.and_then(|told| told.hostname).unwrap_or_else(|| id.clone());
        let of_manager = told.manager_status.and_then(|manager| manager.addr);
        let port_cut = of_manager.as_deref().and_then(|text| text.rsplit_once(':')).map(|(host, _)| host);
        // A manager that was not told its address says that it is everywhere.
        let addresses = [status.addr.as_deref(), port_cut].into_iter().flatten();
        let parsed = addresses.filter_map(|text| text.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        let state = status.state.unwrap_or(NodeState::UNKNOWN);
        Some(Self {
            node: fleet::Node {
                name: Name::nearest(&hostname).or_else(|| Name::nearest(&id))?,
                ready: state == NodeState::READY,
                takes_work: spec.availability != Some(NodeSpecAvailabilityEnum::DRAIN),
                labels: spec.labels.unwrap_or_default().into_iter().collect(),
                carries: BTreeSet::new(),
            },
            id,
            hostname,
            address: parsed.into_iter().find(|address| !address.is_unspecified()),
            absent: match state {
                NodeState::READY => None,
                NodeState::DOWN => Some("down"),
                NodeState::DISCONNECTED => Some("disconnected"),
                NodeState::UNKNOWN => Some("in an unknown state"),
            },
        })
    }

    /// Where its own engine is; `None` where the swarm's host does not say.
    pub(super) fn engine(&self, settings: &Swarm) -> Option<Docker> {
        let template = settings.node_endpoint.as_deref()?;
        let address = match self.address {
            Some(IpAddr::V6(address)) => format!("[{address}]"),
            Some(address) => address.to_string(),
            None => self.hostname.clone(),
        };
        let endpoint = template.replace("{name}", &self.hostname).replace("{address}", &address);
        let tls = settings.tls.clone().filter(|_| endpoint.starts_with("tcp+tls:"));
        Some(Docker { endpoint: Some(endpoint), context: None, tls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Member {
        Member::of(serde_json::from_str(text).unwrap()).unwrap()
    }

    fn endpoint(member: &Member, template: &str) -> String {
        let settings = Swarm { node_endpoint: Some(template.to_owned()), ..Swarm::default() };
        member.engine(&settings).unwrap().endpoint.unwrap()
    }

    #[test]
    fn a_node_is_what_its_manager_says() {
        let node = told(
            r#"{"ID":"n1","Spec":{"Labels":{"rack":"a"},"Availability":"active"},"Description":{"Hostname":"Edge_1.example.net"},
                "Status":{"State":"ready","Addr":"192.0.2.11"}}"#,
        );
        assert_eq!((node.node.name.as_str(), node.hostname.as_str()), ("edge-1-example-net", "Edge_1.example.net"));
        assert!(node.node.ready && node.node.takes_work && node.absent.is_none());
        assert_eq!(node.node.labels["rack"], "a");
        assert_eq!(node.address, Some("192.0.2.11".parse().unwrap()));
        let node = told(r#"{"ID":"n2","Spec":{"Availability":"drain"},"Status":{"State":"down"}}"#);
        assert!(!node.node.ready && !node.node.takes_work);
        assert_eq!((node.node.name.as_str(), node.absent), ("n2", Some("down")));
    }

    #[test]
    fn a_manager_that_is_everywhere_is_where_the_others_reach_it() {
        let everywhere = |addr: &str| {
            told(&format!(
                r#"{{"ID":"n","Description":{{"Hostname":"m"}},"Status":{{"State":"ready","Addr":"0.0.0.0"}},
                    "ManagerStatus":{{"Addr":"{addr}"}}}}"#
            ))
        };
        assert_eq!(everywhere("192.0.2.1:2377").address, Some("192.0.2.1".parse().unwrap()));
        assert_eq!(everywhere("[2001:db8::1]:2377").address, Some("2001:db8::1".parse().unwrap()));
        assert_eq!(everywhere("0.0.0.0:2377").address, None);
    }

    #[test]
    fn its_own_engine_is_found_by_its_name_or_address() {
        let node =
            told(r#"{"ID":"n","Description":{"Hostname":"edge"},"Status":{"State":"ready","Addr":"2001:db8::7"}}"#);
        assert_eq!(endpoint(&node, "ssh://ops@{address}"), "ssh://ops@[2001:db8::7]");
        assert_eq!(endpoint(&node, "tcp+tls://{address}:2376"), "tcp+tls://[2001:db8::7]:2376");
        assert_eq!(endpoint(&node, "unix:///run/{name}.sock"), "unix:///run/edge.sock");
        assert_eq!(node.engine(&Swarm::default()), None);
    }
}
