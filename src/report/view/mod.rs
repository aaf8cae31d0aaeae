//! The view model: everything a report says is decided here, once for all formats; the formats only lay it out.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::data_path::DataPath;
use crate::domain::host::{HostKind, Isolation};
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::domain::test::{OfferedRate, Protocol, Test, TestDefinition};
use crate::domain::topology::Topology;
use crate::domain::unit::Bitrate;
use crate::domain::verdict::Verdict;
use crate::i18n::{Lang, say, sentences};
use crate::report::redact;
use crate::stats::numbers::{Figure, span};

mod answer;
mod dead;
mod evidence;
mod figures;
mod findings;
mod missing;
mod others;
mod pair;
mod paths;
mod pings;
mod probes;
mod representative;
mod stalls;
pub(super) mod told;

pub(super) use evidence::JudgementRow;
pub use findings::Finding;
pub(super) use findings::find as findings;
pub(super) use missing::Missing;
pub(super) use pair::Pair;
pub(super) use probes::ProbeRow;

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

    pub(super) const fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Fail => lang.verdict(Verdict::Fail),
            Self::Invalid => lang.verdict(Verdict::Invalid),
            Self::Unmeasured => lang.word("not measured", "sin medir"),
            Self::Warn => lang.verdict(Verdict::Warn),
            Self::Pass => lang.verdict(Verdict::Pass),
            Self::Measured => lang.word("not judged", "sin evaluar"),
        }
    }

    /// The word as a class name or the id of an icon.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Unmeasured => "unmeasured",
            Self::Measured => "measured",
            Self::Fail | Self::Invalid | Self::Warn | Self::Pass => self.word(Lang::En),
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
    pub(super) lang: Lang,
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

