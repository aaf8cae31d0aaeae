//! `deploy`.

use std::time::Instant;

use serde::Serialize;

use super::args::Deploy;
use super::context::{Context, as_it_should_be, why};
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use super::stop;
use crate::backend::Backend;
use crate::deploy::{self, DeployEvent, Done};
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::say;
use crate::plan::{Action, Plan, Verb};
use crate::runner;

/// What was done, for programs.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    topology: &'a Name,
    created: usize,
    removed: usize,
    unchanged: usize,
}

pub(super) const fn summary<'a>(topology: &'a Name, done: &Done) -> Summary<'a> {
    Summary { topology, created: done.created, removed: done.removed, unchanged: done.unchanged }
}

pub(super) async fn perform(context: &Context<'_>, with: &Deploy) -> Result<Exit, Failure> {
    if with.dry_run {
        return super::plan::perform(context).await;
    }
    let topology = context.load()?;
    let _lock = Context::lock(&topology.name, "deploy")?;
    let began = Instant::now();
    let backend = Context::backend(&topology);
    backend.supports().await?;
    let plan = deploy::plan(&backend).await?;
    let done = carry_out(context, &plan, &backend, |action| format!(": {}", why(action))).await?;
    ready(&topology, &backend).await?;
    let probes =
        lang().counted(topology.probes.len(), ["probe ready", "probes ready"], ["sonda lista", "sondas listas"]);
    let text = if plan.is_empty() {
        format!("{}: {}, {probes}", topology.name, as_it_should_be(done.unchanged))
    } else {
        let (name, Done { created, removed, unchanged }) = (&topology.name, &done);
        let took = lang().decimal(format!("{:.2}", began.elapsed().as_secs_f64()));
        say!(
            lang(),
            "{name}: created {created}, removed {removed}, left {unchanged} as they were; {probes} in {took} s",
            "{name}: creados {created}, quitados {removed}, sin cambios {unchanged}; {probes} en {took} s"
        )
    };
    context.output.either(|| text, &summary(&topology.name, &done));
    Ok(Exit::Ok)
}

/// Carries `plan` out, telling each step with what `why` says of it, until the user stops it.
pub(super) async fn carry_out(
    context: &Context<'_>,
    plan: &Plan,
    backend: &impl Backend,
    why: impl Fn(&Action) -> String,
) -> Result<Done, Failure> {
    let stop = stop::watch()?;
    let mut tell = |event: DeployEvent<'_>| {
        if let DeployEvent::Started { action, number, total } = event {
            let verb = match action.verb {
                Verb::Create => lang().word("create", "crear"),
                Verb::Remove => lang().word("remove", "quitar"),
            };
            context.output.note(&format!("[{number}/{total}] {verb} {}{}", action.id, why(action)));
        }
    };
    Ok(deploy::apply(plan, backend, &|| *stop.borrow(), &mut tell).await?)
}

/// A probe is ready when its agent has answered hello.
async fn ready(topology: &Topology, backend: &impl Backend) -> Result<(), Failure> {
    let agent = Context::agent()?;
    for (_, greeted) in runner::greet_all(topology, backend, &agent).await {
        greeted.map_err(|fault| {
            Failure::of(Exit::Unavailable, &fault).hint(lang().word(
                "`iperftester status` shows each probe; `iperftester doctor` what this machine lacks",
                "`iperftester status` muestra cada sonda; `iperftester doctor`, lo que le falta a esta máquina",
            ))
        })?;
    }
    Ok(())
}
