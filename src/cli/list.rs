//! `list`.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::domain::verdict::Verdict;
use crate::store::CampaignRunSummary;

pub(super) async fn perform(context: &Context<'_>) -> Result<Exit, Failure> {
    let runs = context.results().await?.list().await?;
    context.output.either(|| table(&runs), &runs);
    Ok(Exit::Ok)
}

fn table(runs: &[CampaignRunSummary]) -> String {
    if runs.is_empty() {
        return lang()
            .word(
                "no campaign runs yet: `iperftester run` makes the first",
                "aún no hay campañas ejecutadas: `iperftester run` hace la primera",
            )
            .to_owned();
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        lang().word("CAMPAIGN RUN", "EJECUCIÓN"),
        lang().word("TOPOLOGY", "TOPOLOGÍA"),
        lang().word("STARTED (UTC)", "INICIO (UTC)"),
        lang().word("RUNS", "PRUEBAS"),
        lang().word("OK", "CORRECTAS"),
        lang().word("FAILED", "FALLIDAS"),
        lang().word("SKIPPED", "OMITIDAS"),
        lang().word("INVALID", "NO VÁLIDAS"),
        lang().word("VERDICT", "VEREDICTO"),
    ]);
    for run in runs {
        let counts = run.runs;
        let measured = counts.ok + counts.failed + counts.skipped + counts.invalid;
        let verdicts = run.verdicts;
        let verdict = match () {
            () if verdicts.fail > 0 => Verdict::Fail,
            () if verdicts.invalid > 0 => Verdict::Invalid,
            () if verdicts.warn > 0 => Verdict::Warn,
            () if verdicts.pass > 0 => Verdict::Pass,
            () => Verdict::None,
        };
        let state = if run.header.interrupted || run.header.ended.is_none() {
            lang().word(" (cut off)", " (cortada)")
        } else {
            ""
        };
        let verdict = lang().verdict(verdict);
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
