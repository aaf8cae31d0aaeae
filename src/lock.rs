//! One lock per topology.
