//! Paths, commands and probes, a line each.

use super::{ROWS_MAX, heading, more, paragraph};
use crate::report::view::{DASH, ProbeRow, View};

/// Where the packets went.
pub(super) fn paths(out: &mut String, view: &View, width: usize) {
    let all = || view.pairs.iter().flat_map(|pair| pair.paths.iter().map(move |path| (pair, path)));
    let count = all().count();
    if count == 0 {
        return;
    }
    heading(out, "Paths");
    for (pair, path) in all().take(ROWS_MAX) {
        let hops: Vec<&str> = path.hops.iter().map(|(_, who, _)| who.as_str()).collect();
        let end = if path.reached { "" } else { " … not reached" };
        paragraph(out, &format!("{}{end}", hops.join(" > ")), width, &format!("{} → {}: ", pair.sender, pair.receiver));
    }
    more(out, count, "more path", "more paths");
}

/// What else was found on the way, a line each.
pub(super) fn others(out: &mut String, view: &View, width: usize) {
    let all = || view.pairs.iter().flat_map(|pair| pair.others.iter().map(move |other| (pair, other)));
    let count = all().count();
    if count == 0 {
        return;
    }
    heading(out, "Path MTU and connections");
    for (pair, (test, found)) in all().take(ROWS_MAX) {
        paragraph(out, &format!("{test}: {found}"), width, &format!("{} → {}: ", pair.sender, pair.receiver));
    }
    more(out, count, "more result", "more results");
}

/// What was run, to be run again by hand. Not wrapped: a command is copied whole.
pub(super) fn commands(out: &mut String, view: &View) {
    let all = || view.pairs.iter().flat_map(|pair| &pair.commands);
    let count = all().count();
    if count == 0 {
        return;
    }
    heading(out, "Commands");
    for command in all().take(ROWS_MAX) {
        out.push_str(&format!("run {} on {}: {}\n", command.run, command.at, command.line));
    }
    more(out, count, "more command", "more commands");
}

/// The instruments: what several probes have in common once, for the probes of a host differ in their addresses alone.
pub(super) fn probes(out: &mut String, view: &View, width: usize) {
    if view.probes.is_empty() {
        return;
    }
    heading(out, "Probes");
    let shown = view.probes.iter().take(ROWS_MAX);
    let mut alike: Vec<(String, Vec<&ProbeRow>)> = Vec::new();
    for probe in shown {
        let common = instrument(probe);
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
    more(out, view.probes.len(), "more probe", "more probes");
}

fn instrument(probe: &ProbeRow) -> String {
    let ProbeRow { host, system, tools, congestion_control, clock, .. } = probe;
    let clock = if *clock == DASH { "state not known" } else { clock };
    format!("on {host}: {system}; {tools}; congestion control {congestion_control}; clock {clock}")
}
