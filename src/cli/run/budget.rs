//! What a campaign may send, before anything is started.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::failure::Failure;
use crate::domain::campaign::Campaign;
use crate::domain::name::Name;
use crate::domain::topology::Topology;
use crate::domain::unit::Bitrate;
use crate::schedule::Job;
use crate::schedule::budget::{self, Account, BudgetFault};
use crate::store::{Results, Spender, Store};

/// A campaign's budget as this run meets it.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    /// What no test exceeds.
    pub(super) max_rate_bits_per_second: Option<Bitrate>,
    /// The day's sums.
    #[serde(flatten)]
    pub(super) account: Option<Account>,
}

impl Standing {
    /// Refuses a run that would break it.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.account.as_ref().map_or(Ok(()), Account::check).map_err(|fault| refused(&[fault]))
    }
}

/// `jobs` held to the campaign's highest rate.
pub(super) fn hold(campaign: &Campaign, jobs: Vec<Job>) -> Result<Vec<Job>, Failure> {
    budget::capped(jobs, &campaign.budget).map_err(|faults| refused(&faults))
}

/// The standing of the campaign called `name` when `jobs` are about to be run; `None` where it has no budget.
pub(super) async fn standing(
    results: &Results,
    topology: &Topology,
    (name, campaign): (&Name, &Campaign),
    jobs: &[Job],
    now: DateTime<Utc>,
) -> Result<Option<Standing>, Failure> {
    let budget = campaign.budget;
    if budget.is_empty() {
        return Ok(None);
    }
    let mut standing = Standing { max_rate_bits_per_second: budget.max_rate_bits_per_second, account: None };
    if let Some(limit) = budget.bytes_per_day {
        let day = budget::day(campaign, now).map_err(|fault| refused(&[fault]))?;
        let by = Spender { topology: &topology.name, campaign: name, from: day.from, to: day.to };
        let spent = results.store().spent(&by).await?;
        let used = spent.iter().map(|run| {
            let counted = [run.source_counters.as_ref(), run.destination_counters.as_ref()];
            budget::payload(&run.specification, run.measurement.as_ref(), counted)
        });
        let used = used.fold(0, u64::saturating_add);
        let account = budget::account(topology, limit, &day, used, jobs).map_err(|fault| refused(&[fault]))?;
        standing.account = Some(account);
    }
    Ok(Some(standing))
}

fn refused(faults: &[BudgetFault]) -> Failure {
    let hint = faults.first().map_or("", BudgetFault::hint);
    let mut chain = faults.iter().map(ToString::to_string);
    let mut failure = Failure::bad_input(chain.next().unwrap_or_default());
    failure.chain.extend(chain);
    failure.hint(hint)
}
