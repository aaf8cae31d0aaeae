//! Paths, commands and probes.

use super::text::code;
use super::{ROWS_MAX, escape, heading, line, more, table};
use crate::i18n::Lang;
use crate::report::view::View;
use crate::report::view::told::Told;

/// A list, an item for each line.
pub(super) fn list(out: &mut String, lang: Lang, told: &Told) {
    if told.lines.is_empty() {
        return;
    }
    heading(out, told.head);
    for (what, text) in told.lines.iter().take(ROWS_MAX) {
        line(out, &format!("- {}: {}", escape(what), escape(text)));
    }
    more(out, lang, told.lines.len());
}

/// What is copied as it is: a block of code.
pub(super) fn block(out: &mut String, lang: Lang, told: &Told) {
    if told.lines.is_empty() {
        return;
    }
    heading(out, told.head);
    code(out, told.lines.iter().take(ROWS_MAX).map(|(what, text)| format!("{what}: {text}")));
    more(out, lang, told.lines.len());
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
