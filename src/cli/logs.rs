//! `logs`: what the tools were told, and what they wrote.

use serde::Serialize;

use super::args::Logs;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::newest;
use super::speech::lang;
use crate::domain::name::Name;
use crate::domain::run::{CampaignRun, Run, RunStatus};
use crate::i18n::{say, sentences};

#[derive(Serialize)]
struct OfContainer<'a> {
    probe: &'a Name,
    log: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    campaign_run: &'a str,
    runs: Vec<Log<'a>>,
}

#[derive(Serialize)]
struct Log<'a> {
    id: u32,
    source: &'a Name,
    destination: &'a Name,
    test: &'a Name,
    status: RunStatus,
    started: chrono::DateTime<chrono::Utc>,
    command: &'a [String],
    server_command: Option<&'a [String]>,
    error: Option<&'a str>,
    raw: &'a str,
    server_raw: Option<&'a str>,
}

impl<'a> Log<'a> {
    fn of(run: &'a Run) -> Self {
        Self {
            id: run.id,
            source: &run.source,
            destination: &run.destination,
            test: &run.test,
            status: run.status,
            started: run.started,
            command: &run.command,
            server_command: run.server_command.as_deref(),
            error: run.error.as_deref(),
            raw: &run.raw,
            server_raw: run.server_raw.as_deref(),
        }
    }
}

pub(super) async fn perform(context: &Context<'_>, with: &Logs) -> Result<Exit, Failure> {
    if let Some(probe) = &with.container {
        return of_container(context, probe).await;
    }
    let results = context.results_to_read().await?;
    let id = match &with.campaign_run {
        Some(id) => id.clone(),
        None => newest::find(context, &results).await?,
    };
    let whole = results.load(&id).await?;
    let runs = chosen(&whole, with)?;
    if let (Some(_), [run], false) = (with.run, runs.as_slice(), context.output.is_json()) {
        let output = if with.server { run.server_raw.as_deref() } else { Some(run.raw.as_str()) };
        match output.filter(|output| !output.is_empty()) {
            Some(output) => context.output.bytes(output.as_bytes()),
            None => context.output.note(&say!(
                lang(),
                "run {} left no such output{}",
                "la prueba {} no dejó tal salida{}",
                run.id,
                run.error.as_ref().map_or_else(String::new, |error| format!(": {}", sentences::told(lang(), error)))
            )),
        }
        return Ok(Exit::Ok);
    }
    let document = Document { campaign_run: &id, runs: runs.into_iter().map(Log::of).collect() };
    context.output.either(|| describe(&document), &document);
    Ok(Exit::Ok)
}

async fn of_container(context: &Context<'_>, probe: &Name) -> Result<Exit, Failure> {
    let (topology, fleet) = context.expand(context.load()?).await?;
    Context::knows(&topology, &fleet, probe)?;
    let log = Context::backend(&topology, &fleet).await?.log(probe).await?;
    let log = log.ok_or_else(|| {
        Failure::bad_input(say!(
            lang(),
            "probe {probe} is in no container",
            "la sonda {probe} no está en un contenedor"
        ))
        .hint(say!(
            lang(),
            "`iperftester logs --probe {probe}` shows what the tools there wrote",
            "`iperftester logs --probe {probe}` muestra lo que escribieron allí las herramientas"
        ))
    })?;
    if context.output.is_json() {
        let log = String::from_utf8_lossy(&log);
        context.output.either(String::new, &OfContainer { probe, log: &log });
    } else {
        context.output.bytes(&log);
    }
    Ok(Exit::Ok)
}

fn chosen<'a>(whole: &'a CampaignRun, with: &Logs) -> Result<Vec<&'a Run>, Failure> {
    let (id, all) = (&whole.header.id, &whole.runs);
    if let Some(probe) = &with.probe
        && !whole.topology.probes.contains_key(probe)
    {
        let known = whole.topology.probes.keys().map(Name::as_str).collect::<Vec<_>>().join(", ");
        return Err(Failure::bad_input(say!(
            lang(),
            "`{id}` has no probe `{probe}`",
            "`{id}` no tiene la sonda `{probe}`"
        ))
        .hint(say!(lang(), "known probes: {known}", "sondas conocidas: {known}")));
    }
    let of_probe =
        |run: &&Run| with.probe.as_ref().is_none_or(|probe| [&run.source, &run.destination].contains(&probe));
    let runs: Vec<&Run> =
        all.iter().filter(of_probe).filter(|run| with.run.is_none_or(|number| run.id == number)).collect();
    match with.run {
        Some(number) if runs.is_empty() => {
            let known = all.iter().filter(of_probe).map(|run| run.id.to_string()).collect::<Vec<_>>().join(", ");
            Err(Failure::bad_input(say!(
                lang(),
                "`{id}` has no such run {number}",
                "`{id}` no tiene la prueba {number}"
            ))
            .hint(say!(lang(), "its runs: {known}", "sus pruebas: {known}")))
        }
        _ => Ok(runs),
    }
}

fn describe(document: &Document<'_>) -> String {
    let mut text = say!(lang(), "campaign run {}\n", "campaña ejecutada {}\n", document.campaign_run);
    for log in &document.runs {
        text.push_str(&say!(
            lang(),
            "\n=== run {}: {} {} → {}, {}, {}\n",
            "\n=== prueba {}: {} {} → {}, {}, {}\n",
            log.id,
            log.test,
            log.source,
            log.destination,
            log.started.format("%Y-%m-%d %H:%M:%S UTC"),
            lang().status(log.status, 1)
        ));
        let server = log.server_command.unwrap_or_default();
        for (probe, command, output) in
            [(log.destination, server, log.server_raw), (log.source, log.command, Some(log.raw))]
        {
            if !command.is_empty() {
                text.push_str(&format!("--- {probe}$ {}\n", command.join(" ")));
            }
            if let Some(output) = output.filter(|output| !output.is_empty()) {
                text.push_str(output.trim_end_matches('\n'));
                text.push('\n');
            }
        }
        if let Some(error) = log.error {
            text.push_str(&format!("--- error: {}\n", sentences::told(lang(), error)));
        }
    }
    text
}
