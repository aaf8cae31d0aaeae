//! `wait`, which is for containers: no part of the command line that is helped with or completed.

use std::process::ExitCode;

use super::args::Format;
use super::exit::Exit;
use super::output::Output;
use super::runtime;
use crate::agent::wait_for_end;
use crate::backend::WAITS;

pub(super) fn perform() -> ExitCode {
    let output = Output::new(Format::Text, true, true);
    let ready = || output.text(WAITS);
    let ended = runtime().and_then(|runtime| {
        let ended = runtime.block_on(wait_for_end(ready));
        // Whoever is still watched must not hold up the end.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => Exit::Ok.into(),
        Err(fault) => {
            output.problem(&fault, None);
            Exit::Unavailable.into()
        }
    }
}
