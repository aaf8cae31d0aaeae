//! `deploy`.

use std::time::Instant;

use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::sync::mpsc;

use super::args::Deploy;
use super::context::{Context, as_it_should_be, why};
use super::exit::Exit;
use super::failure::Failure;
use super::foresee;
use super::speech::lang;
use super::units::{self, Each, Failed};
use crate::backend::{Backends, Unit};
use crate::deploy::Done;
use crate::domain::host::Isolation;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::i18n::say;
use crate::plan::{Action, Verb};
use crate::runner::{self, SessionError};

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
    let (topology, fleet) = context.expand(topology).await?;
    let backend = Context::backend(&topology, &fleet).await?;
    backend.supports().await?;
    context.tell_limits(&topology, &backend);
    foresee::tell(context, &topology, &backend).await;
    let (made, mut fresh) = mpsc::unbounded_channel();
    let known = &topology;
    // Moved, so that the end of the steps is the end of the fresh ones.
    let finished = move |unit: Unit<'_>, action: &Action| {
        if let Some(probe) = of_engine(known, unit, action) {
            // Whoever waits for them listens for as long as there are steps.
            let _ = made.send(probe);
        }
    };
    let steps = units::carry_out(context, &lock, &backend, |action| format!(": {}", why(action)), finished);
    let awaited = awaited(&topology, &backend, stream::poll_fn(|context| fresh.poll_recv(context)));
    let (each, awaited) = tokio::try_join!(steps, awaited)?;
    each.tell(context)?;
    each.tidy(context).await;
    let done = each.sum();
    let probes = ready(&topology, &backend, &each, awaited).await?;
    let probes = lang().counted(probes, ["probe ready", "probes ready"], ["sonda lista", "sondas listas"]);
    let form = backend.isolation().map(|isolation| {
        let form = isolation.word();
        say!(lang(), " as {form}", " como {form}")
    });
    let (name, form) = (&topology.name, form.unwrap_or_default());
    let nothing = done.is_nothing() && each.failed().is_empty();
    let text = if nothing && done.unchanged == 0 {
        say!(
            lang(),
            "{name}: there is nothing to deploy{form}, {probes}",
            "{name}: no hay nada que desplegar{form}, {probes}"
        )
    } else if nothing {
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

/// The probe that this step has made on an engine: it is waited for while the engine starts the next ones. Elsewhere one is
/// whole only with its links.
fn of_engine<'a>(topology: &'a Topology, unit: Unit<'_>, action: &Action) -> Option<&'a Name> {
    let made = unit.host().is_some() && action.verb == Verb::Create;
    let name = action.id.0.strip_prefix("probe/").filter(|_| made)?;
    topology.probes.get_key_value(name).map(|(name, _)| name)
}

/// Which probes are ready.
type Ready<'a> = Vec<(&'a Name, Result<(), SessionError>)>;

async fn awaited<'a>(
    topology: &Topology,
    backend: &Backends,
    probes: impl Stream<Item = &'a Name>,
) -> Result<Ready<'a>, Failure> {
    Ok(runner::await_made(topology, backend, &Context::executable()?, probes).await)
}

/// How many probes are ready. Those that were just made on engines are `awaited`; of the others the agent has to answer hello.
/// Those on hosts that failed are not asked; nor are those of an engine on which nothing was done, for it has told that they
/// run, and being asked would stand in its events.
async fn ready(
    topology: &Topology,
    backend: &Backends,
    each: &Each<'_, Done>,
    awaited: Ready<'_>,
) -> Result<usize, Failure> {
    let mut all: Ready<'_> = awaited;
    all.retain(|(name, _)| !each.has_failed(name));
    let mut rest = topology.clone();
    rest.probes.retain(|name, _| {
        !each.has_failed(name) && !each.has_untouched(name) && !all.iter().any(|(other, _)| *other == name)
    });
    let greeted = runner::greet_all(&rest, backend, &Context::executable()?).await;
    all.extend(greeted.into_iter().map(|(name, greeted)| (name, greeted.map(drop))));
    let mut ready = topology.probes.keys().filter(|probe| each.has_untouched(probe)).count();
    for (_, outcome) in all {
        outcome.map_err(|fault| {
            Failure::of(Exit::Unavailable, &fault).hint(lang().word(
                "`iperftester status` shows each probe; `iperftester doctor` what this machine lacks",
                "`iperftester status` muestra cada sonda; `iperftester doctor`, lo que le falta a esta máquina",
            ))
        })?;
        ready += 1;
    }
    Ok(ready)
}
