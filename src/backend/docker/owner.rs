//! Whose a deployment is, on an engine that several people use.
#![allow(clippy::disallowed_methods, reason = "an edge: who the user is stands in the environment and in files")]

use crate::domain::topology::Topology;

/// Whose the resources of a topology are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::backend) struct Owner {
    /// What new resources say: the topology's own `owner`, or the user.
    label: String,
    /// The user, whose resources of before the topology had an `owner` stay the user's.
    user: String,
}

impl Owner {
    /// That of `topology` as this user deploys it.
    pub(in crate::backend) fn of(topology: &Topology) -> Self {
        Self::new(topology.owner.as_deref(), user_at_machine())
    }

    /// The user's own: what the file said is gone with it.
    pub(super) fn without_file() -> Self {
        Self::new(None, user_at_machine())
    }

    pub(super) fn new(said: Option<&str>, user: String) -> Self {
        Self { label: said.map_or_else(|| user.clone(), str::to_owned), user }
    }

    /// What it is called.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// Is this the user's label, where the topology says another by now?
    pub(super) fn was(&self, label: &str) -> bool {
        label == self.user && label != self.label
    }

    /// Is what bears this label its own? What bears none is everybody's: it was made before there were owners.
    pub(super) fn has(&self, label: Option<&str>) -> bool {
        label.is_none_or(|label| label == self.label || label == self.user)
    }
}

/// `USER@MACHINE` of this process; the user is whoever called sudo.
fn user_at_machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let id = rustix::process::getuid();
    let caller = said("SUDO_USER").filter(|_| id.is_root());
    let by_id = || user_of(&read("/etc/passwd"), id.as_raw());
    // Users of a directory service are in no file.
    let user = caller.or_else(by_id).or_else(|| said("LOGNAME")).unwrap_or_else(|| id.as_raw().to_string());
    format!("{user}@{}", read("/proc/sys/kernel/hostname").trim())
}

/// The name of the user with this number (passwd(5)).
fn user_of(passwd: &str, id: u32) -> Option<String> {
    let mut users = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    users.find_map(|fields| match fields[..] {
        [name, _, number, ..] if number.parse() == Ok(id) => Some(name.to_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owns_what_says_so_and_what_says_nothing() {
        let (ana, team) = (Owner::new(None, "ana@desk".into()), Owner::new(Some("netops"), "ana@desk".into()));
        assert_eq!((ana.label(), team.label()), ("ana@desk", "netops"));
        for (label, anas, teams) in [
            (None, true, true),
            (Some("ana@desk"), true, true),
            (Some("ana@lap"), false, false),
            (Some("netops"), false, true),
        ] {
            assert_eq!((ana.has(label), team.has(label)), (anas, teams), "{label:?}");
        }
    }

    #[test]
    fn a_user_is_found_by_its_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n\nbad\nana:x:1000:1000:Ana,,,:/home/ana:/bin/sh\n";
        assert_eq!(user_of(passwd, 1000).as_deref(), Some("ana"));
        assert_eq!((user_of(passwd, 0).as_deref(), user_of(passwd, 7)), (Some("root"), None));
        let (user, machine) = user_at_machine().split_once('@').map(|(u, m)| (u.to_owned(), m.to_owned())).unwrap();
        assert!(!user.is_empty() && !machine.is_empty());
    }
}
