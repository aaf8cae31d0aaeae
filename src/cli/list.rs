//! `list`.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::args::List;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::store::CampaignRunSummary;

pub(super) async fn perform(context: &Context<'_>, with: &List) -> Result<Exit, Failure> {
    let mut runs = context.results_to_read().await?.list().await?;
    let any = !runs.is_empty();
    runs.retain(|run| {
        with.name.as_ref().is_none_or(|name| run.header.topology == *name)
            && with.campaign.as_ref().is_none_or(|name| run.header.campaign == *name)
    });
    runs.truncate(with.limit.unwrap_or(usize::MAX));
    context.output.either(|| table(&runs, any), &runs);
    Ok(Exit::Ok)
}

/// `any`: is there any campaign run at all?
fn table(runs: &[CampaignRunSummary], any: bool) -> String {
    if runs.is_empty() && any {
        return "no campaign run is as asked for: `iperftester list` shows all".to_owned();
    }
    if runs.is_empty() {
        return "no campaign runs yet: `iperftester run` makes the first".to_owned();
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "CAMPAIGN RUN",
        "TOPOLOGY",
        "STARTED (UTC)",
        "RUNS",
        "OK",
        "FAILED",
        "SKIPPED",
        "INVALID",
        "VERDICT",
    ]);
    for run in runs {
        let counts = run.runs;
        let measured = counts.ok + counts.failed + counts.skipped + counts.invalid;
        let verdicts = run.verdicts;
        let verdict = match () {
            () if verdicts.fail > 0 => "fail",
            () if verdicts.invalid > 0 => "invalid",
            () if verdicts.warn > 0 => "warn",
            () if verdicts.pass > 0 => "pass",
            () => "none",
        };
        let state = if run.header.interrupted || run.header.ended.is_none() { " (cut off)" } else { "" };
        table.add_row([
            run.header.id.clone(),
            run.header.topology.to_string(),
            run.header.started.format("%Y-%m-%d %H:%M:%S").to_string(),
            format!("{measured}/{}", run.header.planned_runs),
            counts.ok.to_string(),
            counts.failed.to_string(),
            counts.skipped.to_string(),
            counts.invalid.to_string(),
            format!("{verdict}{state}"),
        ]);
    }
    table.trim_fmt()
}
