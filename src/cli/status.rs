//! `status`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use futures_util::future::join_all;
use serde::Serialize;

use super::context::{Context, why};
use super::exit::Exit;
use super::failure::{Failure, causes};
use super::speech::lang;
use super::units;
use crate::backend::Reach;
use crate::backend::docker::Health;
use crate::domain::facts::ProbeFacts;
use crate::domain::host::Isolation;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::say;
use crate::plan::{Action, Plan, Reason, Verb};
use crate::report::paragraph;
use crate::runner;

/// Before what was tried.
const INDENT: &str = "    ";

#[derive(Serialize)]
struct Status {
    topology: Name,
    /// How probes of this machine are kept apart; null where there are none.
    isolation: Option<Isolation>,
    /// Steps that `deploy` would take.
    pending: Plan,
    probes: Vec<ProbeStatus>,
}

#[derive(Serialize)]
struct ProbeStatus {
    probe: Name,
    host: Name,
    site: Option<Name>,
    /// The first of them.
    address: Option<std::net::IpAddr>,
    /// At most one of each family, IPv4 first.
    addresses: Vec<std::net::IpAddr>,
    ready: bool,
    /// Is it somebody else's, a destination only?
    external: bool,
    /// Why it is not ready.
    fault: Option<String>,
    /// The same for people: what was tried, and why that failed, down to the first cause.
    #[serde(skip)]
    causes: Vec<String>,
    facts: Option<ProbeFacts>,
    /// Its container, where it is in one that its engine tells of.
    container: Option<Health>,
}

pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let (topology, fleet) = context.expand(context.load()?).await?;
    let backend = Context::backend(&topology, &fleet).await?;
    backend.supports().await?;
    let plans = units::plans(&backend).await;
    plans.tell(context)?;
    let pending = plans.whole();
    let executable = Context::executable()?;
    let only_missing = pending.actions.iter().all(|action| action.reason == Reason::Missing);
    let nothing = plans.failed().is_empty() && !pending.is_empty() && pending.unchanged == 0 && only_missing;
    let mut greeted: BTreeMap<&Name, Result<ProbeFacts, Vec<String>>> = BTreeMap::new();
    if !nothing {
        for (name, outcome) in runner::greet_all(&topology, &backend, &executable).await {
            greeted.insert(name, outcome.map_err(|fault| causes(&fault)));
        }
    }
    let healths = join_all(topology.probes.keys().map(|probe| backend.health(probe))).await;
    let mut probes = Vec::new();
    for ((name, probe), health) in topology.probes.iter().zip(healths) {
        let external = topology.external(name).is_some();
        let addresses = backend.addresses(name).await.map_err(|fault| causes(&fault));
        let outcome = match greeted.remove(name) {
            None if external => addresses.clone().map(|_| None),
            None => Err(vec![not_deployed().to_owned()]),
            Some(outcome) => outcome.map(Some),
        };
        probes.push(ProbeStatus {
            probe: name.clone(),
            host: probe.host.clone(),
            site: probe.site.clone(),
            address: addresses.iter().flatten().next().copied(),
            addresses: addresses.unwrap_or_default(),
            ready: outcome.is_ok(),
            external,
            fault: outcome.as_ref().err().map(|causes| causes.join(": ")),
            causes: outcome.as_ref().err().cloned().unwrap_or_default(),
            facts: outcome.ok().flatten(),
            // Where the engine cannot be asked, that is told of its host already.
            container: health.ok().flatten(),
        });
    }
    let now = Context::now();
    let whole = probes.iter().all(|probe| probe.ready) && !pending.actions.iter().any(is_lacking);
    let status = Status { topology: topology.name.clone(), isolation: backend.isolation(), pending, probes };
    let silent = !plans.failed().is_empty();
    let text = || {
        let faults = if nothing { String::new() } else { faults(&status, context.output.width()) };
        format!("{}\n\n{faults}{}", table(&status, now), summary(&topology, &status, silent))
    };
    context.output.either(text, &status);
    Ok(if whole { Exit::Ok } else { Exit::Unavailable })
}

fn not_deployed() -> &'static str {
    lang().word("not deployed", "sin desplegar")
}

/// Is something not there, or not as it was made? What the file has changed or has no more lacks nothing.
const fn is_lacking(action: &Action) -> bool {
    matches!(action.verb, Verb::Create)
        && matches!(action.reason, Reason::Missing | Reason::Unfinished | Reason::Drifted(_))
}

/// A row for each probe.
fn table(status: &Status, now: DateTime<Utc>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    let in_containers = status.probes.iter().any(|probe| probe.container.is_some());
    let mut header = vec![
        lang().word("PROBE", "SONDA"),
        lang().word("SITE", "SEDE"),
        lang().word("HOST", "EQUIPO"),
        lang().word("ADDRESS", "DIRECCIÓN"),
        lang().word("STATE", "ESTADO"),
        lang().word("TOOLS", "HERRAMIENTAS"),
    ];
    if in_containers {
        header.insert(5, lang().word("CONTAINER", "CONTENEDOR"));
    }
    table.set_header(header);
    for probe in &status.probes {
        let tools = probe.facts.iter().flat_map(|f| &f.tools).map(|(tool, version)| format!("{tool} {version}"));
        let mut row = vec![
            probe.probe.to_string(),
            probe.site.as_ref().map_or("-".to_owned(), ToString::to_string),
            probe.host.to_string(),
            addresses(&probe.addresses),
            state(probe).to_owned(),
            tools.collect::<Vec<_>>().join(", "),
        ];
        if in_containers {
            row.insert(5, probe.container.as_ref().map_or("-".to_owned(), |health| container(health, now)));
        }
        table.add_row(row);
    }
    table.trim_fmt()
}

