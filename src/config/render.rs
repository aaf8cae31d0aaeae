//! Diagnostics as text for a terminal, in the form that rustc made familiar.

use std::path::Path;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use super::Source;
use crate::domain::diagnostic::{Diagnostic, Place, Severity};
use crate::i18n::{Lang, say, sentences};

/// A related place this many lines away or nearer is shown in one piece with the fault.
const NEAR: usize = 12;

/// The text of all diagnostics and, as the last line, how many there are. Empty where there is none. The first source is
/// the topology, the others are what it included.
#[must_use]
pub fn render(
    lang: Lang,
    diagnostics: &[Diagnostic],
    sources: &(impl AsRef<[Source]> + ?Sized),
    color: bool,
) -> String {
    let files = Files(sources.as_ref().iter().map(Lines::new).collect());
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(lang, &told(lang, diagnostic), &files)]));
        text.push_str("\n\n");
    }
    let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    let summary = summary(lang, errors, diagnostics.len() - errors, files.root());
    let level = level(lang, if errors > 0 { Severity::Error } else { Severity::Warning });
    text.push_str(&renderer.render(&[Group::with_title(level.primary_title(summary))]));
    text.push('\n');
    text
}

fn summary(lang: Lang, errors: usize, warnings: usize, file: &str) -> String {
    let faults = lang.counted(errors, ["fault", "faults"], ["fallo", "fallos"]);
    let notes = lang.counted(warnings, ["warning", "warnings"], ["aviso", "avisos"]);
    match (errors, warnings) {
        (0, _) => say!(lang, "{notes} in {file}", "{notes} en {file}"),
        (_, 0) => say!(lang, "{faults} in {file}", "{faults} en {file}"),
        _ => say!(lang, "{faults} and {notes} in {file}", "{faults} y {notes} en {file}"),
    }
}

fn level(lang: Lang, severity: Severity) -> Level<'static> {
    match (severity, lang) {
        (Severity::Error, _) => Level::ERROR,
        (Severity::Warning, Lang::En) => Level::WARNING,
        (Severity::Warning, Lang::Es) => Level::WARNING.with_name("aviso"),
    }
}

/// With its sentences in the reader's language.
fn told(lang: Lang, diagnostic: &Diagnostic) -> Diagnostic {
    let told = |text: &String| sentences::told(lang, text);
    Diagnostic {
        message: told(&diagnostic.message),
        label: diagnostic.label.as_ref().map(told),
        related: diagnostic.related.iter().map(|(place, text)| (place.clone(), told(text))).collect(),
        fix: diagnostic.fix.as_ref().map(told),
        ..diagnostic.clone()
    }
}

/// All sources.
struct Files<'s>(Vec<Lines<'s>>);

impl<'s> Files<'s> {
    fn root(&self) -> &str {
        self.0.first().map_or("", |lines| lines.file.as_str())
    }

    /// The source that a place is in.
    fn of(&self, place: &Place) -> Option<&Lines<'s>> {
        self.0.iter().find(|lines| lines.path == place.file).or(self.0.first())
    }
}

/// A source with the start of each of its lines.
struct Lines<'s> {
    path: &'s Path,
    file: String,
    /// `None` where it is no text.
    text: Option<&'s str>,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    fn new(source: &'s Source) -> Self {
        let text = std::str::from_utf8(&source.bytes).ok();
        let breaks = text.unwrap_or_default().match_indices('\n').map(|(i, _)| i + 1);
        // A byte order mark is no column.
        let first = if text.is_some_and(|t| t.starts_with('\u{feff}')) { '\u{feff}'.len_utf8() } else { 0 };
        let starts = std::iter::once(first).chain(breaks).collect();
        Self { path: &source.file, file: source.file.display().to_string(), text, starts }
    }

    /// The line that holds a byte, from 0.
    fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|&start| start <= byte).saturating_sub(1)
    }

    /// The text from the first of these lines to the last, and where it starts.
    fn slice(&self, first: usize, last: usize) -> Option<(usize, &'s str)> {
        let text = self.text?;
        let start = *self.starts.get(first)?;
        let end = self.starts.get(last + 1).copied().unwrap_or(text.len());
        text.get(start..end).map(|slice| (start, slice))
    }
}

fn group<'a>(lang: Lang, diagnostic: &'a Diagnostic, files: &'a Files<'_>) -> Group<'a> {
    let mut group = level(lang, diagnostic.severity)
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .elements(Vec::<Element<'_>>::new());
    match diagnostic.place.as_ref().and_then(|place| Some((place, files.of(place)?))) {
        None => group = group.element(Origin::path(files.root())),
        Some((place, lines)) => {
            let label = diagnostic.label.as_deref().unwrap_or_default();
            let own = lines.line(place.start);
            let (near, far): (Vec<_>, Vec<_>) = diagnostic
                .related
                .iter()
                .partition(|(p, _)| p.file == place.file && lines.line(p.start).abs_diff(own) <= NEAR);
            let mut marks = vec![(place, label, AnnotationKind::Primary)];
            marks.extend(near.iter().map(|(p, text)| (p, text.as_str(), AnnotationKind::Context)));
            group = group.element(snippet(&marks, lines));
            for (place, text) in far {
                let lines = files.of(place).unwrap_or(lines);
                group = group.element(snippet(&[(place, text, AnnotationKind::Context)], lines));
            }
        }
    }
    if !diagnostic.known.is_empty() {
        let known = normalize_untrusted_str(&diagnostic.known.join(", "));
        group = group.element(Level::NOTE.with_name(lang.word("known", "se conocen")).message(known));
    }
    if let Some(fix) = &diagnostic.fix {
        group = group.element(Level::HELP.with_name(lang.word("help", "ayuda")).message(normalize_untrusted_str(fix)));
    }
    group
}

/// The lines around some places, with a mark at each.
fn snippet<'a>(marks: &[(&Place, &'a str, AnnotationKind)], lines: &'a Lines<'_>) -> Element<'a> {
    let rows = || marks.iter().map(|(place, ..)| lines.line(place.start));
    let first = rows().min().unwrap_or_default();
    let last = rows().max().unwrap_or_default();
    let Some((offset, text)) = lines.slice(first, last) else {
        let origin = Origin::path(lines.file.as_str());
        return match marks {
            [(place, ..), ..] => origin.line(place.line).char_column(place.column).into(),
            [] => origin.into(),
        };
    };
    let annotations = marks.iter().map(|(place, label, kind)| {
        let start = (place.start - offset).min(text.len());
        let end = (place.end.max(place.start) - offset).min(text.len());
        let mark: Annotation<'a> = kind.span(start..end);
        if label.is_empty() { mark } else { mark.label(*label) }
    });
    Snippet::source(text).line_start(first + 1).path(lines.file.as_str()).annotations(annotations).into()
}
