//! `man`.

use clap::Command;
use clap_mangen::Man;

use super::args::Man as Arguments;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::i18n::say;

pub(super) fn perform(context: &Context<'_>, with: &Arguments) -> Result<Exit, Failure> {
    let unavailable = |fault: std::io::Error| Failure::of(Exit::Unavailable, &fault);
    let mut whole = super::command();
    whole.build();
    let Some(folder) = &with.out else {
        context.output.bytes(&page(whole).map_err(unavailable)?);
        return Ok(Exit::Ok);
    };
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help");
    let pages: Vec<Command> = verbs.chain([&whole]).cloned().collect();
    fs_err::create_dir_all(folder).map_err(unavailable)?;
    let mut written = Vec::new();
    for command in pages {
        let file = folder.join(format!("{}.1", command.get_display_name().unwrap_or(command.get_name())));
        let page = page(command).map_err(unavailable)?;
        fs_err::write(&file, page).map_err(|fault| {
            unavailable(fault)
                .hint(lang().word("name another folder by `--out FOLDER`", "indique otra carpeta con `--out CARPETA`"))
        })?;
        written.push(file.display().to_string());
    }
    context.output.either(
        || say!(lang(), "wrote {} pages to {}", "{} páginas escritas en {}", written.len(), folder.display()),
        &serde_json::json!({ "written": written }),
    );
    Ok(Exit::Ok)
}

/// The page of a command, in roff.
fn page(command: Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    // What follows the options are examples.
    Ok(String::from_utf8_lossy(&page).replace("\n.SH EXTRA\n", "\n.SH EXAMPLES\n").into_bytes())
}
