//! A tool is pure functions: from a test to one argument list per end, from bytes to a measurement.

use std::net::IpAddr;
use std::time::Duration;

use crate::domain::measurement::{Interval, Measurement};
use crate::domain::test::{Protocol, Test, ToolKind};

pub mod connect;
mod iperf2;
mod iperf3;
mod mtr;
pub mod path_mtu;
mod ping;
mod tracepath;
mod traceroute;
mod version;

pub use version::{End, Need, Version};

/// Where the two ends of a run are, and what this end has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Address of the server's end.
    pub destination: IpAddr,
    /// Port leased for the server; unused by tools without one.
    pub port: u16,
    /// Interface that the tools of this end are bound to, on a probe with several.
    pub interface: Option<String>,
    /// This end's own address, which the tools are bound to where others share its network: a server without it would
    /// answer a datagram from whichever address the kernel takes first.
    pub own: Option<IpAddr>,
    /// The tool's version at this end, as it calls itself; `None` where it is not known.
    pub version: Option<String>,
}

impl Endpoints {
    /// The far end's address and port, with nothing special at this end.
    #[must_use]
    pub const fn new(destination: IpAddr, port: u16) -> Self {
        Self { destination, port, interface: None, own: None, version: None }
    }
}

/// Does a test load the path, so that nothing else may be measured there meanwhile?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// It fills the path: alone on each of its resources.
    Exclusive,
    /// A few packets: several side by side, but never beside an exclusive one.
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
    /// Seconds from the start of the client's process to its end, of several from the first start to the last end; `None`
    /// where nobody looked.
    pub ran_seconds: Option<f64>,
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
    /// Several of its processes were to be one test, and did not measure one time.
    #[error(
        "{processes} processes of {tool} did not start at one moment and surely measured together for {:.1} of {:.1} s only, which \
         is too little to tell their rate: ask for a `duration` of {ask_seconds}s or more, or for one stream",
        shared.as_secs_f64(),
        measured.as_secs_f64()
    )]
    Apart {
        /// The tool.
        tool: &'static str,
        /// How many.
        processes: usize,
        /// The time that all of them surely measured.
        shared: Duration,
        /// The time that each of them measured.
        measured: Duration,
        /// What would be long enough with such starts, in whole seconds.
        ask_seconds: u64,
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

    /// What it may take beyond [`Tool::duration`] while it waits for answers that do not come: a deadline shorter than the
    /// sum of both kills runs that would have ended by themselves, with their reason.
    fn patience(&self) -> Duration;

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

    /// What it asks for that not every version of the tool has.
    fn needs(&self) -> Vec<Need> {
        vec![]
    }

    /// What binding the tool to one of a probe's interfaces asks for.
    fn binding(&self) -> Option<Need> {
        None
    }

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
        Test::Iperf2(t) => t,
        Test::Mtr(t) => t,
        Test::Tracepath(t) => t,
        Test::PathMtu(t) => t,
        Test::Connect(t) => t,
    }
}

/// Why `test` cannot be carried out between two probes by the versions of its tool that they have: what it asks for, since
/// when there is such a thing, and who lacks it.
#[must_use]
pub fn refusal(test: &Test, source: End<'_>, destination: End<'_>) -> Option<String> {
    let tool = of(test);
    version::refusal(test.tool().program(), &tool.needs(), tool.binding().as_ref(), source, destination)
}

/// The tests that are run side by side to be this one, one process of the tool each; the tool's versions at the source and
/// the destination decide. Several only where a single process would measure itself and not the link.
#[must_use]
pub fn processes(test: &Test, source: Option<&str>, destination: Option<&str>) -> Vec<Test> {
    match test {
        Test::Iperf3(iperf3) => iperf3::processes(iperf3, source, destination),
        other => vec![other.clone()],
    }
}

/// What a run that failed had measured until then: the whole intervals of its main flow. Empty where the tool leaves none.
#[must_use]
pub fn partial(test: &Test, outputs: &Outputs<'_>) -> Vec<Interval> {
    match test {
        Test::Iperf3(iperf3) => iperf3::partial(iperf3, outputs),
        _ => vec![],
    }
}

