//! Places and findings: each stage reports into one [`Faults`] and goes on.

use std::fmt::{self, Write as _};
use std::path::Path;

use super::codes::Code;
use crate::domain::diagnostic::{Diagnostic, Place, Severity};

/// A stretch of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First byte.
    pub(crate) start: usize,
    /// One past the last byte.
    pub(crate) end: usize,
    /// Line of the first byte, from 1.
    pub(crate) line: usize,
    /// Column of the first byte in characters, from 1.
    pub(crate) column: usize,
}

impl Span {
    pub(crate) const START: Self = Self { start: 0, end: 0, line: 1, column: 1 };
}

/// Something with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Spanned<T> {
    pub(crate) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A finding in the making.
#[derive(Debug)]
pub(crate) struct Fault {
    code: Code,
    message: String,
    span: Option<Span>,
    label: Option<String>,
    related: Vec<(Span, String)>,
    known: Vec<String>,
    fix: Option<String>,
}

impl Fault {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::of_file(code, message) }
    }

    /// A fault of the file as a whole.
    pub(crate) fn of_file(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message, span: None, label: None, related: vec![], known: vec![], fix: None }
    }

    /// What stands under the caret.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(crate) fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }

    pub(crate) fn known(mut self, known: Vec<String>) -> Self {
        self.known = known;
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The fix, if there is one.
    pub(crate) fn maybe_fix(mut self, fix: Option<String>) -> Self {
        self.fix = fix;
        self
    }
}

/// All findings so far.
#[derive(Debug)]
pub(crate) struct Faults<'s> {
    file: &'s Path,
    text: &'s str,
    found: Vec<Diagnostic>,
}

impl<'s> Faults<'s> {
    pub(crate) const fn new(file: &'s Path, text: &'s str) -> Self {
        Self { file, text, found: vec![] }
    }

    pub(crate) const fn text(&self) -> &'s str {
        self.text
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        let diagnostic = Diagnostic {
            code: fault.code.text().to_owned(),
            severity: fault.code.severity(),
            message: fault.message,
            place: fault.span.map(|s| self.place(s)),
            label: fault.label,
            related: fault.related.into_iter().map(|(s, text)| (self.place(s), text)).collect(),
            known: fault.known,
            fix: fault.fix,
        };
        self.found.push(diagnostic);
    }

    /// The place of a span; what goes over several lines is cut at the end of its first.
    fn place(&self, span: Span) -> Place {
        let covered = self.text.get(span.start..span.end).unwrap_or_default();
        let first = covered.split(['\n', '\r']).next().unwrap_or_default().trim_end();
        let end = span.start + first.len();
        Place { file: self.file.to_owned(), line: span.line, column: span.column, start: span.start, end }
    }

    pub(crate) fn has_error(&self) -> bool {
        self.found.iter().any(|d| d.severity == Severity::Error)
    }

    /// The findings in the order of the file, none twice.
    pub(crate) fn into_diagnostics(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|d| d.place.as_ref().map(|p| p.start));
        self.found.dedup();
        self.found
    }
}

/// Text of the user's in backticks: cut to a readable length, control characters escaped.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

/// Most characters shown of a text of the user's.
const SHOWN: usize = 48;

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('`')?;
        for c in self.0.chars().take(SHOWN) {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { f.write_char(c)? }
        }
        f.write_str(if self.0.chars().nth(SHOWN).is_some() { "…`" } else { "`" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_short_and_printable() {
        assert_eq!(Quoted("a\tb").to_string(), "`a\\tb`");
        assert_eq!(Quoted(&"x".repeat(60)).to_string(), format!("`{}…`", "x".repeat(48)));
    }

    #[test]
    fn a_place_ends_with_its_line() {
        let faults = Faults::new(Path::new("t.yaml"), "a:\n  b: 1 \n  c: 2\n");
        let place = faults.place(Span { start: 5, end: 18, line: 2, column: 3 });
        assert_eq!((place.start, place.end), (5, 9));
    }
}
