//! PLACEHOLDER

use super::Pair;

pub(super) const PAIRS: &[Pair] =
    &[("the agent of measuring {probe} has ended", "el agente measuring de {probe} ha terminado")];
