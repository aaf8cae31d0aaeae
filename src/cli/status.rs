//! `status`.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, causes};
use super::speech::lang;
use crate::backend::Backend;
use crate::domain::facts::ProbeFacts;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::say;
use crate::plan::{self, Plan};
use crate::runner;

#[derive(Serialize)]
struct Status {
    topology: Name,
    /// Steps that `deploy` would take.
    pending: Plan,
    probes: Vec<ProbeStatus>,
}

#[derive(Serialize)]
struct ProbeStatus {
    probe: Name,
    host: Name,
    site: Option<Name>,
    address: Option<std::net::IpAddr>,
    ready: bool,
    /// Why it is not.
    fault: Option<String>,
    facts: Option<ProbeFacts>,
}

pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let topology = context.load()?;
    let backend = Context::backend(&topology);
    backend.supports().await?;
    let there = backend.observe().await?;
    let pending = plan::diff(&backend.desired(), &there);
    let agent = Context::agent()?;
    let greeted: Vec<(&Name, Result<ProbeFacts, String>)> = if there.is_empty() {
        topology
            .probes
            .keys()
            .map(|name| (name, Err(lang().word("not deployed", "sin desplegar").to_owned())))
            .collect()
    } else {
        let all = runner::greet_all(&topology, &backend, &agent).await.into_iter();
        all.map(|(name, outcome)| (name, outcome.map_err(|fault| causes(&fault).join(": ")))).collect()
    };
    let probes = greeted.into_iter().filter_map(|(name, outcome)| {
        let probe = topology.probes.get(name)?;
        Some(ProbeStatus {
            probe: name.clone(),
            host: probe.host.clone(),
            site: probe.site.clone(),
            address: backend.address(name),
            ready: outcome.is_ok(),
            fault: outcome.as_ref().err().cloned(),
            facts: outcome.ok(),
        })
    });
    let probes: Vec<ProbeStatus> = probes.collect();
    let ready = probes.iter().all(|probe| probe.ready);
    let status = Status { topology: topology.name.clone(), pending, probes };
    context.output.either(|| describe(&topology, &status), &status);
    Ok(if ready { Exit::Ok } else { Exit::Unavailable })
}

fn describe(topology: &Topology, status: &Status) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        lang().word("PROBE", "SONDA"),
        lang().word("SITE", "SEDE"),
        lang().word("HOST", "EQUIPO"),
        lang().word("ADDRESS", "DIRECCIÓN"),
        lang().word("STATE", "ESTADO"),
        lang().word("TOOLS", "HERRAMIENTAS"),
    ]);
    for probe in &status.probes {
        let tools = probe.facts.iter().flat_map(|f| &f.tools).map(|(tool, version)| format!("{tool} {version}"));
        table.add_row([
            probe.probe.to_string(),
            probe.site.as_ref().map_or("-".to_owned(), ToString::to_string),
            probe.host.to_string(),
            probe.address.map_or("-".to_owned(), |a| a.to_string()),
            probe.fault.clone().unwrap_or_else(|| lang().word("ready", "lista").to_owned()),
            tools.collect::<Vec<_>>().join(", "),
        ]);
    }
    let pending = match status.pending.actions.len() {
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
    format!("{}\n\n{}: {pending}", table.trim_fmt(), topology.name)
}
