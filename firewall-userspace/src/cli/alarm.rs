//! `sipfw alarm`: what peers did for which a stranger would have been banned.
//!
//! Owns: the verb. Refuses: raising alarms, and forgetting them (the database keeps the newest).
use anyhow::Result;
use clap::Subcommand;

use super::context::{self, Context};
use super::exit::Exit;
use crate::report::alarm::table;

const EXAMPLES: &str = "\
Examples:
  sipfw alarm list
  sipfw alarm list --limit 500 --json

Peers, and sources that an allow entry lets in, are never banned: they raise an alarm, which is
logged and kept with its evidence. One that goes on is counted in its row. A peer's name that no
longer resolves, or resolves to what looks forged, raises one too; the peer keeps its addresses.";

/// Show what trusted sources did for which others are banned
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List alarms, newest first
    #[command(after_help = "\
Examples:
  sipfw alarm list
  sipfw alarm list --limit 1 --json")]
    List(ListArgs),
}

#[derive(clap::Args)]
struct ListArgs {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::List(args) => list(args.limit, context),
    }
}

fn list(limit: u32, context: &mut Context) -> Result<Exit> {
    let alarms = context::store(&context.config()?)?.alarms(limit)?;
    if context.out.is_json() {
        context.out.json(&alarms)?;
    } else if alarms.is_empty() {
        context.out.line("no alarms")?;
    } else {
        context.out.line(table(&alarms))?;
    }
    Ok(Exit::Yes)
}
