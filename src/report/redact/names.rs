//! Host and user names that the runs tell: how the topology reaches hosts, whom tools were pointed at, what they answered.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::labels;
use crate::domain::host::HostKind;
use crate::domain::measurement::Measurement;
use crate::domain::run::{CampaignRun, Run};
use crate::domain::test::ToolKind;

/// Names that name nobody.
const NOBODY: [&str; 4] = ["localhost", "root", "none", "???"];
/// Before the name of the kernel's node in iperf3's output: `"system_info":"Linux NODE 6.1.0 …`.
const SYSTEM_INFO: &str = "\"system_info\":";
/// Before the name of a user in a path.
const HOMES: [&str; 2] = ["/home/", "/Users/"];

#[derive(Default)]
struct Found {
    hosts: Vec<String>,
    users: Vec<String>,
}

/// Each name with its pseudonym, numbered in order of first appearance.
pub(super) fn pseudonyms(runs: &[CampaignRun]) -> BTreeMap<String, String> {
    let mut found = Found::default();
    for run in runs {
        found.topology(run);
        run.runs.iter().for_each(|one| found.run(one));
    }
    let labels = labels(runs);
    let mut names = BTreeMap::new();
    for (kind, all) in [("host", found.hosts), ("user", found.users)] {
        let mut number = 0;
        for name in all {
            let names_somebody = name.len() > 1 && name.parse::<IpAddr>().is_err() && name.parse::<f64>().is_err();
            if !names_somebody || NOBODY.contains(&name.as_str()) || labels.contains(&name) || names.contains_key(&name)
            {
                continue;
            }
            number += 1;
            names.insert(name, format!("{kind}-{number}"));
        }
    }
    names
}

impl Found {
    fn topology(&mut self, run: &CampaignRun) {
        for host in run.topology.hosts.values() {
            match &host.kind {
                HostKind::Ssh(ssh) => {
                    self.hosts.push(ssh.address.clone());
                    self.users.extend(ssh.user.clone());
                }
                HostKind::External(external) => self.hosts.push(external.address.clone()),
                HostKind::Docker(docker) => self.endpoint(docker.endpoint.as_deref()),
                HostKind::Swarm(swarm) => {
                    self.endpoint(swarm.endpoint.as_deref());
                    self.endpoint(swarm.node_endpoint.as_deref());
                }
                HostKind::Lxd(lxd) => self.endpoint(lxd.endpoint.as_deref()),
                HostKind::Local(_) | HostKind::LiveIso(_) => {}
            }
        }
        self.hosts.extend(run.topology.probes.values().filter_map(|p| p.attachment.management.clone()));
    }

    /// Of `ssh://user@host:port/…`.
    fn endpoint(&mut self, url: Option<&str>) {
        let Some((scheme, rest)) = url.and_then(|u| u.split_once("://")) else { return };
        if scheme == "unix" {
            return;
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let (user, host) = authority.split_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        self.users.extend(user.map(str::to_owned));
        // A place for the node's own name is nobody's.
        let host = host.split(':').next().filter(|host| !matches!(*host, "{name}" | "{address}"));
        self.hosts.extend(host.map(str::to_owned));
    }

    fn run(&mut self, run: &Run) {
        self.pointed_at(run);
        for raw in [Some(&run.raw), run.server_raw.as_ref()].into_iter().flatten() {
            self.hosts.extend(nodes(raw));
            if !matches!(run.tool(), ToolKind::Iperf3 | ToolKind::Iperf2) {
                self.hosts.extend(before_addresses(raw));
            }
        }
        if let Some(Measurement::Path(path)) = &run.measurement {
            let answered = path.hops.iter().flat_map(|h| &h.addresses);
            self.hosts.extend(answered.map(|a| a.split([' ', '(']).next().unwrap_or_default().to_owned()));
        }
        let words = run.command.iter().chain(run.server_command.iter().flatten()).chain(&run.error).chain([&run.raw]);
        for text in words {
            self.users.extend(homes(text));
        }
    }

    /// The name of the far end on the command line.
    fn pointed_at(&mut self, run: &Run) {
        let argv = &run.command;
        let client = argv.iter().position(|a| a == "-c").and_then(|i| argv.get(i + 1));
        let far = match run.tool() {
            ToolKind::Iperf3 | ToolKind::Iperf2 => client,
            _ => argv.last().filter(|a| argv.len() > 1 && !a.starts_with('-')),
        };
        self.hosts.extend(far.map(|name| name.split('%').next().unwrap_or_default().to_owned()));
    }
}

/// The kernels' names for their machines.
fn nodes(raw: &str) -> impl Iterator<Item = String> {
    raw.split(SYSTEM_INFO).skip(1).filter_map(|rest| {
        let told = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        told.split_whitespace().nth(1).map(str::to_owned)
    })
}

/// `gw.example.net` of `gw.example.net (192.0.2.1)`: names that the resolver gave for addresses.
fn before_addresses(raw: &str) -> impl Iterator<Item = String> {
    let pairs = raw.split(" (").zip(raw.split(" (").skip(1));
    pairs.filter_map(|(before, after)| {
        after.split(')').next()?.parse::<IpAddr>().ok()?;
        let name = before.rsplit(|c: char| c.is_whitespace() || c == '"').next()?;
        (!name.is_empty()).then(|| name.to_owned())
    })
}

fn homes(text: &str) -> impl Iterator<Item = String> {
    HOMES.into_iter().flat_map(move |home| {
        let names = text.split(home).skip(1);
        names.filter_map(|rest| rest.split(['/', ' ', '"', ':', '\n', '\'']).next().map(str::to_owned))
    })
}
