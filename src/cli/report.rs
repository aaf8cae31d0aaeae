//! `report`.

use std::io::{BufWriter, Write as _};

use super::args::{Report, ReportFormat};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::newest;
use super::output::Output;
use super::speech::lang;
use crate::domain::run::CampaignRun;
use crate::i18n::{Lang, say, sentences};
use crate::report::{self, Pieces};
use crate::store::Results;

/// The word for the campaign run before.
const PREVIOUS: &str = "previous";

/// Runs whose outputs are held at a time.
const BATCH: usize = 100;

pub(super) async fn perform(context: &Context<'_>, with: &Report) -> Result<Exit, Failure> {
    let format = format(context, with)?;
    let results = context.results_to_read().await?;
    let ids = chosen(context, &results, with).await?;
    let mut runs = Vec::new();
    for id in &ids {
        // The outputs are most of a store. They are looked through for names; what shows them asks for them later.
        runs.push(if with.redact { results.load(id).await? } else { results.load_without_raw(id).await? });
    }
    if with.redact {
        runs = report::redact(runs).map_err(|fault| Failure::of(Exit::Bug, &fault))?;
    }
    match runs.as_mut_slice() {
        [run] => one(context, with, format, &results, run).await?,
        several => {
            let text = compared(context, with, format, several)?;
            Sink::open(context, with)?.text(&text)?;
        }
    }
    if let Some(path) = &with.out {
        let (path, id) = (path.display(), ids.join(", "));
        context.output.either(
            || say!(lang(), "wrote the report on {id} to {path}", "escrito el informe de {id} en {path}"),
            &serde_json::json!({ "campaign_run": id, "written": path.to_string() }),
        );
    }
    Ok(Exit::Ok)
}

/// A form with the outputs, some at a time.
async fn in_pieces(
    context: &Context<'_>,
    with: &Report,
    results: &Results,
    form: Pieces,
    whole: &mut CampaignRun,
) -> Result<(), Failure> {
    let mut sink = Sink::open(context, with)?;
    sink.piece(&form.head(whole))?;
    let mut runs = std::mem::take(&mut whole.runs);
    let is_empty = runs.is_empty();
    let mut is_first = true;
    while !runs.is_empty() {
        let rest = runs.split_off(runs.len().min(BATCH));
        if !with.redact {
            results.add_outputs(&whole.header.id, &mut runs).await?;
        }
        for run in &runs {
            sink.piece(&form.run(whole, run, is_first))?;
            is_first = false;
        }
        runs = rest;
    }
    sink.piece(form.tail(is_empty))?;
    sink.end()
}

/// Where a report goes.
enum Sink<'a> {
    Output(&'a Output),
    File(BufWriter<fs_err::File>),
}

impl<'a> Sink<'a> {
    fn open(context: &Context<'a>, with: &Report) -> Result<Self, Failure> {
        let Some(path) = &with.out else { return Ok(Self::Output(context.output)) };
        Ok(Self::File(BufWriter::new(fs_err::File::create(path).map_err(|fault| unwritten(&fault))?)))
    }

    fn text(mut self, text: &str) -> Result<(), Failure> {
        if let Self::Output(output) = self {
            output.text(text);
            return Ok(());
        }
        self.piece(text)?;
        self.end()
    }

    fn piece(&mut self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Output(output) => output.bytes(text.as_bytes()),
            Self::File(file) => file.write_all(text.as_bytes()).map_err(|fault| unwritten(&fault))?,
        }
        Ok(())
    }

    fn end(self) -> Result<(), Failure> {
        match self {
            Self::Output(_) => Ok(()),
            Self::File(mut file) => file.flush().map_err(|fault| unwritten(&fault)),
        }
    }
}

fn unwritten(fault: &std::io::Error) -> Failure {
    Failure::of(Exit::Unavailable, fault)
        .hint(lang().word("name another file by `--out FILE`", "indique otro fichero con `--out FICHERO`"))
}

/// The campaign runs asked for: one to report on, or several to compare, the base first.
async fn chosen(context: &Context<'_>, results: &Results, with: &Report) -> Result<Vec<String>, Failure> {
    let mut named = with.campaign_runs.clone();
    // One to compare with needs one to be compared.
    if named.is_empty() && with.compare.len() < 2 {
        named.push(newest::find(context, results).await?);
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

async fn one(
    context: &Context<'_>,
    with: &Report,
    format: ReportFormat,
    results: &Results,
    run: &mut CampaignRun,
) -> Result<(), Failure> {
    let text = match format {
        ReportFormat::Terminal => report::terminal(lang(), run, context.output.width(), is_colored(context, with)),
        ReportFormat::Html => report::html(lang(), run).map_err(|fault| Failure::of(Exit::Unavailable, &fault))?,
        ReportFormat::Md => report::markdown(lang(), run),
        ReportFormat::Csv => report::csv(run),
        ReportFormat::Json => return in_pieces(context, with, results, Pieces::Json, run).await,
        ReportFormat::Jsonl => return in_pieces(context, with, results, Pieces::JsonLines, run).await,
        ReportFormat::Junit => report::junit(run).map_err(|fault| Failure::of(Exit::Unavailable, &fault))?,
    };
    Sink::open(context, with)?.text(&text)
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
fn format(context: &Context<'_>, with: &Report) -> Result<ReportFormat, Failure> {
    let ending = with.out.as_deref().and_then(|path| path.extension()?.to_str());
    match (with.format, ending) {
        (Some(format), _) => Ok(format),
        (None, Some(ending)) => ReportFormat::of_ending(&ending.to_lowercase()).ok_or_else(|| {
            let known = ReportFormat::ENDINGS;
            Failure::bad_input(say!(
                lang(),
                "no form of a report ends in `.{ending}`",
                "ninguna forma de informe termina en `.{ending}`"
            ))
            .hint(say!(
                lang(),
                "end the file's name in one of {known}, or name the form by `--format`",
                "termine el nombre del fichero en uno de {known}, o indique la forma con `--format`"
            ))
        }),
        (None, None) if context.output.is_json() => Ok(ReportFormat::Json),
        (None, None) => Ok(ReportFormat::Terminal),
    }
}
