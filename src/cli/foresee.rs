//! What a later `run` would stumble over, told by `validate`, `plan` and `deploy` already: budgets that cannot be kept, and names of
//! foreign servers that nobody knows.

use super::context::Context;
use super::failure::causes;
use super::speech::lang;
use crate::backend::{Backends, Reach};
use crate::domain::campaign::Campaign;
use crate::domain::topology::Topology;
use crate::i18n::{say, sentences};
use crate::schedule::budget::{self, BudgetFault};
use crate::schedule::{self, Options};

/// Tells all of it as warnings.
pub(super) async fn tell(context: &Context<'_>, topology: &Topology, backend: &Backends) {
    tell_budgets(context, topology);
    for probe in topology.probes.keys().filter(|probe| topology.external(probe).is_some()) {
        if let Err(fault) = backend.addresses(probe).await {
            let hint = lang().word(
                "correct the `address` of its host, or see that this machine's resolver knows the name",
                "corrija el `address` de su equipo, o vea que el resolutor de esta máquina conoce el nombre",
            );
            context.output.warning(&causes(&fault).join(": "), Some(hint));
        }
    }
}

/// Tells the campaigns that cannot run for their budgets, as warnings.
pub(super) fn tell_budgets(context: &Context<'_>, topology: &Topology) {
    for (name, campaign) in &topology.campaigns {
        for fault in broken(topology, campaign) {
            let why = sentences::told(lang(), &fault.to_string());
            let text =
                say!(lang(), "campaign `{name}` cannot run: {why}", "la campaña `{name}` no se puede ejecutar: {why}");
            context.output.warning(&text, Some(&sentences::told(lang(), fault.hint())));
        }
    }
}

/// How one round of a campaign breaks its budget on a day without any other.
pub(super) fn broken(topology: &Topology, campaign: &Campaign) -> Vec<BudgetFault> {
    if campaign.budget.is_empty() {
        return vec![];
    }
    let jobs = match budget::capped(schedule::jobs(topology, campaign, Options::default()), &campaign.budget) {
        Ok(jobs) => jobs,
        Err(faults) => return faults,
    };
    let Some(limit) = campaign.budget.bytes_per_day else { return vec![] };
    let kept = budget::day(campaign, Context::now())
        .and_then(|day| budget::account(topology, limit, &day, 0, &jobs))
        .and_then(|account| account.check());
    kept.err().into_iter().collect()
}
