//! `parse`.

use std::io::Read;
use std::path::Path;

use super::args::{Parse, ParseTool};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::speech::lang;
use crate::domain::test::ToolKind;
use crate::i18n::say;
use crate::process::OUTPUT_MAX;
use crate::tool::{self, Outputs, ParseError};

/// Prints the measurement in a tool's output. JSON is the only form: it is for programs, whatever `--output` says.
pub(super) fn perform(context: &Context<'_>, with: &Parse) -> Result<Exit, Failure> {
    let kind = kind(with.tool);
    if with.server.is_some() && !matches!(kind, ToolKind::Iperf2 | ToolKind::Iperf3) {
        return Err(Failure::bad_input(say!(
            lang(),
            "{kind} has no server whose output could be read",
            "{kind} no tiene servidor cuya salida se pueda leer"
        ))
        .hint(lang().word("leave `--server` out", "quite `--server`")));
    }
    let client = read(&with.file)?;
    let server = with.server.as_deref().map(read).transpose()?;
    let outputs = Outputs { client: &client, server: server.as_deref(), ..Outputs::default() };
    let measurement = tool::parse_raw(kind, &outputs).map_err(|fault| {
        let failure = Failure::of(Exit::BadInput, &fault);
        if let ParseError::Reported { message, .. } = &fault {
            return failure.hint(say!(
                lang(),
                "this output is whole, and there is no measurement in it: {kind} said \"{message}\"; mend that and measure again",
                "esta salida está completa y no contiene ninguna medición: {kind} dijo «{message}»; corríjalo y vuelva a medir"
            ));
        }
        failure.hint(say!(lang(), "{kind} is read from {}", "{kind} se lee de {}", source(kind)))
    })?;
    context.output.json(&measurement);
    Ok(Exit::Ok)
}

const fn kind(tool: ParseTool) -> ToolKind {
    match tool {
        ParseTool::Iperf3 => ToolKind::Iperf3,
        ParseTool::Iperf2 => ToolKind::Iperf2,
        ParseTool::Ping => ToolKind::Ping,
        ParseTool::Traceroute => ToolKind::Traceroute,
        ParseTool::Tracepath => ToolKind::Tracepath,
        ParseTool::Mtr => ToolKind::Mtr,
        ParseTool::PathMtu => ToolKind::PathMtu,
        ParseTool::Connect => ToolKind::Connect,
    }
}

/// The form that is read, by its command.
fn source(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Iperf3 => {
            lang().word("the whole output of `iperf3 -J -c HOST`", "la salida completa de `iperf3 -J -c SERVIDOR`")
        }
        ToolKind::Iperf2 => lang().word(
            "the whole output of `iperf -e -f b -c HOST`, or of `iperf -y C -c HOST`",
            "la salida completa de `iperf -e -f b -c SERVIDOR`, o de `iperf -y C -c SERVIDOR`",
        ),
        ToolKind::Ping => {
            lang().word("the whole output of `ping -n -c 10 HOST`", "la salida completa de `ping -n -c 10 SERVIDOR`")
        }
        ToolKind::Traceroute => {
            lang().word("the whole output of `traceroute -n HOST`", "la salida completa de `traceroute -n SERVIDOR`")
        }
        ToolKind::Tracepath => {
            lang().word("the whole output of `tracepath -n HOST`", "la salida completa de `tracepath -n SERVIDOR`")
        }
        ToolKind::Mtr => lang().word(
            "the whole output of `mtr --json -n -c 10 HOST`",
            "la salida completa de `mtr --json -n -c 10 SERVIDOR`",
        ),
        ToolKind::PathMtu | ToolKind::Connect => lang().word(
            "the raw output in a stored run (`report --format json`)",
            "la salida original de una prueba guardada (`report --format json`)",
        ),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let limit = OUTPUT_MAX as u64 + 1;
    let mut bytes = Vec::new();
    let name = if file == Path::new("-") {
        lang().word("standard input", "la entrada estándar").to_owned()
    } else {
        file.display().to_string()
    };
    let outcome = if file == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        fs_err::File::open(file).and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
    };
    outcome.map_err(|fault| {
        Failure::of(Exit::BadInput, &fault).hint(
            lang().word("name a file, or `-` for standard input", "indique un fichero, o `-` para la entrada estándar"),
        )
    })?;
    if bytes.len() > OUTPUT_MAX {
        let most = OUTPUT_MAX >> 20;
        return Err(Failure::bad_input(say!(
            lang(),
            "{name} holds more than {most} MiB, which no tool writes for one test",
            "{name} tiene más de {most} MiB, lo que ninguna herramienta escribe en una prueba"
        ))
        .hint(
            lang()
                .word("give the output of one run of the tool", "dé la salida de una sola ejecución de la herramienta"),
        ));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(Failure::bad_input(say!(lang(), "{name} is empty", "{name} no tiene contenido")).hint(
            lang().word(
                "a tool that failed may have said why on its standard error",
                "si la herramienta falló, quizá dijo por qué en su salida de error",
            ),
        ));
    }
    Ok(bytes)
}
