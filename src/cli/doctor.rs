//! `doctor`.

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::doctor::{self, Check, State};

pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let checks = doctor::examine().await;
    context.output.either(|| describe(&checks), &checks);
    let missing = checks.iter().any(|check| check.state == State::Missing);
    Ok(if missing { Exit::Unavailable } else { Exit::Ok })
}

fn describe(checks: &[Check]) -> String {
    let widest = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for Check { name, state, detail, mend } in checks {
        let mark = match state {
            State::Ok => "✓ ok     ",
            State::Degraded => "! limited",
            State::Missing => "✗ missing",
        };
        text.push_str(&format!("{mark}  {name:widest$}  {detail}\n"));
        if let Some(mend) = mend {
            text.push_str(&format!("{:11}{:widest$}  mend: {mend}\n", "", ""));
        }
    }
    text
}
