//! `deploy`.

use std::time::Instant;

use serde::Serialize;

use super::args::Deploy;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::stop;
use crate::backend::Backend;
use crate::deploy::{self, DeployEvent, Done};
use crate::domain::host::Isolation;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::plan::{Action, Plan};
use crate::runner;
use crate::stats::numbers::counted;

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
    let plan = deploy::plan(&backend).await?;
    let done = carry_out(context, &plan, &backend, |action| format!(": {}", action.reason)).await?;
    ready(&topology, &backend).await?;
    let probes = topology.probes.keys().filter(|probe| topology.external(probe).is_none()).count();
    let probes = counted(probes, "probe", "probes");
    let form = backend.isolation().map(|isolation| format!(" as {}", isolation.word())).unwrap_or_default();
    let name = &topology.name;
    let text = if plan.is_empty() && done.unchanged == 0 {
        format!("{name}: there is nothing to deploy{form}, {probes} ready")
    } else if plan.is_empty() {
        format!("{name}: nothing to do, {} resources are as they should be, {probes} ready{form}", done.unchanged)
    } else {
        format!(
            "{name}: created {}, removed {}, left {} as they were; {probes} ready{form} in {:.2} s",
            done.created,
            done.removed,
            done.unchanged,
            began.elapsed().as_secs_f64()
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
            context.output.note(&format!("[{number}/{total}] {} {}{}", action.verb, action.id, why(action)));
        }
    };
    Ok(deploy::apply(plan, backend, &|| *stop.borrow(), &mut tell).await?)
}

/// A probe is ready when its agent has answered hello.
async fn ready(topology: &Topology, backend: &impl Backend) -> Result<(), Failure> {
    let agent = Context::agent()?;
    for (_, greeted) in runner::greet_all(topology, backend, &agent).await {
        greeted.map_err(|fault| {
            Failure::of(Exit::Unavailable, &fault)
                .hint("`iperftester status` shows each probe; `iperftester doctor` what this machine lacks")
        })?;
    }
    Ok(())
}
