//! Errors, on the way to the person who has to do something about them.
//!
//! Owns: the errors that are the input's fault, and how any error is printed: sentences, never a debug dump. Refuses:
//! wording what other modules know better.
use std::fmt;
use std::io;

use rustix::process::geteuid;

use crate::config::Problem;
use crate::dataplane::Error;

use super::exit::Exit;

/// The command line, a list or the config is wrong: one line each.
#[derive(Debug)]
pub(super) struct Wrong(pub(super) Vec<String>);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Wrong {}

/// A wrong argument, with what would be right.
pub(super) fn wrong(sentence: impl Into<String>) -> anyhow::Error {
    Wrong(vec![sentence.into()]).into()
}

/// A config that cannot be used.
pub(super) fn bad_config(problems: &[Problem]) -> anyhow::Error {
    let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let errors = problems.iter().filter(|p| p.is_error()).count();
    lines.push(format!("the config has {errors} error{}; nothing was changed", if errors == 1 { "" } else { "s" }));
    Wrong(lines).into()
}

/// Prints an error; returns what the process ends with.
pub(super) fn tell(error: &anyhow::Error) -> Exit {
    if is_broken_pipe(error) {
        // Whoever read our output has seen enough, as `head` has.
        return Exit::Yes;
    }
    let said = sentence(error);
    let lacks_fix = is_denied(error) && !geteuid().is_root() && !said.contains("as root");
    eprintln!("sipfw: {said}{}", if lacks_fix { "; run it with sudo" } else { "" });
    if error.downcast_ref::<Wrong>().is_some() { Exit::Usage } else { Exit::No }
}

/// The chain of causes in one line, without causes that their effect already quotes.
pub(super) fn sentence(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !line.contains(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    line
}

/// Whether it was refused for want of rights.
pub(super) fn is_denied(error: &anyhow::Error) -> bool {
    let refused = |e: &io::Error| e.kind() == io::ErrorKind::PermissionDenied;
    let no_rights = |e: &Error| matches!(e, Error::NotPermitted { .. });
    error.chain().any(|e| e.downcast_ref().is_some_and(refused) || e.downcast_ref().is_some_and(no_rights))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|e| e.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn causes_are_told_once() {
        let error = anyhow::anyhow!("no such device").context("attaching to eth9: no such device").context("run");
        assert_eq!(sentence(&error), "run: attaching to eth9: no such device");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let gone: Result<(), _> = Err(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(tell(&gone.context("printing").unwrap_err()), Exit::Yes);
    }
}
