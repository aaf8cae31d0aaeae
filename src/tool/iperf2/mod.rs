//! iperf 2: throughput over TCP and UDP. Its text with exact figures (`-e -f b`) is asked for at both ends: the CSV (`-y C`)
//! has neither retransmits nor round-trip times, a UDP client's CSV not even what arrived. A CSV from elsewhere is read too.

mod command;
mod csv;
mod merge;
mod report;
mod text;

use std::time::Duration;

use super::{Endpoints, Load, Outputs, ParseError, Tool, complaint, silent};
use crate::domain::measurement::{Measurement, Throughput};
use crate::domain::test::{Iperf2, ToolKind};
use report::Report;

const TOOL: &str = "iperf";

impl Tool for Iperf2 {
    fn duration(&self) -> Duration {
        self.duration
    }

    fn patience(&self) -> Duration {
        command::PATIENCE
    }

    fn load(&self) -> Load {
        Load::Exclusive
    }

    fn expected_bytes(&self, path_rate_bits_per_second: Option<u64>) -> (Option<u64>, Option<u64>) {
        command::expected_bytes(self, path_rate_bits_per_second)
    }

    fn server_command(&self, at: &Endpoints) -> Option<Vec<String>> {
        Some(command::server(self, at))
    }

    fn client_command(&self, at: &Endpoints) -> Vec<String> {
        command::client(self, at)
    }

    /// iperf ends with exit code 0 whatever happened, so the time that it ran is looked at as well.
    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        let measurement = super::parse_raw(ToolKind::Iperf2, outputs)?;
        if let Measurement::Throughput(measured) = &measurement {
            whole(self, measured)?;
        }
        Ok(measurement)
    }
}

/// A flow ends with its last packet, a little before the time is over where packets are few or lost.
const ENOUGH: f64 = 0.9;

fn whole(test: &Iperf2, measured: &Throughput) -> Result<(), ParseError> {
    let asked = test.duration.as_secs_f64();
    let flows = [Some(&measured.flow), measured.reverse.as_deref()];
    let short = flows.into_iter().flatten().filter_map(|f| f.duration_seconds).find(|ran| *ran < asked * ENOUGH);
    match short {
        Some(ran) => Err(unfinished(format!("it ran {ran} s of {asked} s"))),
        None => Ok(()),
    }
}

fn unreadable(line: usize, message: &str) -> ParseError {
    ParseError::Unreadable { tool: TOOL, message: format!("line {}: {message}", line + 1) }
}

fn unfinished(message: impl Into<String>) -> ParseError {
    ParseError::Unfinished { tool: TOOL, message: message.into() }
}

/// The measurement in a client's text or CSV, with the server's where it is there.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<Throughput, ParseError> {
    if outputs.client.trim_ascii().is_empty() {
        return Err(silent(TOOL, outputs));
    }
    // It goes on after an option that it does not know, with something else than what was asked.
    let said = complaint(TOOL, outputs.client_errors);
    if let Some(message) = said.as_ref().filter(|m| m.contains("option") || m.contains("write failed")) {
        return Err(ParseError::Reported { tool: TOOL, message: message.clone() });
    }
    let client = read(outputs.client, false)?;
    if client.is_server {
        return Err(unreadable(0, "this is the server's side; the client's is needed, and the server's beside it"));
    }
    let server = outputs.server.filter(|bytes| !bytes.trim_ascii().is_empty()).map(|b| read(b, true)).transpose()?;
    match (merge::throughput(&client, server.as_ref()), said) {
        (Err(ParseError::Unfinished { .. }), Some(message)) => Err(ParseError::Reported { tool: TOOL, message }),
        (outcome, _) => outcome,
    }
}

fn read(bytes: &[u8], is_server: bool) -> Result<Report, ParseError> {
    let text = String::from_utf8_lossy(bytes);
    let first = text.trim_start().split('\n').next().unwrap_or_default();
    if first.split(',').count() >= csv::FIELDS && first.starts_with(|c: char| c.is_ascii_digit()) {
        csv::read(&text, is_server)
    } else {
        text::read(&text)
    }
}
