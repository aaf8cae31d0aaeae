//! Arguments of the verbs on what is deployed.

use std::path::PathBuf;

use clap::Args;

use crate::domain::name::Name;

/// `build`.
#[derive(Debug, Args)]
#[command(after_help = "\
The image holds this executable. The topology's `image` says the rest: base, Debian release, mirror.

Examples:
  iperftester build
  iperftester build --file probe.tar          to carry to a host: docker load < probe.tar")]
pub(in crate::cli) struct Build {
    /// Make it anew, with the newest packages
    #[arg(long)]
    pub(in crate::cli) force: bool,

    /// Write the image to this file as well, as `docker load` takes it
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
}

/// `deploy`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iperftester deploy\n  iperftester -t office.yaml deploy --dry-run")]
pub(in crate::cli) struct Deploy {
    /// Show what would change, and why; change nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

/// `exec`.
#[derive(Debug, Args)]
#[command(after_help = "\
The command has this input and output, as pipes; its exit code is that of iperftester:
127 where there is no such command, 126 where it cannot be executed.

Examples:
  iperftester exec alpha -- ip address
  iperftester exec alpha -- ping -c 3 beta")]
pub(in crate::cli) struct Exec {
    /// The probe
    pub(in crate::cli) probe: Name,

    /// The command with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(in crate::cli) command: Vec<String>,
}

/// `destroy`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  iperftester destroy\n  iperftester destroy --name office        its file is gone")]
pub(in crate::cli) struct Destroy {
    /// The topology's name, where its file is gone or faulty; removes what is on this machine and on the engine at its usual
    /// socket, for other engines are named in the file alone
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<Name>,
}
