//! Carries a plan out, and undoes it on failure.
