//! Connect: to be written.

use std::time::Duration;

use super::{Endpoints, Load, Outputs, ParseError, Tool, silent};
use crate::domain::measurement::{ConnectTimes, Measurement};
use crate::domain::test::Connect;

impl Tool for Connect {
    fn duration(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn load(&self) -> Load {
        Load::Light
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
        parse(outputs).map(Measurement::Connect)
    }
}

/// Reads the outputs.
pub(super) fn parse(outputs: &Outputs<'_>) -> Result<ConnectTimes, ParseError> {
    Err(silent("connect", outputs))
}
