//! `deploy`.

use std::time::Instant;

use serde::Serialize;

use super::args::Deploy;
use super::context::{Context, as_it_should_be, why};
use super::exit::Exit;
use super::failure::Failure;
use super::foresee;
use super::speech::lang;
use super::stop;
use crate::backend::Backend;
use crate::deploy::{self, DeployEvent, Done};
use crate::domain::host::Isolation;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::say;
use crate::plan::{Action, Plan, Verb};
use crate::runner;

/// What was done, for programs.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    topology: &'a Name,
    /// How probes of this machine are kept apart; null where there are none.
    isolation: Option<Isolation>,
    created: usize,
    removed: usize,
    unchanged: usize,
}

pub(super) const fn summary<'a>(topology: &'a Name, isolation: Option<Isolation>, done: &Done) -> Summary<'a> {
    Summary { topology, isolation, created: done.created, removed: done.removed, unchanged: done.unchanged }
}

pub(super) async fn perform(context: &Context<'_>, with: &Deploy) -> Result<Exit, Failure> {
    if with.dry_run {
        return super::plan::perform(context).await;
    }
    let topology = context.load()?;
    let _lock = Context::lock(&topology.name, "deploy")?;
    let began = Instant::now();
    let backend = Context::backend(&topology).await?;
    backend.supports().await?;
    context.tell_limits(&topology, &backend);
    foresee::tell(context, &topology, &backend).await;
    let plan = deploy::plan(&backend).await?;
    let done = carry_out(context, &plan, &backend, |action| format!(": {}", why(action))).await?;
    ready(&topology, &backend).await?;
    let probes = topology.probes.keys().filter(|probe| topology.external(probe).is_none()).count();
    let probes = lang().counted(probes, ["probe ready", "probes ready"], ["sonda lista", "sondas listas"]);
    let form = backend.isolation().map(|isolation| {
        let form = isolation.word();
        say!(lang(), " as {form}", " como {form}")
    });
    let (name, form) = (&topology.name, form.unwrap_or_default());
    let text = if plan.is_empty() && done.unchanged == 0 {
        say!(
            lang(),
            "{name}: there is nothing to deploy{form}, {probes}",
            "{name}: no hay nada que desplegar{form}, {probes}"
        )
    } else if plan.is_empty() {
        format!("{name}: {}, {probes}{form}", as_it_should_be(done.unchanged))
    } else {
        let Done { created, removed, unchanged } = &done;
        let took = lang().decimal(format!("{:.2}", began.elapsed().as_secs_f64()));
        say!(
            lang(),
            "{name}: created {created}, removed {removed}, left {unchanged} as they were; {probes}{form} in {took} s",
            "{name}: creados {created}, quitados {removed}, sin cambios {unchanged}; {probes}{form} en {took} s"
        )
    };
    context.output.either(|| text, &summary(name, backend.isolation(), &done));
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
    let executable = Context::executable()?;
    for (_, greeted) in runner::greet_all(topology, backend, &executable).await {
        greeted.map_err(|fault| {
            Failure::of(Exit::Unavailable, &fault).hint(lang().word(
                "`iperftester status` shows each probe; `iperftester doctor` what this machine lacks",
                "`iperftester status` muestra cada sonda; `iperftester doctor`, lo que le falta a esta máquina",
            ))
        })?;
    }
    Ok(())
}
