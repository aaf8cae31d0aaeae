//! Carrying out a plan, and undoing it where it fails midway.

use std::cell::RefCell;
use std::fmt;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use crate::backend::{Backend, BackendError, Progress};
use crate::plan::{self, Action, Plan, ResourceId, Verb};

/// What happens meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeployEvent<'a> {
    /// A step begins.
    Started {
        /// The step.
        action: &'a Action,
        /// Its number, from 1.
        number: usize,
        /// Number of all steps.
        total: usize,
    },
    /// A step is so far.
    Progress {
        /// The step.
        action: &'a Action,
        /// How far.
        progress: Progress<'a>,
    },
    /// A step is done.
    Finished {
        /// The step.
        action: &'a Action,
    },
    /// A step failed or the user stopped; what this plan created goes again.
    Undoing {
        /// How many resources go.
        total: usize,
    },
    /// A resource is gone again.
    Undone {
        /// The resource.
        id: &'a ResourceId,
    },
}

/// A plan carried out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Resources made.
    pub created: usize,
    /// Resources removed.
    pub removed: usize,
    /// Resources that stayed as they were.
    pub unchanged: usize,
}

impl Done {
    /// Was nothing to be done?
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.created == 0 && self.removed == 0
    }
}

/// What is there after a plan stopped midway.
#[derive(Debug, Default)]
pub struct Aftermath {
    /// Made by this plan and removed again.
    pub undone: Vec<ResourceId>,
    /// Made by this plan and still there, whole or in part, for removing failed.
    pub left: Vec<(ResourceId, BackendError)>,
    /// There before, removed by this plan and not restored: what is gone cannot be brought back.
    pub lost: Vec<ResourceId>,
    /// There before; their removal failed, so they may have lost a part.
    pub torn: Vec<ResourceId>,
    /// Made by this plan, whole, and left for the next one ([`Backend::stays`]).
    pub kept: Vec<ResourceId>,
}

impl Aftermath {
    /// Is everything as it was before, but for what is kept?
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.left.is_empty() && self.lost.is_empty() && self.torn.is_empty()
    }
}

impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |ids: Vec<&ResourceId>| {
            let ids: Vec<String> = ids.into_iter().map(|id| format!("`{id}`")).collect();
            ids.join(", ")
        };
        if self.is_clean() {
            return match self.kept.as_slice() {
                [] => f.write_str("everything is as it was before"),
                kept => {
                    let kept = listed(kept.iter().collect());
                    write!(f, "everything is as it was before, but for {kept}, left for the next deploy")
                }
            };
        }
        let lists: [(&str, Vec<&ResourceId>); 3] = [
            ("removed and not restored", self.lost.iter().collect()),
            ("perhaps no longer whole", self.torn.iter().collect()),
            ("left behind", self.left.iter().map(|(id, _)| id).collect()),
        ];
        let parts = lists.into_iter().filter(|(_, ids)| !ids.is_empty());
        let parts = parts.map(|(what, ids)| format!("{what}: {}", listed(ids)));
        f.write_str(&parts.collect::<Vec<_>>().join("; "))
    }
}

/// Why a plan was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A step failed.
    #[error("the plan stopped at `{} {}`: {aftermath}", action.verb, action.id)]
    Failed {
        /// The step.
        action: Action,
        /// Why.
        source: BackendError,
        /// What is there now.
        aftermath: Aftermath,
    },
    /// The user stopped it.
    #[error("stopped after {done} of {total} steps: {aftermath}")]
    Cancelled {
        /// Steps done before.
        done: usize,
        /// Number of all steps.
        total: usize,
        /// What is there now.
        aftermath: Aftermath,
    },
}

