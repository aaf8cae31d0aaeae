//! What this machine can do, and what mends what it cannot.
