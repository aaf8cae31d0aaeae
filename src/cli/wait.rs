//! `wait`, which is for containers: no part of the command line that is helped with or completed.

use std::process::ExitCode;

use super::args::Format;
use super::exit::Exit;
use super::output::Output;
use super::runtime;
use crate::agent::wait_for_end;

pub(super) fn perform() -> ExitCode {
    let output = Output::new(Format::Text, true, true);
    let ready = || output.text(concat!("iperftester ", env!("CARGO_PKG_VERSION"), " waits"));
    match runtime().and_then(|runtime| runtime.block_on(wait_for_end(ready))) {
        Ok(()) => Exit::Ok.into(),
        Err(fault) => {
            output.problem(&fault, None);
            Exit::Unavailable.into()
        }
    }
}
