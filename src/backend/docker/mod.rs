//! Docker engines.

pub mod image;
