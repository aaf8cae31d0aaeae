//! Paths, commands and probes.

use super::text::code;
use super::{ROWS_MAX, ends, escape, heading, line, more, table};
use crate::report::view::View;

const PATHS: &str = "Paths";
const NOT_REACHED: &str = " … not reached";
const COMMANDS: &str = "Commands";
const PROBES: &str = "Probes and tools";
const PROBE_COLUMNS: [&str; 8] = ["Probe", "Site", "Host", "System", "Tools", "TCP", "Clock", "Interfaces"];

/// Where the packets went.
pub(super) fn paths(out: &mut String, view: &View) {
    let all = || view.pairs.iter().flat_map(|pair| pair.paths.iter().map(move |path| (pair, path)));
    let count = all().count();
    if count == 0 {
        return;
    }
    heading(out, PATHS);
    for (pair, path) in all().take(ROWS_MAX) {
        let hops: Vec<&str> = path.hops.iter().map(|(_, who, _)| who.as_str()).collect();
        let end = if path.reached { "" } else { NOT_REACHED };
        line(out, &format!("- {}: {}{end}", ends(pair), escape(&hops.join(" > "))));
    }
    more(out, count);
}

/// What was run, to be run again by hand.
pub(super) fn commands(out: &mut String, view: &View) {
    let all = || view.pairs.iter().flat_map(|pair| &pair.commands);
    let count = all().count();
    if count == 0 {
        return;
    }
    heading(out, COMMANDS);
    code(out, all().take(ROWS_MAX).map(|c| format!("run {} on {}: {}", c.run, c.at, c.line)));
    more(out, count);
}

/// The instruments.
pub(super) fn probes(out: &mut String, view: &View) {
    if view.probes.is_empty() {
        return;
    }
    heading(out, PROBES);
    let rows = view.probes.iter().take(ROWS_MAX).map(|p| {
        let interfaces = p.interfaces.iter().map(|i| escape(i)).collect::<Vec<_>>().join("<br>");
        let cells = [p.probe.as_str(), &p.site, &p.host, &p.system, &p.tools, &p.congestion_control, p.clock];
        cells.into_iter().map(escape).chain([interfaces]).collect()
    });
    table(out, PROBE_COLUMNS.map(str::to_owned).to_vec(), rows);
    more(out, view.probes.len());
}
