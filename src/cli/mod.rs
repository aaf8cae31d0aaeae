//! The command line: arguments → settings → a verb → an exit code. Only `output` writes.
#![allow(clippy::disallowed_methods, reason = "an edge: it reads files, the environment and the clock for the rest")]

mod agent;
mod args;
mod context;
mod deploy;
mod destroy;
mod doctor;
mod exit;
mod failure;
mod init;
mod list;
mod output;
mod plan;
mod progress;
mod report;
mod run;
mod status;
mod stop;
mod validate;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Verb};
use context::Context;
use exit::Exit;
use failure::Failure;
use output::Output;

/// The clap definition, for tests of its help.
#[must_use]
pub fn command() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    exit::or_bug(start)
}

fn start() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(fault) => return output::usage(&fault),
    };
    let output = Output::new(arguments.output, arguments.quiet, arguments.no_color);
    // One thread: the kernel kills a tool with the thread that started it, and an agent has only one.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(fault) => {
            output.problem(&fault, Some("see `ulimit -n` and `ulimit -u`"));
            return Exit::Unavailable.into();
        }
    };
    let exit = runtime.block_on(perform(arguments, &output));
    // A read of standard input that is still waiting must not hold up the end.
    runtime.shutdown_background();
    exit.into()
}

async fn perform(arguments: Arguments, output: &Output) -> Exit {
    let context = Context::new(arguments.topology, output);
    let outcome = match arguments.verb {
        Verb::Init(with) => init::perform(&context, &with),
        Verb::Validate => validate::perform(&context),
        Verb::Plan => plan::perform(&context).await,
        Verb::Deploy(with) => deploy::perform(&context, &with).await,
        Verb::Status => status::perform(&context).await,
        Verb::Run(with) => run::perform(&context, &with).await,
        Verb::List => list::perform(&context).await,
        Verb::Report(with) => report::perform(&context, &with).await,
        Verb::Destroy => destroy::perform(&context).await,
        Verb::Doctor => doctor::perform(&context).await,
        Verb::Agent => agent::perform().await,
        Verb::Bound(with) => {
            Err(Failure::of(Exit::Unavailable, &crate::process::become_bound(with.parent, &with.argv)))
        }
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    }
}
