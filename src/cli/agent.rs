//! `agent`.

use super::exit::Exit;
use super::failure::Failure;
use crate::agent;

pub(super) async fn perform() -> Result<Exit, Failure> {
    agent::serve_stdio().await.map_err(|fault| Failure::of(Exit::Unavailable, &fault))?;
    Ok(Exit::Ok)
}