/// The state of a probe in a word or two; why it is so stands below.
fn state(probe: &ProbeStatus) -> &'static str {
    match (probe.ready, probe.external) {
        (true, true) => lang().word("not ours", "ajena"),
        (true, false) => lang().word("ready", "lista"),
        (false, _) if probe.causes == [not_deployed()] => not_deployed(),
        (false, _) => lang().word("not ready", "no lista"),
    }
}

/// Most resources that are told one by one; `plan` tells all.
const TOLD: usize = 10;

/// Why probes are not ready, those of one reason together, and what else lacks; a paragraph each.
fn faults(status: &Status, width: usize) -> String {
    let mut text = String::new();
    let mut reasons: Vec<(&String, Vec<&ProbeStatus>)> = Vec::new();
    for probe in &status.probes {
        let Some(reason) = probe.causes.last().filter(|reason| *reason != not_deployed()) else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, probes)) => probes.push(probe),
            None => reasons.push((reason, vec![probe])),
        }
    }
    for (reason, probes) in &reasons {
        let names: Vec<&str> = probes.iter().map(|probe| probe.probe.as_str()).collect();
        paragraph(&mut text, &format!("{}: {reason}", names.join(", ")), width, "");
        // What was tried, where it is the same for all of them.
        let Some((_, tried)) = probes.first().and_then(|probe| probe.causes.split_last()) else { continue };
        for what in tried.iter().filter(|what| probes.iter().all(|probe| probe.causes.contains(what))) {
            paragraph(&mut text, what, width, INDENT);
        }
    }
    let is_told = |action: &&Action| {
        let probe = action.id.0.strip_prefix("probe/");
        probe.is_some_and(|name| status.probes.iter().any(|probe| !probe.ready && probe.probe.as_str() == name))
    };
    let lacking = status.pending.actions.iter().filter(|action| is_lacking(action));
    let lacking: Vec<&Action> = lacking.filter(|action| !is_told(action)).collect();
    for action in lacking.iter().take(TOLD) {
        paragraph(&mut text, &format!("{}: {}", action.id, why(action)), width, "");
    }
    if let Some(rest) = lacking.len().checked_sub(TOLD).filter(|rest| *rest > 0) {
        let rest = lang().counted(rest, ["resource", "resources"], ["recurso", "recursos"]);
        text.push_str(&say!(lang(), "and {rest} more\n", "y {rest} más\n"));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// How far all of it is; some hosts are `silent` where it could not be told what is there.
fn summary(topology: &Topology, status: &Status, silent: bool) -> String {
    let pending = match status.pending.actions.len() {
        0 if silent => units::all_but_silent().to_owned(),
        0 => lang().word("everything is as the file says", "todo está como dice el fichero").to_owned(),
        n => {
            let steps = lang().counted(n, ["step", "steps"], ["paso", "pasos"]);
            say!(
                lang(),
                "{steps} to what the file says: `iperftester plan` shows them, `iperftester deploy` takes them",
                "{steps} hasta lo que dice el fichero: `iperftester plan` los muestra, `iperftester deploy` los da"
            )
        }
    };
    let form = status.isolation.map(|isolation| format!(" ({})", isolation.word())).unwrap_or_default();
    format!("{}{form}: {pending}", topology.name)
}

/// A container in a few words: state, since when, what it takes, under which engine.
fn container(health: &Health, now: DateTime<Utc>) -> String {
    let uptime = health.started.filter(|_| health.state == "running").map(|started| {
        let minutes = (now - started).num_minutes().max(0);
        match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
            (0, 0, minutes) => format!("{minutes} min"),
            (0, hours, minutes) => format!("{hours} h {minutes} min"),
            (days, hours, _) => format!("{days} d {hours} h"),
        }
    });
    #[allow(clippy::cast_precision_loss, reason = "no container has 2^52 bytes")]
    let memory = health.memory_bytes.map(|bytes| lang().decimal(format!("{:.1} MB", bytes as f64 / 1e6)));
    let restarts = health.restarts.filter(|count| *count > 0);
    let parts = [
        Some(match uptime {
            Some(uptime) => say!(lang(), "up {uptime}", "activo {uptime}"),
            None => health.state.clone(),
        }),
        health.out_of_memory.then(|| lang().word("out of memory", "sin memoria").to_owned()),
        restarts.map(|count| {
            lang().counted(
                usize::try_from(count).unwrap_or(usize::MAX),
                ["restart", "restarts"],
                ["reinicio", "reinicios"],
            )
        }),
        memory,
        (!health.limited).then(|| lang().word("without limits", "sin límites").to_owned()),
        Some(format!("{} {}", health.engine, health.engine_version)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn addresses(all: &[std::net::IpAddr]) -> String {
    if all.is_empty() {
        return "-".to_owned();
    }
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
