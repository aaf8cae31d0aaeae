//! `list`.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::args::List;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::domain::verdict::Verdict;
use crate::i18n::sentences;
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
        return sentences::told(lang(), "no campaign run is as asked for: `iperftester list` shows all");
    }
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
