//! iperf3: throughput over TCP and UDP, each way, both ways at once, with any number of streams.

use std::time::Duration;

use super::version::Need;
use super::{Endpoints, Load, Outputs, ParseError, Tool};
use crate::domain::measurement::Measurement;
use crate::domain::test::{Iperf3, ToolKind};

mod command;
mod intervals;
mod json;
mod parse;
mod partial;
mod processes;
mod sum;
mod tail;
mod traps;
mod versions;

pub(super) use parse::parse;
pub(super) use partial::partial;
pub(super) use processes::processes;

const TOOL: &str = "iperf3";

impl Tool for Iperf3 {
    fn duration(&self) -> Duration {
        command::whole_seconds(self.omit).saturating_add(command::measured(self))
    }

    fn patience(&self) -> Duration {
        command::PATIENCE
    }

    fn load(&self) -> Load {
        Load::Exclusive
    }

    fn expected_bytes(&self, path_rate_bits_per_second: Option<u64>) -> (Option<u64>, Option<u64>) {
        command::expected_bytes(self, self.duration(), path_rate_bits_per_second)
    }

    fn needs(&self) -> Vec<Need> {
        versions::needs(self)
    }

    fn binding(&self) -> Option<Need> {
        Some(versions::binding())
    }

    fn server_command(&self, at: &Endpoints) -> Option<Vec<String>> {
        Some(command::server(self, at))
    }

    fn client_command(&self, at: &Endpoints) -> Vec<String> {
        command::client(self, at)
    }

    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        super::parse_raw(ToolKind::Iperf3, outputs)
    }
}
