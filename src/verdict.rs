//! Expectation × measurement × contract → verdict with its reason.
