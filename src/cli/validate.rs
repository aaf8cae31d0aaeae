//! `validate`.

use serde::Serialize;

use super::args::Validate as Arguments;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::domain::diagnostic::Diagnostic;

#[derive(Serialize)]
struct Validity<'a> {
    valid: bool,
    diagnostics: &'a [Diagnostic],
}

pub(super) fn perform(context: &Context<'_>, _with: &Arguments) -> Result<Exit, Failure> {
    let checked = match context.check() {
        Ok(checked) => checked,
        Err(failure) if context.output.is_json() => {
            // Here the findings are the data.
            let Some((diagnostics, _)) = failure.faults.as_deref() else { return Err(failure) };
            context.output.json(&Validity { valid: false, diagnostics });
            return Ok(failure.exit);
        }
        Err(failure) => return Err(failure),
    };
    if context.output.is_json() {
        context.output.json(&Validity { valid: true, diagnostics: &checked.warnings });
        return Ok(Exit::Ok);
    }
    // Here the findings are what was asked for, quiet or not.
    context.output.diagnostics(&checked.warnings, &checked.sources);
    let t = &checked.topology;
    context.output.text(&format!(
        "{} is valid: topology {} with {}, {}, {}, {}",
        context.topology.display(),
        t.name,
        count(t.probes.len(), "probe"),
        count(t.sites.len(), "site"),
        count(t.links.len(), "link"),
        count(t.campaigns.len(), "campaign"),
    ));
    Ok(Exit::Ok)
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
