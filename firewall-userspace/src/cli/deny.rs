//! `sipfw deny`: blocks prefixes.
//!
//! Owns: the verb's options. Refuses: the work, which `allow` shares (see [`super::entry`]).
mod import;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};

use super::context::Context;
use super::entry::{AddArgs, DeleteArgs, FlushArgs, ListArgs, add, delete, flush, list};
use super::exit::Exit;
use crate::entries::{Kind, Scope};

const EXAMPLES: &str = "\
Examples:
  sipfw deny add 203.0.113.0/24 --for 2h --comment 'scans at night'
  sipfw deny add 2001:db8:bad::/48 --scope all
  sipfw deny add @blocklist.txt
  sipfw deny import https://lists.example.net/scanners.txt --every 1h
  sipfw deny del 203.0.113.0/24
  sipfw deny list --sort hits

A file has one prefix a line; # begins a comment, which is kept with the entry. An entry inside
another one goes before it. Deny entries go before peers: one that covers a whole prefix of a peer
needs --force.";

/// Block prefixes
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add entries; one that is there takes the new end, scope and comment
    #[command(after_help = "\
Examples:
  sipfw deny add 203.0.113.7 203.0.113.128/25 --for 2h
  sipfw deny add 203.0.113.0/24 --scope all --comment 'ticket 4711'
  sipfw deny add @blocklist.txt
  curl -s https://example.net/list | sipfw deny add @-")]
    Add(DenyArgs),
    /// Delete entries
    #[command(
        visible_alias = "delete",
        after_help = "\
Examples:
  sipfw deny del 203.0.113.0/24
  sipfw deny del @blocklist.txt"
    )]
    Del(DeleteArgs),
    /// List the entries in force
    #[command(after_help = "\
Examples:
  sipfw deny list --sort hits
  sipfw deny list 203.0.113.0/24 --json")]
    List(ListArgs),
    /// Import a block list that others publish; it is kept apart from the entries, see `sipfw feed`
    #[command(after_help = "\
Examples:
  sipfw deny import https://lists.example.net/scanners.txt --name scanners --every 1h
  sipfw deny import /var/lib/lists/drop.json
  sipfw deny import --key-file /etc/sipfw/apiban.key --name apiban --every 1h

A list is text with one prefix or range a line, JSON, or APIBAN's API. It is refused when it is
empty, too wide, or much larger or smaller than before. It never holds for peers, and an allow entry
always wins over it.")]
    Import(import::ImportArgs),
    /// Delete every deny entry
    #[command(after_help = "\
Examples:
  sipfw deny flush
  sipfw deny flush --yes")]
    Flush(FlushArgs),
}

#[derive(clap::Args)]
struct DenyArgs {
    #[command(flatten)]
    add: AddArgs,
    /// What is blocked
    #[arg(long, value_enum, default_value_t = ScopeArg::Sip)]
    scope: ScopeArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum ScopeArg {
    /// SIP and media ports
    Sip,
    /// Everything the source sends, SSH too
    All,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::Add(args) => add::perform(Kind::Deny, scope(args.scope), &args.add, context),
        Action::Del(args) => delete::perform(Kind::Deny, args, context),
        Action::List(args) => list::perform(Kind::Deny, args, context),
        Action::Import(args) => import::perform(args, context),
        Action::Flush(args) => flush::perform(Kind::Deny, args, context),
    }
}

fn scope(arg: ScopeArg) -> Scope {
    match arg {
        ScopeArg::Sip => Scope::Sip,
        ScopeArg::All => Scope::All,
    }
}
