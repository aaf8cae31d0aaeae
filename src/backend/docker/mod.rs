//! Docker engines: how they are reached, and the image that probes there are made from.

mod context;
mod endpoint;
mod engine;
mod error;
pub mod image;
mod surroundings;
mod tls;
mod transport;
mod tunnel;

pub use engine::Engine;
pub use error::{EngineError, EngineFault};
pub use surroundings::Surroundings;
