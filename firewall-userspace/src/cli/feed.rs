//! `sipfw feed`: what others tell the firewall: block lists, and the feeds of PBXs.
//!
//! Owns: the verb's options, and a look at a list as every verb takes it. Refuses: adding a list (`deny import` and the
//! config do).
mod list;
mod refresh;
mod remove;

use anyhow::Result;
use clap::Subcommand;

use super::context::Context;
use super::exit::Exit;
use crate::config::Config;
use crate::dataplane::clock;
use crate::lists::{Fetcher, Jitter, Refreshed, refresh as refresh_list, surroundings};
use crate::store::{Store, StoredList};

const EXAMPLES: &str = "\
Examples:
  sipfw feed list
  sipfw feed refresh
  sipfw feed refresh scanners --force
  sipfw feed remove scanners

Lists come from the config ([[blocklist]]) and from `sipfw deny import`. The daemon reads them on
time; `feed refresh` does so now, with the daemon running or not.";

/// Show and refresh block lists, and show the feeds of PBXs
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show every list and feed: where it comes from, how much it says, and what is wrong with it
    #[command(after_help = "\
Examples:
  sipfw feed list
  sipfw feed list --json")]
    List,
    /// Read lists now; exit code 1 if one could not be read or may not be used
    #[command(after_help = "\
Examples:
  sipfw feed refresh
  sipfw feed refresh scanners --force")]
    Refresh(RefreshArgs),
    /// Forget a list that was imported, and everything that it named
    #[command(after_help = "\
Examples:
  sipfw feed remove scanners")]
    Remove(RemoveArgs),
}

#[derive(clap::Args)]
struct RefreshArgs {
    /// The list; without it, all
    name: Option<String>,
    /// Take it however much it has changed
    #[arg(long)]
    force: bool,
}

#[derive(clap::Args)]
struct RemoveArgs {
    /// The list
    name: String,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::List => list::perform(context),
        Action::Refresh(args) => refresh::perform(args, context),
        Action::Remove(args) => remove::perform(args, context),
    }
}

/// Looks at a list now.
pub(super) fn look(
    store: &mut Store,
    list: &StoredList,
    config: &Config,
    fetcher: &Fetcher,
    force: bool,
) -> Result<Refreshed> {
    let around = surroundings(config, config.peer_prefixes());
    let seen = (clock::now().wall_ms, Jitter(getrandom::u64().unwrap_or(0)));
    Ok(refresh_list(store, list, &around, fetcher, force, seen)?)
}
