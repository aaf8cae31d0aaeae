//! Arguments of the verbs on what is deployed.

use clap::Args;

use crate::domain::name::Name;

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
    /// The topology's name, where its file is gone or faulty
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<Name>,
}
