//! `report`.

use super::args::{Report, ReportFormat};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::i18n::say;
use crate::report;

pub(super) async fn perform(context: &Context<'_>, with: &Report) -> Result<Exit, Failure> {
    let results = context.results().await?;
    let id =
        match &with.campaign_run {
            Some(id) => id.clone(),
            None => results.newest().await?.ok_or_else(|| {
                Failure::bad_input(lang().word(
                    "there is no campaign run to report on",
                    "no hay ninguna campaña ejecutada de la que informar",
                ))
                .hint(lang().word("`iperftester run` makes the first", "`iperftester run` hace la primera"))
            })?,
        };
    let run = results.load(&id).await?;
    let to_terminal = with.out.is_none();
    let text = match format(context, with) {
        ReportFormat::Terminal => {
            report::terminal(lang(), &run, context.output.width(), to_terminal && context.output.color)
        }
        ReportFormat::Html => report::html(lang(), &run).map_err(|fault| Failure::of(Exit::Unavailable, &fault))?,
        ReportFormat::Json => report::json(&run),
    };
    match &with.out {
        None => context.output.text(&text),
        Some(path) => {
            fs_err::write(path, text).map_err(|fault| {
                Failure::of(Exit::Unavailable, &fault)
                    .hint(lang().word("name another file by `--out FILE`", "indique otro fichero con `--out FICHERO`"))
            })?;
            let path = path.display();
            context.output.either(
                || say!(lang(), "wrote the report on {id} to {path}", "escrito el informe de {id} en {path}"),
                &serde_json::json!({ "campaign_run": id, "written": path.to_string() }),
            );
        }
    }
    Ok(Exit::Ok)
}

/// The format asked for, or what else was said.
fn format(context: &Context<'_>, with: &Report) -> ReportFormat {
    let ending = with.out.as_deref().and_then(|path| path.extension()?.to_str());
    match (with.format, ending) {
        (Some(format), _) => format,
        (None, Some("html" | "htm")) => ReportFormat::Html,
        (None, Some("json")) => ReportFormat::Json,
        (None, None) if context.output.is_json() => ReportFormat::Json,
        (None, _) => ReportFormat::Terminal,
    }
}
