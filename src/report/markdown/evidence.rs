//! Paths, commands and probes.

use super::text::code;
use super::{ROWS_MAX, ends, escape, heading, line, more, table};
use crate::i18n::say;
use crate::report::view::View;

/// Where the packets went.
pub(super) fn paths(out: &mut String, view: &View) {
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
        line(out, &format!("- {}: {}{end}", ends(pair), escape(&hops.join(" > "))));
    }
    more(out, lang, count);
}

/// What was run, to be run again by hand.
pub(super) fn commands(out: &mut String, view: &View) {
    let all = || view.pairs.iter().flat_map(|pair| &pair.commands);
    let count = all().count();
    if count == 0 {
        return;
    }
    let lang = view.lang;
    heading(out, lang.word("Commands", "Órdenes"));
    let lines = all().take(ROWS_MAX).map(|c| {
        let (run, at) = (c.run, &c.at);
        say!(lang, "run {run} on {at}: ", "prueba {run} en {at}: ") + &c.line
    });
    code(out, lines);
    more(out, lang, count);
}

/// The instruments.
pub(super) fn probes(out: &mut String, view: &View) {
    if view.probes.is_empty() {
        return;
    }
    let lang = view.lang;
    heading(out, lang.word("Probes and tools", "Sondas y herramientas"));
    let rows = view.probes.iter().take(ROWS_MAX).map(|p| {
        let interfaces = p.interfaces.iter().map(|i| escape(i)).collect::<Vec<_>>().join("<br>");
        let cells = [p.probe.as_str(), &p.site, &p.host, &p.system, &p.tools, &p.congestion_control, p.clock];
        cells.into_iter().map(escape).chain([interfaces]).collect()
    });
    let columns = [
        lang.word("Probe", "Sonda"),
        lang.word("Site", "Sede"),
        lang.word("Host", "Equipo"),
        lang.word("System", "Sistema"),
        lang.word("Tools", "Herramientas"),
        "TCP",
        lang.word("Clock", "Reloj"),
        lang.word("Interfaces", "Interfaces de red"),
    ];
    table(out, columns.map(str::to_owned).to_vec(), rows);
    more(out, lang, view.probes.len());
}
