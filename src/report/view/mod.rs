//! The view model: everything a report says is decided here, once for all formats; the formats only lay it out.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::facts::ProbeFacts;
use crate::domain::host::{HostKind, Isolation};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::{OfferedRate, Protocol, Test, TestDefinition};
use crate::domain::topology::Topology;
use crate::domain::unit::Bitrate;
use crate::domain::verdict::Verdict;
use crate::stats::numbers::{Figure, counted, span};

mod answer;
mod dead;
mod evidence;
mod figures;
mod findings;
mod missing;
mod others;
mod pair;

pub(super) use evidence::JudgementRow;
pub use findings::Finding;
pub(super) use findings::find as findings;
pub(super) use missing::Missing;
pub(super) use pair::Pair;

/// Stands for what is not known.
pub(super) const DASH: &str = "–";

/// What a mark in a report says. Always shown as glyph and word, never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Fail,
    Invalid,
    Unmeasured,
    Warn,
    Pass,
    Measured,
}

impl State {
    pub(super) const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Warn => Self::Warn,
            Verdict::Fail => Self::Fail,
            Verdict::Invalid => Self::Invalid,
            Verdict::None => Self::Measured,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Invalid => "invalid",
            Self::Unmeasured => "not measured",
            Self::Warn => "warn",
            Self::Pass => "pass",
            Self::Measured => "not judged",
        }
    }

    /// The word as a class name or the id of an icon.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Unmeasured => "unmeasured",
            Self::Measured => "measured",
            Self::Fail | Self::Invalid | Self::Warn | Self::Pass => self.word(),
        }
    }

    pub(super) const fn glyph(self) -> &'static str {
        match self {
            Self::Fail => "✗",
            Self::Invalid => "?",
            Self::Unmeasured => "∅",
            Self::Warn => "!",
            Self::Pass => "✓",
            Self::Measured => "·",
        }
    }
}

/// A report before it has a format.
#[derive(Debug)]
pub(super) struct View {
    pub(super) title: String,
    pub(super) description: Option<String>,
    /// Whom and what it is for: label and text.
    pub(super) metadata: Vec<(&'static str, String)>,
    pub(super) campaign: String,
    pub(super) id: String,
    pub(super) version: String,
    pub(super) findings: Vec<Finding>,
    /// The summary line in pieces: runs, when, how long, topology and campaign.
    pub(super) summary: Vec<String>,
    /// What qualifies every number.
    pub(super) warnings: Vec<String>,
    pub(super) axis: Vec<Axis>,
    /// A row per source, a cell per destination: the index of the pair.
    pub(super) cells: Vec<Vec<Option<usize>>>,
    /// Ordered pairs in the direction of the data.
    pub(super) pairs: Vec<Pair>,
    pub(super) missing: Vec<Missing>,
    pub(super) probes: Vec<ProbeRow>,
    /// What to know when reading the numbers.
    pub(super) notes: Vec<String>,
}

/// A probe on an axis of the matrix.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) probe: Name,
    pub(super) site: Option<Name>,
}

impl Axis {
    pub(super) fn is(&self, other: &Self) -> bool {
        self.probe == other.probe
    }
}

/// What a probe is, as text.
#[derive(Debug)]
pub(super) struct ProbeRow {
    pub(super) probe: Name,
    pub(super) site: String,
    pub(super) host: String,
    pub(super) system: String,
    pub(super) tools: String,
    pub(super) congestion_control: String,
    pub(super) clock: &'static str,
    pub(super) interfaces: Vec<String>,
}

impl View {
    pub(super) fn new(run: &CampaignRun) -> Self {
        let axis = axis(run);
        let mut pairs = pair::sections(run);
        // A stable sort: the worst first, else by site and name.
        pairs.sort_by_key(|p| p.state);
        let left_out = pair::thin_out(&mut pairs);
        let at: BTreeMap<_, _> = pairs.iter().enumerate().map(|(i, p)| ((&p.sender, &p.receiver), i)).collect();
        let row = |from: &Axis| axis.iter().map(|to| at.get(&(&from.probe, &to.probe)).copied()).collect();
        let cells = axis.iter().map(row).collect();
        let header = &run.header;
        Self {
            title: header.topology.to_string(),
            description: run.topology.description.clone(),
            metadata: metadata(run).into_iter().map(|(label, text)| (label, text.to_owned())).collect(),
            campaign: header.campaign.to_string(),
            id: header.id.clone(),
            version: header.version.clone(),
            findings: findings::find(run),
            summary: summary(run),
            warnings: warnings(run),
            cells,
            axis,
            pairs,
            missing: missing::list(run),
            probes: run.facts.iter().map(|(probe, facts)| probe_row(run, probe, facts)).collect(),
            notes: left_out.into_iter().chain(notes(run)).collect(),
        }
    }

