//! The only mouth: data to standard output, everything else to standard error.
#![allow(clippy::disallowed_macros, clippy::print_stdout, clippy::print_stderr, reason = "this is the only writer")]

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::args::Format;
use super::exit::Exit;
use super::failure::{Failure, causes};
use super::speech::lang;
use crate::config;
use crate::domain::diagnostic::Diagnostic;
use crate::i18n::{say, sentences};

/// Terminal width where the system does not tell one.
const USUAL_WIDTH: usize = 100;

/// How this process speaks.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    quiet: bool,
    /// May standard output be coloured?
    pub(super) color: bool,
    error_color: bool,
}

#[derive(Serialize)]
struct Problem<'a> {
    error: &'a str,
    caused_by: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    diagnostics: &'a [Diagnostic],
}

impl Output {
    pub(super) fn new(format: Format, quiet: bool, no_color: bool) -> Self {
        // https://no-color.org: any value but an empty one.
        let refused = no_color || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self {
            format,
            quiet,
            color: !refused && std::io::stdout().is_terminal(),
            error_color: !refused && std::io::stderr().is_terminal(),
        }
    }

    pub(super) const fn is_json(&self) -> bool {
        matches!(self.format, Format::Json)
    }

    /// Are progress bars wanted?
    pub(super) fn has_bars(&self) -> bool {
        !self.is_json() && !self.quiet && std::io::stderr().is_terminal()
    }

    pub(super) fn width(&self) -> usize {
        rustix::termios::tcgetwinsize(std::io::stdout()).ok().map_or(USUAL_WIDTH, |size| match size.ws_col {
            0 => USUAL_WIDTH,
            columns => usize::from(columns).max(40),
        })
    }

    /// Data, as text.
    pub(super) fn text(&self, text: &str) {
        write_out(text.as_bytes());
        if !text.ends_with('\n') {
            write_out(b"\n");
        }
    }

    /// Data, byte for byte.
    pub(super) fn bytes(&self, bytes: &[u8]) {
        write_out(bytes);
    }

    /// Data, as one JSON document on a line.
    pub(super) fn json(&self, value: &impl Serialize) {
        let mut bytes = serde_json::to_vec(value).expect("what is served has string keys");
        bytes.push(b'\n');
        write_out(&bytes);
    }

    /// The text or the value, as asked.
    pub(super) fn either(&self, text: impl FnOnce() -> String, value: &impl Serialize) {
        if self.is_json() { self.json(value) } else { self.text(&text()) }
    }

    /// A message for people; programs get the same by exit codes and data.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet && !self.is_json() {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Are messages wanted?
    pub(super) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Something that is not as it should be, yet no failure.
    pub(super) fn warning(&self, text: &str, hint: Option<&str>) {
        if self.is_json() {
            let _ = writeln!(std::io::stderr(), "{}", serde_json::json!({ "warning": text, "hint": hint }));
            return;
        }
        let word = colored(lang().word("warning", "aviso"), "1;33", self.error_color);
        let mut lines = format!("{word}: {text}");
        if let Some(hint) = hint {
            lines.push_str(&say!(lang(), "\n  hint: {hint}", "\n  sugerencia: {hint}"));
        }
        let _ = writeln!(std::io::stderr(), "{lines}");
    }

