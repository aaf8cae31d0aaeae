//! Carrying out a plan, and undoing it where it fails midway.

use std::fmt;

use crate::backend::{Backend, BackendError};
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

/// What is there after a plan stopped midway.
#[derive(Debug, Default)]
pub struct Aftermath {
    /// Made by this plan and removed again.
    pub undone: Vec<ResourceId>,
    /// Made by this plan and still there, whole or in part, for removing failed.
    pub left: Vec<(ResourceId, BackendError)>,
    /// There before, removed by this plan and not restored: what is gone cannot be brought back.
    pub lost: Vec<ResourceId>,
    /// There before; its removal failed, so it may have lost a part.
    pub torn: Option<ResourceId>,
}

impl Aftermath {
    /// Is everything as it was before?
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.left.is_empty() && self.lost.is_empty() && self.torn.is_none()
    }
}

impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("everything is as it was before");
        }
        let lists: [(&str, Vec<&ResourceId>); 3] = [
            ("removed and not restored", self.lost.iter().collect()),
            ("perhaps no longer whole", self.torn.iter().collect()),
            ("left behind", self.left.iter().map(|(id, _)| id).collect()),
        ];
        let parts = lists.into_iter().filter(|(_, ids)| !ids.is_empty()).map(|(what, ids)| {
            let ids: Vec<String> = ids.into_iter().map(|id| format!("`{id}`")).collect();
            format!("{what}: {}", ids.join(", "))
        });
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
        } else if after.left.is_empty() && after.torn.is_none() {
            Some("`iperftester deploy` makes again what is missing")
        } else {
            Some("`iperftester destroy` removes what is left; then deploy again")
        }
    }
}

/// What would change: what should be, against what is there.
///
/// # Errors
/// What observing says.
pub async fn plan(backend: &impl Backend) -> Result<Plan, BackendError> {
    Ok(plan::diff(&backend.desired(), &backend.observe().await?))
}

/// Carries out `plan` in its order. Between two steps it asks `cancelled`; on that, and where a step fails, what this plan
/// created is removed again, the last one first.
///
/// # Errors
/// [`DeployError`], with precisely what is there now.
pub async fn apply(
    plan: &Plan,
    backend: &impl Backend,
    cancelled: &dyn Fn() -> bool,
    events: &mut dyn FnMut(DeployEvent<'_>),
) -> Result<Done, DeployError> {
    let total = plan.actions.len();
    let mut undo: Vec<ResourceId> = Vec::new();
    let mut removed: Vec<ResourceId> = Vec::new();
    for (done, action) in plan.actions.iter().enumerate() {
        if cancelled() {
            let aftermath = unwind(undo, backend, events).await;
            let aftermath = Aftermath { lost: removed, ..aftermath };
            return Err(DeployError::Cancelled { done, total, aftermath });
        }
        events(DeployEvent::Started { action, number: done + 1, total });
        let outcome = match action.verb {
            Verb::Create => {
                undo.push(action.id.clone());
                backend.create(&action.id).await
            }
            Verb::Remove => backend.remove(&action.id).await,
        };
        if let Err(source) = outcome {
            let torn = (action.verb == Verb::Remove).then(|| action.id.clone());
            let aftermath = unwind(undo, backend, events).await;
            let aftermath = Aftermath { lost: removed, torn, ..aftermath };
            return Err(DeployError::Failed { action: action.clone(), source, aftermath });
        }
        if action.verb == Verb::Remove {
            removed.push(action.id.clone());
        }
        events(DeployEvent::Finished { action });
    }
    Ok(Done { created: undo.len(), removed: removed.len(), unchanged: plan.unchanged })
}

/// Removes `created` from its end and tells what is there then.
async fn unwind(
    created: Vec<ResourceId>,
    backend: &impl Backend,
    events: &mut dyn FnMut(DeployEvent<'_>),
) -> Aftermath {
    let mut aftermath = Aftermath::default();
    if !created.is_empty() {
        events(DeployEvent::Undoing { total: created.len() });
    }
    for id in created.into_iter().rev() {
        match backend.remove(&id).await {
            Ok(()) => {
                events(DeployEvent::Undone { id: &id });
                aftermath.undone.push(id);
            }
            Err(error) => aftermath.left.push((id, error)),
        }
    }
    aftermath
}
