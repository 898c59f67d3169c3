//! What a verb ends with.
//!
//! Owns: the exit codes and their meaning. Refuses: errors' sentences (see [`super::failure`]).
use std::process::ExitCode;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done, or the answer is yes.
    Yes,
    /// The answer is no, or it could not be done.
    No,
    /// The command line, a list or the config is wrong.
    Usage,
}

impl Exit {
    /// Yes if `answer`.
    pub(super) const fn of(answer: bool) -> Self {
        if answer { Self::Yes } else { Self::No }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Yes => 0,
            Exit::No => 1,
            Exit::Usage => 2,
        })
    }
}
