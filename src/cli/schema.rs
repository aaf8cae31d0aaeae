//! `schema`.

use super::args::{Schema, SchemaFormat};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::config;

/// Prints what describes the language; no topology is read.
pub(super) fn perform(context: &Context<'_>, with: &Schema) -> Result<Exit, Failure> {
    match with.format {
        SchemaFormat::Markdown => context.output.text(&config::reference()),
        // People keep it in a file and compare versions of it; for programs lines mean nothing.
        SchemaFormat::Json => context.output.either(|| format!("{:#}", config::schema()), &config::schema()),
    }
    Ok(Exit::Ok)
}
