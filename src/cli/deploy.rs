//! `deploy`.

use std::time::Instant;

use serde::Serialize;

use super::args::Deploy;
use super::context::{Context, as_it_should_be, why};
use super::exit::Exit;
use super::failure::Failure;
use super::foresee;
use super::speech::lang;
use super::units::{self, Each, Failed};
use crate::backend::Backends;
use crate::deploy::Done;
use crate::domain::host::Isolation;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::say;
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
    /// Hosts that failed; the others stand.
    failed: Vec<Failed<'a>>,
}

pub(super) const fn summary<'a>(
    topology: &'a Name,
    isolation: Option<Isolation>,
    done: &Done,
    failed: Vec<Failed<'a>>,
) -> Summary<'a> {
    Summary { topology, isolation, created: done.created, removed: done.removed, unchanged: done.unchanged, failed }
}

pub(super) async fn perform(context: &Context<'_>, with: &Deploy) -> Result<Exit, Failure> {
    if with.dry_run {
        return super::plan::perform(context).await;
    }
    let topology = context.load()?;
    let lock = Context::lock(&topology.name, "deploy")?;
    let began = Instant::now();
    let backend = Context::backend(&topology).await?;
    backend.supports().await?;
    context.tell_limits(&topology, &backend);
    foresee::tell(context, &topology, &backend).await;
    let plans = units::plans_with(&lock, &backend).await;
    let plan = plans.whole();
    let each = plans.carry_out(context, |action| format!(": {}", why(action))).await?;
    each.tell(context)?;
    let done = each.sum();
    let probes = ready(&topology, &backend, &each).await?;
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
    context.output.either(|| text, &summary(name, backend.isolation(), &done, each.failed()));
    Ok(each.exit())
}

/// How many probes are ready, which is when the agent has answered hello. Those on hosts that failed are not asked; nor are
/// those of an engine on which nothing was done, for it has told that they run, and being asked would stand in its events.
async fn ready(topology: &Topology, backend: &Backends, each: &Each<'_, Done>) -> Result<usize, Failure> {
    let executable = Context::executable()?;
    let untouched = |host: &Name| matches!(each.of(Some(host)), Some(Ok(Done { created: 0, removed: 0, .. })));
    let mut ready = topology.probes.values().filter(|probe| untouched(&probe.host)).count();
    let mut standing = topology.clone();
    standing.probes.retain(|_, probe| !untouched(&probe.host) && !matches!(each.of(Some(&probe.host)), Some(Err(_))));
    for (_, greeted) in runner::greet_all(&standing, backend, &executable).await {
        greeted.map_err(|fault| {
            Failure::of(Exit::Unavailable, &fault).hint(lang().word(
                "`iperftester status` shows each probe; `iperftester doctor` what this machine lacks",
                "`iperftester status` muestra cada sonda; `iperftester doctor`, lo que le falta a esta máquina",
            ))
        })?;
        ready += 1;
    }
    Ok(ready)
}
