//! Arguments: clap's types only.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
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
    Validate(Validate),
    /// List the campaigns of the topology, what each takes, and when it is to run
    Campaigns(Campaigns),
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
    /// Tell what this machine can do, and what mends what it cannot
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

/// `init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  iperftester -t office.yaml init")]
pub(super) struct Init {
    /// Overwrite an existing file
    #[arg(long)]
    pub(super) force: bool,
}

/// `validate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester validate
  iperftester validate --resolved              each value in the end, with its origin
  iperftester validate --output json | jq '.diagnostics[].code'")]
pub(super) struct Validate {
    /// Print the whole topology as it is understood: included files merged, variables and defaults filled in, each
    /// value with its origin
    #[arg(long)]
    pub(super) resolved: bool,
}

/// `campaigns`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester campaigns
  iperftester campaigns nightly --next 10
  iperftester campaigns --from 2027-03-27T00:00:00+01:00     the night on which clocks change")]
pub(super) struct Campaigns {
    /// Only this campaign
    pub(super) campaign: Option<Name>,

    /// How many of the next starts to show
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = starts)]
    pub(super) next: usize,

    /// Starts after this moment (RFC 3339); now where it is left out
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) from: Option<DateTime<Utc>>,
}

/// `deploy`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iperftester deploy\n  iperftester -t office.yaml deploy --dry-run")]
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
  iperftester run --resume                     go on with the newest that was interrupted
  iperftester run --dry-run                    order, total time and bytes per link")]
pub(super) struct Run {
    /// The campaign; may be left out where the topology has only one
    #[arg(conflicts_with_all = ["from", "to", "test", "resume"])]
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

    /// Go on with a campaign run that was interrupted or cut off, as `list` names it; the newest such of this topology where
    /// it is left out. Only what has no result yet is run
    #[arg(long, value_name = "CAMPAIGN_RUN", num_args = 0..=1, conflicts_with_all = ["from", "to", "test", "duration"])]
    pub(super) resume: Option<Option<String>>,

    /// Show order, total time and bytes per link; run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// `list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester list --limit 10                  the newest ten
  iperftester list --name office --campaign check")]
pub(super) struct List {
    /// Only those of the topology of this name
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<Name>,

    /// Only those of this campaign
    #[arg(long, value_name = "CAMPAIGN")]
    pub(super) campaign: Option<Name>,

    /// At most so many, the newest first
    #[arg(long, value_name = "NUMBER")]
    pub(super) limit: Option<usize>,
}

/// `logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Probes on this machine have no service and so no log of their own: what there is to see is what
the tools were told and what they wrote. With --run it is the one output, byte for byte.

Examples:
  iperftester logs                             every run of the newest campaign run
  iperftester logs check@20261124T104406.000Z --probe alpha
  iperftester logs --run 3 | jq .end           the third run's output")]
pub(super) struct Logs {
    /// The campaign run, as `list` names it; the newest where it is left out
    pub(super) campaign_run: Option<String>,

    /// Only the client's output of this run, untouched
    #[arg(long, value_name = "NUMBER")]
    pub(super) run: Option<u32>,

    /// With --run: the server's output instead
    #[arg(long, requires = "run")]
    pub(super) server: bool,

    /// Only runs from or to this probe
    #[arg(long, value_name = "PROBE")]
    pub(super) probe: Option<Name>,
}

/// `export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester export check@20261124T104406.000Z --out check.json
  iperftester export check@20261124T104406.000Z | gzip > check.json.gz")]
pub(super) struct Export {
    /// The campaign run, as `list` names it
    pub(super) campaign_run: String,

    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each file is taken in whole or not at all; what is wrong with one does not hold up the others.

Example:
  iperftester import check.json monday.json")]
pub(super) struct Import {
    /// Files that `export` wrote
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
}

/// `prune`.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("criterion").required(true).multiple(true).args(["older_than", "keep"]),
    after_help = "\
What runs now always stays. With both --older-than and --keep only what both would remove goes.

Examples:
  iperftester prune --older-than 90d --dry-run
  iperftester prune --keep 20 --name office"
)]
pub(super) struct Prune {
    /// Remove what was started longer ago than this, such as 90d
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub(super) older_than: Option<Duration>,

