//! Iperf2: to be written.

use std::time::Duration;

use super::{Endpoints, Load, Outputs, ParseError, Tool, silent};
use crate::domain::measurement::{Measurement, Throughput};
use crate::domain::test::Iperf2;

impl Tool for Iperf2 {
    fn duration(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn load(&self) -> Load {
        Load::Exclusive
    }

    fn expected_bytes(&self, _: Option<u64>) -> (Option<u64>, Option<u64>) {
        (Some(0), Some(0))
    }

    fn server_command(&self, _: &Endpoints) -> Option<Vec<String>> {
        None
    }

    fn client_command(&self, _: &Endpoints) -> Vec<String> {
        vec!["false".to_owned()]
    }

    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
        parse(outputs).map(Measurement::Throughput)
    }
}

/// Reads the outputs.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<Throughput, ParseError> {
    Err(silent("iperf2", outputs))
}
