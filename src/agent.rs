//! The program inside a probe.
