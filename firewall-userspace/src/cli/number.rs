//! `sipfw number`: which numbers may be called.
//!
//! Owns: the verb's options. Refuses: the work, which `caller` shares (the files in `number/`), and what entries mean (see
//! [`crate::numbers`]).
pub(super) mod add;
pub(super) mod delete;
pub(super) mod import;
pub(super) mod list;
mod test;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use firewall_common::number::{Directions, NumberAction};

use super::context::Context;
use super::exit::Exit;
use crate::numbers::ListKind;
use add::{AddArgs, Said};
use delete::DeleteArgs;
use import::ImportArgs;
use list::ListArgs;

const EXAMPLES: &str = "\
Examples:
  sipfw number deny +882 +979 --class satellite --comment 'nobody here calls these'
  sipfw number allow +49 --peer itsp --direction sent
  sipfw number code +1 --class overseas
  sipfw number import prefixes.csv
  sipfw number test 0900123456
  sipfw number list --class premium

A prefix is written with the code of a country, +49900, or as it is dialled, 0900: the plan of the
config ([numbers]) makes one of the other. Of all entries that a number begins with the longest one
decides; a peer's own entry goes before everybody's of the same length. What no entry says anything
of, the policy decides: numbers.received and numbers.sent, and a peer's keys of these names.";

/// Say which numbers may be called
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Let numbers be called; an entry that is there takes the new action, class, comment and end
    #[command(after_help = "\
Examples:
  sipfw number allow +49 +43 +41
  sipfw number allow +4989 --peer itsp --direction sent --for 8h")]
    Allow(NumberArgs),
    /// Let nobody call numbers
    #[command(after_help = "\
Examples:
  sipfw number deny +881 +882 --class satellite
  sipfw number deny 0900 --comment 'ticket 4711'")]
    Deny(NumberArgs),
    /// Let numbers be called with the code of their class, see `sipfw code`
    #[command(after_help = "\
Examples:
  sipfw number code +1 +52 --class overseas
  sipfw code add overseas --generate")]
    Code(NumberArgs),
    /// Delete entries
    #[command(
        visible_alias = "delete",
        after_help = "\
Examples:
  sipfw number del +882
  sipfw number del +49 --peer itsp --direction sent"
    )]
    Del(NumberDeleteArgs),
    /// List the entries in force
    #[command(after_help = "\
Examples:
  sipfw number list
  sipfw number list +49900123 --json
  sipfw number list --peer itsp")]
    List(ListArgs),
    /// Say what would happen to a call, and why; exit code 1 if it would be refused
    #[command(after_help = "\
Examples:
  sipfw number test +43900123456
  sipfw number test 0900123456 --to-peer itsp
  sipfw number test 'sip:00%34%39900123456@example.com' --from-peer office")]
    Test(test::TestArgs),
    /// Import a list: CSV of prefix, action, class and comment
    #[command(after_help = "\
Examples:
  sipfw number import prefixes.csv
  sipfw number import prefixes.csv --peer itsp --direction sent
  curl -s https://example.net/prefixes.csv | sipfw number import -

A line of the file is +49900,deny,premium,\"what it costs\". The action is allow, deny or code; class
and comment may be missing. A first line that begins with the word prefix is a heading. One bad line
keeps the whole file out.")]
    Import(NumberImportArgs),
}

#[derive(clap::Args)]
struct NumberArgs {
    #[command(flatten)]
    add: AddArgs,
    /// Calls that are received, that our side sends, or both
    #[arg(long, value_enum, default_value_t = Direction::Both)]
    direction: Direction,
    /// The class of these numbers, for call codes and limits
    #[arg(long, value_name = "NAME")]
    class: Option<String>,
}

#[derive(clap::Args)]
struct NumberDeleteArgs {
    #[command(flatten)]
    delete: DeleteArgs,
    /// Only the entries for this direction; without it, whatever theirs is
    #[arg(long, value_enum)]
    direction: Option<Direction>,
}

#[derive(clap::Args)]
struct NumberImportArgs {
    #[command(flatten)]
    import: ImportArgs,
    /// Calls that are received, that our side sends, or both
    #[arg(long, value_enum, default_value_t = Direction::Both)]
    direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Direction {
    /// What comes in: a call of a phone, a registrant, a peer
    Received,
    /// What our side sends to a peer
    Sent,
    /// Both
    Both,
}

impl From<Direction> for Directions {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Received => Self::RECEIVED,
            Direction::Sent => Self::SENT,
            Direction::Both => Self::BOTH,
        }
    }
}

const LIST: ListKind = ListKind::Dialled;

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let add = |action, args: &NumberArgs, context: &mut Context| {
        let said = Said { list: LIST, action, directions: args.direction.into(), class: args.class.clone() };
        add::perform(&said, &args.add, context)
    };
    match &args.action {
        Action::Allow(args) => add(NumberAction::Allow, args, context),
        Action::Deny(args) => add(NumberAction::Deny, args, context),
        Action::Code(args) => add(NumberAction::Code, args, context),
        Action::Del(args) => delete::perform(LIST, args.direction.map(Into::into), &args.delete, context),
        Action::List(args) => list::perform(LIST, args, context),
        Action::Test(args) => test::perform(args, context),
        Action::Import(args) => import::perform(LIST, args.direction.into(), &args.import, context),
    }
}
