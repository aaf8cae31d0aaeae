//! May an ordinary user make namespaces here, and if not, what forbids it?
#![allow(clippy::disallowed_methods, reason = "an edge: the kernel's switches are files")]

use std::time::Duration;

use super::Programs;
use super::batch::words;
use crate::process::{self, ProcessError};

const LIMIT: Duration = Duration::from_secs(10);

/// The kernel's switches for user namespaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    /// `kernel.apparmor_restrict_unprivileged_userns` is 1 (Ubuntu 23.10 and later).
    pub apparmor_restricts: bool,
    /// `kernel.unprivileged_userns_clone` is 0 (Debian's own, before version 11).
    pub clone_forbidden: bool,
    /// `user.max_user_namespaces` is 0 (namespaces(7)).
    pub none_allowed: bool,
}

impl Switches {
    /// Reads them.
    #[must_use]
    pub fn read() -> Self {
        let is = |path: &str, value: &str| fs_err::read_to_string(path).is_ok_and(|text| text.trim() == value);
        Self {
            apparmor_restricts: is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
            clone_forbidden: is("/proc/sys/kernel/unprivileged_userns_clone", "0"),
            none_allowed: is("/proc/sys/user/max_user_namespaces", "0"),
        }
    }

    /// The switch that forbids them and the command that turns it; `None` where none does.
    #[must_use]
    pub const fn forbidding(self) -> Option<(&'static str, &'static str)> {
        if self.none_allowed {
            Some(("user.max_user_namespaces=0", "sudo sysctl -w user.max_user_namespaces=15000"))
        } else if self.clone_forbidden {
            Some(("kernel.unprivileged_userns_clone=0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"))
        } else if self.apparmor_restricts {
            Some((
                "kernel.apparmor_restrict_unprivileged_userns=1",
                "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            ))
        } else {
            None
        }
    }
}

/// Why user namespaces cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// What was seen, as a phrase.
    pub why: String,
    /// The command, or what to do.
    pub mend: String,
}

/// What hinders this user from making a network in a user namespace, tried with all that a keeper does; `None` where it works.
pub async fn hindrance(programs: &Programs) -> Option<Hindrance> {
    let tried = words(&[&programs.unshare, "-Urnm", "mount", "-t", "tmpfs", "tmpfs", "/run"]);
    let fault = process::check(&tried, b"", LIMIT).await.err()?;
    Some(judge(Switches::read(), &fault))
}

fn judge(switches: Switches, fault: &ProcessError) -> Hindrance {
    if let Some((switch, mend)) = switches.forbidding() {
        return Hindrance { why: format!("{switch} forbids user namespaces"), mend: mend.to_owned() };
    }
    let said = match fault {
        ProcessError::Failed { complaint, .. } => complaint.clone(),
        other => other.to_string(),
    };
    let mend = match fault {
        ProcessError::Start { .. } => "install it: apt install util-linux mount",
        _ => "in a container, allow it user namespaces and mounts (seccomp, AppArmor); or run as root",
    };
    Hindrance { why: format!("a user namespace cannot be made: {said}"), mend: mend.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_that_forbids_is_named_with_the_command_that_turns_it() {
        let fault = ProcessError::Failed { command: "unshare".into(), complaint: "Operation not permitted".into() };
        let none = Switches::default();
        for (switches, name, mend) in [
            (Switches { none_allowed: true, ..none }, "user.max_user_namespaces=0", "max_user_namespaces=15000"),
            (Switches { clone_forbidden: true, ..none }, "unprivileged_userns_clone=0", "unprivileged_userns_clone=1"),
            (Switches { apparmor_restricts: true, ..none }, "restrict_unprivileged_userns=1", "unprivileged_userns=0"),
        ] {
            let told = judge(switches, &fault);
            assert!(told.why.contains(name) && told.mend.ends_with(mend), "{told:?}");
        }
        let other = judge(none, &fault);
        assert_eq!(other.why, "a user namespace cannot be made: Operation not permitted");
        assert!(other.mend.contains("container"));
    }
}
