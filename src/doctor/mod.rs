//! What this machine and the engines of a topology can do, and the one command that mends what is missing.

use serde::Serialize;

use crate::backend::Settings;
use crate::domain::name::Name;
use crate::domain::topology::Topology;

mod gather;
mod judge;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Works, with a limit that the detail tells.
    Degraded,
    /// Not there.
    Missing,
}

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The host of the topology whose engine it is about; `None` for this machine.
    pub host: Option<Name>,
    /// The node of that host, where it is one of a swarm.
    pub node: Option<Name>,
    /// What: `namespaces`, `iperf3`, `netem`…
    pub name: String,
    /// How it is.
    pub state: State,
    /// What was seen, and what it means.
    pub detail: String,
    /// One command that mends it, or where there is none, what to do.
    pub mend: Option<String>,
}

/// Looks at rights, programs, kernel, congestion control, clock and space, and at the engines that the topology names; without
/// one at that of Docker's usual socket, where there is such a socket. Changes nothing, and leaves nothing behind.
pub async fn examine(topology: Option<(&Topology, &Settings)>) -> Vec<Check> {
    let (facts, engines) = tokio::join!(gather::facts(), gather::engines(topology));
    judge::all(&facts, &engines)
}

/// What is told of a topology file that has faults, so that nobody knows its hosts.
#[must_use]
pub fn faulty(file: &str) -> Check {
    judge::faulty(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices() -> Vec<std::ffi::OsString> {
        let mut names: Vec<_> =
            std::fs::read_dir("/sys/class/net").unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn looking_leaves_nothing_and_finds_what_is_there() {
        let before = devices();
        let checks = examine(None).await;
        assert_eq!(devices(), before);
        let names: Vec<_> = checks.iter().map(|c| c.name.as_str()).collect();
        for name in [
            "namespaces",
            "user namespaces",
            "processes",
            "ipv6",
            "ip",
            "iperf3",
            "cpus",
            "congestion control",
            "engine",
        ] {
            assert!(names.contains(&name), "{name} is not looked at");
        }
        assert!(checks.iter().all(|c| !c.detail.is_empty()));
        let missing = checks.iter().filter(|c| c.state == State::Missing);
        assert!(missing.clone().all(|c| c.mend.is_some()), "{:?}", missing.collect::<Vec<_>>());
    }
}
