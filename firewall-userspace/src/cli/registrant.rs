//! `sipfw registrant`: who has proved itself, looked at and removed.
//!
//! Owns: the verb. Refuses: adding one by hand (`peer add` and `allow add` are for whom an operator trusts).
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use super::failure::wrong;
use super::live::Live;
use crate::dataplane::clock;
use crate::entries::{parse_prefix, prefix_text};
use crate::report::registrant::{OfSource, by_source, table};
use crate::report::text::counted;

const EXAMPLES: &str = "\
Examples:
  sipfw registrant list
  sipfw registrant list --known
  sipfw registrant remove 198.51.100.7

A source becomes a registrant when our server accepts a REGISTER with credentials from it, until that
registration expires. Afterwards it stays known for a while, so that it comes back before strangers
do when everybody registers anew.";

/// Show and remove those who are trusted because they registered
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List registrants with their accounts
    #[command(after_help = "\
Examples:
  sipfw registrant list
  sipfw registrant list --known --json")]
    List(ListArgs),
    /// Trust a source no longer, until it registers anew; exit code 1 if it is no registrant
    #[command(after_help = "\
Examples:
  sipfw registrant remove 198.51.100.7
  sipfw registrant remove 2001:db8:0:7::/64")]
    Remove(RemoveArgs),
}

#[derive(clap::Args)]
struct ListArgs {
    /// Also sources whose registration has ended and that are still known
    #[arg(long)]
    known: bool,
}

#[derive(clap::Args)]
struct RemoveArgs {
    /// An address, or a prefix
    source: String,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::List(args) => list(args, context),
        Action::Remove(args) => remove(&args.source, context),
    }
}

fn list(args: &ListArgs, context: &mut Context) -> Result<Exit> {
    let now = clock::now().wall_ms;
    let rows = context::store(&context.config()?)?.registrants(now)?;
    let mut sources: Vec<OfSource> = by_source(rows, now);
    sources.retain(|of| of.trusted || args.known);
    if context.out.is_json() {
        context.out.json(&sources)?;
    } else if sources.is_empty() {
        context.out.line("no registrants")?;
    } else {
        context.out.line(table(&sources, now))?;
    }
    Ok(Exit::Yes)
}

fn remove(source: &str, context: &mut Context) -> Result<Exit> {
    let source = parse_prefix(source).map_err(|e| wrong(e.to_string()))?;
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let mut live = Live::open(&config, context.global.iface.as_deref())?;
    let removed = store.remove_registrant(source)?;
    let (trusted, applied) = live.remove_registrant(source, &removed)?;
    let was = trusted || !removed.is_empty();
    if context.out.is_json() {
        context.out.json(&json!({ "removed": removed, "trusted": trusted, "applied": applied.ifaces }))?;
    } else if was {
        let accounts = counted(removed.len(), "registration", "registrations");
        context
            .out
            .line(format!("{} is no registrant any more, {accounts} removed; {applied}", prefix_text(source)))?;
    } else {
        context.out.line(format!("{} is no registrant", prefix_text(source)))?;
    }
    Ok(Exit::of(was))
}
