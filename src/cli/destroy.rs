//! `destroy`.

use super::args::Destroy;
use super::context::Context;
use super::deploy::{carry_out, summary};
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::backend::{Backend, Backends};
use crate::deploy;
use crate::i18n::say;

/// Needs no more of the file than its name: what is there says itself what it belongs to.
pub(super) async fn perform(context: &Context<'_>, with: &Destroy) -> Result<Exit, Failure> {
    let name = match &with.name {
        Some(name) => name.clone(),
        None => context.load().map(|topology| topology.name).map_err(|failure| {
            failure.hint(lang().word(
                "`iperftester destroy --name NAME` removes a topology without its file",
                "`iperftester destroy --name NOMBRE` quita una topología sin su fichero",
            ))
        })?,
    };
    let backend = Backends::remains(&name);
    backend.supports().await?;
    let _lock = Context::lock(&name, "destroy")?;
    let plan = deploy::plan(&backend).await?;
    let done = carry_out(context, &plan, &backend, |_| String::new()).await?;
    let text = if plan.is_empty() {
        say!(lang(), "{name}: nothing is deployed", "{name}: no hay nada desplegado")
    } else {
        let removed = lang().counted(done.removed, ["resource", "resources"], ["recurso", "recursos"]);
        say!(lang(), "{name}: removed {removed}, nothing is left", "{name}: se han quitado {removed}, no queda nada")
    };
    context.output.either(|| text, &summary(&name, None, &done));
    Ok(Exit::Ok)
}
