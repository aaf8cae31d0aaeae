//! Arguments of the verbs on campaigns.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;

use crate::domain::name::Name;
use crate::domain::unit;

/// `campaigns`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  iperftester campaigns
  iperftester campaigns nightly --next 10
  iperftester campaigns --from 2027-03-27T00:00:00+01:00     the night on which clocks change")]
pub(in crate::cli) struct Campaigns {
    /// Only this campaign
    pub(in crate::cli) campaign: Option<Name>,

    /// How many of the next starts to show
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = starts)]
    pub(in crate::cli) next: usize,

    /// Starts after this moment (RFC 3339); now where it is left out
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(in crate::cli) from: Option<DateTime<Utc>>,
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
pub(in crate::cli) struct Run {
    /// The campaign; may be left out where the topology has only one
    #[arg(conflicts_with_all = ["from", "to", "test"])]
    pub(in crate::cli) campaign: Option<Name>,

    /// Without a campaign: the probe where the client runs
    #[arg(long, value_name = "PROBE", requires = "to")]
    pub(in crate::cli) from: Option<Name>,

    /// Without a campaign: the probe where the server runs
    #[arg(long, value_name = "PROBE", requires = "from")]
    pub(in crate::cli) to: Option<Name>,

    /// Without a campaign: the test or suite; `auto` where it is left out
    #[arg(long, value_name = "TEST", requires = "from")]
    pub(in crate::cli) test: Option<Name>,

    /// Let every timed test last this long, such as 2s; the report says so
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) duration: Option<Duration>,

    /// Go on with a campaign run that was interrupted or cut off, as `list` names it; the newest such of this topology where
    /// it is left out. Only what has no result yet is run
    #[arg(long, value_name = "CAMPAIGN_RUN", num_args = 0..=1, conflicts_with_all = ["from", "to", "test", "duration"])]
    pub(in crate::cli) resume: Option<Option<String>>,

    /// Show order, total time and bytes per link; run nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
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
