//! What is deployed by itself, side by side: where one host cannot be reached, the others go on.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::build::line;
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, causes};
use super::speech::lang;
use super::stop;
use crate::backend::{Backend, Backends, Progress, Unit};
use crate::deploy::{self, DeployEvent, Done};
use crate::domain::name::Name;
use crate::i18n::say;
use crate::lock::LockGuard;
use crate::plan::{Action, Plan, Verb};

/// What came of each unit.
pub(super) struct Each<'b, T>(Vec<(Unit<'b>, Result<T, Failure>)>);

/// A host that something failed on, for programs.
#[derive(Serialize)]
pub(super) struct Failed<'a> {
    /// Null for this machine.
    host: Option<&'a Name>,
    error: String,
}

/// Nothing is to be done as far as hosts have answered.
pub(super) fn all_but_silent() -> &'static str {
    lang().word(
        "what is there on the hosts that answered is as the file says; of the others nothing is known",
        "lo que hay en los equipos que respondieron está como dice el fichero; de los demás no se sabe nada",
    )
}

/// What would change on each.
pub(super) async fn plans(backend: &Backends) -> Each<'_, Plan> {
    let plan = async |unit| (unit, deploy::plan(&unit).await.map_err(Failure::from));
    Each(join_all(backend.units().map(plan)).await)
}

impl<'b, T> Each<'b, T> {
    /// Each failure is told and the rest stands; where nothing could be done, the first is the failure of the whole.
    pub(super) fn tell(&self, context: &Context<'_>) -> Result<(), Failure> {
        let stands = self.0.iter().any(|(unit, outcome)| outcome.is_ok() && !unit.desired().is_empty());
        let wanted = self.0.iter().any(|(unit, _)| !unit.desired().is_empty());
        self.tell_all(context, wanted && !stands)
    }

    /// Tells each failure; `all` of them, or an interruption, are one of the whole.
    fn tell_all(&self, context: &Context<'_>, all: bool) -> Result<(), Failure> {
        let failures: Vec<&Failure> = self.0.iter().filter_map(|(_, outcome)| outcome.as_ref().err()).collect();
        let interrupted = failures.iter().position(|failure| failure.exit == Exit::Interrupted);
        let whole = interrupted.or(all.then_some(0));
        let others = failures.iter().enumerate().filter(|(at, _)| Some(*at) != whole);
        others.for_each(|(_, failure)| context.output.failure(failure));
        whole.and_then(|at| failures.get(at)).map_or(Ok(()), |failure| Err((*failure).clone()))
    }

    /// The units that failed.
    pub(super) fn failed(&self) -> Vec<Failed<'_>> {
        let failed = self.0.iter().filter_map(|(unit, outcome)| Some((unit, outcome.as_ref().err()?)));
        failed.map(|(unit, failure)| Failed { host: unit.host(), error: failure.chain.join(": ") }).collect()
    }

    /// The exit code of what was told.
    pub(super) fn exit(&self) -> Exit {
        if self.0.iter().any(|(_, outcome)| outcome.is_err()) { Exit::Partial } else { Exit::Ok }
    }

    /// Did it fail where `probe` is, on another machine?
    pub(super) fn has_failed(&self, probe: &Name) -> bool {
        self.0.iter().any(|(unit, outcome)| outcome.is_err() && unit.has(probe))
    }

    fn known(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(|(_, outcome)| outcome.as_ref().ok())
    }
}

impl Each<'_, Plan> {
    /// All that is known of, as one.
    pub(super) fn whole(&self) -> Plan {
        let actions = self.known().flat_map(|plan| plan.actions.iter().cloned()).collect();
        Plan { actions, unchanged: self.known().map(|plan| plan.unchanged).sum() }
    }
}

/// Brings each to what it should be as soon as it is known what would change there: no host waits for another that is slow to
/// answer, or silent. What a killed holder of `lock` had asked for is waited for first. Each step is told with what `why` says
/// of it, until the user stops it; `finished` hears each that is done.
pub(super) async fn carry_out<'b>(
    context: &Context<'_>,
    lock: &LockGuard,
    backend: &'b Backends,
    why: impl Fn(&Action) -> String,
    finished: impl Fn(Unit<'b>, &Action),
) -> Result<Each<'b, Done>, Failure> {
    let stop = stop::watch()?;
    let steps = Steps::new(context, backend);
    let one = async |unit: Unit<'b>| {
        if lock.killed().is_some() {
            unit.settle().await;
        }
        let plan = deploy::plan(&unit).await?;
        let mut tell = |event: DeployEvent<'_>| {
            steps.tell(context, unit, &event, &why);
            if let DeployEvent::Finished { action } = event {
                finished(unit, action);
            }
        };
        Ok(deploy::apply(&plan, &unit, &stop, &mut tell).await?)
    };
    let done = join_all(backend.units().map(async |unit| (unit, one(unit).await))).await;
    steps.end();
    Ok(Each(done))
}