    /// Does the report have so many pairs that only the noteworthy ones are shown opened?
    pub(super) const fn is_large(&self) -> bool {
        self.pairs.len() > 12
    }
}

/// The site of a probe.
fn site<'a>(topology: &'a Topology, probe: &Name) -> Option<&'a Name> {
    topology.probes.get(probe).and_then(|p| p.site.as_ref())
}

/// The order of probes in a report: by site, those without one last, then by name.
fn place<'a>(topology: &'a Topology, probe: &'a Name) -> (bool, Option<&'a Name>, &'a Name) {
    let site = site(topology, probe);
    (site.is_none(), site, probe)
}

fn axis(run: &CampaignRun) -> Vec<Axis> {
    let probes: BTreeSet<&Name> = run.runs.iter().flat_map(|r| [&r.source, &r.destination]).collect();
    let mut probes: Vec<&Name> = probes.into_iter().collect();
    probes.sort_by_key(|p| place(&run.topology, p));
    probes.into_iter().map(|p| Axis { probe: p.clone(), site: site(&run.topology, p).cloned() }).collect()
}

/// What the topology says of its customer and circuit, as written: label and text.
pub(super) fn metadata(run: &CampaignRun) -> Vec<(&'static str, &str)> {
    let metadata = &run.topology.metadata;
    let all = [
        ("Customer", &metadata.customer),
        ("Circuit", &metadata.circuit_id),
        ("Engineer", &metadata.engineer),
        ("Note", &metadata.note),
    ];
    all.into_iter().filter_map(|(label, text)| Some((label, text.as_deref()?))).collect()
}

fn summary(run: &CampaignRun) -> Vec<String> {
    let header = &run.header;
    let of = |status| run.runs.iter().filter(|r| r.status == status).count();
    let others = [(RunStatus::Failed, "failed"), (RunStatus::Skipped, "skipped"), (RunStatus::Invalid, "invalid")];
    let others = others.iter().map(|(s, word)| (of(*s), word)).filter(|(n, _)| *n > 0);
    let counts: Vec<String> = std::iter::once((of(RunStatus::Ok), &"ok"))
        .chain(others)
        .map(|(n, word)| format!("{} {word}", crate::stats::numbers::count(n as u64)))
        .collect();
    let when = header.started.format("%-d %B %Y, %H:%M:%S UTC");
    let took = header.ended.and_then(|end| (end - header.started).to_std().ok());
    let took = took.map_or_else(|| "not ended".to_owned(), |time| format!("took {}", span(time)));
    vec![
        format!("{}: {}", counted(run.runs.len(), "run", "runs"), counts.join(", ")),
        format!("{when}, {took}"),
        format!("topology {}, campaign {}", header.topology, header.campaign),
    ]
}

fn warnings(run: &CampaignRun) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(time) = run.header.duration_override {
        warnings.push(format!("Every timed test was shortened to {}: figures are indicative.", span(time)));
    }
    if let Some(limit) = held_to(run) {
        let limit = crate::stats::numbers::rate_exact(limit.as_f64());
        warnings.push(format!("TCP was held to {limit} by the campaign's budget: a path may deliver more."));
    }
    if run.header.interrupted {
        warnings
            .push("The campaign was stopped before its end: this report shows the runs made until then.".to_owned());
    } else if run.header.ended.is_none() {
        warnings.push("The campaign has not ended: this report shows the runs made so far.".to_owned());
    }
    let isolations = run.topology.hosts.values().filter_map(|host| match &host.kind {
        HostKind::Local(local) => local.isolation,
        _ => None,
    });
    if isolations.into_iter().any(|isolation| isolation == Isolation::Processes) {
        warnings.push(
            "The probes were plain processes of one machine: nothing was shaped, no network lies between them, and all \
             share its CPU. What was measured between them is that machine."
                .to_owned(),
        );
    }
    warnings
}

