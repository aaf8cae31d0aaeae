//! PLACEHOLDER

use super::Pair;

pub(super) const PAIRS: &[Pair] =
    &[("the agent of topology {probe} has ended", "el agente topology de {probe} ha terminado")];
