//! `parse`.

use std::io::Read;
use std::path::Path;

use super::args::{Parse, ParseTool};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::domain::test::ToolKind;
use crate::process::OUTPUT_MAX;
use crate::tool::{self, Outputs};

/// Prints the measurement in a tool's output. JSON is the only form: it is for programs, whatever `--output` says.
pub(super) fn perform(context: &Context<'_>, with: &Parse) -> Result<Exit, Failure> {
    let kind = kind(with.tool);
    if with.server.is_some() && !matches!(kind, ToolKind::Iperf2 | ToolKind::Iperf3) {
        return Err(
            Failure::bad_input(format!("{kind} has no server whose output could be read")).hint("leave `--server` out")
        );
    }
    let client = read(&with.file)?;
    let server = with.server.as_deref().map(read).transpose()?;
    let outputs = Outputs { client: &client, server: server.as_deref(), ..Outputs::default() };
    let measurement = tool::parse_raw(kind, &outputs)
        .map_err(|fault| Failure::of(Exit::BadInput, &fault).hint(format!("{kind} is read from {}", source(kind))))?;
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
const fn source(kind: ToolKind) -> &'static str {
    match kind {
        ToolKind::Iperf3 => "the whole output of `iperf3 -J -c HOST`",
        ToolKind::Iperf2 => "the whole output of `iperf -e -f b -c HOST`, or of `iperf -y C -c HOST`",
        ToolKind::Ping => "the whole output of `ping -n -c 10 HOST`",
        ToolKind::Traceroute => "the whole output of `traceroute -n HOST`",
        ToolKind::Tracepath => "the whole output of `tracepath -n HOST`",
        ToolKind::Mtr => "the whole output of `mtr --json -n -c 10 HOST`",
        ToolKind::PathMtu | ToolKind::Connect => "the raw output in a stored run (`report --format json`)",
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let limit = OUTPUT_MAX as u64 + 1;
    let mut bytes = Vec::new();
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let outcome = if file == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        fs_err::File::open(file).and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
    };
    outcome.map_err(|fault| Failure::of(Exit::BadInput, &fault).hint("name a file, or `-` for standard input"))?;
    if bytes.len() > OUTPUT_MAX {
        let most = OUTPUT_MAX >> 20;
        return Err(Failure::bad_input(format!(
            "{name} holds more than {most} MiB, which no tool writes for one test"
        ))
        .hint("give the output of one run of the tool"));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(Failure::bad_input(format!("{name} is empty"))
            .hint("a tool that failed may have said why on its standard error"));
    }
    Ok(bytes)
}
