//! `sipfw ban`: the firewall's own blocks, looked at and lifted.
//!
//! Owns: the verb. Refuses: banning by hand (that is `deny add`), so that every ban has evidence.
mod why;

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use super::failure::wrong;
use super::live::{self, Live};
use crate::dataplane::clock;
use crate::entries::{Kind, parse_prefix, prefix_text};
use crate::report::entries::{Listed, bans};
use crate::report::text::counted;
use crate::store::{Filter, author};

const EXAMPLES: &str = "\
Examples:
  sipfw ban list
  sipfw ban why 198.51.100.7
  sipfw ban lift 198.51.100.7

A lifted ban leaves a mark, so that its evidence is not lost. The source begins anew: what counted
against it is forgotten, and its next ban is not a step longer than the lifted one. To block a source
by hand, use `sipfw deny add`.";

/// Show and lift the firewall's own bans
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the bans in force
    #[command(after_help = "\
Examples:
  sipfw ban list
  sipfw ban list --json")]
    List,
    /// Lift the bans that cover a source; exit code 1 if there is none
    #[command(after_help = "\
Examples:
  sipfw ban lift 198.51.100.7
  sipfw ban lift 2001:db8:0:7::/64")]
    Lift(Source),
    /// Say why a source is blocked or not; exit code 1 if it is not banned
    #[command(after_help = "\
Examples:
  sipfw ban why 198.51.100.7
  sipfw ban why 198.51.100.7 --json

It shows what is known of a source that is not banned, too: its score, holds, alarms and
registrations. Passwords, nonces and digests are never kept, so they are never shown.")]
    Why(Source),
}

#[derive(clap::Args)]
struct Source {
    /// An address, or a prefix
    source: String,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::List => list(context),
        Action::Lift(source) => lift(source, context),
        Action::Why(source) => why::perform(&source.source, context),
    }
}

fn list(context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let now = clock::now().wall_ms;
    let found = context::store(&config)?.list(Kind::Ban, &Filter::default(), now)?;
    let hits = live::hits(&config, context.global.iface.as_deref())?;
    let listed: Vec<Listed> = found.into_iter().map(|ban| Listed::new(ban, hits.as_ref())).collect();
    if context.out.is_json() {
        context.out.json(&listed)?;
    } else if listed.is_empty() {
        context.out.line("no source is banned")?;
    } else {
        context.out.line(bans(&listed, now))?;
    }
    Ok(Exit::Yes)
}

fn lift(args: &Source, context: &mut Context) -> Result<Exit> {
    let source = parse_prefix(&args.source).map_err(|e| wrong(e.to_string()))?;
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let mut live = Live::open(&config, context.global.iface.as_deref())?;
    // A ban that the daemon has not written yet is in the kernel only.
    let pending = live.drop_pending(source)?;
    let lifted = store.lift(source, &pending, author().as_deref(), clock::now().wall_ms)?;
    let applied = live.apply(&store)?;
    if context.out.is_json() {
        let pending: Vec<String> = lifted.pending.iter().map(|prefix| prefix_text(*prefix)).collect();
        context.out.json(&json!({ "lifted": lifted.bans, "pending": pending, "applied": applied.ifaces }))?;
    } else if lifted.count() == 0 {
        context.out.line(format!("{} is not banned", prefix_text(source)))?;
    } else {
        context.out.line(format!("{} lifted; {applied}", counted(lifted.count(), "ban", "bans")))?;
    }
    Ok(Exit::of(lifted.count() > 0))
}
