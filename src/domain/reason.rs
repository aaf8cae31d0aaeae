//! Why: reasons as data, told in the reader's language by [`crate::verdict`]. What an older iperftester stored as text, and
//! what tools and agents said, is a variant `Text` of each, kept as it is.

use serde::{Deserialize, Serialize};

use super::group::Pair;
use super::name::Name;

/// Why an expectation came to its verdict; the figures that a [`super::verdict::Judgement`] has beside it are not repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing was agreed on it and no limit set.
    NoContract,
    /// The tool did not give the figure.
    NoFigure,
    /// Nothing came back, so there is no time to accept.
    Unanswered,
    /// Nothing came back, and something was agreed.
    Dead {
        /// Echo requests sent.
        requests: u64,
    },
    /// A sender that was asked for less than the limit cannot show that the rate is there.
    OfferedTooLittle {
        /// What it was asked for; `None` where it was asked for no rate.
        offered_bits_per_second: Option<f64>,
        /// The least limit.
        limit_bits_per_second: f64,
    },
    /// So few packets do not tell such a loss.
    TooFewPackets {
        /// Packets sent.
        packets: u64,
        /// The limit, a ratio.
        limit_ratio: f64,
    },
    /// A limit was kept, or missed as the verdict says.
    Limit {
        /// The limit in the metric's SI unit.
        limit: f64,
        /// The share of the contract that it stands for.
        share: Option<f64>,
        /// Is it the default, which the campaign does not set?
        usual: bool,
        /// Packets lost and sent, behind a loss.
        packets: Option<(u64, u64)>,
    },
    /// As the inner reason says, of a sender that sent less than it was asked for.
    HeldBack {
        /// The reason itself.
        reason: Box<Reason>,
        /// What it sent.
        sent_bits_per_second: f64,
        /// What it was asked for.
        asked_bits_per_second: f64,
    },
    /// As the inner reason says, by no more than data both ways explain.
    BothWays {
        /// The reason itself.
        reason: Box<Reason>,
    },
    /// Nothing passed for a while.
    Stalled {
        /// For how long.
        seconds: f64,
        /// What the whole test took.
        of_seconds: f64,
    },
    /// As the inner reason says, on a path where larger packets vanish without a word (RFC 2923, section 2.1).
    BlackHole {
        /// The reason itself.
        reason: Box<Reason>,
    },
    /// In words.
    #[serde(untagged)]
    Text(String),
}

/// What a whole run came to, in a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// The tool gave no measurement.
    Failed(Fault),
    /// It was not started.
    Skipped(SkipReason),
    /// The first cause of the assessment spoils these figures.
    Instrument(Vec<Shown>),
    /// The reasons of the judgements that have its verdict.
    Judgements {
        /// Data went both ways, so each reason needs its ends.
        both_ways: bool,
    },
    /// A path is shown, not judged.
    PathShown,
    /// Times of connections are shown, not judged.
    ConnectionsShown,
    /// No contract and no limit.
    NothingExpected,
    /// In words.
    #[serde(untagged)]
    Text(String),
}

/// The main figure of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// A throughput, bit/s.
    BitsPerSecond(f64),
    /// A round-trip time, s.
    Seconds(f64),
    /// A ping without times.
    Ping,
    /// A path.
    Path,
    /// Connections.
    Connections,
}

/// Why a run was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// The test takes its rate from the contract, and the path has none.
    NoContractedRate {
        /// The test.
        test: Name,
    },
    /// Nothing can connect to the destination.
    BehindNat {
        /// The destination.
        probe: Name,
    },
    /// No agent answers on a probe.
    NoSession {
        /// Which, where it is known.
        probe: Option<Name>,
    },
    /// The source does not reach the destination.
    Unreachable {
        /// From where to where.
        pair: Pair,
        /// What was tried and what came of it.
        fault: String,
    },
    /// In words.
    #[serde(untagged)]
    Text(String),
}

/// Why a run that was started brought no measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The client was never started.
    NeverStarted,
    /// The client was cut off, and its output is none.
    Cut {
        /// By what.
        how: String,
        /// What its output lacks.
        fault: Box<Fault>,
    },
    /// iperf3's UDP client was cut off before it said anything: it waits for the answer to one datagram, which was perhaps
    /// lost.
    LostGreeting {
        /// By what it was cut off.
        how: String,
    },
    /// With something else that is known of the run.
    Noted {
        /// The fault itself.
        fault: Box<Fault>,
        /// What is known.
        note: String,
    },
    /// In words: the tool's or the agent's own.
    #[serde(untagged)]
    Text(String),
}

macro_rules! from_text {
    ($($of:ident),*) => { $(
        impl From<String> for $of {
            fn from(text: String) -> Self {
                Self::Text(text)
            }
        }

        impl From<&str> for $of {
            fn from(text: &str) -> Self {
                Self::Text(text.to_owned())
            }
        }
    )* };
}
from_text!(Reason, Account, SkipReason, Fault);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_stored_as_data_and_older_texts_are_still_read() {
        let name = |text: &str| Name::new(text).unwrap();
        let pair = Pair { source: name("a"), destination: name("b") };
        let accounts = [
            Account::Judgements { both_ways: true },
            Account::PathShown,
            Account::Skipped(SkipReason::Unreachable { pair, fault: "TCP port 5201".to_owned() }),
            Account::Skipped(SkipReason::BehindNat { probe: name("b") }),
            Account::Skipped("a probe is on fire".into()),
            Account::Failed(Fault::Cut { how: "ended by signal 9".into(), fault: Box::new("no output".into()) }),
            Account::Instrument(vec![Shown::BitsPerSecond(76.2e6)]),
            "92 % of the contract".into(),
        ];
        for account in accounts {
            let text = serde_json::to_string(&account).unwrap();
            assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account, "{text}");
        }
        assert_eq!(serde_json::from_str::<Reason>("\"too slow\"").unwrap(), "too slow".into());
        let limit = Reason::Limit { limit: 90e6, share: Some(0.9), usual: true, packets: None };
        let held =
            Reason::HeldBack { reason: Box::new(limit), sent_bits_per_second: 0.1 + 0.2, asked_bits_per_second: 95e6 };
        let text = serde_json::to_string(&held).unwrap();
        assert_eq!(serde_json::from_str::<Reason>(&text).unwrap(), held, "{text}");
    }
}
