//! Places and findings: each stage reports into one [`Faults`] and goes on.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Source;
use super::codes::Code;
use crate::domain::diagnostic::{Diagnostic, Place, Severity};

/// Most findings that are kept: more than anybody reads, and a bound for what a hostile file costs.
const MOST: usize = 100_000;

/// Most words that are compared in search of what was meant, over all findings: of so many slips the last ones help nobody,
/// and each word against each other of a large file would take hours.
pub(crate) const COMPARED: usize = 50_000;

/// A stretch of a file. Spans are ordered as files were read, and as they stand in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// Which file, in the order of reading: 0 is the topology itself, others are included.
    pub(crate) file: u32,
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
    pub(crate) const START: Self = Self { file: 0, start: 0, end: 0, line: 1, column: 1 };

    /// What tells a value from every other.
    const fn key(self) -> (u32, usize) {
        (self.file, self.start)
    }
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

    /// A fault of an included file as a whole stands at its start.
    pub(crate) fn in_file(mut self, file: u32) -> Self {
        if file > 0 {
            self.span.get_or_insert(Span { file, ..Span::START });
        }
        self
    }

    /// The fix, if there is one.
    pub(crate) fn maybe_fix(mut self, fix: Option<String>) -> Self {
        self.fix = fix;
        self
    }
}

/// A file that was read.
#[derive(Debug)]
enum File<'s> {
    Root(&'s Source),
    Included(Rc<Source>),
}

impl File<'_> {
    fn source(&self) -> &Source {
        match self {
            Self::Root(source) => source,
            Self::Included(source) => source,
        }
    }
}

/// All findings so far, and the files that they are in.
#[derive(Debug)]
pub(crate) struct Faults<'s> {
    files: Vec<File<'s>>,
    /// Scalars that came from the environment, with the variables.
    variables: HashMap<(u32, usize), String>,
    /// Scalars whose text could not be made out: reported, so that nothing more is said about them.
    lost: HashSet<(u32, usize)>,
    found: Vec<((u32, usize), Diagnostic)>,
    errors: usize,
    compared: usize,
}

impl<'s> Faults<'s> {
    pub(crate) fn new(root: &'s Source) -> Self {
        let files = vec![File::Root(root)];
        Self { files, variables: HashMap::new(), lost: HashSet::new(), found: vec![], errors: 0, compared: 0 }
    }

    /// Takes in an included file; gives its number for spans.
    pub(crate) fn include(&mut self, source: Rc<Source>) -> u32 {
        self.files.push(File::Included(source));
        u32::try_from(self.files.len() - 1).expect("the number of files is limited")
    }

    /// How many files there are.
    pub(crate) const fn files(&self) -> usize {
        self.files.len()
    }

    /// The file of a span.
    pub(crate) fn source(&self, span: Span) -> &Source {
        self.files[span.file as usize].source()
    }

    /// A file that is named at `span`, from the folder of the file that names it; `~/` is left to whoever opens it.
    pub(crate) fn beside(&self, span: Span, path: &str) -> PathBuf {
        let folder = self.source(span).file.parent().filter(|_| !path.starts_with("~/"));
        folder.unwrap_or(Path::new("")).join(path)
    }

    /// Marks a scalar as one that came from the environment.
    pub(crate) fn mark_variables(&mut self, span: Span, variables: String) {
        self.variables.insert(span.key(), variables);
    }

    /// The variables that a scalar came from.
    pub(crate) fn variables(&self, span: Span) -> Option<&str> {
        self.variables.get(&span.key()).map(String::as_str)
    }

    /// Keeps silent about a scalar from now on.
    pub(crate) fn lose(&mut self, span: Span) {
        self.lost.insert(span.key());
    }

    pub(crate) fn is_lost(&self, span: Span) -> bool {
        self.lost.contains(&span.key())
    }

    /// May a text be compared with `count` known words? Counts them where it may.
    pub(crate) const fn may_compare(&mut self, count: usize) -> bool {
        let after = self.compared.saturating_add(count);
        let may = after <= COMPARED;
        if may {
            self.compared = after;
        }
        may
    }

    /// Lets `copy` be known as what stands at `origin`: an alias.
    pub(crate) fn alias(&mut self, origin: Span, copy: Span) {
        if let Some(variables) = self.variables.get(&origin.key()).cloned() {
            self.variables.insert(copy.key(), variables);
        }
        if self.is_lost(origin) {
            self.lose(copy);
        }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        if fault.span.is_some_and(|span| self.is_lost(span)) {
            return;
        }
        let severity = fault.code.severity();
        self.errors += usize::from(severity == Severity::Error);
        if self.found.len() >= MOST {
            return;
        }
        let from = fault.span.and_then(|span| self.variables(span)).map(|variables| format!("from {variables}"));
        let label = match (fault.label, from) {
            (Some(label), Some(from)) => Some(format!("{label}, {from}")),
            (label, from) => label.or(from),
        };
        let diagnostic = Diagnostic {
            code: fault.code.text().to_owned(),
            severity,
            message: fault.message,
            place: fault.span.map(|s| self.place(s)),
            label,
            related: fault.related.into_iter().map(|(s, text)| (self.place(s), text)).collect(),
            known: fault.known,
            fix: fault.fix,
        };
        self.found.push((fault.span.map_or((0, 0), Span::key), diagnostic));
    }

    /// The place of a span; what goes over several lines is cut at the end of its first.
    fn place(&self, span: Span) -> Place {
        let source = self.source(span);
        let covered = source.bytes.get(span.start..span.end).unwrap_or_default();
        let first = covered.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
        // What ends within a character, as what is no text at all, is shown by its start alone.
        let end = span.start + std::str::from_utf8(first).map_or(0, |line| line.trim_end().len());
        Place { file: source.file.clone(), line: span.line, column: span.column, start: span.start, end }
    }

    pub(crate) const fn has_error(&self) -> bool {
        self.errors > 0
    }

    pub(crate) const fn errors(&self) -> usize {
        self.errors
    }

    /// The findings in the order of the files, none twice, and the files that were included.
    pub(crate) fn finish(mut self) -> (Vec<Diagnostic>, Vec<Source>) {
        self.found.sort_by_key(|(key, diagnostic)| (diagnostic.place.is_some(), *key));
        let mut diagnostics: Vec<Diagnostic> = self.found.into_iter().map(|(_, diagnostic)| diagnostic).collect();
        diagnostics.dedup();
        let included = self.files.into_iter().filter_map(|file| match file {
            File::Root(_) => None,
            File::Included(source) => Some(Rc::unwrap_or_clone(source)),
        });
        (diagnostics, included.collect())
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
    fn comparisons_end_at_their_bound() {
        let source = Source { file: "t.yaml".into(), bytes: vec![] };
        let mut faults = Faults::new(&source);
        assert!(faults.may_compare(COMPARED - 1) && !faults.may_compare(2), "refused whole, not in part");
        assert!(faults.may_compare(1) && !faults.may_compare(1));
    }

    #[test]
    fn a_place_ends_with_its_line() {
        let source = Source { file: "t.yaml".into(), bytes: b"a:\n  b: 1 \n  c: 2\n".to_vec() };
        let faults = Faults::new(&source);
        let place = faults.place(Span { file: 0, start: 5, end: 18, line: 2, column: 3 });
        assert_eq!((place.start, place.end), (5, 9));
    }
}
