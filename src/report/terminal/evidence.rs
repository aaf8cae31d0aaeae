//! Paths and commands, a line each.

use super::{ROWS_MAX, heading, more, paragraph};
use crate::report::view::View;

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
