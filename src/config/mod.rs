//! The topology file: read to a spanned tree, decoded, resolved, validated; every fault at once.
//!
//! Bytes become a tree with places (`read`) in which variables have their values (`variable`) and included files are
//! merged (`include`), the tree becomes what was written (`decode`, by the tables in `language`), that becomes a
//! [`Topology`] with every reference bound (`resolve`), and a topology without faults is looked at once more for what is
//! valid but surely not meant (`advise`). Files and the environment come in through [`Surroundings`].

use std::path::{Path, PathBuf};

use crate::domain::diagnostic::Diagnostic;
use crate::domain::topology::Topology;
use fault::{Faults, Spanned};
use tree::Node;

mod advise;
mod codes;
mod crossing;
mod decode;
mod fault;
mod include;
mod language;
mod nearest;
mod raw;
mod read;
mod render;
mod resolve;
mod resolved;
mod schema;
mod tree;
mod unreachable;
mod variable;

pub use codes::codes;
pub use render::render;
pub use resolved::{Origin, OriginKind, Resolved, Value};
pub use schema::{reference, schema};

/// Most bytes of one file. Whoever reads files for this module need not read on behind it.
pub const LARGEST_BYTES: usize = 8 << 20;

/// A topology file's content. Reading the file is the caller's.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl AsRef<[Self]> for Source {
    fn as_ref(&self) -> &[Self] {
        std::slice::from_ref(self)
    }
}

/// What a topology may ask of the machine that it is read on.
pub trait Surroundings {
    /// What a file is, whatever path leads to it; a path that leads nowhere is itself.
    fn identity(&self, file: &Path) -> PathBuf;

    /// The content of an included file, cut behind [`LARGEST_BYTES`] and one more.
    ///
    /// # Errors
    /// Why it cannot be had, with what to try.
    fn read(&self, file: &Path) -> Result<Vec<u8>, Refused>;

    /// The value of an environment variable; `None` where it is not set.
    fn variable(&self, name: &str) -> Option<String>;
}

/// Why a file cannot be included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The reason, as it goes on after a colon.
    pub message: String,
    /// What to try.
    pub fix: String,
}

/// A topology that stands for itself: no other file, no variable.
#[derive(Debug, Clone, Copy)]
struct Alone;

impl Surroundings for Alone {
    fn identity(&self, file: &Path) -> PathBuf {
        file.to_owned()
    }

    fn read(&self, _: &Path) -> Result<Vec<u8>, Refused> {
        Err(Refused { message: "this topology stands alone".to_owned(), fix: "write it all in one file".to_owned() })
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// What became of a source.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The topology; `None` if and only if a diagnostic is an error.
    pub topology: Option<Topology>,
    /// All findings in the order of the file, those of included files behind.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were included, for [`render`].
    pub included: Vec<Source>,
}

/// Loads a topology that stands for itself: it can include nothing, and no variable is set. Never stops at the first
/// fault, never panics.
#[must_use]
pub fn load(source: &Source) -> Loaded {
    load_in(source, &Alone)
}

/// Loads a topology with what it includes and the variables that it names.
#[must_use]
pub fn load_in(source: &Source, around: &dyn Surroundings) -> Loaded {
    let mut faults = Faults::new(source);
    let topology = read(source, around, &mut faults).map(|(_, topology)| topology);
    let (diagnostics, included) = faults.finish();
    Loaded { topology, diagnostics, included }
}

/// The same, with the origin of each value where there is no error.
#[must_use]
pub fn resolve_in(source: &Source, around: &dyn Surroundings) -> (Loaded, Option<Resolved>) {
    let mut faults = Faults::new(source);
    let read = read(source, around, &mut faults);
    let resolved = read.as_ref().map(|(root, topology)| resolved::resolved(root, topology, &faults));
    let (diagnostics, included) = faults.finish();
    (Loaded { topology: read.map(|(_, topology)| topology), diagnostics, included }, resolved)
}

/// The merged tree and what it comes to.
fn read(source: &Source, around: &dyn Surroundings, faults: &mut Faults<'_>) -> Option<(Spanned<Node>, Topology)> {
    let root = include::tree(source, around, faults)?;
    let raw = decode::topology(&root, faults);
    let topology = resolve::topology(&raw, faults).filter(|_| !faults.has_error())?;
    advise::advise(&raw, &topology, faults);
    Some((root, topology))
}
