//! `sipfw hold`: who is held to a trickle, looked at and lifted.
//!
//! Owns: the verb. Refuses: holding by hand (a limit or `deny add` does that better).
use anyhow::Result;
use clap::Subcommand;
use firewall_common::addr::Prefix;
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use super::failure::wrong;
use super::live::Live;
use crate::dataplane::clock;
use crate::entries::{parse_prefix, prefix_text};
use crate::report::hold::{self, table};
use crate::report::text::{counted, listed, plain};
use crate::store::StoredHold;

const EXAMPLES: &str = "\
Examples:
  sipfw hold list
  sipfw hold lift 198.51.100.7
  sipfw hold lift 198.51.100.7 --account 100

A source is held when it fails in a way that does not prove who sent it, or when one account behind
it fails again and again. What is held passes at a rate far below the usual limits.";

/// Show and lift limits on suspicion
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the holds in force
    #[command(after_help = "\
Examples:
  sipfw hold list
  sipfw hold list --json")]
    List,
    /// Lift the holds of a source; exit code 1 if there is none
    #[command(after_help = "\
Examples:
  sipfw hold lift 198.51.100.7
  sipfw hold lift 2001:db8:0:7::/64 --account 100")]
    Lift(LiftArgs),
}

#[derive(clap::Args)]
struct LiftArgs {
    /// An address, or a prefix
    source: String,
    /// Only the hold of this account; without it, all of the source
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::List => list(context),
        Action::Lift(args) => lift(args, context),
    }
}

fn list(context: &mut Context) -> Result<Exit> {
    let now = clock::now().wall_ms;
    let holds = context::store(&context.config()?)?.holds(now)?;
    if context.out.is_json() {
        context.out.json(&holds)?;
    } else if holds.is_empty() {
        context.out.line("no source is held")?;
    } else {
        context.out.line(table(&holds, now))?;
    }
    Ok(Exit::Yes)
}

fn lift(args: &LiftArgs, context: &mut Context) -> Result<Exit> {
    let source = parse_prefix(&args.source).map_err(|e| wrong(e.to_string()))?;
    let now = clock::now().wall_ms;
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let mut live = Live::open(&config, context.global.iface.as_deref())?;
    let account = args.account.as_deref().map(str::as_bytes);
    let lifted = store.lift_holds(source, account, now)?;
    let applied = live.lift_holds(&lifted)?;
    if context.out.is_json() {
        context.out.json(&json!({ "lifted": lifted, "applied": applied.ifaces }))?;
    } else if lifted.is_empty() {
        let left = store.why(source, now)?.holds;
        context.out.line(not_held(source, args.account.as_deref(), &left, now))?;
    } else {
        context.out.line(format!("{} lifted; {applied}", counted(lifted.len(), "hold", "holds")))?;
    }
    Ok(Exit::of(!lifted.is_empty()))
}

/// What is said where there was nothing to lift: what else of the source is held, if anything is.
fn not_held(source: Prefix, account: Option<&str>, known: &[StoredHold], now: i64) -> String {
    let held: Vec<&StoredHold> = known.iter().filter(|hold| hold.until > now).collect();
    let source = prefix_text(source);
    let Some(account) = account.filter(|_| !held.is_empty()).map(plain) else {
        return format!("{source} is not held");
    };
    let accounts: Vec<String> = held.iter().filter_map(|hold| hold::account(hold)).collect();
    let whole = held.iter().any(|hold| hold.account.is_none()).then(|| "the whole source".to_owned());
    let noun = if accounts.len() == 1 { "account" } else { "accounts" };
    let named = (!accounts.is_empty()).then(|| format!("{noun} {}", listed(&accounts)));
    let those: Vec<String> = whole.into_iter().chain(named).collect();
    format!("account {account} of {source} is not held; held there: {}", those.join(", and "))
}
