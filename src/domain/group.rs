//! Groups: which ordered pairs of probes a campaign crosses.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::name::Name;

/// An ordered pair of probes: tests run from `source` to `destination`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// Where the client runs.
    pub source: Name,
    /// Where the server runs.
    pub destination: Name,
}

impl Pair {
    /// The way back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { source: self.destination.clone(), destination: self.source.clone() }
    }
}

/// A set of ordered pairs, its selectors bound to probes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its shape.
    pub shape: Shape,
    /// Only the written order, not the way back.
    pub one_way: bool,
    /// Probes that can only be destinations: pairs that would start there are left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub only_destinations: BTreeSet<Name>,
}

/// The five shapes of group. Probes are in the order of the file or, where listed, as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Every probe with every other.
    Mesh(Vec<Name>),
    /// One hub with each of the spokes; from the hub to the spoke is the written order.
    Star {
        /// The middle.
        hub: Name,
        /// The others.
        spokes: Vec<Name>,
    },
    /// Each with its next, the last with the first.
    Ring(Vec<Name>),
    /// Each of `from` with each of `to`.
    Between {
        /// One side.
        from: Vec<Name>,
        /// The other side.
        to: Vec<Name>,
    },
    /// The pairs as listed.
    Pairs(Vec<(Name, Name)>),
}

impl Group {
    /// Does it name `probe`?
    #[must_use]
    pub fn names(&self, probe: &Name) -> bool {
        match &self.shape {
            Shape::Mesh(probes) | Shape::Ring(probes) => probes.contains(probe),
            Shape::Star { hub, spokes } => hub == probe || spokes.contains(probe),
            Shape::Between { from, to } => from.contains(probe) || to.contains(probe),
            Shape::Pairs(pairs) => pairs.iter().any(|(a, b)| a == probe || b == probe),
        }
    }

    /// All ordered pairs, each once, without a probe paired with itself or starting from one that is
    /// only a destination. The way back follows directly on its way there.
    #[must_use]
    pub fn pairs(&self) -> Vec<Pair> {
        let mut written: Vec<(&Name, &Name)> = match &self.shape {
            Shape::Mesh(probes) => {
                let after = |i: usize| probes.iter().skip(i + 1);
                probes.iter().enumerate().flat_map(|(i, a)| after(i).map(move |b| (a, b))).collect()
            }
            Shape::Star { hub, spokes } => spokes.iter().map(|s| (hub, s)).collect(),
            Shape::Ring(probes) => probes.iter().zip(probes.iter().cycle().skip(1)).collect(),
            Shape::Between { from, to } => from.iter().flat_map(|a| to.iter().map(move |b| (a, b))).collect(),
            Shape::Pairs(pairs) => pairs.iter().map(|(a, b)| (a, b)).collect(),
        };
        written.retain(|(a, b)| a != b);
        let mut seen = std::collections::HashSet::new();
        let mut pairs = Vec::new();
        for (a, b) in written {
            let orders = if self.one_way { vec![(a, b)] } else { vec![(a, b), (b, a)] };
            for (source, destination) in orders {
                if !self.only_destinations.contains(source) && seen.insert((source, destination)) {
                    pairs.push(Pair { source: source.clone(), destination: destination.clone() });
                }
            }
        }
        pairs
    }
}
