//! Arguments: clap's types only.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::name::Name;
use crate::domain::unit;
use crate::i18n::Lang;

const ABOUT: &str = "Measures network links between sites: one YAML topology in, one trustworthy report out";

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
        default_value = "topology.yaml"
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
    Validate,
    /// Show what `deploy` would change, and why
    Plan,
    /// Make the probes and links of the topology; what stands already is left alone
    Deploy(Deploy),
    /// Show what is deployed and whether each probe answers
    Status,
    /// Run a campaign, or one test between two probes
    Run(Run),
    /// List the campaign runs in the store
    List,
    /// Report on a campaign run
    Report(Report),
    /// Remove everything that belongs to the topology
    Destroy(Destroy),
    /// Tell what this machine can do, and what mends what it cannot
    Doctor,
    /// Print the JSON Schema of the topology language, for editors and other programs
    Schema(Schema),
    /// Read the output of a tool, taken anywhere, and print its measurement as JSON
    Parse(Parse),
    /// Be the agent of a probe: a session on standard input and output, started by iperftester itself
    Agent,
    /// Be a tool that no other program is; started by an agent
    #[command(hide = true)]
    Measure {
        /// Which
        #[command(subcommand)]
        what: Measure,
    },
}

/// `init`.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Overwrite an existing file
    #[arg(long)]
    pub(super) force: bool,
}

/// `deploy`.
#[derive(Debug, Args)]
pub(super) struct Deploy {
    /// Show what would change, and why; change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester run                              the topology's only campaign
  iperftester run check --duration 2s          a quick look: every timed test lasts 2 s
  iperftester run --from alpha --to beta --test tcp
  iperftester run --dry-run                    order, total time and bytes per link")]
pub(super) struct Run {
    /// The campaign; may be left out where the topology has only one
    #[arg(conflicts_with_all = ["from", "to", "test"])]
    pub(super) campaign: Option<Name>,

    /// Without a campaign: the probe where the client runs
    #[arg(long, value_name = "PROBE", requires = "to")]
    pub(super) from: Option<Name>,

    /// Without a campaign: the probe where the server runs
    #[arg(long, value_name = "PROBE", requires = "from")]
    pub(super) to: Option<Name>,

    /// Without a campaign: the test or suite; `auto` where it is left out
    #[arg(long, value_name = "TEST", requires = "from")]
    pub(super) test: Option<Name>,

    /// Let every timed test last this long, such as 2s; the report says so
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) duration: Option<Duration>,

    /// Show order, total time and bytes per link; run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// `destroy`.
#[derive(Debug, Args)]
pub(super) struct Destroy {
    /// The topology's name, where its file is gone or faulty
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<Name>,
}

/// `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester report                           the newest, on the terminal
  iperftester report --format html --out report.html
  iperftester report --format json check@20261124T104406.000Z | jq '.runs[].measurement'")]
pub(super) struct Report {
    /// The campaign run, as `list` names it; the newest where it is left out
    pub(super) campaign_run: Option<String>,

    /// Form of the report; where it is left out, what the name of --out ends in, or --output json, or else terminal
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) format: Option<ReportFormat>,

    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// Text for a terminal
    Terminal,
    /// One self-contained page: no script, no address outside
    Html,
    /// Everything, the tools' raw output included
    Json,
}

/// `schema`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  iperftester schema > topology.schema.json
  and in the first line of a topology:  # yaml-language-server: $schema=topology.schema.json")]
pub(super) struct Schema {
    /// Form of the description
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = SchemaFormat::Json)]
    pub(super) format: SchemaFormat,
}

/// Forms of the language's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaFormat {
    /// JSON Schema, draft 2020-12
    Json,
    /// The reference of the guide: every object with its keys
    Markdown,
}

/// `parse`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperf3 -J -c host | iperftester parse iperf3 -
  mtr --json -n -c 10 host | iperftester parse mtr | jq .hops
  iperf -u -c host -e -f b > out.txt; iperftester parse iperf2 out.txt
  iperftester parse iperf2 client.txt --server server.txt    what the receiver counted as well

Exit codes: 0 measured, 2 no measurement of that tool, with the reason on standard error.")]
pub(super) struct Parse {
    /// The tool that wrote it
    #[arg(value_enum)]
    pub(super) tool: ParseTool,

    /// The file with its standard output; - or nothing is standard input
    #[arg(default_value = "-")]
    pub(super) file: PathBuf,

    /// The server's standard output of the same run, of iperf2 or iperf3
    #[arg(long, value_name = "FILE")]
    pub(super) server: Option<PathBuf>,
}

/// Tools whose output can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ParseTool {
    /// ESnet's iperf3: `-J` or `--json-stream`
    Iperf3,
    /// iperf 2: its text, best with `-e -f b`, or its CSV (`-y C`)
    Iperf2,
    /// iputils' ping
    Ping,
    /// The Linux traceroute
    Traceroute,
    /// iputils' tracepath
    Tracepath,
    /// mtr: `--json`
    Mtr,
    /// A stored output of a path-mtu test
    PathMtu,
    /// A stored output of a connect test
    Connect,
}

/// What `measure` does.
#[derive(Debug, Subcommand)]
pub(super) enum Measure {
    /// Search the path MTU
    PathMtu {
        /// To whom
        address: IpAddr,
        /// Wait for each answer, in seconds
        #[arg(long, value_parser = seconds)]
        timeout: Duration,
        /// Largest IP packet tried, in bytes
        #[arg(long)]
        largest: Option<u32>,
    },
    /// Time TCP connections
    Connect {
        /// To whom
        address: IpAddr,
        /// At which port
        port: u16,
        /// How many
        #[arg(long)]
        count: u32,
        /// Time between two of them, in seconds
        #[arg(long, value_parser = seconds)]
        interval: Duration,
        /// Wait for each, in seconds
        #[arg(long, value_parser = seconds)]
        timeout: Duration,
    },
    /// Take TCP connections and close them
    Listen {
        /// At which port
        port: u16,
        /// How many, before the end
        #[arg(long)]
        count: u32,
        /// How long at most, in seconds
        #[arg(long = "for", value_parser = seconds)]
        limit: Duration,
    },
}

/// Seconds with decimals, as the tools take them.
fn seconds(text: &str) -> Result<Duration, String> {
    let value: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(value).map_err(|fault| fault.to_string())
}

/// What the topology allows for an iperf3 test: whole seconds, from one to a day (iperf3(1), `-t`).
fn duration(text: &str) -> Result<Duration, String> {
    let time = unit::parse_duration(text).map_err(|fault| fault.to_string())?;
    match time {
        _ if !(Duration::from_secs(1)..=Duration::from_secs(86_400)).contains(&time) => {
            Err("a timed test lasts from 1s to 24h".to_owned())
        }
        _ if time.subsec_nanos() > 0 => Err("iperf3 takes whole seconds only".to_owned()),
        _ => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_what_iperf3_takes() {
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        for (text, told) in [
            ("999ms", "from 1s to 24h"),
            ("25h", "from 1s to 24h"),
            // Sums of such times would overflow.
            ("99999999999999d", "from 1s to 24h"),
            ("1500ms", "whole seconds"),
            ("2", "`2s`"),
        ] {
            let fault = duration(text).unwrap_err();
            assert!(fault.contains(told), "{text}: {fault}");
        }
    }
}
