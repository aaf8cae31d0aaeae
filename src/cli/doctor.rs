//! `doctor`.

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::doctor::{self, Check, State};
use crate::i18n::sentences;

pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let checks = doctor::examine().await;
    context.output.either(|| describe(&checks), &checks);
    let missing = checks.iter().any(|check| check.state == State::Missing);
    Ok(if missing { Exit::Unavailable } else { Exit::Ok })
}

fn describe(checks: &[Check]) -> String {
    let names = checks.iter().map(|check| sentences::told(lang(), &check.name).chars().count());
    let widest = names.max().unwrap_or(0);
    let mut text = String::new();
    for Check { name, state, detail, mend } in checks {
        let mark = match state {
            State::Ok => lang().word("✓ ok     ", "✓ bien    "),
            State::Degraded => lang().word("! limited", "! limitado"),
            State::Missing => lang().word("✗ missing", "✗ falta   "),
        };
        let (name, detail) = (sentences::told(lang(), name), sentences::told(lang(), detail));
        text.push_str(&format!("{mark}  {name:widest$}  {detail}\n"));
        if let Some(mend) = mend {
            let indent = mark.chars().count() + 2;
            let word = lang().word("mend", "remedio");
            text.push_str(&format!("{:indent$}{:widest$}  {word}: {mend}\n", "", ""));
        }
    }
    text
}
