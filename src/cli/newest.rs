//! Which campaign run is meant where none is named.

use std::path::Path;

use super::args::TOPOLOGY;
use super::context::Context;
use super::failure::Failure;
use super::speech::lang;
use crate::i18n::say;
use crate::store::Results;

/// The newest of the topology in this folder, or of the one named by `-t`. Where there is no topology, the newest of all, told
/// where that could be another than was meant.
pub(super) async fn find(context: &Context<'_>, results: &Results) -> Result<String, Failure> {
    let all = results.list().await?;
    let Some(newest) = all.first() else {
        return Err(Failure::bad_input(
            lang().word("there is no campaign run yet", "aún no hay ninguna campaña ejecutada"),
        )
        .hint(lang().word("`iperftester run` makes the first", "`iperftester run` hace la primera")));
    };
    let file = &context.topology;
    if file == Path::new(TOPOLOGY) && !file.exists() {
        let (id, topology) = (&newest.header.id, &newest.header.topology);
        if all.iter().any(|other| other.header.topology != *topology) {
            context.output.note(&say!(
                lang(),
                "there is no {TOPOLOGY} here, so this is the newest of all: {id} of the topology {topology}",
                "aquí no hay {TOPOLOGY}, así que esta es la más reciente de todas: {id} de la topología {topology}"
            ));
        }
        return Ok(id.clone());
    }
    let name = context.check().map_err(|fault| fault.hint_if_none(by_id()))?.topology.name;
    all.iter().find(|one| one.header.topology == name).map(|one| one.header.id.clone()).ok_or_else(|| {
        let file = file.display();
        Failure::bad_input(say!(
            lang(),
            "there is no campaign run of `{name}`, the topology in {file}, yet",
            "aún no hay ninguna campaña ejecutada de `{name}`, la topología de {file}"
        ))
        .hint(by_id())
    })
}

fn by_id() -> &'static str {
    lang().word(
        "`iperftester list` shows those of all topologies: name one of them",
        "`iperftester list` muestra las de todas las topologías: indique una",
    )
}
