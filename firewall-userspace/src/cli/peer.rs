//! `sipfw peer`: who is trusted by name.
//!
//! Owns: the verb's options. Refuses: keeping peers anywhere but in the config.
mod dropin;
mod show;

use anyhow::Result;
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use firewall_common::sip::Method;

use super::context::Context;
use super::exit::Exit;
use crate::config::{Transport, Word};

const EXAMPLES: &str = "\
Examples:
  sipfw peer list
  sipfw peer show itsp
  sipfw peer add itsp 198.51.100.0/24 2001:db8:5::/48 --transports udp,tls --reload
  sipfw peer del itsp --reload

Peers are part of the config: add writes a file of its own into conf.d/, del removes only such a
file. Nothing holds before `sipfw reload`.";

/// Show and edit peers
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the peers of the running policy, or of the config where nothing is loaded
    #[command(after_help = "\
Examples:
  sipfw peer list
  sipfw peer list --json")]
    List,
    /// Show one peer: its prefixes, its names and their addresses, rules and counters
    #[command(after_help = "\
Examples:
  sipfw peer show itsp")]
    Show(Named),
    /// Add a peer to the config, as conf.d/peer-NAME.toml
    #[command(after_help = "\
Examples:
  sipfw peer add itsp 198.51.100.0/24 --comment 'contract 4711'
  sipfw peer add carrier sip.carrier.example --reload
  sipfw peer add office 203.0.113.7 --transports udp,tls --methods INVITE,ACK,BYE,CANCEL,OPTIONS --reload
  sipfw peer add vpn 2001:db8:5::/48 --print")]
    Add(AddArgs),
    /// Remove a peer that `peer add` wrote
    #[command(
        visible_alias = "delete",
        after_help = "\
Examples:
  sipfw peer del itsp --reload"
    )]
    Del(DeleteArgs),
}

#[derive(clap::Args)]
struct Named {
    /// The peer's name
    name: String,
}

#[derive(clap::Args)]
struct AddArgs {
    /// The peer's name
    name: String,
    /// Its addresses, prefixes and DNS names
    #[arg(required = true, value_name = "PREFIX|DNS NAME")]
    places: Vec<String>,
    /// The transports that it may use; without it, all
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = words::<Transport>())]
    transports: Vec<String>,
    /// The methods that it may send; without it, all
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = words::<Method>())]
    methods: Vec<String>,
    /// A note
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Print what would be written, and write nothing
    #[arg(long, conflicts_with = "reload")]
    print: bool,
    /// Put it into effect at once
    #[arg(long)]
    reload: bool,
}

#[derive(clap::Args)]
struct DeleteArgs {
    /// The peer's name
    name: String,
    /// Put it into effect at once
    #[arg(long)]
    reload: bool,
}

fn words<T: Word>() -> PossibleValuesParser {
    PossibleValuesParser::new(T::ALL.iter().map(|w| w.word()))
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::List => show::list(context),
        Action::Show(args) => show::one(&args.name, context),
        Action::Add(args) => dropin::add(args, context),
        Action::Del(args) => dropin::delete(args, context),
    }
}
