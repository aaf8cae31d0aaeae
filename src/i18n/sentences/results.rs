//! PLACEHOLDER

use super::Pair;

pub(super) const PAIRS: &[Pair] =
    &[("the agent of results {probe} has ended", "el agente results de {probe} ha terminado")];
