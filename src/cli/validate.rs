//! `validate`.

use serde::Serialize;

use super::args::Validate as Arguments;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::config::Value;
use crate::domain::diagnostic::Diagnostic;

#[derive(Serialize)]
struct Validity<'a> {
    valid: bool,
    diagnostics: &'a [Diagnostic],
    /// Only where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Value>>,
}

pub(super) fn perform(context: &Context<'_>, with: &Arguments) -> Result<Exit, Failure> {
    let read = if with.resolved {
        context.resolve().map(|(checked, resolved)| (checked, Some(resolved)))
    } else {
        context.check().map(|checked| (checked, None))
    };
    let (checked, resolved) = match read {
        Ok(read) => read,
        Err(failure) if context.output.is_json() => {
            // Here the findings are the data.
            let Some((diagnostics, _)) = failure.faults.as_deref() else { return Err(failure) };
            context.output.json(&Validity { valid: false, diagnostics, values: None });
            return Ok(failure.exit);
        }
        Err(failure) => return Err(failure),
    };
    if context.output.is_json() {
        let values = resolved.map(|resolved| resolved.values());
        context.output.json(&Validity { valid: true, diagnostics: &checked.warnings, values });
        return Ok(Exit::Ok);
    }
    // Here the findings are what was asked for, quiet or not.
    context.output.diagnostics(&checked.warnings, &checked.sources);
    if let Some(resolved) = resolved {
        context.output.text(&resolved.yaml());
        return Ok(Exit::Ok);
    }
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
