//! Docker engines: how they are reached.

mod context;
mod endpoint;
mod engine;
mod error;
mod surroundings;
mod tls;
mod transport;
mod tunnel;

pub use engine::Engine;
pub use error::{EngineError, EngineFault};
pub use surroundings::Surroundings;
