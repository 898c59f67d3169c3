//! `sipfw events`: samples of what was dropped.
//!
//! Owns: which events are shown, and waiting for new ones. Refuses: counting (counters are exact, events are samples).
use std::collections::VecDeque;
use std::time::Duration;

use anyhow::Result;
use firewall_common::reason::Reason;
use serde::Serialize;

use super::context::{self, Context};
use super::exit::Exit;
use crate::dataplane::clock;
use crate::entries::list_row;
use crate::report::events::{HEADINGS, line};
use crate::store::{Store, StoredEvent};

const EXAMPLES: &str = "\
Examples:
  sipfw events                          the last fifty
  sipfw events --since 10m --reason not_sip --reason signature
  sipfw events --follow --json          one JSON object a line, as they come

Events are samples: at most events.per_second of each reason are kept while the daemon runs. `sipfw
status` has exact counts. With --json, each event is one object on a line of its own.";

/// Show samples of dropped packets
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Go on with new events as they come, until interrupted
    #[arg(long, short)]
    follow: bool,
    /// Only events younger than this, such as 10m or 2h
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// Only events of this reason; may be repeated
    #[arg(long, value_name = "REASON", value_parser = reason)]
    reason: Vec<Reason>,
    /// At most so many of the past, the youngest; 50, or all with --since
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// How many are shown of the past when nothing says how many.
const LIMIT: usize = 50;
/// Events read at once.
const CHUNK: u32 = 10_000;
/// How long to wait before looking for new ones.
const PAUSE: Duration = Duration::from_millis(500);

fn reason(word: &str) -> Result<Reason, String> {
    let drops = || Reason::ALL.iter().filter(|r| r.drops());
    drops().find(|r| r.word() == word).copied().ok_or_else(|| {
        let words: Vec<&str> = drops().map(|r| r.word()).collect();
        format!("there is no such reason; those that drop are {}", words.join(", "))
    })
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let store = context::store(&context.config()?)?;
    let (past, mut last) = past(&store, args)?;
    if !context.out.is_json() && (args.follow || !past.is_empty()) {
        context.out.line(HEADINGS)?;
    }
    past.iter().try_for_each(|event| show(event, &store, context))?;
    if args.follow {
        loop {
            context.out.finish()?;
            std::thread::sleep(PAUSE);
            last = news(&store, args, last, context)?;
        }
    }
    if past.is_empty() && !context.out.is_json() {
        context.out.line("no events; the daemon keeps samples of drops while it runs")?;
    }
    Ok(Exit::Yes)
}

fn show(event: &StoredEvent, store: &Store, context: &mut Context) -> Result<()> {
    let row = list_row(event.event.detail).filter(|_| event.event.reason == Reason::Denied);
    let list = row.map(|row| store.blocklist_name(row)).transpose()?.flatten();
    if context.out.is_json() {
        return context.out.json_line(&Shown { event, list });
    }
    context.out.line(line(event, list.as_deref()))
}

/// An event, and the block list that decided it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    event: &'a StoredEvent,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<String>,
}

/// The youngest events that are asked for, and the id of the last event there is.
fn past(store: &Store, args: &Args) -> Result<(VecDeque<StoredEvent>, i64)> {
    let limit = args.limit.unwrap_or(if args.since.is_some() { usize::MAX } else { LIMIT });
    let after = args.since.map_or(i64::MIN, |span| {
        clock::now().wall_ms.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
    });
    let (mut kept, mut last) = (VecDeque::new(), 0);
    loop {
        let chunk = store.events(last, CHUNK)?;
        let Some(newest) = chunk.last() else { return Ok((kept, last)) };
        last = newest.id;
        kept.extend(chunk.into_iter().filter(|e| e.event.time >= after && wanted(args, e)));
        kept.drain(..kept.len().saturating_sub(limit));
    }
}

/// Shows what came after the event `last`; returns the last one now.
fn news(store: &Store, args: &Args, last: i64, context: &mut Context) -> Result<i64> {
    let chunk = store.events(last, CHUNK)?;
    let newest = chunk.last().map_or(last, |event| event.id);
    chunk.iter().filter(|event| wanted(args, event)).try_for_each(|event| show(event, store, context))?;
    Ok(newest)
}

fn wanted(args: &Args, event: &StoredEvent) -> bool {
    args.reason.is_empty() || args.reason.contains(&event.event.reason)
}