/// The budget's rate, where it held a run back that was to send what it can, or more than that.
fn held_to(run: &CampaignRun) -> Option<Bitrate> {
    let campaign = run.topology.campaigns.get(&run.header.campaign)?;
    let limit = campaign.budget.max_rate_bits_per_second?;
    let held = |one: &Run| {
        let (protocol, rate) = match &one.specification {
            Test::Iperf3(t) => (t.protocol, t.rate_bits_per_second),
            Test::Iperf2(t) => (t.protocol, t.rate_bits_per_second),
            _ => return false,
        };
        let asked = match run.topology.tests.get(&one.test) {
            Some(TestDefinition::Iperf3(definition)) => definition.rate,
            Some(TestDefinition::Iperf2(definition)) => definition.rate,
            _ => None,
        };
        protocol != Protocol::Udp && rate == Some(limit) && asked != Some(OfferedRate::Absolute(limit))
    };
    run.runs.iter().any(held).then_some(limit)
}

fn probe_row(run: &CampaignRun, probe: &Name, facts: &ProbeFacts) -> ProbeRow {
    let dash = || DASH.to_owned();
    let tools: Vec<String> = facts.tools.iter().map(|(tool, version)| format!("{tool} {version}")).collect();
    let interfaces = facts.interfaces.iter().map(|i| {
        let speed = i.speed_bits_per_second.map(|s| {
            #[allow(clippy::cast_precision_loss, reason = "no interface has 2^52 bit/s")]
            crate::stats::numbers::rate_exact(s as f64).to_string()
        });
        let addresses =
            i.addresses.iter().filter(|a| !is_link_local(a)).map(String::as_str).collect::<Vec<_>>().join(", ");
        let parts = [
            Some(i.name.clone()),
            (!addresses.is_empty()).then_some(addresses),
            i.mtu_bytes.map(|m| format!("MTU {m}")),
            speed,
            i.duplex.as_ref().map(|d| format!("{d} duplex")),
            i.driver.clone(),
            i.product.clone(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    });
    ProbeRow {
        probe: probe.clone(),
        site: site(&run.topology, probe).map_or_else(dash, ToString::to_string),
        host: run.topology.probes.get(probe).map_or_else(dash, |p| p.host.to_string()),
        system: format!("{}, kernel {}, {}", facts.system, facts.kernel, counted(facts.cpus as usize, "core", "cores")),
        tools: if tools.is_empty() { dash() } else { tools.join(", ") },
        congestion_control: facts.congestion_control.clone().unwrap_or_else(dash),
        clock: match facts.clock_synchronised {
            Some(true) => "synchronised",
            Some(false) => "not synchronised",
            None => DASH,
        },
        interfaces: interfaces.collect(),
    }
}

/// IPv6's address of every interface for its own link (RFC 4291, 2.5.6): nothing is measured over it.
fn is_link_local(address: &str) -> bool {
    let address = address.split(['/', '%']).next().unwrap_or_default();
    address.parse().is_ok_and(|a: std::net::Ipv6Addr| a.is_unicast_link_local())
}

fn notes(run: &CampaignRun) -> Vec<String> {
    use crate::domain::measurement::Measurement;
    let mut notes = vec![
        "Throughput is payload at the receiver. TCP can carry at most 95.6 % of a link's rate: 1448 of the 1514 bytes of a \
         full Ethernet frame are payload."
            .to_owned(),
        "Round-trip times are those of ping on an idle path; the times that TCP sees under its own load are shown with the \
         throughput and never judged."
            .to_owned(),
    ];
    let measured: BTreeSet<&Name> = run.runs.iter().map(|run| &run.destination).collect();
    for probe in measured.into_iter().filter(|probe| run.topology.external(probe).is_some()) {
        notes.push(format!(
            "There are no counters of {probe}: it is not ours. Whether its machine or another of its users was the limit \
             cannot be told from here."
        ));
    }
    let mut told: BTreeMap<&String, Vec<&Run>> = BTreeMap::new();
    for one in &run.runs {
        let Some(Measurement::Throughput(t)) = &one.measurement else { continue };
        for note in &t.notes {
            told.entry(note).or_default().push(one);
        }
    }
    notes.extend(told.into_iter().map(|(note, runs)| format!("{}: {note}.", missing::runs_text(&runs))));
    notes
}

/// A figure that may be missing.
fn or_dash(figure: Option<Figure>) -> String {
    figure.map_or_else(|| DASH.to_owned(), |f| f.to_string())
}