/// The measurement in the outputs of `kind`, read without the test that made them. Never panics.
///
/// # Errors
/// [`ParseError`] where there is no complete measurement.
pub fn parse_raw(kind: ToolKind, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
    match kind {
        ToolKind::Iperf3 => iperf3::parse(outputs).map(Measurement::Throughput),
        ToolKind::Ping => ping::parse(outputs).map(Measurement::RoundTrip),
        ToolKind::Traceroute => traceroute::parse(outputs).map(Measurement::Path),
        ToolKind::Iperf2 => iperf2::parse(outputs).map(Measurement::Throughput),
        ToolKind::Mtr => mtr::parse(outputs).map(Measurement::Path),
        ToolKind::Tracepath => tracepath::parse(outputs).map(Measurement::Path),
        ToolKind::PathMtu => path_mtu::parse(outputs).map(Measurement::PathMtu),
        ToolKind::Connect => connect::parse(outputs).map(Measurement::Connect),
    }
}

/// The transport on whose port a test's server is to be seen: iperf 2's UDP server has no other, while iperf3 takes its
/// control connection by TCP whatever it measures.
#[must_use]
pub const fn listens_on(test: &Test) -> Protocol {
    match test {
        Test::Iperf2(t) => t.protocol,
        _ => Protocol::Tcp,
    }
}

/// The program of our own tools: the agent starts its own executable for it.
pub const OWN: &str = "iperftester";

/// The argument list of one of our own tools, without its options.
fn own(words: &[&str]) -> Vec<String> {
    [OWN, "measure"].iter().chain(words).map(|w| (*w).to_owned()).collect()
}

/// What one of our own tools printed.
fn printed(tool: &'static str, outputs: &Outputs<'_>) -> Result<Measurement, ParseError> {
    if outputs.client.trim_ascii().is_empty() {
        return Err(match complaint("error", outputs.client_errors) {
            Some(message) => ParseError::Reported { tool, message },
            None => ParseError::Unfinished { tool, message: "it wrote nothing".to_owned() },
        });
    }
    serde_json::from_slice(outputs.client).map_err(|fault| {
        if fault.is_eof() {
            ParseError::Unfinished { tool, message: "its JSON is cut off".to_owned() }
        } else {
            ParseError::Unreadable { tool, message: fault.to_string() }
        }
    })
}

/// A time as the tools take it: seconds with as many decimals as needed, down to the microsecond.
fn decimal_seconds(time: Duration) -> String {
    let micros = time.as_micros();
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What `program` said on its standard error: the first line that is no warning, without the program's name before it.
fn complaint(program: &str, errors: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(errors);
    let line = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.to_ascii_lowercase().contains("warning"))?;
    let words = match line.split_once(": ") {
        Some((name, rest)) if name.starts_with(program) => rest,
        _ => line,
    };
    Some(words.strip_prefix("error - ").unwrap_or(words).trim().to_owned())
}

/// Why `program` left nothing to read: its own words, else the missing output.
fn silent(program: &'static str, outputs: &Outputs<'_>) -> ParseError {
    match complaint(program, outputs.client_errors) {
        Some(message) => ParseError::Reported { tool: program, message },
        None => ParseError::Unfinished { tool: program, message: "it wrote nothing".to_owned() },
    }
}

/// A time printed in milliseconds, in seconds; `None` where it is no finite number from 0. The point is moved in the text, so
/// that `0.043` becomes 4.3e-5 and not its neighbour.
fn milliseconds(text: &str) -> Option<f64> {
    let value: f64 = format!("{text}e-3").parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_seconds_are_exact_and_short() {
        for (micros, text) in
            [(0, "0"), (1, "0.000001"), (200_000, "0.2"), (1_000_000, "1"), (10_000_000, "10"), (2_500_000, "2.5")]
        {
            assert_eq!(decimal_seconds(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn complaints_lose_the_program_and_warnings() {
        let said = |errors: &str| complaint("ping", errors.as_bytes());
        assert_eq!(said("ping: connect: Network is unreachable\n").as_deref(), Some("connect: Network is unreachable"));
        assert_eq!(said("\nping: Warning: odd source\nplain words\n").as_deref(), Some("plain words"));
        assert_eq!(said(" \n"), None);
        assert_eq!(complaint("iperf3", b"iperf3: error - no\n").as_deref(), Some("no"));
        assert_eq!(complaint("iperf3", b"iperf3-3.9: unrecognized option\n").as_deref(), Some("unrecognized option"));
    }

    #[test]
    fn only_finite_times_count() {
        assert_eq!(milliseconds("0.043"), Some(0.000_043));
        assert_eq!(milliseconds("1004"), Some(1.004));
        for text in ["nan", "inf", "-1", "", "1,5", "1e999"] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }
}
