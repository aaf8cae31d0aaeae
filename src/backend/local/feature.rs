//! What this machine's kernel and programs can do, tried in a network namespace that goes with the trial.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Programs;
use crate::process::{self, ProcessError};

/// Longest time for a trial; it takes a few milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

/// A feature of the kernel, with the program that uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Pairs of virtual Ethernet devices.
    Veth,
    /// A switch in software.
    Bridge,
    /// The token bucket filter, which shapes a rate.
    Tbf,
    /// The hierarchical token bucket, which shapes several.
    Htb,
    /// Delay and jitter.
    Netem,
    /// Random loss by nftables.
    Loss,
    /// Random loss by iptables.
    Statistic,
    /// A device to shape incoming traffic with.
    Ifb,
    /// What tells by its destination to whom a packet goes.
    U32,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 9] = [
        Self::Veth,
        Self::Bridge,
        Self::Tbf,
        Self::Htb,
        Self::U32,
        Self::Netem,
        Self::Loss,
        Self::Statistic,
        Self::Ifb,
    ];

    /// What does the same where this is not there.
    #[must_use]
    pub const fn substitute(self) -> Option<Self> {
        match self {
            Self::Tbf => Some(Self::Htb),
            Self::Loss => Some(Self::Statistic),
            _ => None,
        }
    }

    /// Its name in the field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Veth => "veth",
            Self::Bridge => "bridge",
            Self::Tbf => "tbf",
            Self::Htb => "htb",
            Self::Netem => "netem",
            Self::Loss => "nftables random loss",
            Self::Statistic => "iptables random loss",
            Self::Ifb => "ifb",
            Self::U32 => "u32",
        }
    }

    /// The kernel module that brings it.
    #[must_use]
    pub const fn module(self) -> &'static str {
        match self {
            Self::Veth => "veth",
            Self::Bridge => "bridge",
            Self::Tbf => "sch_tbf",
            Self::Htb => "sch_htb",
            Self::Netem => "sch_netem",
            Self::Loss => "nft_numgen",
            Self::Statistic => "xt_statistic",
            Self::Ifb => "ifb",
            Self::U32 => "cls_u32",
        }
    }

    /// The Debian package with the program that uses it, where local probes can do without.
    #[must_use]
    pub const fn package(self) -> Option<&'static str> {
        match self {
            Self::Loss => Some("nftables"),
            Self::Statistic => Some("iptables"),
            _ => None,
        }
    }

    /// The program that tries it, its arguments and its input.
    fn trial(self, programs: &Programs) -> (&str, &'static str, &'static str) {
        let Programs { ip, tc, nft, iptables_restore, .. } = programs;
        match self {
            Self::Veth => (ip, "link add name a type veth peer name b", ""),
            Self::Bridge => (ip, "link add name a type bridge", ""),
            Self::Ifb => (ip, "link add name a type ifb", ""),
            Self::U32 => (
                tc,
                "-batch -",
                "qdisc add dev lo root handle 1: htb\n\
                 filter add dev lo parent 1: protocol ip prio 1 u32 match ip dst 127.0.0.2/32 flowid 1:1\n",
            ),
            Self::Tbf => (tc, "qdisc add dev lo root tbf rate 1mbit burst 100000b limit 100000b", ""),
            Self::Htb => (tc, "qdisc add dev lo root htb", ""),
            Self::Netem => (tc, "qdisc add dev lo root netem delay 1ms", ""),
            Self::Loss => (
                nft,
                "-f -",
                "table netdev t {\n chain c {\n  type filter hook ingress device \"lo\" priority 0\n  \
                 numgen random mod 2 < 1 counter drop\n }\n}\n",
            ),
            Self::Statistic => (
                iptables_restore,
                "--noflush",
                "*raw\n-A PREROUTING -m statistic --mode random --probability 0.5 -j DROP\nCOMMIT\n",
            ),
        }
    }

    /// Does the kernel have it? As root; `rootless` tries in a user namespace instead.
    ///
    /// # Errors
    /// A [`ProcessError`] where a program for the trial is missing.
    pub async fn present(self, programs: &Programs, rootless: bool) -> Result<bool, ProcessError> {
        let (program, args, input) = self.trial(programs);
        let flags = if rootless { "-Urn" } else { "-n" };
        let mut argv = vec![programs.unshare.clone(), flags.to_owned(), program.to_owned()];
        argv.extend(args.split_whitespace().map(str::to_owned));
        Ok(process::run(&argv, input.as_bytes(), LIMIT).await?.status.success())
    }
}

/// What this machine has of each feature, tried once.
#[derive(Debug, Default)]
pub(in crate::backend) struct Means(BTreeMap<Feature, Option<Feature>>);

impl Means {
    /// The feature itself, else its substitute, else nothing.
    pub(in crate::backend) async fn of(
        &mut self,
        feature: Feature,
        programs: &Programs,
        rootless: bool,
    ) -> Option<Feature> {
        if let Some(known) = self.0.get(&feature) {
            return *known;
        }
        let mut means = None;
        for candidate in std::iter::once(feature).chain(feature.substitute()) {
            if candidate.present(programs, rootless).await.unwrap_or(false) {
                means = Some(candidate);
                break;
            }
        }
        self.0.insert(feature, means);
        means
    }
}
