//! `sipfw calls`: calls, their encryption and their pinholes.
//!
//! Owns: the verb, which calls are meant, and reading what the kernel has noted of their media. Refuses: following calls (the daemon
//! does), and their words (see [`crate::report::call`]).
mod list;
mod show;
mod stats;

use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;

use super::context::{self, Context};
use super::exit::Exit;
use super::failure::is_denied;
use super::{live, screen};
use crate::config::Config;
use crate::dataplane::clock;
use crate::report::call::{Noted, Signs, json, table};
use crate::store::{CallFilter, Store, StoredCall};

const EXAMPLES: &str = "\
Examples:
  sipfw calls
  sipfw calls --live                            those that go on; on a terminal, second by second
  sipfw calls --refused --since 7d              refused ones, and those that would have been
  sipfw calls list --to +4930 --since 24h       the log: a line a call
  sipfw calls show 3f9a                         its messages, why it was refused, and what has to be set
  sipfw calls stats --since 7d                  by hour, by country, and what they cost
  sipfw calls --since 1h --json

Calls are followed while `calls.log` is true, or `media.policy`, or a peer's `media`, is \"prefer\" or
\"srtp-only\"; the database keeps calls.keep_calls of them for calls.keep_for. The beginning of an id will do where it fits no other. A
closed lock is media that is encrypted. Over TLS no call is seen: its media is counted as `learned`
in `sipfw status`.";

/// Show calls, whether their media is encrypted, and why one was refused
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true, args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(flatten)]
    list: ListArgs,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// List the log, newest first: a line a call
    #[command(after_help = list::EXAMPLES)]
    List(list::Args),
    /// Tell a call's story and show its messages; exit code 1 if there is none with this id
    #[command(
        visible_alias = "why",
        after_help = "\
Examples:
  sipfw calls show 3f9a
  sipfw calls show 3f9a5c0d81e2b746 --json

It names who decided, the media line if one did, what is wrong with it, the policy, and what whoever
wrote the line has to set; for each pinhole what came through it and what was dropped there; and
its messages as a ladder, our side on the right."
    )]
    Show {
        /// The call's id, or its beginning
        id: String,
        #[command(flatten)]
        form: Form,
    },
    /// Add calls up: by hour, by country, by destination, with what they cost
    #[command(after_help = stats::EXAMPLES)]
    Stats(stats::Args),
}

#[derive(clap::Args)]
struct ListArgs {
    /// Only calls that go on; on a terminal they are shown anew each second, until q is pressed
    #[arg(long)]
    live: bool,
    /// Only calls that were refused, or would have been
    #[arg(long)]
    refused: bool,
    /// Only calls that began within this time, such as 10m or 7d
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    form: Form,
}

/// How signs are written.
#[derive(clap::Args)]
struct Form {
    /// Write words in the place of locks
    #[arg(long)]
    ascii: bool,
}

impl Form {
    fn signs(&self, context: &Context) -> Signs {
        Signs::pick(self.ascii, context.out.is_terminal(), |name| std::env::var(name).ok())
    }
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        None => list(&args.list, context),
        Some(Action::List(args)) => list::perform(args, context),
        Some(Action::Show { id, form }) => show::perform(id, form.signs(context), context),
        Some(Action::Stats(args)) => stats::perform(args, context),
    }
}

fn list(args: &ListArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let store = context::store(&config)?;
    let iface = context.global.iface.clone();
    let signs = args.form.signs(context);
    let look = || -> Result<(Vec<StoredCall>, Option<Noted>)> {
        Ok((found(args, &store)?, noted(&config, iface.as_deref())?))
    };
    if context.out.is_json() {
        let (calls, noted) = look()?;
        context.out.json(&calls.iter().map(|call| json(call, noted.as_ref())).collect::<Vec<_>>())?;
    } else if args.live && context.out.is_terminal() {
        screen::watch(|| look().map(|(calls, noted)| text(&calls, noted.as_ref(), signs, NO_LIVE)))?;
    } else {
        let (calls, noted) = look()?;
        context.out.line(text(&calls, noted.as_ref(), signs, if args.live { NO_LIVE } else { NONE }))?;
    }
    Ok(Exit::Yes)
}

const NONE: &str =
    "no calls; they are followed while `calls.log` is true, or `media.policy` is \"prefer\" or \"srtp-only\"";
const NONE_SUCH: &str = "no call is like that; `sipfw calls` says when calls are followed";
const NO_LIVE: &str = "no call goes on";

fn text(calls: &[StoredCall], noted: Option<&Noted>, signs: Signs, none: &str) -> String {
    if calls.is_empty() { none.to_owned() } else { table(calls, noted, signs, clock::now().wall_ms).to_string() }
}

fn found(args: &ListArgs, store: &Store) -> Result<Vec<StoredCall>> {
    let since = args.since.map(ago);
    let filter = CallFilter { live: args.live, refused: args.refused, since, ..CallFilter::default() };
    Ok(store.calls(&filter, args.limit)?)
}

pub(super) use stats::cost;

/// The time so long ago, in Unix milliseconds.
pub(super) fn ago(span: Duration) -> i64 {
    clock::now().wall_ms.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

/// What the kernel has noted of media; nothing where none is loaded, or none may be asked.
fn noted(config: &Config, iface: Option<&str>) -> Result<Option<Noted>> {
    let instances = match live::instances(config, iface) {
        Ok(instances) => instances,
        // The list is in the database; without the rights to the maps it lacks only these columns.
        Err(error) if is_denied(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut flows = Vec::new();
    for instance in &instances {
        flows.extend(instance.pinholes()?.all()?);
    }
    Ok((!instances.is_empty()).then(|| Noted { flows, clock: clock::now() }))
}