impl DeployError {
    /// What is there now.
    #[must_use]
    pub const fn aftermath(&self) -> &Aftermath {
        match self {
            Self::Failed { aftermath, .. } | Self::Cancelled { aftermath, .. } => aftermath,
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        let after = self.aftermath();
        if after.is_clean() {
            None
        } else if after.left.is_empty() && after.torn.is_empty() {
            Some("`iperftester deploy` makes again what is missing")
        } else {
            Some("`iperftester destroy` removes what is left; then deploy again")
        }
    }
}

/// What would change: what should be, against what is there.
///
/// # Errors
/// What observing says, and [`BackendError::Theirs`] where something of somebody else's would go.
pub async fn plan(backend: &impl Backend) -> Result<Plan, BackendError> {
    let observed = backend.observe().await?;
    let plan = plan::diff(&backend.desired(), &observed);
    match plan::trespass(&plan, &observed) {
        Some((id, holder)) => Err(BackendError::Theirs { id: id.clone(), holder: Box::new(holder.clone()) }),
        None => Ok(plan),
    }
}

/// What came of a step.
enum Outcome {
    Done,
    Failed(BackendError),
    /// The user stopped amid it.
    GivenUp,
}

/// Carries out `plan` in its order. Where `stop` turns true no further step is begun, and one that may be is given up at once
/// ([`Backend::stays`]); on that, and where a step fails, what this plan created is removed again, the last one first.
///
/// # Errors
/// [`DeployError`], with precisely what is there now.
pub async fn apply(
    plan: &Plan,
    backend: &impl Backend,
    stop: &watch::Receiver<bool>,
    events: &mut dyn FnMut(DeployEvent<'_>),
) -> Result<Done, DeployError> {
    let total = plan.actions.len();
    // Steps that are taken at a time all tell of themselves.
    let events = RefCell::new(events);
    let events = &events;
    let (mut undo, mut kept, mut removed, mut done) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for together in plan.actions.chunk_by(go_together) {
        let mut torn = Vec::new();
        let mut failure = None;
        let mut given_up = 0;
        let mut waiting = together.iter();
        let mut at_work = FuturesUnordered::new();
        // Where one fails, nothing more is begun; what runs is waited for, so that it can be told and undone.
        loop {
            while failure.is_none() && at_work.len() < backend.abreast() && !*stop.borrow() {
                let Some(action) = waiting.next() else { break };
                done += 1;
                events.borrow_mut()(DeployEvent::Started { action, number: done, total });
                if action.verb == Verb::Create && !backend.stays(&action.id) {
                    undo.push(action.id.clone());
                }
                at_work.push(async move { (action, step(action, backend, stop, events).await) });
            }
            let Some((action, outcome)) = at_work.next().await else { break };
            match (outcome, action.verb) {
                (Outcome::Done, verb) => {
                    match verb {
                        Verb::Remove => removed.push(action.id.clone()),
                        Verb::Create if backend.stays(&action.id) => kept.push(action.id.clone()),
                        Verb::Create => {}
                    }
                    events.borrow_mut()(DeployEvent::Finished { action });
                }
                (Outcome::Failed(source), verb) => {
                    if verb == Verb::Remove {
                        torn.push(action.id.clone());
                    }
                    failure.get_or_insert((action.clone(), source));
                }
                (Outcome::GivenUp, _) => given_up += 1,
            }
        }
        if let Some((action, source)) = failure {
            let aftermath = Aftermath { lost: removed, torn, kept, ..unwind(undo, backend, events).await };
            return Err(DeployError::Failed { action, source, aftermath });
        }
        if given_up > 0 || waiting.next().is_some() {
            let aftermath = Aftermath { lost: removed, kept, ..unwind(undo, backend, events).await };
            return Err(DeployError::Cancelled { done: done - given_up, total, aftermath });
        }
    }
    Ok(Done { created: undo.len() + kept.len(), removed: removed.len(), unchanged: plan.unchanged })
}

/// Takes a step.
async fn step(
    action: &Action,
    backend: &impl Backend,
    stop: &watch::Receiver<bool>,
    events: &RefCell<&mut dyn FnMut(DeployEvent<'_>)>,
) -> Outcome {
    let tell = |progress: Progress<'_>| events.borrow_mut()(DeployEvent::Progress { action, progress });
    let work = async {
        let done = match action.verb {
            Verb::Create => backend.create(&action.id, &tell).await,
            Verb::Remove => backend.remove(&action.id).await,
        };
        done.map_or_else(Outcome::Failed, |()| Outcome::Done)
    };
    if action.verb == Verb::Remove || !backend.stays(&action.id) {
        return work.await;
    }
    let mut stop = stop.clone();
    tokio::select! {
        outcome = work => outcome,
        // Where nobody can stop it any more, it is waited for.
        Ok(_) = stop.wait_for(|stop| *stop) => Outcome::GivenUp,
    }
}

/// Can these follow each other at once? Resources of one kind do not stand on each other.
fn go_together(one: &Action, next: &Action) -> bool {
    let kind = |action: &Action| action.id.0.split('/').next().unwrap_or_default().to_owned();
    one.verb == next.verb && kind(one) == kind(next)
}

/// Removes `created` from its end and tells what is there then.
async fn unwind(
    created: Vec<ResourceId>,
    backend: &impl Backend,
    events: &RefCell<&mut dyn FnMut(DeployEvent<'_>)>,
) -> Aftermath {
    let mut aftermath = Aftermath::default();
    if !created.is_empty() {
        events.borrow_mut()(DeployEvent::Undoing { total: created.len() });
    }
    for id in created.into_iter().rev() {
        match backend.remove(&id).await {
            Ok(()) => {
                events.borrow_mut()(DeployEvent::Undone { id: &id });
                aftermath.undone.push(id);
            }
            Err(error) => aftermath.left.push((id, error)),
        }
    }
    aftermath
}
