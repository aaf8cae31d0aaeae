//! `plan`.

use super::context::{Context, describe};
use super::exit::Exit;
use super::failure::Failure;
use super::foresee;
use super::units;

/// Shows what `deploy` would change; what this machine cannot do is told here as there.
pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let (topology, fleet) = context.expand(context.load()?).await?;
    let backend = Context::backend(&topology, &fleet).await?;
    backend.supports().await?;
    let plans = units::plans(&backend).await;
    plans.tell(context)?;
    let plan = plans.whole();
    foresee::tell(context, &topology, &backend).await;
    let text = || match plan.is_empty() && !plans.failed().is_empty() {
        true => format!("{}: {}", topology.name, units::all_but_silent()),
        false => describe(&plan, &topology),
    };
    context.output.either(text, &plan);
    Ok(plans.exit())
}
