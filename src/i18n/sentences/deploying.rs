//! PLACEHOLDER

use super::Pair;

pub(super) const PAIRS: &[Pair] =
    &[("the agent of deploying {probe} has ended", "el agente deploying de {probe} ha terminado")];
