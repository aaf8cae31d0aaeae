//! What this machine can do, and the one command that mends what is missing.

use serde::Serialize;

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
    /// What: `namespaces`, `iperf3`, `netem`…
    pub name: String,
    /// How it is.
    pub state: State,
    /// What was seen, and what it means.
    pub detail: String,
    /// One command that mends it, or where there is none, what to do.
    pub mend: Option<String>,
}

/// Looks at rights, programs, kernel, congestion control, clock and space. Changes nothing, and leaves nothing behind.
pub async fn examine() -> Vec<Check> {
    judge::all(&gather::facts().await)
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
        let checks = examine().await;
        assert_eq!(devices(), before);
        let names: Vec<_> = checks.iter().map(|c| c.name.as_str()).collect();
        for name in ["namespaces", "user namespaces", "processes", "ipv6", "ip", "iperf3", "cpus", "congestion control"]
        {
            assert!(names.contains(&name), "{name} is not looked at");
        }
        assert!(checks.iter().all(|c| !c.detail.is_empty()));
        let missing = checks.iter().filter(|c| c.state == State::Missing);
        assert!(missing.clone().all(|c| c.mend.is_some()), "{:?}", missing.collect::<Vec<_>>());
    }
}
