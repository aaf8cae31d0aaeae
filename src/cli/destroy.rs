//! `destroy`.

use super::context::Context;
use super::deploy::{carry_out, summary};
use super::exit::Exit;
use super::failure::Failure;
use crate::backend::Backend;
use crate::plan;

pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let topology = context.load()?;
    let _lock = Context::lock(&topology, "destroy")?;
    let backend = Context::backend(&topology);
    let plan = plan::diff(&[], &backend.observe().await?);
    let done = carry_out(context, &plan, &backend, |_| String::new()).await?;
    let text = if plan.is_empty() {
        format!("{}: nothing is deployed", topology.name)
    } else {
        format!("{}: removed {} resources, nothing is left", topology.name, done.removed)
    };
    context.output.either(|| text, &summary(&topology, &done));
    Ok(Exit::Ok)
}
