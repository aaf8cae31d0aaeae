//! Words for the nouns of the domain.

use super::Lang;
use crate::domain::campaign::Metric;
use crate::domain::run::RunStatus;
use crate::domain::test::Direction;
use crate::domain::verdict::Verdict;

impl Lang {
    /// A verdict: `pass`, `cumple`.
    #[must_use]
    pub const fn verdict(self, verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Pass => self.word("pass", "cumple"),
            Verdict::Warn => self.word("warn", "aviso"),
            Verdict::Fail => self.word("fail", "incumple"),
            Verdict::Invalid => self.word("invalid", "no válida"),
            Verdict::None => self.word("none", "ninguno"),
        }
    }

    /// How `n` runs ended: `failed`, `fallidas`.
    #[must_use]
    pub const fn status(self, status: RunStatus, n: usize) -> &'static str {
        match (status, n) {
            (RunStatus::Ok, 1) => self.word("ok", "correcta"),
            (RunStatus::Ok, _) => self.word("ok", "correctas"),
            (RunStatus::Failed, 1) => self.word("failed", "fallida"),
            (RunStatus::Failed, _) => self.word("failed", "fallidas"),
            (RunStatus::Skipped, 1) => self.word("skipped", "omitida"),
            (RunStatus::Skipped, _) => self.word("skipped", "omitidas"),
            (RunStatus::Invalid, 1) => self.word("invalid", "no válida"),
            (RunStatus::Invalid, _) => self.word("invalid", "no válidas"),
        }
    }

    /// What is measured, as the topology calls it in English.
    #[must_use]
    pub const fn metric(self, metric: Metric) -> &'static str {
        match metric {
            Metric::Throughput => self.word("throughput", "caudal"),
            Metric::Rtt => self.word("rtt", "ida y vuelta"),
            Metric::Jitter => self.word("jitter", "jitter"),
            Metric::Loss => self.word("loss", "pérdida"),
            Metric::Mtu => self.word("mtu", "MTU"),
        }
    }

    /// Which way data flowed.
    #[must_use]
    pub const fn direction(self, direction: Direction) -> &'static str {
        match direction {
            Direction::Forward => self.word("forward", "directa"),
            Direction::Reverse => self.word("reverse", "inversa"),
            Direction::Bidirectional => self.word("bidirectional", "bidireccional"),
        }
    }
}
