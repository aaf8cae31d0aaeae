//! The topology file: read to a spanned tree, decoded, resolved, validated; every fault at once.
//!
//! Bytes become a tree with places (`read`), the tree becomes what was written (`decode`, by the tables in `language`),
//! that becomes a [`Topology`] with every reference bound (`resolve`), and a topology without faults is looked at once
//! more for what is valid but surely not meant (`advise`).

use std::path::PathBuf;

use crate::domain::diagnostic::Diagnostic;
use crate::domain::topology::Topology;

mod advise;
mod codes;
mod crossing;
mod decode;
mod fault;
mod language;
mod nearest;
mod raw;
mod read;
mod render;
mod resolve;
mod schema;
mod tree;

pub use codes::codes;
pub use render::render;
pub use schema::{reference, schema};

/// A topology file's content. Reading the file is the caller's.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What became of a source.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The topology; `None` if and only if a diagnostic is an error.
    pub topology: Option<Topology>,
    /// All findings in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads a topology. Never stops at the first fault, never panics.
#[must_use]
pub fn load(source: &Source) -> Loaded {
    let text = match read::text(source) {
        Ok(text) => text,
        Err(diagnostic) => return Loaded { topology: None, diagnostics: vec![*diagnostic] },
    };
    let mut faults = fault::Faults::new(&source.file, text);
    let raw = read::tree(&mut faults).map(|root| decode::topology(&root, &mut faults));
    let topology = raw.and_then(|raw| {
        let topology = resolve::topology(&raw, &mut faults).filter(|_| !faults.has_error())?;
        advise::advise(&raw, &topology, &mut faults);
        Some(topology)
    });
    Loaded { topology, diagnostics: faults.into_diagnostics() }
}
