//! `import`.

use std::path::Path;

use serde::Serialize;

use super::args::Import;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::domain::run::CampaignRun;
use crate::i18n::{say, sentences};
use crate::store::{self, Results, Store, StoreError};

#[derive(Serialize)]
struct Document {
    files: Vec<Outcome>,
}

#[derive(Serialize)]
struct Outcome {
    file: String,
    /// Null where the file could not be read so far.
    campaign_run: Option<String>,
    imported: bool,
    /// Why not, and what to try.
    error: Option<String>,
    hint: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

pub(super) async fn perform(context: &Context<'_>, with: &Import) -> Result<Exit, Failure> {
    let results = context.results().await?;
    let mut files = Vec::new();
    for path in &with.files {
        let outcome = take_in(&results, path).await;
        match &outcome.error {
            Some(error) if !context.output.is_json() => {
                context.output.chain(std::slice::from_ref(error), outcome.hint.as_deref());
            }
            _ => {}
        }
        files.push(outcome);
    }
    let document = Document { files };
    context.output.either(|| describe(&document), &document);
    // A database that cannot be written outranks a file that is wrong: the files may be well.
    let exits = document.files.iter().map(|file| file.exit);
    Ok(exits.max_by_key(|exit| exit.code()).unwrap_or(Exit::Ok))
}

fn describe(document: &Document) -> String {
    let taken: Vec<&Outcome> = document.files.iter().filter(|file| file.imported).collect();
    let mut text = String::new();
    for file in &taken {
        let id = file.campaign_run.as_deref().unwrap_or_default();
        text.push_str(&say!(lang(), "took in {id} from {}\n", "incorporada {id} desde {}\n", file.file));
    }
    let files = lang().counted(document.files.len(), ["file", "files"], ["fichero", "ficheros"]);
    text.push_str(&say!(lang(), "{} of {files} taken in", "incorporados: {} de {files}", taken.len()));
    text
}

/// An error and its causes on one line, in the reader's language.
fn causes(fault: &dyn std::error::Error) -> String {
    super::failure::causes(fault).iter().map(|text| sentences::told(lang(), text)).collect::<Vec<_>>().join(": ")
}

async fn take_in(results: &Results, path: &Path) -> Outcome {
    let file = path.display().to_string();
    let refused = |campaign_run, exit, error: String, hint: Option<String>| Outcome {
        file: file.clone(),
        campaign_run,
        imported: false,
        error: Some(format!("{file}: {error}")),
        hint,
        exit,
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(fault) => {
            return refused(
                None,
                Exit::BadInput,
                say!(lang(), "cannot be read: {fault}", "no se puede leer: {fault}"),
                Some(
                    lang()
                        .word(
                            "name a file that `iperftester export` wrote, and that you may read",
                            "indique un fichero escrito por `iperftester export` y que usted pueda leer",
                        )
                        .to_owned(),
                ),
            );
        }
    };
    let whole = match store::import(&bytes) {
        Ok(whole) => whole,
        Err(fault) => {
            let text = causes(&fault);
            return refused(None, Exit::BadInput, text, Some(sentences::told(lang(), fault.hint())));
        }
    };
    let id = whole.header.id.clone();
    match results.store().import(&whole).await {
        Ok(()) => Outcome { file, campaign_run: Some(id), imported: true, error: None, hint: None, exit: Exit::Ok },
        Err(StoreError::Exists { .. }) => {
            let (text, hint) = present(results, &whole).await;
            refused(Some(id), Exit::BadInput, text, hint)
        }
        Err(fault) => {
            let text = causes(&fault);
            refused(Some(id), Exit::Unavailable, text, fault.hint().map(|hint| sentences::told(lang(), &hint)))
        }
    }
}

/// What to say of a campaign run whose id is here already.
async fn present(results: &Results, whole: &CampaignRun) -> (String, Option<String>) {
    let id = &whole.header.id;
    match results.load(id).await {
        Ok(here) if here == *whole => (
            say!(lang(), "`{id}` is here already, the very same", "`{id}` ya está aquí, exactamente igual"),
            Some(say!(
                lang(),
                "nothing is left to do: `iperftester report {id}` shows it",
                "no hay nada más que hacer: `iperftester report {id}` la muestra"
            )),
        ),
        Ok(_) => (
            say!(lang(), "`{id}` is here already with other contents", "`{id}` ya está aquí con otro contenido"),
            Some(
                lang()
                    .word(
                        "import it into another folder: `IPERFTESTER_DATA_DIR=FOLDER iperftester import FILE`",
                        "impórtela en otra carpeta: `IPERFTESTER_DATA_DIR=CARPETA iperftester import FICHERO`",
                    )
                    .to_owned(),
            ),
        ),
        Err(fault) => (causes(&fault), fault.hint().map(|hint| sentences::told(lang(), &hint))),
    }
}
