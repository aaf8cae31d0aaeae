//! The messages of a probe session: JSON Lines over any byte stream, requests on the agent's standard input, replies on
//! its standard output. The controller sends typed tests, never command lines.

pub mod frame;

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::counters::EndCounters;
use crate::domain::facts::ProbeFacts;
use crate::domain::port::PortRange;
use crate::domain::test::Test;
use crate::domain::unit::seconds;

/// Version of these messages. Both sides must speak the same.
pub const VERSION: u32 = 2;

/// Longest line that either side accepts, in bytes: the longest output of a tool and room for what JSON makes of its quotes
/// and line feeds.
pub const LINE_MAX: usize = 128 * 1024 * 1024;

/// What the controller asks. `job` is the controller's number for a piece of work; every reply to it carries the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// First message of a session.
    Hello {
        /// [`VERSION`].
        protocol: u32,
        /// Ports that servers may be leased.
        ports: PortRange,
    },
    /// Open a TCP listener on a leased port until [`Request::Cancel`]; answered by [`Reply::Ready`].
    Listen {
        /// The work's number.
        job: u64,
    },
    /// Can `address` be reached? Answered by [`Reply::Reached`].
    Reach {
        /// The work's number.
        job: u64,
        /// Whom.
        address: IpAddr,
        /// The port of a listener there; `None` where none may be tried.
        port: Option<u16>,
        /// How long to wait for each answer.
        #[serde(rename = "timeout_seconds", with = "seconds")]
        timeout: Duration,
    },
    /// Start the test's one-off server; answered by [`Reply::Ready`] when seen listening, then [`Reply::Finished`].
    Serve {
        /// The work's number.
        job: u64,
        /// The test.
        test: Test,
        /// The probe's own address.
        address: IpAddr,
        /// Interface that the tool is bound to, on a probe with several.
        interface: Option<String>,
        /// The probe's own address, which the tool is bound to where others share its network.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        own: Option<IpAddr>,
        /// The server is killed after this.
        #[serde(rename = "deadline_seconds", with = "seconds")]
        deadline: Duration,
    },
    /// Start the test's client; answered by [`Reply::Started`], then [`Reply::Finished`].
    Start {
        /// The work's number.
        job: u64,
        /// The test.
        test: Test,
        /// The far end's address.
        address: IpAddr,
        /// The server's port; 0 for a test without one.
        port: u16,
        /// Interface that the tool is bound to, on a probe with several.
        interface: Option<String>,
        /// The probe's own address, which the tool is bound to where others share its network.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        own: Option<IpAddr>,
        /// The client is killed after this.
        #[serde(rename = "deadline_seconds", with = "seconds")]
        deadline: Duration,
    },
    /// Stop this work; no reply follows.
    Cancel {
        /// The work's number.
        job: u64,
    },
}

/// What the agent answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// Answer to [`Request::Hello`].
    Hello {
        /// The agent's [`VERSION`].
        protocol: u32,
        /// What the probe is.
        facts: Box<ProbeFacts>,
    },
    /// A server or listener is listening.
    Ready {
        /// The work's number.
        job: u64,
        /// Its leased port.
        port: u16,
        /// The server's argument list; empty for a plain listener.
        command: Vec<String>,
    },
    /// A client runs.
    Started {
        /// The work's number.
        job: u64,
        /// Its argument list.
        command: Vec<String>,
    },
    /// The rate at this end right now, from the probe's interface counters.
    Progress {
        /// The work's number.
        job: u64,
        /// Time since the start.
        elapsed_seconds: f64,
        /// Arriving.
        received_bits_per_second: f64,
        /// Leaving.
        sent_bits_per_second: f64,
    },
    /// Answer to [`Request::Reach`].
    Reached {
        /// The work's number.
        job: u64,
        /// Why ICMP echo got no answer; `None` where it did.
        icmp_fault: Option<String>,
        /// Why the port could not be connected to; `None` where it could.
        tcp_fault: Option<String>,
        /// Is it the probe's user who may not send ICMP echoes? That says nothing of the path.
        is_denied: bool,
    },
    /// A client or server has ended.
    Finished {
        /// The work's number.
        job: u64,
        /// What it left behind.
        ending: Box<Ending>,
    },
    /// The request could not be carried out.
    Refused {
        /// The work's number; 0 where the request could not be read.
        job: u64,
        /// Why.
        reason: String,
    },
}

impl Reply {
    /// The work that this answers; `None` for hello.
    #[must_use]
    pub const fn job(&self) -> Option<u64> {
        match self {
            Self::Hello { .. } => None,
            Self::Ready { job, .. }
            | Self::Started { job, .. }
            | Self::Progress { job, .. }
            | Self::Reached { job, .. }
            | Self::Finished { job, .. }
            | Self::Refused { job, .. } => Some(*job),
        }
    }
}

/// What a program left behind on a probe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// Its exit code; `None` where a signal or its deadline ended it.
    pub exit_code: Option<i32>,
    /// Its standard output, untouched where it is UTF-8.
    pub stdout: String,
    /// Its standard error, likewise.
    pub stderr: String,
    /// Why it did not end by itself.
    pub fault: Option<String>,
    /// Was its output too much to be kept? Then there is none, and `fault` says so.
    #[serde(default)]
    pub flooded: bool,
    /// Counters of the probe over the run.
    pub counters: EndCounters,
}

/// Writes a message as one line, its line feed included.
#[must_use]
pub fn line(message: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(message).expect("messages have string keys and finite numbers");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_and_comes_back_the_same() {
        let ending = Ending { stdout: "a\nb\u{0}\"".into(), ..Ending::default() };
        let reply = Reply::Finished { job: 7, ending: Box::new(ending) };
        let bytes = line(&reply);
        assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 1);
        assert_eq!(serde_json::from_slice::<Reply>(&bytes).unwrap(), reply);
    }

    #[test]
    fn a_request_with_an_unknown_field_is_refused() {
        let text = r#"{"request":"cancel","job":1,"argv":["sh"]}"#;
        assert!(serde_json::from_str::<Request>(text).is_err());
    }
}
