//! Arguments of the verbs on the store.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::domain::name::Name;
use crate::domain::unit;

/// `list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester list --limit 10                  the newest ten
  iperftester list --name office --campaign check")]
pub(in crate::cli) struct List {
    /// Only those of the topology of this name
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<Name>,

    /// Only those of this campaign
    #[arg(long, value_name = "CAMPAIGN")]
    pub(in crate::cli) campaign: Option<Name>,

    /// At most so many, the newest first
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) limit: Option<usize>,
}

/// `logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
What there is to see is what the tools were told and what they wrote. With --run it is the one
output, byte for byte. With --container it is what the main process of a probe's container wrote,
as its engine kept it: why it does not run, where it does not. Probes of this machine have no
main process and no such log.

Examples:
  iperftester logs                             every run of the newest of topology.yaml here
  iperftester logs check@20261124T104406.000Z --probe alpha
  iperftester logs --run 3 | jq .end           the third run's output
  iperftester -t office.yaml logs --container alpha")]
pub(in crate::cli) struct Logs {
    /// The campaign run, as `list` names it; where it is left out, the newest of the topology here or named by -t
    pub(in crate::cli) campaign_run: Option<String>,

    /// Only the client's output of this run, untouched
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) run: Option<u32>,

    /// With --run: the server's output instead
    #[arg(long, requires = "run")]
    pub(in crate::cli) server: bool,

    /// Only runs from or to this probe
    #[arg(long, value_name = "PROBE")]
    pub(in crate::cli) probe: Option<Name>,

    /// Instead of any run: the log of the container of this probe
    #[arg(long, value_name = "PROBE", conflicts_with_all = ["campaign_run", "run", "probe"])]
    pub(in crate::cli) container: Option<Name>,
}

/// `export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester export check@20261124T104406.000Z --out check.json
  iperftester export check@20261124T104406.000Z | gzip > check.json.gz")]
pub(in crate::cli) struct Export {
    /// The campaign run, as `list` names it
    pub(in crate::cli) campaign_run: String,

    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
}

/// `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each file is taken in whole or not at all; what is wrong with one does not hold up the others.

Example:
  iperftester import check.json monday.json")]
pub(in crate::cli) struct Import {
    /// Files that `export` wrote
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
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
pub(in crate::cli) struct Prune {
    /// Remove what was started longer ago than this, such as 90d
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub(in crate::cli) older_than: Option<Duration>,

    /// Remove all but the newest so many of each topology
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) keep: Option<usize>,

    /// Only those of the topology of this name
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) name: Option<Name>,

    /// Show what would go; remove nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

/// How long ago something was started. Taken for seconds, a bare number would remove nearly all there is.
fn age(text: &str) -> Result<Duration, String> {
    if text.trim().parse::<f64>().is_ok() {
        let number = text.trim();
        return Err(format!("an age needs its unit, such as `{number}d` for {number} days (or `h` for hours)"));
    }
    let time = unit::parse_duration(text).map_err(|fault| fault.to_string())?;
    // What chrono can subtract from any date it knows.
    if time > Duration::from_secs(36_500 * 86_400) { Err("at most 36500d".to_owned()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_without_its_unit_is_never_taken_for_seconds() {
        assert_eq!(age("5d"), Ok(Duration::from_secs(5 * 86_400)));
        for bare in ["5", " 5 ", "1.5"] {
            let fault = age(bare).unwrap_err();
            let meant = format!("`{}d`", bare.trim());
            assert!(fault.contains(&meant), "{fault}");
            assert!(!fault.contains(&format!("`{}s`", bare.trim())), "{fault}");
        }
        assert_eq!(age("40000d"), Err("at most 36500d".to_owned()));
    }
}
