//! `report`.

use super::args::{Report, ReportFormat};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::report;

pub(super) async fn perform(context: &Context<'_>, with: &Report) -> Result<Exit, Failure> {
    let results = context.results_to_read().await?;
    let id = match &with.campaign_run {
        Some(id) => id.clone(),
        None => results.newest().await?.ok_or_else(|| {
            Failure::bad_input("there is no campaign run to report on").hint("`iperftester run` makes the first")
        })?,
    };
    let run = results.load(&id).await?;
    let to_terminal = with.out.is_none();
    let text = match format(context, with) {
        ReportFormat::Terminal => report::terminal(&run, context.output.width(), to_terminal && context.output.color),
        ReportFormat::Html => report::html(&run).map_err(|fault| Failure::of(Exit::Unavailable, &fault))?,
        ReportFormat::Json => report::json(&run),
    };
    match &with.out {
        None => context.output.text(&text),
        Some(path) => {
            fs_err::write(path, text)
                .map_err(|fault| Failure::of(Exit::Unavailable, &fault).hint("name another file by `--out FILE`"))?;
            let path = path.display();
            context.output.either(
                || format!("wrote the report on {id} to {path}"),
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
