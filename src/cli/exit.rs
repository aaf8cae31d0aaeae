//! Exit codes, the same for every verb.

use std::panic::{UnwindSafe, catch_unwind};
use std::process::ExitCode;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done; warnings included.
    Ok,
    /// An expectation failed.
    Expectation,
    /// The user's file or arguments are wrong.
    BadInput,
    /// Something that is needed is not there.
    Unavailable,
    /// Something could not be measured, or its result is invalid.
    Partial,
    /// This program is wrong.
    Bug,
    /// Stopped by the user.
    Interrupted,
    /// What a command of the user ended with.
    Command(u8),
}

impl Exit {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Expectation => 1,
            Self::BadInput => 2,
            Self::Unavailable => 3,
            Self::Partial => 4,
            Self::Bug => 70,
            Self::Interrupted => 130,
            Self::Command(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Does `work`; a panic, whose message is on standard error by then, ends as [`Exit::Bug`].
pub(super) fn or_bug(work: impl FnOnce() -> ExitCode + UnwindSafe) -> ExitCode {
    catch_unwind(work).unwrap_or_else(|_| Exit::Bug.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug() {
        let ends = |work: fn() -> ExitCode| format!("{:?}", or_bug(work));
        assert_eq!(ends(|| panic!("on purpose")), format!("{:?}", ExitCode::from(70)));
        assert_eq!(ends(|| Exit::Partial.into()), format!("{:?}", ExitCode::from(4)));
    }
}
