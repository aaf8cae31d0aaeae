//! Arguments: clap's types only.

mod language;
mod probes;
mod report;
mod results;
mod run;
mod tools;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::i18n::Lang;

pub(super) use language::{Init, Schema, SchemaFormat, Validate};
pub(super) use probes::{Build, Deploy, Destroy, Exec};
pub(super) use report::{Report, ReportFormat};
pub(super) use results::{Export, Import, List, Logs, Prune};
pub(super) use run::{Campaigns, Run};
pub(super) use tools::{Completions, Man, Measure, Parse, ParseTool};

const ABOUT: &str = "Measures network links between sites: one YAML topology in, one trustworthy report out";

/// The topology file where none is named.
pub(super) const TOPOLOGY: &str = "topology.yaml";

/// Heading of the options that every verb takes.
const GLOBAL: &str = "Options of every verb";

const EXAMPLES: &str = "\
Examples:
  iperftester init                         write a first topology.yaml
  iperftester deploy                       make its probes on this machine
  iperftester run                          run its campaign, say what falls short
  iperftester report --out report.html
  iperftester destroy                      leave nothing behind

Exit codes: 0 ok, 1 an expectation failed, 2 bad input, 3 something needed is not there,
4 partial (something could not be measured or is invalid), 70 a bug, 130 interrupted.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "iperftester", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Arguments {
    /// The topology file
    #[arg(
        short,
        long,
        global = true,
        help_heading = GLOBAL,
        value_name = "FILE",
        env = "IPERFTESTER_TOPOLOGY",
        default_value = TOPOLOGY
    )]
    pub(super) topology: PathBuf,

    /// How results are written to standard output; messages go to standard error in the same form
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub(super) output: Format,

    /// Language of reports and messages: where it is left out, the locale's (LC_ALL, LC_MESSAGES, LANG), or else English
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL,
        value_enum,
        value_name = "LANG",
        env = "IPERFTESTER_LANG"
    )]
    pub(super) lang: Option<Language>,

    /// No messages but errors
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(super) quiet: bool,

    /// No colours (also by NO_COLOR)
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(super) no_color: bool,

    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs: one JSON document, or JSON Lines where something runs
    Json,
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// English
    En,
    /// Español
    Es,
}

impl From<Language> for Lang {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Es => Self::Es,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Write a first topology file to start from
    Init(Init),
    /// Check the topology file and show every fault at once
    Validate(Validate),
    /// List the campaigns of the topology, what each takes, and when it is to run
    Campaigns(Campaigns),
    /// Make the image that probes in containers are made from; one that is there already is left alone
    Build(Build),
    /// Show what `deploy` would change, and why
    #[command(after_help = "Example:\n  iperftester -t office.yaml plan")]
    Plan,
    /// Make the probes and links of the topology; what stands already is left alone
    Deploy(Deploy),
    /// Show what is deployed and whether each probe answers
    #[command(after_help = "Example:\n  iperftester status --output json | jq '.probes[] | select(.ready | not)'")]
    Status,
    /// Run a campaign, or one test between two probes
    Run(Run),
    /// List the campaign runs in the store
    List(List),
    /// Report on a campaign run
    Report(Report),
    /// Show the commands of a campaign run with what the tools wrote, untouched
    Logs(Logs),
    /// Write a campaign run to a file that `import` takes in elsewhere
    Export(Export),
    /// Take in campaign runs that `export` wrote
    Import(Import),
    /// Remove old campaign runs from the store
    Prune(Prune),
    /// Run a command of yours on a deployed probe
    Exec(Exec),
    /// Remove everything that belongs to the topology
    Destroy(Destroy),
    /// Tell what this machine and the engines of the topology can do, and what mends what they cannot
    #[command(after_help = "Example:\n  iperftester doctor --output json | jq '.[] | select(.state != \"ok\")'")]
    Doctor,
    /// Write the completions of a shell to standard output
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
    /// Print the JSON Schema of the topology language, for editors and other programs
    Schema(Schema),
    /// Read the output of a tool, taken anywhere, and print its measurement as JSON
    Parse(Parse),
    /// Be the agent of a probe: a session on standard input and output, started by iperftester itself
    #[command(after_help = "Example, as iperftester starts it on a probe:\n  ip netns exec iperftester.office.alpha \
                            iperftester agent")]
    Agent,
    /// Be a tool that no other program is; started by an agent
    #[command(hide = true)]
    Measure {
        /// Which
        #[command(subcommand)]
        what: Measure,
    },
}
