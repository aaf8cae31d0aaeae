//! `validate`.

use serde::Serialize;

use super::args::Validate as Arguments;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::foresee;
use super::speech::lang;
use crate::config::Value;
use crate::domain::diagnostic::Diagnostic;
use crate::i18n::say;

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
    foresee::tell_budgets(context, &checked.topology);
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
    let (file, name, lang) = (context.topology.display(), &t.name, lang());
    let parts = [
        lang.counted(t.probes.len(), ["probe", "probes"], ["sonda", "sondas"]),
        lang.counted(t.sites.len(), ["site", "sites"], ["sede", "sedes"]),
        lang.counted(t.links.len(), ["link", "links"], ["enlace", "enlaces"]),
        lang.counted(t.campaigns.len(), ["campaign", "campaigns"], ["campaña", "campañas"]),
    ]
    .join(", ");
    context.output.text(&say!(
        lang,
        "{file} is valid: topology {name} with {parts}",
        "{file} es válido: topología {name} con {parts}"
    ));
    Ok(Exit::Ok)
}
