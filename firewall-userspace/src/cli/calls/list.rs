//! The log of calls.
//!
//! Owns: which calls are asked for, and in which form. Refuses: their columns (see [`crate::report::call`]).
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::ago;
use crate::call_log::Numbering;
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::dataplane::clock;
use crate::report::call::{csv, json, log};
use crate::store::CallFilter;

pub(super) const EXAMPLES: &str = "\
Examples:
  sipfw calls list --since 24h
  sipfw calls list --from 100 --international --since 30d
  sipfw calls list --to +4930 --csv >calls.csv
  sipfw calls list --refused --peer itsp --limit 1000 --json

A number is found by its beginning, however it was dialled: +4930 finds +49 30 1234 and what the
plan makes of 030 1234. Times are how long ago. Without --limit, --csv and --json print all.";

/// Lines that a person reads.
const LINES: u32 = 50;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only calls that began within this time, such as 24h or 7d
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// Only calls that began longer ago than this
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    until: Option<Duration>,
    /// Only callers whose number, or name, begins so
    #[arg(long, value_name = "NUMBER")]
    from: Option<String>,
    /// Only callees whose number, or name, begins so
    #[arg(long, value_name = "NUMBER")]
    to: Option<String>,
    /// Only calls with this peer
    #[arg(long, value_name = "NAME")]
    peer: Option<String>,
    /// Only calls that were refused, or would have been
    #[arg(long)]
    refused: bool,
    /// Only calls to numbers abroad
    #[arg(long)]
    international: bool,
    /// At most so many, the newest
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Print CSV instead of a table
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Args {
    fn filter(&self, numbering: &Numbering) -> CallFilter {
        let key = |text: &String| numbering.wanted(text);
        CallFilter {
            live: false,
            refused: self.refused,
            international: self.international,
            since: self.since.map(ago),
            until: self.until.map(ago),
            from: self.from.as_ref().map(key),
            to: self.to.as_ref().map(key),
            peer: self.peer.clone(),
        }
    }
}

pub(super) fn perform(args: &Args, context: &mut Context) -> Result<Exit> {
    let loaded = context.load()?;
    let store = context::store(&loaded.config)?;
    let is_text = !args.csv && !context.out.is_json();
    let limit = args.limit.unwrap_or(if is_text { LINES } else { u32::MAX });
    let calls = store.calls(&args.filter(&Numbering::of(&loaded)), limit)?;
    if context.out.is_json() {
        context.out.json(&calls.iter().map(|call| json(call, None)).collect::<Vec<_>>())?;
    } else if args.csv {
        context.out.text(csv(&calls).context("writing CSV")?)?;
    } else if calls.is_empty() {
        context.out.line(super::NONE_SUCH)?;
    } else {
        context.out.line(log(&calls, clock::now().wall_ms))?;
    }
    Ok(Exit::Yes)
}
