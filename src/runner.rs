//! Carries a campaign out.
