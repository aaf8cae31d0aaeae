//! `destroy`.

use super::args::Destroy;
use super::context::Context;
use super::deploy::summary;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use super::units;
use crate::backend::Backends;
use crate::i18n::{say, sentences};

/// Needs no more of the file than its name: what is there says itself what it belongs to.
pub(super) async fn perform(context: &Context<'_>, with: &Destroy) -> Result<Exit, Failure> {
    let (name, topology) = match &with.name {
        Some(name) => (name.clone(), None),
        None => context.load().map(|topology| (topology.name.clone(), Some(topology))).map_err(|failure| {
            failure.hint(lang().word(
                "`iperftester destroy --name NAME` removes without its file what a topology has on this machine",
                "`iperftester destroy --name NOMBRE` quita sin su fichero lo que una topología tiene en esta máquina",
            ))
        })?,
    };
    let (backend, forbidden) = match &topology {
        Some(topology) => (Backends::remains(topology), None),
        None => Backends::remains_without_file(&name).await,
    };
    if let Some(fault) = forbidden {
        let hint = fault.hint().map(|hint| sentences::told(lang(), &hint));
        let fault = sentences::told(lang(), &fault.to_string());
        let told = say!(lang(), "containers were not looked for: {fault}", "no se buscaron contenedores: {fault}");
        context.output.warning(&told, hint.as_deref());
    }
    backend.supports().await?;
    let lock = Context::lock(&name, "destroy")?;
    let each = units::carry_out(context, &lock, &backend, |_| String::new(), |_, _| {}).await?;
    each.tell_of_removal(context)?;
    let (done, failed) = (each.sum(), each.failed());
    let text = if !failed.is_empty() {
        let removed = lang().counted(done.removed, ["resource", "resources"], ["recurso quitado", "recursos quitados"]);
        say!(
            lang(),
            "{name}: removed {removed}; what is on hosts that failed is left",
            "{name}: {removed}; queda lo que haya en los equipos que fallaron"
        )
    } else if done.is_nothing() && with.name.is_some() {
        say!(
            lang(),
            "{name}: nothing is deployed on this machine; probes on other hosts go with their file (-t)",
            "{name}: no hay nada desplegado en esta máquina; las sondas de otros equipos se quitan con su fichero (-t)"
        )
    } else if done.is_nothing() {
        say!(lang(), "{name}: nothing is deployed", "{name}: no hay nada desplegado")
    } else {
        let removed = lang().counted(done.removed, ["resource", "resources"], ["recurso quitado", "recursos quitados"]);
        say!(lang(), "{name}: removed {removed}, nothing is left", "{name}: {removed}, no queda nada")
    };
    context.output.either(|| text, &summary(&name, None, &done, failed));
    let engines = each.emptied();
    if !engines.is_empty() {
        let engines = engines.into_iter().collect::<Vec<_>>().join(", ");
        context.output.note(&say!(
            lang(),
            "the probe image stays on {engines} for the next deploy: `docker image prune --all --filter label=iperftester.image` \
             there removes it",
            "la imagen de sonda queda en {engines} para el próximo despliegue: `docker image prune --all --filter \
             label=iperftester.image` allí la quita"
        ));
    }
    Ok(each.exit())
}
