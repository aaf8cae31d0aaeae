//! The messages of a probe session.
