//! Paths, commands and probes, a line each.

use super::{ROWS_MAX, heading, more, paragraph};
use crate::i18n::{Lang, say};
use crate::report::view::told::{self, Told};
use crate::report::view::{DASH, ProbeRow, View};

/// A list: what a line is about stands before it, and is not written again where the line is wrapped.
pub(super) fn list(out: &mut String, view: &View, width: usize, told: &Told, rest: [[&str; 2]; 2]) {
    if told.lines.is_empty() {
        return;
    }
    heading(out, told.head);
    for (what, text) in told.lines.iter().take(ROWS_MAX) {
        paragraph(out, text, width, &format!("{what}: "));
    }
    more(out, view.lang, told.lines.len(), |n| view.lang.counted(n, rest[0], rest[1]));
}

/// What was run. Not wrapped: a command is copied whole.
pub(super) fn commands(out: &mut String, view: &View) {
    let told = told::commands(view);
    if told.lines.is_empty() {
        return;
    }
    heading(out, told.head);
    for (what, text) in told.lines.iter().take(ROWS_MAX) {
        out.push_str(&format!("{what}: {text}\n"));
    }
    let lang = view.lang;
    more(out, lang, told.lines.len(), |n| {
        lang.counted(n, ["more command", "more commands"], ["orden más", "órdenes más"])
    });
}

/// The instruments: what several probes have in common once, for the probes of a host differ in their addresses alone.
pub(super) fn probes(out: &mut String, view: &View, width: usize) {
    if view.probes.is_empty() {
        return;
    }
    let lang = view.lang;
    heading(out, lang.word("Probes", "Sondas"));
    let shown = view.probes.iter().take(ROWS_MAX);
    let mut alike: Vec<(String, Vec<&ProbeRow>)> = Vec::new();
    for probe in shown {
        let common = instrument(lang, probe);
        match alike.iter_mut().find(|(known, _)| *known == common) {
            Some((_, probes)) => probes.push(probe),
            None => alike.push((common, vec![probe])),
        }
    }
    for (common, probes) in alike {
        paragraph(out, &common, width, "");
        for probe in probes {
            let site = if probe.site == DASH { String::new() } else { format!(" ({})", probe.site) };
            paragraph(out, &probe.interfaces.join("; "), width, &format!("  {}{site}: ", probe.probe));
        }
    }
    more(out, lang, view.probes.len(), |n| lang.counted(n, ["more probe", "more probes"], ["sonda más", "sondas más"]));
}

fn instrument(lang: Lang, probe: &ProbeRow) -> String {
    let ProbeRow { host, system, tools, congestion_control, clock, .. } = probe;
    let clock = if *clock == DASH { lang.word("state not known", "de estado desconocido") } else { clock };
    say!(
        lang,
        "on {host}: {system}; {tools}; congestion control {congestion_control}; clock {clock}",
        "en {host}: {system}; {tools}; control de congestión {congestion_control}; reloj {clock}"
    )
}
