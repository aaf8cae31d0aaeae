//! `completions`.

use super::args::Completions;
use super::context::Context;
use super::exit::Exit;

pub(super) fn perform(context: &Context<'_>, with: &Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(with.shell, &mut super::command(), "iperftester", &mut script);
    context.output.bytes(&script);
    Exit::Ok
}
