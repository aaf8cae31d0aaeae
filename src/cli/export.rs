//! `export`.

use super::args::Export;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::i18n::say;
use crate::stats::numbers;
use crate::store;

pub(super) async fn perform(context: &Context<'_>, with: &Export) -> Result<Exit, Failure> {
    let id = &with.campaign_run;
    let run = context.results_to_read().await?.load(id).await?;
    let bytes = store::export(&run).map_err(|fault| Failure::of(Exit::Unavailable, &fault))?;
    let Some(path) = &with.out else {
        context.output.bytes(&bytes);
        return Ok(Exit::Ok);
    };
    let cannot = |fault: std::io::Error| {
        Failure::of(Exit::Unavailable, &fault)
            .hint(lang().word("name another file by `--out FILE`", "indique otro fichero con `--out FICHERO`"))
    };
    fs_err::write(path, &bytes).map_err(cannot)?;
    // It may be the only copy from here on.
    fs_err::File::open(path).and_then(|file| file.sync_all()).map_err(cannot)?;
    let path = path.display();
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let size = numbers::bytes(lang(), bytes.len() as f64);
    context.output.either(
        || {
            say!(
                lang(),
                "wrote {id} to {path}, {size}: `iperftester import {path}` takes it in elsewhere",
                "{id} escrito en {path}, {size}: `iperftester import {path}` lo incorpora en otro sitio"
            )
        },
        &serde_json::json!({ "campaign_run": id, "written": path.to_string(), "bytes": bytes.len() }),
    );
    Ok(Exit::Ok)
}
