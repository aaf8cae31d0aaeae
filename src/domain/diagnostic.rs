//! A fault in the user's file: one record for terminal, JSON, API and web.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, but probably means something else.
    Warning,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// A stable code such as `unknown-key`.
    pub code: String,
    /// How bad.
    pub severity: Severity,
    /// A sentence that names the culprit in backticks; lower case, no full stop.
    pub message: String,
    /// Where; `None` where the file as a whole is meant.
    pub place: Option<Place>,
    /// What stands under the caret.
    pub label: Option<String>,
    /// Other places that matter, with what they say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<(Place, String)>,
    /// What is known instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    /// What mends it.
    pub fix: Option<String>,
}
