//! Evidence that the terminal and Markdown tell in lines: the words are the same, each form lays them out.

use super::View;
use super::paths::PathRow;
use crate::i18n::{Lang, say};

/// A list under a heading.
pub(in crate::report) struct Told {
    pub(in crate::report) head: &'static str,
    /// What a line is about, and what is said of it.
    pub(in crate::report) lines: Vec<(String, String)>,
}

/// Where the packets went.
pub(in crate::report) fn paths(view: &View) -> Told {
    let lang = view.lang;
    let lines = view.pairs.iter().flat_map(|pair| {
        let of = |path: &PathRow| (format!("{} → {}, {}", pair.sender, pair.receiver, path.test), hops(lang, path));
        pair.paths.iter().map(of)
    });
    Told { head: lang.word("Paths", "Rutas"), lines: lines.collect() }
}

/// `madrid (10.0.9.1) > 10.80.0.1`, with what mtr counted of each hop.
fn hops(lang: Lang, path: &PathRow) -> String {
    let hop = |(_, who, times): &(u8, String, String)| {
        if path.counted && !times.is_empty() { format!("{who} {times}") } else { who.clone() }
    };
    let end = if path.reached { "" } else { lang.word(" … not reached", " … no alcanzado") };
    format!("{}{end}", path.hops.iter().map(hop).collect::<Vec<_>>().join(" > "))
}

/// What else was found on the way.
pub(in crate::report) fn others(view: &View) -> Told {
    let lines = view.pairs.iter().flat_map(|pair| {
        let of =
            |(test, found): &(String, String)| (format!("{} → {}, {test}", pair.sender, pair.receiver), found.clone());
        pair.others.iter().map(of)
    });
    Told { head: view.lang.word("Path MTU and connections", "MTU de la ruta y conexiones"), lines: lines.collect() }
}

/// What was run, to be run again by hand.
pub(in crate::report) fn commands(view: &View) -> Told {
    let lang = view.lang;
    let lines = view.pairs.iter().flat_map(|pair| &pair.commands).map(|command| {
        let (run, at) = (command.run, &command.at);
        let several = command.several.as_ref().map_or_else(String::new, |several| format!(", {several}"));
        (say!(lang, "run {run} on {at}{several}", "prueba {run} en {at}{several}"), command.line.clone())
    });
    Told { head: lang.word("Commands", "Órdenes"), lines: lines.collect() }
}
