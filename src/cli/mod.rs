//! The command line: arguments → settings → a verb → an exit code. Only `output` writes.
#![allow(clippy::disallowed_methods, reason = "an edge: it reads files, the environment and the clock for the rest")]

mod agent;
mod args;
mod attend;
mod build;
mod campaigns;
mod completions;
mod context;
mod deploy;
mod destroy;
mod doctor;
mod exec;
mod exit;
mod export;
mod failure;
mod files;
mod foresee;
mod import;
mod init;
mod list;
mod logs;
mod man;
mod measure;
mod newest;
mod output;
mod parse;
mod plan;
mod progress;
mod prune;
mod report;
mod run;
mod schema;
mod speech;
mod status;
mod stop;
mod units;
mod validate;
mod wait;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Format, Verb};
use context::Context;
use exit::Exit;
use output::Output;
use speech::lang;

use crate::backend::{self, ATTEND_VERB, WAIT_VERB, local::KEEP_VERB};
use crate::i18n::{Lang, say};
use crate::process;

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
    let mut words = std::env::args().skip(1);
    // iperftester itself speaks here, not a user: no part of the command line that is helped with or completed.
    match words.next().as_deref() {
        Some(process::BOUND_VERB) => return bound(words),
        Some(KEEP_VERB) => {
            Output::new(Format::Text, true, true).problem(&backend::local::keep(), None);
            return Exit::Unavailable.into();
        }
        Some(ATTEND_VERB) => {
            let (ours, argv) = apart(words);
            speak_to(ours.first());
            return attend::perform(&argv);
        }
        Some(WAIT_VERB) => return wait::perform(),
        _ => {}
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(fault) => return output::usage(&fault),
    };
    speech::settle(arguments.lang.map(Into::into), arguments.output);
    let output = Output::new(arguments.output, arguments.quiet, arguments.no_color);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(fault) => {
            output.problem(
                &fault,
                Some(&say!(lang(), "see `ulimit -n` and `ulimit -u`", "mire `ulimit -n` y `ulimit -u`")),
            );
            return Exit::Unavailable.into();
        }
    };
    let exit = runtime.block_on(perform(arguments, &output));
    // A read of standard input that is still waiting must not hold up the end.
    runtime.shutdown_background();
    exit.into()
}

/// One thread: the kernel kills a tool with the thread that started it, and an agent has only one.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// What stands before the first `--`, and the command behind it.
fn apart(words: impl Iterator<Item = String>) -> (Vec<String>, Vec<String>) {
    let mut ours: Vec<String> = words.collect();
    let argv = ours.iter().position(|word| word == "--").map(|at| ours.split_off(at)).unwrap_or_default();
    (ours, argv.into_iter().skip(1).collect())
}

/// Settles the language of who asked for a command; an agent says none and is told in English.
fn speak_to(code: Option<&String>) {
    if let Some(code) = code {
        speech::settle(Some(Lang::of_locale(code)), Format::Text);
    }
}

/// Becomes the program that was asked for: PARENT \[LANGUAGE\] `--` PROGRAM ARGUMENTS, as [`process::start_bound`] writes it for
/// an agent and [`backend::Program::bound`] for a user.
fn bound(words: impl Iterator<Item = String>) -> ExitCode {
    let output = Output::new(Format::Text, true, true);
    let (ours, argv) = apart(words);
    speak_to(ours.get(1));
    match ours.first().and_then(|word| word.parse().ok()) {
        Some(parent) => {
            let fault = process::become_bound(parent, &argv);
            output.problem(&fault, Some(startable()));
            return Exit::Command(not_started(&fault)).into();
        }
        None => output.problem(&std::io::Error::other("`bound` is for agents only"), None),
    }
    Exit::Unavailable.into()
}

/// What to try where a command did not start on its probe.
fn startable() -> &'static str {
    lang().word(
        "the programs and the PATH are those of the probe: see that it is there and may be executed, or name its whole path",
        "los programas y el PATH son los de la sonda: vea que esté allí y se pueda ejecutar, o indique su ruta completa",
    )
}

/// The exit code of a command that did not start, as a shell gives it (POSIX.1-2017, 2.8.2).
fn not_started(fault: &process::ProcessError) -> u8 {
    match fault {
        process::ProcessError::Start { source, .. } if source.kind() == std::io::ErrorKind::NotFound => 127,
        _ => 126,
    }
}

async fn perform(arguments: Arguments, output: &Output) -> Exit {
    let context = Context::new(arguments.topology, output);
    let outcome = match arguments.verb {
        Verb::Init(with) => init::perform(&context, &with),
        Verb::Validate(with) => validate::perform(&context, &with),
        Verb::Campaigns(with) => campaigns::perform(&context, &with),
        Verb::Build(with) => build::perform(&context, &with).await,
        Verb::Plan => plan::perform(&context).await,
        Verb::Deploy(with) => deploy::perform(&context, &with).await,
        Verb::Status => status::perform(&context).await,
        Verb::Run(with) => run::perform(&context, &with).await,
        Verb::List(with) => list::perform(&context, &with).await,
        Verb::Report(with) => report::perform(&context, &with).await,
        Verb::Destroy(with) => destroy::perform(&context, &with).await,
        Verb::Doctor => doctor::perform(&context).await,
        Verb::Logs(with) => logs::perform(&context, &with).await,
        Verb::Export(with) => export::perform(&context, &with).await,
        Verb::Import(with) => import::perform(&context, &with).await,
        Verb::Prune(with) => prune::perform(&context, &with).await,
        Verb::Exec(with) => exec::perform(&context, &with).await,
        Verb::Completions(with) => Ok(completions::perform(&context, &with)),
        Verb::Man(with) => man::perform(&context, &with),
        Verb::Schema(with) => schema::perform(&context, &with),
        Verb::Parse(with) => parse::perform(&context, &with),
        Verb::Agent => agent::perform().await,
        Verb::Measure { what } => measure::perform(&context, &what).await,
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    }
}
