//! `doctor`.

use std::path::Path;

use super::args::TOPOLOGY;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::backend::Settings;
use crate::doctor::{self, Check, State};
use crate::domain::topology::Topology;
use crate::i18n::sentences;

pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let (topology, faulty) = topology(context)?;
    let settings = Settings { executable: Context::executable()?, images: Context::images()? };
    let mut checks = doctor::examine(topology.as_ref().map(|topology| (topology, &settings))).await;
    checks.extend(faulty);
    context.output.either(|| describe(&checks), &checks);
    let missing = checks.iter().any(|check| check.state == State::Missing);
    Ok(if missing { Exit::Unavailable } else { Exit::Ok })
}

/// The topology where there is one: without the file of the usual name this machine alone is looked at, and so it is where a
/// file has faults.
fn topology(context: &Context<'_>) -> Result<(Option<Topology>, Option<Check>), Failure> {
    if context.topology == Path::new(TOPOLOGY) && !context.topology.exists() {
        return Ok((None, None));
    }
    match context.check() {
        Ok(checked) => Ok((Some(checked.topology), None)),
        Err(failure) if failure.faults.is_some() => {
            Ok((None, Some(doctor::faulty(&context.topology.display().to_string()))))
        }
        Err(failure) => Err(failure),
    }
}

/// What a check is called, with its host in front.
fn name(Check { host, node, name, .. }: &Check) -> String {
    let name = sentences::told(lang(), name);
    match (host, node) {
        (Some(host), Some(node)) => format!("{host}/{node}: {name}"),
        (Some(host), None) => format!("{host}: {name}"),
        (None, _) => name,
    }
}

fn describe(checks: &[Check]) -> String {
    let names = checks.iter().map(|check| name(check).chars().count());
    let widest = names.max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let Check { state, detail, mend, .. } = check;
        let mark = match state {
            State::Ok => lang().word("✓ ok     ", "✓ bien    "),
            State::Degraded => lang().word("! limited", "! limitado"),
            State::Missing => lang().word("✗ missing", "✗ falta   "),
        };
        let (name, detail) = (name(check), sentences::told(lang(), detail));
        text.push_str(&format!("{mark}  {name:widest$}  {detail}\n"));
        if let Some(mend) = mend {
            let indent = mark.chars().count() + 2;
            let (word, mend) = (lang().word("mend", "remedio"), sentences::told(lang(), mend));
            text.push_str(&format!("{:indent$}{:widest$}  {word}: {mend}\n", "", ""));
        }
    }
    text
}
