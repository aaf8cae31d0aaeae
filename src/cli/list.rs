//! `list`.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::store::CampaignRunSummary;

pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let runs = context.results_to_read().await?.list().await?;
    context.output.either(|| table(&runs), &runs);
    Ok(Exit::Ok)
}

fn table(runs: &[CampaignRunSummary]) -> String {
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