    /// Remove all but the newest so many of each topology
    #[arg(long, value_name = "NUMBER")]
    pub(super) keep: Option<usize>,

    /// Only those of the topology of this name
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<Name>,

    /// Show what would go; remove nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// `exec`.
#[derive(Debug, Args)]
#[command(after_help = "\
The command has this input and output, as pipes; its exit code is that of iperftester.

Examples:
  iperftester exec alpha -- ip address
  iperftester exec alpha -- ping -c 3 beta")]
pub(super) struct Exec {
    /// The probe
    pub(super) probe: Name,

    /// The command with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(super) command: Vec<String>,
}

/// `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester completions bash > /etc/bash_completion.d/iperftester
  iperftester completions zsh > ~/.zfunc/_iperftester")]
pub(super) struct Completions {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester man | man -l -                   the page on iperftester itself
  iperftester man --out /usr/local/share/man/man1")]
pub(super) struct Man {
    /// Write a page for each verb into this folder, which is made where it is not there
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
}

/// `destroy`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iperftester destroy\n  iperftester destroy --name office        its file is gone")]
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
  iperftester report --out report.html         a page; also .md .csv .json .jsonl .xml
  iperftester report --redact --out report.md  without addresses and host names
  iperftester report --compare previous        the newest beside the one before it
  iperftester report check@20261124T104406.000Z check@20261125T090000.000Z
  iperftester report --format json | jq '.runs[].measurement'")]
pub(super) struct Report {
    /// The campaign run, as `list` names it; the newest where it is left out. Several are compared, the first one is the
    /// base
    #[arg(value_name = "CAMPAIGN_RUN")]
    pub(super) campaign_runs: Vec<String>,

    /// Compare with this campaign run, or with the `previous` one of the same topology and campaign
    #[arg(long, value_name = "CAMPAIGN_RUN", num_args = 1..)]
    pub(super) compare: Vec<String>,

    /// Form of the report; where it is left out, what the name of --out ends in, or --output json, or else terminal
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) format: Option<ReportFormat>,

    /// Show pseudonyms instead of addresses, host names and user names
    #[arg(long)]
    pub(super) redact: bool,

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
    /// GitHub's Markdown
    Md,
    /// A row for each run and flow, SI units
    Csv,
    /// Everything, the tools' raw output included
    Json,
    /// A run a line, with its raw output
    Jsonl,
    /// A test case for each expectation, for CI
    Junit,
}

impl ReportFormat {
    /// The form that a file's name asks for by its ending.
    pub(super) fn of_ending(ending: &str) -> Option<Self> {
        match ending {
            "html" | "htm" => Some(Self::Html),
            "md" | "markdown" => Some(Self::Md),
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "xml" => Some(Self::Junit),
            "txt" => Some(Self::Terminal),
            _ => None,
        }
    }

    /// Its word on the command line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Html => "html",
            Self::Md => "md",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Junit => "junit",
        }
    }
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

/// A number of starts; a year of an hourly schedule has fewer than ten thousand.
fn starts(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or_else(|| "a number from 1 to 10000".to_owned())
}

/// A moment with its offset.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let moment = DateTime::parse_from_rfc3339(text);
    moment.map(|m| m.to_utc()).map_err(|_| "a time with its offset, such as 2027-03-28T00:00:00+01:00".to_owned())
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

/// How long ago something was started.
fn age(text: &str) -> Result<Duration, String> {
    let time = unit::parse_duration(text).map_err(|fault| fault.to_string())?;
    // What chrono can subtract from any date it knows.
    if time > Duration::from_secs(36_500 * 86_400) { Err("at most 36500d".to_owned()) } else { Ok(time) }
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