    /// Findings in the topology file and what it includes.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &[config::Source]) {
        if !diagnostics.is_empty() {
            let _ = write!(std::io::stderr(), "{}", config::render(lang(), diagnostics, sources, self.error_color));
        }
    }

    /// An error with its causes.
    pub(super) fn problem(&self, error: &dyn std::error::Error, hint: Option<&str>) {
        self.chain(&causes(error), hint);
    }

    /// A failed verb.
    pub(super) fn failure(&self, failure: &Failure) {
        match failure.faults.as_deref() {
            Some((diagnostics, _)) if self.is_json() => {
                let error = failure.chain.first().map_or("", String::as_str);
                self.problem_json(&Problem { error, caused_by: &[], hint: None, diagnostics });
            }
            Some((diagnostics, sources)) => {
                self.diagnostics(diagnostics, sources);
                if let Some(hint) = &failure.hint {
                    let _ = writeln!(std::io::stderr(), "{}", say!(lang(), "  hint: {hint}", "  sugerencia: {hint}"));
                }
            }
            None => {
                // What was made below as an error has been told already; the rest is here.
                let chain: Vec<String> = failure.chain.iter().map(|text| sentences::told(lang(), text)).collect();
                self.chain(&chain, failure.hint.as_deref());
            }
        }
    }

    /// An error as a message, its causes and what to try.
    pub(super) fn chain(&self, chain: &[String], hint: Option<&str>) {
        let (error, caused_by) =
            chain.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
        if self.is_json() {
            self.problem_json(&Problem { error, caused_by, hint, diagnostics: &[] });
            return;
        }
        let word = colored(lang().word("error", "error"), "1;31", self.error_color);
        let mut text = format!("{word}: {error}\n");
        for cause in caused_by {
            text.push_str(&say!(lang(), "  caused by: {cause}\n", "  causa: {cause}\n"));
        }
        if let Some(hint) = hint {
            text.push_str(&say!(lang(), "  hint: {hint}\n", "  sugerencia: {hint}\n"));
        }
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    fn problem_json(&self, problem: &Problem<'_>) {
        let text = serde_json::to_string(problem).expect("a problem has string keys");
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

fn colored(word: &str, code: &str, color: bool) -> String {
    if color { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
}

/// Writes data. A reader that has gone (`| head`) wants no more, which changes nothing of what the exit code says.
fn write_out(bytes: &[u8]) {
    let mut stdout = std::io::stdout();
    if let Err(fault) = stdout.write_all(bytes).and_then(|()| stdout.flush())
        && fault.kind() != std::io::ErrorKind::BrokenPipe
    {
        let told = say!(
            lang(),
            "error: cannot write to standard output: {fault}\n  hint: see that there is room where it goes, or send it elsewhere",
            "error: no se puede escribir en la salida estándar: {fault}\n  sugerencia: vea que haya espacio en su destino, o \
             elija otro"
        );
        let _ = writeln!(std::io::stderr(), "{told}");
        std::process::exit(i32::from(Exit::Unavailable.code()));
    }
}

/// clap's own messages: help and version are data, the rest is bad input, told in the form that was asked for.
pub(super) fn usage(fault: &clap::Error) -> ExitCode {
    if !fault.use_stderr() {
        let _ = fault.print();
        return Exit::Ok.into();
    }
    if wants_json(std::env::args_os().skip(1)) {
        let text = fault.to_string();
        let (error, hint) = parts(&text);
        Output::new(Format::Json, false, true).chain(&[error], Some(&hint));
    } else {
        let _ = fault.print();
    }
    Exit::BadInput.into()
}

/// Is JSON asked for in arguments that could not be understood?
fn wants_json(arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let words: Vec<_> = arguments.take_while(|word| word != "--").collect();
    words.iter().any(|word| word == "--output=json")
        || words.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json")
}

/// What clap says is wrong, and its tip or where to read on.
fn parts(text: &str) -> (String, String) {
    let mut paragraphs = text.trim().split("\n\n").map(str::trim);
    let error = paragraphs.next().unwrap_or_default();
    let error = error.strip_prefix("error: ").unwrap_or(error).lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let tip = paragraphs.clone().find_map(|p| p.strip_prefix("tip: "));
    let read_on = paragraphs.last().unwrap_or_default();
    (error, tip.unwrap_or(read_on).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_clap_are_an_error_and_a_hint() {
        let text = "error: unrecognized subcommand 'rnu'\n\n  tip: a similar subcommand exists: 'run'\n\nUsage: x\n\nFor more, \
                    try '--help'.\n";
        let told = parts(text);
        assert_eq!(told.0, "unrecognized subcommand 'rnu'");
        assert_eq!(told.1, "a similar subcommand exists: 'run'");
        let told = parts("error: these were not provided:\n  --to <PROBE>\n\nUsage: x\n\nFor more, try '--help'.\n");
        assert_eq!(told.0, "these were not provided: --to <PROBE>");
        assert_eq!(told.1, "For more, try '--help'.");
    }

    #[test]
    fn json_is_asked_for_before_the_words_of_another_command() {
        let asked = |words: &[&str]| wants_json(words.iter().map(std::ffi::OsString::from));
        assert!(asked(&["rnu", "--output", "json"]) && asked(&["--output=json", "rnu"]));
        assert!(!asked(&["rnu"]) && !asked(&["exec", "a", "--", "x", "--output", "json"]));
    }
}
