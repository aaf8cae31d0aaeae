//! `attend`, which the controller starts on a probe elsewhere: no part of the command line that is helped with or completed.

use std::process::ExitCode;

use super::args::Format;
use super::exit::Exit;
use super::output::Output;
use super::{not_started, runtime, startable};
use crate::agent::{AttendError, attend_stdio};
use crate::process::ProcessError;

pub(super) fn perform(argv: &[String]) -> ExitCode {
    let ended = runtime().map_err(AttendError::from).and_then(|runtime| {
        let ended = runtime.block_on(attend_stdio(argv));
        // A read of standard input that is still waiting must not hold up the end.
        runtime.shutdown_background();
        ended
    });
    let fault = match ended {
        Ok(code) => return Exit::Command(code).into(),
        Err(fault) => fault,
    };
    let output = Output::new(Format::Text, true, true);
    match &fault {
        AttendError::Process(start @ ProcessError::Start { .. }) => {
            output.problem(&fault, Some(startable()));
            Exit::Command(not_started(start)).into()
        }
        _ => {
            output.problem(&fault, None);
            Exit::Unavailable.into()
        }
    }
}
