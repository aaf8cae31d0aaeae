//! From what should be and what is, the ordered actions that close the gap. Pure: `--dry-run` prints the same value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

/// A resource's identity within its topology and backend, such as `probe/m1` or `link/macrolan`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ResourceId(pub String);

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A digest of everything that a resource is made from; equal hashes mean equal resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SpecHash(pub String);

/// A resource as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Its identity.
    pub id: ResourceId,
    /// What it is made from.
    pub hash: SpecHash,
    /// What must stand before it, and whose replacement replaces it.
    pub depends_on: Vec<ResourceId>,
}

/// A resource as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Its identity.
    pub id: ResourceId,
    /// Its label; `None` where it was left half made.
    pub hash: Option<SpecHash>,
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Made anew.
    Create,
    /// Removed.
    Remove,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Remove => "remove",
        })
    }
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is not there.
    Missing,
    /// It was left half made.
    Unfinished,
    /// The topology says something else now.
    Changed,
    /// This one, which it stands on, is replaced.
    Follows(ResourceId),
    /// The topology does not have it.
    Unwanted,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is not there"),
            Self::Unfinished => f.write_str("it was left half made"),
            Self::Changed => f.write_str("the topology changed it"),
            Self::Follows(id) => write!(f, "{id} under it is replaced"),
            Self::Unwanted => f.write_str("the topology does not have it"),
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// What is done.
    pub verb: Verb,
    /// To which resource.
    pub id: ResourceId,
    /// Why.
    pub reason: Reason,
}

/// Ordered steps: removals first, dependants before what they stand on; then creations, the other way round.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The steps.
    pub actions: Vec<Action>,
    /// Resources that stay as they are.
    pub unchanged: usize,
}

impl Plan {
    /// Nothing to do?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

/// The plan that turns `observed` into `desired`. `desired` names what a resource depends on before the resource itself.
#[must_use]
pub fn diff(desired: &[Desired], observed: &[Observed]) -> Plan {
    let found: BTreeMap<&ResourceId, &Observed> = observed.iter().map(|o| (&o.id, o)).collect();
    let mut fresh: BTreeSet<&ResourceId> = BTreeSet::new();
    let mut creations = Vec::new();
    let mut removals = Vec::new();
    for want in desired {
        let reason = match found.get(&want.id) {
            None => Some(Reason::Missing),
            Some(Observed { hash: None, .. }) => Some(Reason::Unfinished),
            Some(Observed { hash: Some(hash), .. }) if *hash != want.hash => Some(Reason::Changed),
            Some(_) => want.depends_on.iter().find(|d| fresh.contains(d)).map(|d| Reason::Follows(d.clone())),
        };
        let Some(reason) = reason else { continue };
        fresh.insert(&want.id);
        if found.contains_key(&want.id) {
            removals.push(Action { verb: Verb::Remove, id: want.id.clone(), reason: reason.clone() });
        }
        creations.push(Action { verb: Verb::Create, id: want.id.clone(), reason });
    }
    let wanted: BTreeSet<&ResourceId> = desired.iter().map(|d| &d.id).collect();
    let unwanted = observed.iter().filter(|o| !wanted.contains(&o.id));
    removals.extend(unwanted.map(|o| Action { verb: Verb::Remove, id: o.id.clone(), reason: Reason::Unwanted }));
    removals.reverse();
    let unchanged = desired.len() - creations.len();
    removals.append(&mut creations);
    Plan { actions: removals, unchanged }
}
