//! `sipfw caller`: who may call.
//!
//! Owns: the verb's options, and saying what would happen to a caller. Refuses: the work that `number` shares.
mod test;

use anyhow::Result;
use clap::Subcommand;
use firewall_common::number::{Directions, NumberAction};

use super::context::Context;
use super::exit::Exit;
use super::number::add::{self, AddArgs, Said};
use super::number::delete::{self, DeleteArgs};
use super::number::import::{self, ImportArgs};
use super::number::list::{self, ListArgs};
use crate::numbers::ListKind;

const EXAMPLES: &str = "\
Examples:
  sipfw caller deny +4930123456 --for 7days --comment 'calls every night'
  sipfw caller allow +49 --peer itsp
  sipfw caller import blocked.csv
  sipfw caller test +4930123456 --from-peer itsp

A prefix is written as in `sipfw number`. The lists decide where callers.policy, or a peer's key
callers, says \"listed\" (who is denied may not call) or \"validated\" (only who is allowed may).";

/// Say who may call
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Let callers call; an entry that is there takes the new action, comment and end
    #[command(after_help = "\
Examples:
  sipfw caller allow +49 +43
  sipfw caller allow +493012345 --peer itsp")]
    Allow(AddArgs),
    /// Let callers not call
    #[command(after_help = "\
Examples:
  sipfw caller deny +4930123456
  sipfw caller deny +216 --for 2h")]
    Deny(AddArgs),
    /// Delete entries
    #[command(
        visible_alias = "delete",
        after_help = "\
Examples:
  sipfw caller del +4930123456
  sipfw caller del +49 --peer itsp"
    )]
    Del(DeleteArgs),
    /// List the entries in force
    #[command(after_help = "\
Examples:
  sipfw caller list
  sipfw caller list +4930 --json")]
    List(ListArgs),
    /// Say what would happen to a caller, and why; exit code 1 if he would be refused
    #[command(after_help = "\
Examples:
  sipfw caller test +4930123456
  sipfw caller test anonymous --from-peer itsp")]
    Test(test::TestArgs),
    /// Import a list: CSV of prefix, action, class and comment
    #[command(after_help = "\
Examples:
  sipfw caller import blocked.csv
  sipfw caller import blocked.csv --peer itsp

A line of the file is +4930123456,deny,,\"calls every night\". The action is allow or deny. One bad
line keeps the whole file out.")]
    Import(ImportArgs),
}

const LIST: ListKind = ListKind::Caller;

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let directions = Directions::RECEIVED;
    let said = |action| Said { list: LIST, action, directions, class: None };
    match &args.action {
        Action::Allow(args) => add::perform(&said(NumberAction::Allow), args, context),
        Action::Deny(args) => add::perform(&said(NumberAction::Deny), args, context),
        Action::Del(args) => delete::perform(LIST, None, args, context),
        Action::List(args) => list::perform(LIST, args, context),
        Action::Test(args) => test::perform(args, context),
        Action::Import(args) => import::perform(LIST, directions, args, context),
    }
}
