//! `plan`.

use super::context::{Context, describe};
use super::exit::Exit;
use super::failure::Failure;
use super::foresee;
use super::units;

/// Shows what `deploy` would change; what this machine cannot do is told here as there.
pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let topology = context.load()?;
    let backend = Context::backend(&topology).await?;
    backend.supports().await?;
    let plans = units::plans(&backend).await;
    plans.tell(context)?;
    let plan = plans.whole();
    foresee::tell(context, &topology, &backend).await;
    context.output.either(|| describe(&plan, &topology), &plan);
    Ok(plans.exit())
}
