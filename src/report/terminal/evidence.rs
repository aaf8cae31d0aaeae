//! Paths, commands and probes, a line each.

use super::{ROWS_MAX, heading, more, paragraph};
use crate::i18n::{Lang, say};
use crate::report::view::{DASH, ProbeRow, View};

/// Where the packets went.
pub(super) fn paths(out: &mut String, view: &View, width: usize) {
    let all = || view.pairs.iter().flat_map(|pair| pair.paths.iter().map(move |path| (pair, path)));
    let count = all().count();
    if count == 0 {
        return;
    }
    let lang = view.lang;
    heading(out, lang.word("Paths", "Rutas"));
    for (pair, path) in all().take(ROWS_MAX) {
        let hops: Vec<&str> = path.hops.iter().map(|(_, who, _)| who.as_str()).collect();
        let end = if path.reached { "" } else { lang.word(" … not reached", " … no alcanzado") };
        paragraph(out, &format!("{}{end}", hops.join(" > ")), width, &format!("{} → {}: ", pair.sender, pair.receiver));
    }
    more(out, lang, count, |n| lang.counted(n, ["more path", "more paths"], ["ruta más", "rutas más"]));
}

/// What else was found on the way, a line each.
pub(super) fn others(out: &mut String, view: &View, width: usize) {
    let all = || view.pairs.iter().flat_map(|pair| pair.others.iter().map(move |other| (pair, other)));
    let count = all().count();
    if count == 0 {
        return;
    }
    let lang = view.lang;
    heading(out, lang.word("Path MTU and connections", "MTU de la ruta y conexiones"));
    for (pair, (test, found)) in all().take(ROWS_MAX) {
        paragraph(out, &format!("{test}: {found}"), width, &format!("{} → {}: ", pair.sender, pair.receiver));
    }
    more(out, lang, count, |n| lang.counted(n, ["more result", "more results"], ["resultado más", "resultados más"]));
}

/// What was run, to be run again by hand. Not wrapped: a command is copied whole.
pub(super) fn commands(out: &mut String, view: &View) {
    let all = || view.pairs.iter().flat_map(|pair| &pair.commands);
    let count = all().count();
    if count == 0 {
        return;
    }
    let lang = view.lang;
    heading(out, lang.word("Commands", "Órdenes"));
    for command in all().take(ROWS_MAX) {
        let (run, at) = (command.run, &command.at);
        out.push_str(&say!(lang, "run {run} on {at}: ", "prueba {run} en {at}: "));
        out.push_str(&command.line);
        out.push('\n');
    }
    more(out, lang, count, |n| lang.counted(n, ["more command", "more commands"], ["orden más", "órdenes más"]));
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
