//! Looking, without a judgement.
#![allow(clippy::disallowed_methods, reason = "an edge: looking at this machine is its work")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use crate::backend::local::{self, Feature, Hindrance, Modules, Programs, Switches, has_ipv6};
use crate::backend::{self, Examined, Settings};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::process::{self, ProcessError};

/// Longest time for one look.
const LIMIT: Duration = Duration::from_secs(10);

/// The programs looked for, and how each is asked for its version.
pub(super) const PROGRAMS: [(&str, &str); 13] = [
    ("ip", "-V"),
    ("tc", "-V"),
    ("ss", "-V"),
    ("nft", "-v"),
    ("sysctl", "-V"),
    ("unshare", "-V"),
    ("iperf3", "-v"),
    ("ping", "-V"),
    ("traceroute", "-V"),
    ("iperf", "-v"),
    ("mtr", "--version"),
    ("tracepath", "-V"),
    ("iptables", "-V"),
];

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// `/proc/self/status`.
    pub(super) status: String,
    /// First line that each program says of its version; `None` where it cannot be started.
    pub(super) programs: BTreeMap<&'static str, Option<String>>,
    /// Which features the kernel has; empty where that could not be tried.
    pub(super) features: BTreeMap<Feature, bool>,
    /// How the kernel comes by those that it lacks.
    pub(super) modules: Modules,
    /// What hinders this user from making networks in a user namespace; `None` where it works.
    pub(super) hindrance: Option<Hindrance>,
    /// The kernel's switches for that, which do not hinder root.
    pub(super) switches: Switches,
    /// Why ICMP echoes to this machine itself do not work for this user; `None` where they do.
    pub(super) ping_fault: Option<String>,
    /// Topologies of which something is deployed here.
    pub(super) labs: BTreeSet<Name>,
    /// Has it IPv6, switched on?
    pub(super) ipv6: bool,
    /// `net.ipv4.tcp_congestion_control`.
    pub(super) congestion_control: String,
    /// `net.ipv4.tcp_available_congestion_control`.
    pub(super) congestion_controls: String,
    /// CPU cores.
    pub(super) cpus: usize,
    /// Bytes free where temporary files go; iperf3 keeps its buffers there.
    pub(super) temporary_free: Option<u64>,
    /// Is the clock held by NTP or PTP? (`/run/systemd/timesync/synchronized`, chrony's socket.)
    pub(super) clock: Option<&'static str>,
}

/// The engines that were looked at.
#[derive(Debug, Clone)]
pub(super) enum Engines {
    /// Those of the topology.
    OfTopology(backend::Engines),
    /// That of Docker's usual socket, for there is no topology; `None` where there is no such socket.
    Usual(Option<Examined>),
}

/// Looks at engines.
pub(super) async fn engines(topology: Option<(&Topology, &Settings)>) -> Engines {
    match topology {
        Some((topology, settings)) => Engines::OfTopology(backend::examine(topology, settings).await),
        None => Engines::Usual(backend::examine_usual().await),
    }
}

/// Looks at everything of this machine.
pub(super) async fn facts() -> Facts {
    let programs = Programs::default();
    let mut facts = Facts {
        status: text("/proc/self/status"),
        switches: Switches::read(),
        modules: Modules::read(),
        labs: local::labs(),
        ipv6: has_ipv6(),
        congestion_control: text("/proc/sys/net/ipv4/tcp_congestion_control"),
        congestion_controls: text("/proc/sys/net/ipv4/tcp_available_congestion_control"),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        temporary_free: free(&std::env::temp_dir()),
        clock: clock(),
        ..Facts::default()
    };
    for (program, ask) in PROGRAMS {
        facts.programs.insert(program, version(program, ask).await);
    }
    let root = rustix::process::geteuid().is_root();
    facts.hindrance = local::hindrance(&programs).await;
    let ping = ["ping", "-n", "-q", "-c", "1", "-W", "2", "127.0.0.1"].map(str::to_owned);
    facts.ping_fault = process::check(&ping, b"", LIMIT).await.err().map(|fault| match fault {
        ProcessError::Failed { complaint, .. } => complaint,
        other => other.to_string(),
    });
    if root || facts.hindrance.is_none() {
        for feature in Feature::ALL {
            if let Ok(present) = feature.present(&programs, !root).await {
                facts.features.insert(feature, present);
            }
        }
    }
    facts
}

/// A small file's text, trimmed; empty where it cannot be read.
fn text(path: &str) -> String {
    fs_err::read_to_string(path).map(|t| t.trim().to_owned()).unwrap_or_default()
}

async fn version(program: &str, ask: &str) -> Option<String> {
    let argv = [program, ask].map(str::to_owned);
    let said = process::run(&argv, b"", LIMIT).await.ok()?;
    let said = if said.stdout.is_empty() { said.stderr } else { said.stdout };
    Some(String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned())
}

fn free(folder: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(folder).ok()?;
    Some(space.f_bavail * space.f_frsize)
}

fn clock() -> Option<&'static str> {
    let keepers = [("/run/systemd/timesync/synchronized", "systemd-timesyncd"), ("/run/chrony/chronyd.pid", "chrony")];
    keepers.into_iter().find(|(file, _)| Path::new(file).exists()).map(|(_, keeper)| keeper)
}
