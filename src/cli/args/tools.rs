//! Arguments of the verbs on tools, and of those that serve a shell.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

/// `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester completions bash > /etc/bash_completion.d/iperftester
  iperftester completions zsh > ~/.zfunc/_iperftester")]
pub(in crate::cli) struct Completions {
    /// The shell
    pub(in crate::cli) shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester man | man -l -                   the page on iperftester itself
  iperftester man --out /usr/local/share/man/man1")]
pub(in crate::cli) struct Man {
    /// Write a page for each verb into this folder, which is made where it is not there
    #[arg(long, value_name = "FOLDER")]
    pub(in crate::cli) out: Option<PathBuf>,
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
pub(in crate::cli) struct Parse {
    /// The tool that wrote it
    #[arg(value_enum)]
    pub(in crate::cli) tool: ParseTool,

    /// The file with its standard output; - or nothing is standard input
    #[arg(default_value = "-")]
    pub(in crate::cli) file: PathBuf,

    /// The server's standard output of the same run, of iperf2 or iperf3
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) server: Option<PathBuf>,
}

/// Tools whose output can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ParseTool {
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
pub(in crate::cli) enum Measure {
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
