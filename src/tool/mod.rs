//! A tool is pure functions: from a test to one argument list per end, from bytes to a measurement.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::measurement::Measurement;
use crate::domain::test::Test;

mod iperf3;
mod ping;
mod traceroute;

/// Where the two ends of a run are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Address of the server's end.
    pub destination: IpAddr,
    /// Port leased for the server; unused by tools without one.
    pub port: u16,
}

/// Does a test load the path, so that nothing else may be measured there meanwhile?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// It fills the path: alone on each of its resources.
    Exclusive,
    /// A few packets: any number side by side, but never beside an exclusive one.
    Light,
}

/// Everything a finished run left behind, as bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outputs<'a> {
    /// The client's standard output.
    pub client: &'a [u8],
    /// The client's standard error.
    pub client_errors: &'a [u8],
    /// The client's exit code; `None` where a signal ended it or where it is not known.
    pub exit_code: Option<i32>,
    /// The server's standard output, where there is one.
    pub server: Option<&'a [u8]>,
}

/// Why an output is no measurement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The tool itself said what went wrong, e.g. iperf3's `error` field.
    #[error("{tool} reports: {message}")]
    Reported {
        /// The tool.
        tool: &'static str,
        /// Its words.
        message: String,
    },
    /// It was stopped or cut off before its end.
    #[error("{tool} stopped before the end of the test: {message}")]
    Unfinished {
        /// The tool.
        tool: &'static str,
        /// What is missing.
        message: String,
    },
    /// The bytes are not this tool's output.
    #[error("not an output of {tool}: {message}")]
    Unreadable {
        /// The tool.
        tool: &'static str,
        /// Where reading failed.
        message: String,
    },
}

/// What a tool can do with a test, all of it pure.
pub trait Tool {
    /// Time the test takes from start to end when nothing goes wrong, the tool's own start and end not included.
    fn duration(&self) -> Duration;

    /// Whether it fills the path.
    fn load(&self) -> Load;

    /// Payload bytes it sends (source to destination, destination to source), where the rate is known beforehand.
    /// `path_rate_bits_per_second` bounds a test without a rate of its own.
    fn expected_bytes(&self, path_rate_bits_per_second: Option<u64>) -> (Option<u64>, Option<u64>);

    /// The server's argument list at the destination (program first), if the test needs a server. It serves one client and
    /// ends.
    fn server_command(&self, at: &Endpoints) -> Option<Vec<String>>;

    /// The client's argument list at the source (program first).
    fn client_command(&self, at: &Endpoints) -> Vec<String>;

    /// The measurement in what a run left behind. Never panics, whatever the bytes are.
    ///
    /// # Errors
    /// [`ParseError`] where there is no complete measurement.
    fn parse(&self, outputs: &Outputs<'_>) -> Result<Measurement, ParseError>;
}

/// The tool of a test.
#[must_use]
pub fn of(test: &Test) -> &dyn Tool {
    match test {
        Test::Iperf3(t) => t,
        Test::Ping(t) => t,
        Test::Traceroute(t) => t,
    }
}
