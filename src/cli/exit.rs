//! Exit codes, the same for every verb.

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
    /// Stopped by the user.
    Interrupted,
}

impl Exit {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Expectation => 1,
            Self::BadInput => 2,
            Self::Unavailable => 3,
            Self::Partial => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
