//! `sipfw passwords`: accounts whose passwords are weak, and whether a password would be.
//!
//! Owns: the verb. Refuses: knowing or showing a password of anybody's.
use std::io::Read as _;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use crate::audit::{Guesses, words};
use crate::report::passwords::table;
use crate::report::text::{counted, plain};

const EXAMPLES: &str = "\
Examples:
  sipfw passwords
  sipfw passwords list --all --json
  sipfw passwords check 100 --realm pbx.example.com < new-password

With `audit = true` in [passwords] the daemon tries likely passwords against the digests of
registrations that the server accepted. It tells whose password it guessed, and never which it was.";

/// Show whose passwords are weak
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// List accounts with a weak password, or with something else that is wrong; what is listed without a verb
    #[command(after_help = "\
Examples:
  sipfw passwords list
  sipfw passwords list --all --json")]
    List(ListArgs),
    /// Tell whether the audit would guess the password on standard input; exit code 1 if it would
    #[command(after_help = "\
Examples:
  sipfw passwords check 100 < new-password
  pwgen 16 1 | sipfw passwords check 100 --realm pbx.example.com

The password is kept nowhere, and shown nowhere.")]
    Check(CheckArgs),
}

#[derive(clap::Args, Default)]
struct ListArgs {
    /// Also accounts that were audited and have nothing wrong with them
    #[arg(long)]
    all: bool,
}

#[derive(clap::Args)]
struct CheckArgs {
    /// The account
    account: String,
    /// The realm of its server
    #[arg(long, value_name = "REALM", default_value = "")]
    realm: String,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        None => list(&ListArgs::default(), context),
        Some(Action::List(args)) => list(args, context),
        Some(Action::Check(args)) => check(args, context),
    }
}

fn list(args: &ListArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let mut accounts = context::store(&config)?.audited_accounts()?;
    let known = accounts.len();
    accounts.retain(|account| args.all || account.tells());
    if context.out.is_json() {
        context.out.json(&accounts)?;
    } else if accounts.is_empty() {
        let audited = counted(known, "account was audited", "accounts were audited");
        let off = if config.passwords().audit { "" } else { "; `audit` in [passwords] is off" };
        context.out.line(format!("nothing is known to be wrong with a password; {audited}{off}"))?;
    } else {
        context.out.line(table(&accounts))?;
    }
    Ok(Exit::Yes)
}

/// The most that is read; no password is as long.
const PASSWORD_MAX: u64 = 4_096;

fn check(args: &CheckArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let (passwords, mut password) = (config.passwords(), Vec::new());
    std::io::stdin().take(PASSWORD_MAX).read_to_end(&mut password).context("reading standard input")?;
    let password = password.strip_suffix(b"\n").unwrap_or(&password);
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    let most = passwords.most.get() as usize;
    let list = match passwords.words.get() {
        None => Vec::new(),
        Some(file) => words(file.as_path(), most).with_context(|| format!("reading {}", file.as_path().display()))?,
    };
    let guesses = Guesses::new(passwords.kinds(), list, most);
    let weak = guesses.of(&args.account, &args.realm).any(|guess| *guess == *password);
    if context.out.is_json() {
        context.out.json(&json!({ "account": args.account, "weak": weak, "guesses": guesses.len() }))?;
    } else {
        let word = if weak { "would be guessed" } else { "would not be guessed" };
        context.out.line(format!("this password of account {} {word}", plain(&args.account)))?;
    }
    Ok(Exit::of(!weak))
}
