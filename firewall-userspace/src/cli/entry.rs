//! The operator's entries, as `allow` and `deny` change them.
//!
//! Owns: the options that both verbs share. Refuses: what an entry means (see [`crate::entries`]).
pub(super) mod add;
pub(super) mod delete;
pub(super) mod flush;
pub(super) mod list;
mod operands;

use std::time::Duration;

use clap::{Args, ValueEnum};

/// What to add.
#[derive(Args)]
pub(super) struct AddArgs {
    /// Addresses, prefixes, or files of them; @- reads standard input
    #[arg(required = true, value_name = "PREFIX|@FILE")]
    prefixes: Vec<String>,
    /// How long the entries hold, such as 90s, 15m, 2h or 7days; without it, until they are deleted
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    lasting: Option<Duration>,
    /// A note that `list` shows
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Add also what would cut off a peer, or a good part of the Internet
    #[arg(long)]
    force: bool,
}

/// What to delete.
#[derive(Args)]
pub(super) struct DeleteArgs {
    /// Addresses, prefixes, or files of them, as they were added; @- reads standard input
    #[arg(required = true, value_name = "PREFIX|@FILE")]
    prefixes: Vec<String>,
}

/// What to list.
#[derive(Args)]
pub(super) struct ListArgs {
    /// Only entries that cover this prefix, or lie inside it
    #[arg(value_name = "PREFIX")]
    touching: Option<String>,
    /// The order
    #[arg(long, value_enum, default_value_t = Sort::Added)]
    sort: Sort,
    /// Only entries whose comment or author has this text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

/// An order of entries.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Sort {
    /// The most packets first
    Hits,
    /// By address
    Prefix,
    /// The oldest first
    Added,
    /// The next to end first
    Expires,
}

/// Whether to ask.
#[derive(Args)]
pub(super) struct FlushArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// A span that an entry may hold: not nothing, and an end that can be written down.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).map_err(|e| format!("{e}; write 90s, 15m, 2h or 7days"))?;
    match span.as_millis() {
        0 => Err("an entry that ends at once does nothing".to_owned()),
        ms if ms > CENTURY_MS => Err("longer than a century; leave --for out for an entry without an end".to_owned()),
        _ => Ok(span),
    }
}

const CENTURY_MS: u128 = 100 * 366 * 24 * 3_600 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_not_nothing_and_end() {
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for bad in ["", "2", "0s", "1ns", "200years", "x", "-5m", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
