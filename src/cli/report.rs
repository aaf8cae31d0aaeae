//! `report`.

use super::args::{Report, ReportFormat};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::domain::run::CampaignRun;
use crate::i18n::{Lang, say, sentences};
use crate::report;
use crate::store::Results;

/// The word for the campaign run before.
const PREVIOUS: &str = "previous";

pub(super) async fn perform(context: &Context<'_>, with: &Report) -> Result<Exit, Failure> {
    let format = format(context, with);
    let results = context.results_to_read().await?;
    let ids = chosen(&results, with).await?;
    let mut runs = Vec::new();
    for id in &ids {
        // The outputs are most of a store. They are shown by two forms, and looked through for names.
        let raw = with.redact || matches!(format, ReportFormat::Json | ReportFormat::Jsonl);
        runs.push(if raw { results.load(id).await? } else { results.load_without_raw(id).await? });
    }
    if with.redact {
        runs = report::redact(runs).map_err(|fault| Failure::of(Exit::Bug, &fault))?;
    }
    let text = match runs.as_slice() {
        [run] => one(context, with, format, run)?,
        several => compared(context, with, format, several)?,
    };
    match &with.out {
        None => context.output.text(&text),
        Some(path) => {
            fs_err::write(path, text).map_err(|fault| {
                Failure::of(Exit::Unavailable, &fault)
                    .hint(lang().word("name another file by `--out FILE`", "indique otro fichero con `--out FICHERO`"))
            })?;
            let (path, id) = (path.display(), ids.join(", "));
            context.output.either(
                || say!(lang(), "wrote the report on {id} to {path}", "escrito el informe de {id} en {path}"),
                &serde_json::json!({ "campaign_run": id, "written": path.to_string() }),
            );
        }
    }
    Ok(Exit::Ok)
}

/// The campaign runs asked for: one to report on, or several to compare, the base first.
async fn chosen(results: &Results, with: &Report) -> Result<Vec<String>, Failure> {
    let newest =
        async || {
            results.newest().await?.ok_or_else(|| {
                Failure::bad_input(lang().word(
                    "there is no campaign run to report on",
                    "no hay ninguna campaña ejecutada de la que informar",
                ))
                .hint(lang().word("`iperftester run` makes the first", "`iperftester run` hace la primera"))
            })
        };
    let mut named = with.campaign_runs.clone();
    // One to compare with needs one to be compared.
    if named.is_empty() && with.compare.len() < 2 {
        named.push(newest().await?);
    }
    let subject = named.first().or(with.compare.last()).cloned().unwrap_or_default();
    let mut ids = Vec::new();
    for id in &with.compare {
        ids.push(if id == PREVIOUS { before(results, &subject).await? } else { id.clone() });
    }
    ids.extend(named);
    match ids.iter().enumerate().find(|(i, id)| ids.iter().take(*i).any(|other| other == *id)) {
        Some((_, twice)) => Err(Failure::bad_input(say!(
            lang(),
            "`{twice}` cannot be compared with itself",
            "`{twice}` no se puede comparar consigo misma"
        ))
        .hint(lang().word(
            "name another: `iperftester list` shows what there is",
            "indique otra: `iperftester list` muestra lo que hay",
        ))),
        None => Ok(ids),
    }
}

/// The campaign run of the same topology and campaign that started before `subject`.
async fn before(results: &Results, subject: &str) -> Result<String, Failure> {
    let list = results.list().await?;
    let own = list.iter().position(|s| s.header.id == subject).ok_or_else(|| {
        let unknown = format!("there is no campaign run `{subject}`");
        Failure::bad_input(sentences::told(lang(), &unknown)).hint("`iperftester list` shows what there is")
    })?;
    // The list is sorted, the newest first.
    let mut sorted = list.iter().skip(own);
    let header = sorted.next().map(|s| &s.header);
    let alike = |s: &&crate::store::CampaignRunSummary| {
        header.is_some_and(|h| s.header.topology == h.topology && s.header.campaign == h.campaign)
    };
    sorted.find(alike).map(|s| s.header.id.clone()).ok_or_else(|| {
        Failure::bad_input(say!(
            lang(),
            "no campaign run of the same topology and campaign came before `{subject}`",
            "ninguna ejecución de la misma topología y campaña es anterior a `{subject}`"
        ))
        .hint(lang().word(
            "`iperftester list` shows what there is; `report A B` compares any two",
            "`iperftester list` muestra lo que hay; `report A B` compara dos cualesquiera",
        ))
    })
}

fn one(context: &Context<'_>, with: &Report, format: ReportFormat, run: &CampaignRun) -> Result<String, Failure> {
    Ok(match format {
        ReportFormat::Terminal => report::terminal(lang(), run, context.output.width(), is_colored(context, with)),
        ReportFormat::Html => report::html(lang(), run).map_err(|fault| Failure::of(Exit::Unavailable, &fault))?,
        ReportFormat::Md => report::markdown(lang(), run),
        ReportFormat::Csv => report::csv(run),
        ReportFormat::Json => report::json(run),
        ReportFormat::Jsonl => report::json_lines(run),
        ReportFormat::Junit => report::junit(run).map_err(|fault| Failure::of(Exit::Unavailable, &fault))?,
    })
}

fn compared(
    context: &Context<'_>,
    with: &Report,
    format: ReportFormat,
    runs: &[CampaignRun],
) -> Result<String, Failure> {
    // Programs read English.
    let lang = if matches!(format, ReportFormat::Csv | ReportFormat::Json) { Lang::En } else { lang() };
    let comparison = report::compare(lang, runs);
    Ok(match format {
        ReportFormat::Terminal => comparison.terminal(context.output.width(), is_colored(context, with)),
        ReportFormat::Html => comparison.html().map_err(|fault| Failure::of(Exit::Unavailable, &fault))?,
        ReportFormat::Md => comparison.markdown(),
        ReportFormat::Csv => comparison.csv(),
        ReportFormat::Json => comparison.json(),
        ReportFormat::Jsonl | ReportFormat::Junit => {
            let word = format.word();
            return Err(Failure::bad_input(say!(
                lang,
                "a comparison has no form `{word}`",
                "una comparación no tiene la forma `{word}`"
            ))
            .hint(lang.word(
                "take `terminal`, `html`, `md`, `csv` or `json`; or report on each campaign run by itself",
                "use `terminal`, `html`, `md`, `csv` o `json`; o un informe de cada campaña ejecutada por separado",
            )));
        }
    })
}

fn is_colored(context: &Context<'_>, with: &Report) -> bool {
    with.out.is_none() && context.output.color
}

/// The form asked for, or what else was said.
fn format(context: &Context<'_>, with: &Report) -> ReportFormat {
    let ending = with.out.as_deref().and_then(|path| path.extension()?.to_str());
    match (with.format, ending) {
        (Some(format), _) => format,
        (None, Some(ending)) => ReportFormat::of_ending(&ending.to_lowercase()).unwrap_or(ReportFormat::Terminal),
        (None, None) if context.output.is_json() => ReportFormat::Json,
        (None, None) => ReportFormat::Terminal,
    }
}
