//! From what should be and what is, the ordered actions that close the gap. Pure: `--dry-run` prints the same value.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::name::Name;

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
    /// What of it is not as it was made, as a phrase; a backend says the first thing that it finds.
    pub drift: Option<String>,
    /// Whose it is, where it is somebody else's: that may be used as it is, and is neither replaced nor removed.
    pub theirs: Option<Holder>,
}

/// Somebody else who has deployed a topology of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The `owner` of that topology, or `USER@MACHINE`.
    pub owner: String,
    /// On which host.
    pub host: Name,
    /// When that was made.
    pub since: Option<DateTime<Utc>>,
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
    /// This of it is not as it was made, though its label is right.
    Drifted(String),
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
            Self::Drifted(what) => write!(f, "it is not as it was made: {what}"),
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

/// The plan that turns `observed` into `desired`. Both name what a resource stands on before the resource itself: what goes,
/// goes in the order of `observed` from its end, for only that knows on what it stands today.
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
            Some(Observed { drift, .. }) => {
                // What was done to the one may show at what stands on it.
                let follows = want.depends_on.iter().find(|d| fresh.contains(d)).map(|d| Reason::Follows(d.clone()));
                follows.or_else(|| drift.clone().map(Reason::Drifted))
            }
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
    let place: BTreeMap<&ResourceId, usize> = observed.iter().enumerate().map(|(at, o)| (&o.id, at)).collect();
    removals.sort_by_key(|action| std::cmp::Reverse(place.get(&action.id).copied()));
    let unchanged = desired.len() - creations.len();
    removals.append(&mut creations);
    Plan { actions: removals, unchanged }
}

