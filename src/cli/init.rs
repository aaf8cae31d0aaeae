//! `init`.

use std::io::Write;

use super::args::Init;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::i18n::say;

const FIRST: &str = include_str!("../../examples/quickstart.yaml");

pub(super) fn perform(context: &Context<'_>, with: &Init) -> Result<Exit, Failure> {
    let path = &context.topology;
    let cannot = |fault: std::io::Error| {
        let failure = Failure::of(Exit::BadInput, &fault);
        match fault.kind() {
            std::io::ErrorKind::AlreadyExists => failure.hint(lang().word(
                "name another file by `-t FILE`, or add `--force` to overwrite this one",
                "indique otro fichero con `-t FICHERO`, o añada `--force` para sobrescribir este",
            )),
            _ => failure,
        }
    };
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create(true).truncate(true).create_new(!with.force);
    let mut file = options.open(path).map_err(cannot)?;
    file.write_all(FIRST.as_bytes()).map_err(cannot)?;
    let path = path.display();
    context.output.either(
        || {
            say!(
                lang(),
                "wrote {path}: look it over, then `iperftester deploy` and `iperftester run`",
                "escrito {path}: revíselo y después `iperftester deploy` e `iperftester run`"
            )
        },
        &serde_json::json!({ "written": path.to_string() }),
    );
    Ok(Exit::Ok)
}
