//! ping (in the making).

use std::time::Duration;

use super::{Endpoints, Load, Outputs, ParseError, Tool};
use crate::domain::measurement::Measurement;
use crate::domain::test::Ping;

impl Tool for Ping {
    fn duration(&self) -> Duration {
        Duration::ZERO
    }
    fn load(&self) -> Load {
        Load::Light
    }
    fn expected_bytes(&self, _: Option<u64>) -> (Option<u64>, Option<u64>) {
        (None, None)
    }
    fn server_command(&self, _: &Endpoints) -> Option<Vec<String>> {
        None
    }
    fn client_command(&self, _: &Endpoints) -> Vec<String> {
        vec![]
    }
    fn parse(&self, _: &Outputs<'_>) -> Result<Measurement, ParseError> {
        Err(ParseError::Unreadable { tool: "ping", message: String::new() })
    }
}
