//! Arguments of `report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester report                           the newest of topology.yaml here, on the terminal
  iperftester report --out report.html         a page; also .md .csv .json .jsonl .xml
  iperftester report --redact --out report.md  without addresses and host names
  iperftester report --compare previous        the newest beside the one before it
  iperftester report check@20261124T104406.000Z check@20261125T090000.000Z
  iperftester report --format json | jq '.runs[].measurement'")]
pub(in crate::cli) struct Report {
    /// The campaign run, as `list` names it; where it is left out, the newest of the topology here or named by -t. Several are
    /// compared, the first one is the base
    #[arg(value_name = "CAMPAIGN_RUN")]
    pub(in crate::cli) campaign_runs: Vec<String>,

    /// Compare with this campaign run, or with the `previous` one of the same topology and campaign
    #[arg(long, value_name = "CAMPAIGN_RUN", num_args = 1..)]
    pub(in crate::cli) compare: Vec<String>,

    /// Form of the report; where it is left out, what the name of --out ends in, or --output json, or else terminal
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<ReportFormat>,

    /// Show pseudonyms instead of addresses, host names and user names
    #[arg(long)]
    pub(in crate::cli) redact: bool,

    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
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
    /// The endings that a file's name may ask by.
    pub(in crate::cli) const ENDINGS: &str = ".html .htm .md .markdown .csv .json .jsonl .ndjson .xml .txt";

    /// The form that a file's name asks for by its ending.
    pub(in crate::cli) fn of_ending(ending: &str) -> Option<Self> {
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
    pub(in crate::cli) const fn word(self) -> &'static str {
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