impl View {
    pub(super) fn new(lang: Lang, run: &CampaignRun) -> Self {
        let axis = axis(run);
        let pairs = pair::sections(lang, run);
        let left_out = pair::left_out(lang, &pairs);
        let at: BTreeMap<_, _> = pairs.iter().enumerate().map(|(i, p)| ((&p.sender, &p.receiver), i)).collect();
        let row = |from: &Axis| axis.iter().map(|to| at.get(&(&from.probe, &to.probe)).copied()).collect();
        let cells = axis.iter().map(row).collect();
        let header = &run.header;
        Self {
            lang,
            title: header.topology.to_string(),
            description: run.topology.description.clone(),
            metadata: metadata(lang, run),
            campaign: header.campaign.to_string(),
            id: header.id.clone(),
            version: header.version.clone(),
            findings: findings::find(lang, run),
            summary: summary(lang, run),
            warnings: warnings(lang, run),
            cells,
            axis,
            pairs,
            missing: missing::list(lang, run),
            probes: run.facts.iter().map(|(probe, facts)| probes::row(lang, run, probe, facts)).collect(),
            notes: left_out.into_iter().chain(notes(lang, run)).collect(),
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

/// What the topology says of its customer and circuit, as written, or that this is redacted: label and text.
pub(super) fn metadata(lang: Lang, run: &CampaignRun) -> Vec<(&'static str, String)> {
    let metadata = &run.topology.metadata;
    let all = [
        (lang.word("Customer", "Cliente"), &metadata.customer),
        (lang.word("Circuit", "Circuito"), &metadata.circuit_id),
        (lang.word("Engineer", "Técnico"), &metadata.engineer),
        (lang.word("Note", "Nota"), &metadata.note),
    ];
    all.into_iter().filter_map(|(label, text)| Some((label, redact::told(lang, text.as_deref()?)))).collect()
}

fn summary(lang: Lang, run: &CampaignRun) -> Vec<String> {
    let header = &run.header;
    let of = |status| run.runs.iter().filter(|r| r.status == status).count();
    let others = [RunStatus::Failed, RunStatus::Skipped, RunStatus::Invalid];
    let others = others.iter().map(|s| (of(*s), *s)).filter(|(n, _)| *n > 0);
    let counts: Vec<String> = std::iter::once((of(RunStatus::Ok), RunStatus::Ok))
        .chain(others)
        .map(|(n, status)| format!("{} {}", lang.count(n as u64), lang.status(status, n)))
        .collect();
    let when = lang.moment(header.started);
    let took = header.ended.and_then(|end| (end - header.started).to_std().ok()).map(|time| span(lang, time));
    let took = took.map_or_else(
        || lang.word("not ended", "sin terminar").to_owned(),
        |time| say!(lang, "took {time}", "duró {time}"),
    );
    let (topology, campaign) = (&header.topology, &header.campaign);
    let runs = lang.counted(run.runs.len(), ["run", "runs"], ["prueba", "pruebas"]);
    vec![
        format!("{runs}: {}", counts.join(", ")),
        format!("{when}, {took}"),
        say!(lang, "topology {topology}, campaign {campaign}", "topología {topology}, campaña {campaign}"),
    ]
}

fn warnings(lang: Lang, run: &CampaignRun) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(time) = run.header.duration_override {
        let time = span(lang, time);
        warnings.push(say!(
            lang,
            "Every timed test was shortened to {time}: figures are indicative.",
            "Las pruebas con duración se acortaron a {time}: las cifras son orientativas."
        ));
    }
    if let Some(limit) = held_to(run) {
        let limit = crate::stats::numbers::rate_exact(lang, limit.as_f64());
        warnings.push(say!(
            lang,
            "TCP was held to {limit} by the campaign's budget: a path may deliver more.",
            "El presupuesto de la campaña limitó TCP a {limit}: una ruta puede entregar más."
        ));
    }
    if run.header.interrupted {
        let stopped = lang.word(
            "The campaign was stopped before its end: this report shows the runs made until then.",
            "La campaña se detuvo antes de su fin: este informe muestra las pruebas hechas hasta entonces.",
        );
        warnings.push(stopped.to_owned());
    } else if run.header.ended.is_none() {
        let going_on = lang.word(
            "The campaign has not ended: this report shows the runs made so far.",
            "La campaña no ha terminado: este informe muestra las pruebas hechas hasta ahora.",
        );
        warnings.push(going_on.to_owned());
    }
    let isolations = run.topology.hosts.values().filter_map(|host| match &host.kind {
        HostKind::Local(local) => local.isolation,
        _ => None,
    });
    if isolations.into_iter().any(|isolation| isolation == Isolation::Processes) {
        // Between one of ours and somebody else's lies a real network.
        let ours = run.topology.probes.keys().filter(|probe| run.topology.external(probe).is_none()).count();
        if ours > 1 {
            let one_machine = lang.word(
                "The probes were plain processes of one machine: nothing was shaped, no network lies between them, and all \
                 share its CPU. What was measured between them is that machine.",
                "Las sondas eran simples procesos de una sola máquina: nada se limitó, no hay red entre ellas y todas \
                 comparten su CPU. Lo que se midió entre ellas es esa máquina.",
            );
            warnings.push(one_machine.to_owned());
        }
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

fn notes(lang: Lang, run: &CampaignRun) -> Vec<String> {
    use crate::domain::measurement::Measurement;
    let mut notes = vec![
        lang.word(
            "Throughput is payload at the receiver. A contract counts Ethernet frames, so its shares are of the payload with its \
             headers: TCP over IPv4 fills a frame of 1514 bytes with 1448.",
            "El caudal es la carga útil en el receptor. Un contrato cuenta tramas Ethernet, así que sus porcentajes son de la \
             carga con sus cabeceras: TCP sobre IPv4 llena una trama de 1514 bytes con 1448.",
        )
        .to_owned(),
        lang.word(
            "Round-trip times are those of ping on an idle path; the times that TCP sees under its own load are shown with \
             the throughput and never judged.",
            "Los tiempos de ida y vuelta son los de ping con la ruta en reposo; los que ve TCP bajo su propia carga se muestran \
             con el caudal y nunca se evalúan.",
        )
        .to_owned(),
    ];
    let measured: BTreeSet<&Name> = run.runs.iter().map(|run| &run.destination).collect();
    for probe in measured.into_iter().filter(|probe| run.topology.external(probe).is_some()) {
        notes.push(say!(
            lang,
            "There are no counters of {probe}: it is not ours. Whether its machine or another of its users was the limit \
             cannot be told from here.",
            "No hay contadores de {probe}: no es nuestra. Desde aquí no se sabe si el límite fue su máquina u otro de sus usuarios."
        ));
    }
    let is_bridged =
        |probe: &&Name| matches!(run.topology.data_path(probe), Some(DataPath::Bridge | DataPath::Published));
    let bridged: Vec<&str> = run.topology.probes.keys().filter(is_bridged).map(Name::as_str).collect();
    if !bridged.is_empty() {
        notes.push(say!(
            lang,
            "What {} send and receive passes a bridge of Docker, which takes CPU time from each packet: at several Gbit/s it is \
             the limit. `network: host` avoids it.",
            "Lo que envían y reciben {} pasa por un puente de Docker, que gasta tiempo de CPU en cada paquete: a varios Gbit/s es el \
             límite. `network: host` lo evita.",
            bridged.join(", ")
        ));
    }
    let mut told: BTreeMap<&String, Vec<&Run>> = BTreeMap::new();
    for one in &run.runs {
        let Some(Measurement::Throughput(t)) = &one.measurement else { continue };
        for note in &t.notes {
            told.entry(note).or_default().push(one);
        }
    }
    notes.extend(
        told.into_iter()
            .map(|(note, runs)| format!("{}: {}.", missing::runs_text(lang, &runs), sentences::told(lang, note))),
    );
    notes
}

/// A figure that may be missing.
fn or_dash(figure: Option<Figure>) -> String {
    figure.map_or_else(|| DASH.to_owned(), |f| f.to_string())
}