/// The first of `observed` that `plan` would take away from somebody else.
#[must_use]
pub fn trespass<'o>(plan: &Plan, observed: &'o [Observed]) -> Option<(&'o ResourceId, &'o Holder)> {
    let goes = |id: &ResourceId| plan.actions.iter().any(|action| action.verb == Verb::Remove && action.id == *id);
    observed.iter().filter(|found| goes(&found.id)).find_map(|found| Some((&found.id, found.theirs.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: usize) -> ResourceId {
        ResourceId(format!("r{number}"))
    }

    fn hash(version: u8) -> SpecHash {
        SpecHash(version.to_string())
    }

    fn want(number: usize, version: u8, depends_on: &[usize]) -> Desired {
        Desired { id: id(number), hash: hash(version), depends_on: depends_on.iter().map(|n| id(*n)).collect() }
    }

    fn have(number: usize, version: Option<u8>) -> Observed {
        Observed { id: id(number), hash: version.map(hash), drift: None, theirs: None }
    }

    fn told(plan: &Plan) -> Vec<String> {
        plan.actions.iter().map(|a| format!("{} {}: {}", a.verb, a.id, a.reason)).collect()
    }

    #[test]
    fn nothing_there_makes_all_in_order() {
        let plan = diff(&[want(0, 1, &[]), want(1, 1, &[0])], &[]);
        assert_eq!(told(&plan), ["create r0: it is not there", "create r1: it is not there"]);
        assert_eq!(plan.unchanged, 0);
    }

    #[test]
    fn a_change_replaces_what_stands_on_it_and_nothing_else() {
        let desired = [want(0, 1, &[]), want(1, 2, &[0]), want(2, 1, &[1]), want(3, 1, &[0])];
        let observed = [have(0, Some(1)), have(1, Some(1)), have(2, Some(1)), have(3, Some(1))];
        let plan = diff(&desired, &observed);
        assert_eq!(
            told(&plan),
            [
                "remove r2: r1 under it is replaced",
                "remove r1: the topology changed it",
                "create r1: the topology changed it",
                "create r2: r1 under it is replaced",
            ]
        );
        assert_eq!(plan.unchanged, 2);
    }

    #[test]
    fn half_made_and_unwanted_resources_go() {
        let plan = diff(&[want(0, 1, &[])], &[have(0, None), have(5, Some(1)), have(6, None)]);
        assert_eq!(
            told(&plan),
            [
                "remove r6: the topology does not have it",
                "remove r5: the topology does not have it",
                "remove r0: it was left half made",
                "create r0: it was left half made",
            ]
        );
    }

    #[test]
    fn what_stands_on_something_unwanted_goes_before_it_also_where_it_is_wanted() {
        let moved = Observed { drift: Some("it is of a host e".to_owned()), ..have(5, Some(1)) };
        let plan = diff(&[want(1, 1, &[]), want(5, 1, &[1])], &[have(0, Some(1)), moved]);
        assert_eq!(
            told(&plan),
            [
                "remove r5: r1 under it is replaced",
                "remove r0: the topology does not have it",
                "create r1: it is not there",
                "create r5: r1 under it is replaced",
            ]
        );
    }

    #[test]
    fn what_drifted_is_replaced_with_what_stands_on_it() {
        let gone = Observed { drift: Some("the shaper of l-1 is missing".to_owned()), ..have(1, Some(1)) };
        let with = Observed { drift: Some("the device eth0 is missing".to_owned()), ..have(2, Some(1)) };
        let desired = [want(0, 1, &[]), want(1, 1, &[0]), want(2, 1, &[1])];
        let plan = diff(&desired, &[have(0, Some(1)), gone, with]);
        assert_eq!(
            told(&plan),
            [
                "remove r2: r1 under it is replaced",
                "remove r1: it is not as it was made: the shaper of l-1 is missing",
                "create r1: it is not as it was made: the shaper of l-1 is missing",
                "create r2: r1 under it is replaced",
            ]
        );
        let json = serde_json::to_value(&plan.actions[1].reason).unwrap();
        assert_eq!(json, serde_json::json!({ "drifted": "the shaper of l-1 is missing" }));
    }

    #[test]
    fn what_is_somebody_elses_may_be_used_and_not_taken_away() {
        let holder = Holder { owner: "ana@desk".to_owned(), host: Name::new("edge").unwrap(), since: None };
        let theirs = |number, version| Observed { theirs: Some(holder.clone()), ..have(number, Some(version)) };
        let desired = [want(0, 1, &[]), want(1, 1, &[0]), want(2, 1, &[])];
        let taken = |observed: &[Observed]| {
            let plan = diff(&desired, observed);
            trespass(&plan, observed).map(|(id, holder)| format!("{id} {}", holder.owner))
        };
        assert_eq!(taken(&[theirs(0, 1), theirs(1, 1)]), None, "only what is missing is made");
        assert_eq!(taken(&[have(0, Some(1)), theirs(1, 2)]).unwrap(), "r1 ana@desk", "it would be replaced");
        assert_eq!(taken(&[have(0, Some(2)), theirs(1, 1)]).unwrap(), "r1 ana@desk", "with what it stands on");
        assert_eq!(taken(&[have(0, Some(1)), theirs(7, 1)]).unwrap(), "r7 ana@desk", "it is not wanted here");
        assert_eq!(taken(&[have(0, Some(2)), have(7, Some(1))]), None);
    }

    prop_compose! {
        /// Resources that stand only on earlier ones.
        fn desired()(parts in prop::collection::vec((0..3_u8, any::<u16>()), 0..12)) -> Vec<Desired> {
            let below = |number: usize, mask: u16| (0..number).filter(move |n| mask >> n & 1 == 1 && n % 2 == number % 2);
            let make = |(number, (version, mask)): (usize, &(u8, u16))| {
                want(number, *version, &below(number, *mask).collect::<Vec<_>>())
            };
            parts.iter().enumerate().map(make).collect()
        }
    }

    prop_compose! {
        fn observed()(parts in prop::collection::vec(prop::option::of(prop::option::of(0..3_u8)), 0..16)) -> Vec<Observed> {
            parts.iter().enumerate().filter_map(|(number, version)| Some(have(number, (*version)?))).collect()
        }
    }

    proptest! {
        #[test]
        fn carrying_it_out_gives_what_is_wanted_and_leaves_nothing_to_do(desired in desired(), observed in observed()) {
            let plan = diff(&desired, &observed);
            let mut state = observed.clone();
            for action in &plan.actions {
                let there = |id: &ResourceId| state.iter().any(|o| o.id == *id);
                match action.verb {
                    Verb::Remove => {
                        prop_assert!(there(&action.id));
                        let stands = desired.iter().filter(|d| d.depends_on.contains(&action.id) && there(&d.id));
                        prop_assert!(stands.count() == 0, "{} is taken from under another", action.id);
                        state.retain(|o| o.id != action.id);
                    }
                    Verb::Create => {
                        prop_assert!(!there(&action.id));
                        let want = desired.iter().find(|d| d.id == action.id).expect("only the wanted is made");
                        prop_assert!(want.depends_on.iter().all(there), "{} has nothing to stand on", action.id);
                        state.push(Observed { id: want.id.clone(), hash: Some(want.hash.clone()), drift: None, theirs: None });
                    }
                }
            }
            let removals = plan.actions.iter().take_while(|a| a.verb == Verb::Remove).count();
            prop_assert!(plan.actions[removals..].iter().all(|a| a.verb == Verb::Create), "removals come first");
            prop_assert_eq!(state.len(), desired.len());
            let again = diff(&desired, &state);
            prop_assert!(again.is_empty());
            prop_assert_eq!(again.unchanged, desired.len());
        }

        #[test]
        fn what_is_as_wanted_and_stands_on_such_is_left_alone(desired in desired(), observed in observed()) {
            let plan = diff(&desired, &observed);
            let mut kept: Vec<&ResourceId> = Vec::new();
            for want in &desired {
                let same = observed.iter().any(|o| o.id == want.id && o.hash.as_ref() == Some(&want.hash));
                if same && want.depends_on.iter().all(|d| kept.contains(&d)) {
                    kept.push(&want.id);
                }
            }
            let touched: Vec<_> = plan.actions.iter().map(|a| &a.id).collect();
            prop_assert!(kept.iter().all(|id| !touched.contains(id)));
            prop_assert_eq!(plan.unchanged, kept.len());
        }
    }
}