impl Each<'_, Done> {
    /// Where all is as it should be, removes the probe images that a newer one has taken the place of, and tells it. What
    /// cannot be removed only takes room.
    pub(super) async fn tidy(&self, context: &Context<'_>) {
        let stand = self.0.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(unit, _)| *unit);
        let tidied = join_all(stand.map(async |unit: Unit<'_>| (unit, unit.tidy(Context::now()).await))).await;
        for (unit, outcome) in tidied {
            let host = name(unit).unwrap_or_default();
            match outcome {
                Ok(names) => names.iter().for_each(|name| {
                    context.output.note(&say!(
                        lang(),
                        "{host}: removed the image {name}, which nobody uses any more",
                        "{host}: se ha quitado la imagen {name}, que ya nadie usa"
                    ));
                }),
                Err(fault) => context.output.note(&causes(&fault).join(": ")),
            }
        }
    }

    /// The same of a removal, of which it is the failure of the whole that nothing was removed and no engine answered.
    pub(super) fn tell_of_removal(&self, context: &Context<'_>) -> Result<(), Failure> {
        let did = |unit: &Unit<'_>, done: &Done| done.removed > 0 || unit.host().is_some();
        let stands = self.0.iter().any(|(unit, outcome)| outcome.as_ref().is_ok_and(|done| did(unit, done)));
        self.tell_all(context, !stands)
    }

    /// Was nothing done on the engine where `probe` is?
    pub(super) fn has_untouched(&self, probe: &Name) -> bool {
        self.0.iter().any(|(unit, outcome)| unit.has(probe) && outcome.as_ref().is_ok_and(Done::is_nothing))
    }

    /// The hosts from whose engines something was removed: what they had is what their probes were made of, too.
    pub(super) fn emptied(&self) -> BTreeSet<&str> {
        let did = self.0.iter().filter(|(_, outcome)| outcome.as_ref().is_ok_and(|done| done.removed > 0));
        did.filter_map(|(unit, _)| unit.host()).map(Name::as_str).collect()
    }

    /// All together.
    pub(super) fn sum(&self) -> Done {
        self.known().fold(Done::default(), |sum, done| Done {
            created: sum.created + done.created,
            removed: sum.removed + done.removed,
            unchanged: sum.unchanged + done.unchanged,
        })
    }
}

/// Steps as they are taken: a bar for each host where there are several and a terminal, a line each elsewhere.
struct Steps {
    bars: Option<(MultiProgress, RefCell<BTreeMap<String, ProgressBar>>)>,
}

impl Steps {
    fn new(context: &Context<'_>, backend: &Backends) -> Self {
        let several = backend.units().filter(|unit| unit.host().is_some() || !unit.desired().is_empty()).count() > 1;
        let all = || (MultiProgress::with_draw_target(ProgressDrawTarget::stderr()), RefCell::default());
        Self { bars: (several && context.output.has_bars()).then(all) }
    }

    fn tell(&self, context: &Context<'_>, unit: Unit<'_>, event: &DeployEvent<'_>, why: impl Fn(&Action) -> String) {
        let host = name(unit);
        match (event, &self.bars) {
            (DeployEvent::Started { action, number, total }, None) => {
                let at = host.map_or_else(String::new, |host| format!("{host} "));
                context.output.note(&format!("{at}[{number}/{total}] {} {}{}", verb(action), action.id, why(action)));
            }
            (DeployEvent::Started { action, total, .. }, Some((all, bars))) => {
                let host = host.unwrap_or_else(|| lang().word("here", "aquí").to_owned());
                let mut bars = bars.borrow_mut();
                let bar = bars.entry(host.clone()).or_insert_with(|| {
                    let bar = all.add(ProgressBar::new(*total as u64));
                    let style = ProgressStyle::with_template("{prefix:12} {bar:30} {pos}/{len}  {msg}");
                    bar.set_style(style.expect("the template is a constant"));
                    bar.set_prefix(host);
                    bar
                });
                bar.set_message(format!("{} {}", verb(action), action.id));
            }
            (DeployEvent::Progress { progress: Progress::Image(step), .. }, None) => {
                context.output.note(&format!("{}: {}", host.unwrap_or_default(), line(*step)));
            }
            (DeployEvent::Progress { progress, .. }, Some((_, bars))) => {
                if let Some(bar) = bars.borrow().get(&host.unwrap_or_default()) {
                    bar.set_message(far(*progress));
                }
            }
            (DeployEvent::Finished { .. }, Some((_, bars))) => {
                let host = host.unwrap_or_else(|| lang().word("here", "aquí").to_owned());
                if let Some(bar) = bars.borrow().get(&host) {
                    bar.inc(1);
                }
            }
            (DeployEvent::Undoing { total }, Some((all, _))) => {
                let host = host.unwrap_or_default();
                let told = say!(lang(), "{host}: undoing {total} steps", "{host}: se deshacen {total} pasos");
                // A terminal that has gone away misses nothing.
                drop(all.println(told));
            }
            _ => {}
        }
    }

    fn end(&self) {
        if let Some((all, _)) = &self.bars {
            // A terminal that has gone away misses nothing.
            drop(all.clear());
        }
    }
}

/// How messages call it; `None` for this machine.
fn name(unit: Unit<'_>) -> Option<String> {
    unit.host().map(|host| match unit.node() {
        Some(node) => format!("{host}/{node}"),
        None => host.to_string(),
    })
}

/// How far a step is, in a few words.
fn far(progress: Progress<'_>) -> String {
    match progress {
        Progress::Image(step) => line(step),
        Progress::Sent { bytes, total } => {
            say!(lang(), "image {} of {} MB", "imagen, {} de {} MB", bytes / 1_000_000, total.div_ceil(1_000_000))
        }
    }
}

fn verb(action: &Action) -> &'static str {
    match action.verb {
        Verb::Create => lang().word("create", "crear"),
        Verb::Remove => lang().word("remove", "quitar"),
    }
}
