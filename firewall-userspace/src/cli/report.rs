//! `sipfw report`: one page for the owner.
//!
//! Owns: the verb, and what the page is about. Refuses: its words (see [`crate::report::page`]).
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueHint;

use super::calls::{ago, cost};
use super::context::{self, Context};
use super::exit::Exit;
use super::media;
use crate::config::Config;
use crate::dataplane::clock;
use crate::devices::outdated;
use crate::entries::Kind;
use crate::report::page::{Facts, html, json, text};
use crate::report::time::instant;
use crate::store::{Filter, Store};

const EXAMPLES: &str = "\
Examples:
  sipfw report
  sipfw report --since 30d --html report.html
  sipfw report --json

It says what was tried, who was banned, where calls went, which were refused and whether that looks
like toll fraud, whose calls are not encrypted, which passwords and devices are weak, and what to do
about each. The HTML file is complete in itself and has no scripts.";

/// Destinations that are added up.
const TOP: u32 = 15;
/// Alarms that are looked at.
const ALARMS: u32 = 1_000;

/// Write the owner's report: attacks, bans, calls, and what to do
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// About this time until now, such as 24h or 30d
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = humantime::parse_duration)]
    since: Duration,
    /// Write an HTML file instead of text
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["text", "json"])]
    html: Option<PathBuf>,
    /// Print text, which is the default
    #[arg(long)]
    text: bool,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let facts = facts(args, context)?;
    match &args.html {
        Some(path) => {
            fs::write(path, html(&facts)).with_context(|| format!("cannot write {}", path.display()))?;
            context.out.line(format!("written to {}", path.display()))?;
        }
        None if context.out.is_json() => context.out.json(&json(&facts))?,
        None => context.out.text(text(&facts))?,
    }
    Ok(Exit::Yes)
}

fn facts(args: &Args, context: &Context) -> Result<Facts> {
    let config = context.config()?;
    let store = context::store(&config)?;
    let (since, now) = (ago(args.since), clock::now().wall_ms);
    let mut bans = store.list(Kind::Ban, &Filter { ended: true, ..Filter::default() }, now)?;
    bans.retain(|ban| ban.created >= since);
    bans.sort_by_key(|ban| std::cmp::Reverse(ban.created));
    let mut alarms = store.alarms(ALARMS)?;
    alarms.retain(|alarm| alarm.time >= since);
    Ok(Facts {
        since,
        now,
        events: store.event_sums(since)?,
        bans,
        alarms,
        calls: store.call_sums(since, TOP)?,
        cost: cost(&config, &store, since)?,
        logs: config.calls().log,
        media: media::look(&store, since, now)?,
        passwords: weak_passwords(&config, &store)?,
        devices: outdated_devices(&config, &store)?,
    })
}

/// Accounts whose passwords were guessed; nothing where nobody tries.
fn weak_passwords(config: &Config, store: &Store) -> Result<Option<Vec<[String; 3]>>> {
    if !config.passwords().audit {
        return Ok(None);
    }
    let weak = store.weak_accounts()?.into_iter().filter_map(|one| Some((one.account, one.weak?)));
    Ok(Some(weak.map(|(account, since)| [account, "its password was guessed".to_owned(), instant(since)]).collect()))
}

/// Devices whose firmware is older than the config wants; nothing where it wants none.
fn outdated_devices(config: &Config, store: &Store) -> Result<Option<Vec<[String; 3]>>> {
    let minimums = config.devices().minimums();
    if minimums.is_empty() {
        return Ok(None);
    }
    let found = store.devices()?.into_iter().filter(|one| outdated(&one.announced, minimums).is_some());
    Ok(Some(found.map(|one| [one.account, one.agent, instant(one.seen)]).collect()))
}
