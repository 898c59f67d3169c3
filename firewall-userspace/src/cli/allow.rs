//! `sipfw allow`: lets prefixes in like a peer without limits.
//!
//! Owns: the verb's options. Refuses: the work, which `deny` shares (see [`super::entry`]).
use anyhow::Result;
use clap::Subcommand;

use super::context::Context;
use super::entry::{AddArgs, DeleteArgs, FlushArgs, ListArgs, add, delete, flush, list};
use super::exit::Exit;
use crate::entries::{Kind, Scope};

const EXAMPLES: &str = "\
Examples:
  sipfw allow add 198.51.100.7 --comment 'the new office'
  sipfw allow add 2001:db8:7::/48 --for 12h
  sipfw allow add @offices.txt
  sipfw allow del 198.51.100.7
  sipfw allow list --sort hits

A file has one prefix a line; # begins a comment, which is kept with the entry. An entry inside
another one goes before it.";

/// Let prefixes in, like a peer without limits
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add entries; one that is there takes the new end and comment
    #[command(after_help = "\
Examples:
  sipfw allow add 198.51.100.7 203.0.113.0/24 --for 2h --comment 'a test'
  sipfw allow add @offices.txt")]
    Add(AddArgs),
    /// Delete entries
    #[command(
        visible_alias = "delete",
        after_help = "\
Examples:
  sipfw allow del 198.51.100.7
  sipfw allow del @offices.txt"
    )]
    Del(DeleteArgs),
    /// List the entries in force
    #[command(after_help = "\
Examples:
  sipfw allow list --sort expires
  sipfw allow list 198.51.100.0/24 --json")]
    List(ListArgs),
    /// Delete every allow entry
    #[command(after_help = "\
Examples:
  sipfw allow flush
  sipfw allow flush --yes")]
    Flush(FlushArgs),
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::Add(args) => add::perform(Kind::Allow, Scope::Sip, args, context),
        Action::Del(args) => delete::perform(Kind::Allow, args, context),
        Action::List(args) => list::perform(Kind::Allow, args, context),
        Action::Flush(args) => flush::perform(Kind::Allow, args, context),
    }
}
