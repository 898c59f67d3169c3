//! `sipfw media`: what calls' media is like, before and after a policy is enforced.
//!
//! Owns: the verb, and telling whose calls are whose. Refuses: adding up (see [`crate::report::media`]).
use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use firewall_common::addr::{Addr, Prefix};

use super::calls::ago;
use super::context::{self, Context};
use super::exit::Exit;
use crate::dataplane::clock;
use crate::engine::call::Leg;
use crate::report::media::{Report, Whose};
use crate::store::{CallFilter, Store};

/// Calls that are looked at, the newest: each is read whole.
const CALLS: u32 = 100_000;

const EXAMPLES: &str = "\
Examples:
  sipfw media report
  sipfw media report --since 30d --json

Before `media.policy = \"srtp-only\"`: set \"prefer\", wait a few days, and read here whose calls it
would refuse.";

/// Show what "srtp-only" refuses, or would refuse
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Count calls by peer, profile and keys, with what is refused of them and why
    #[command(after_help = "\
Examples:
  sipfw media report
  sipfw media report --since 12h
  sipfw media report --json

A call counts once for each of its legs and for each profile there; one through a proxy has two
legs. Calls of nobody in the config are registrants' if their source is one now, and strangers'
otherwise.")]
    Report(ReportArgs),
}

#[derive(clap::Args)]
struct ReportArgs {
    /// Only calls that began within this time, such as 12h or 30d
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = humantime::parse_duration)]
    since: Duration,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::Report(args) => report(args, context),
    }
}

fn report(args: &ReportArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let report = look(&context::store(&config)?, ago(args.since), clock::now().wall_ms)?;
    if context.out.is_json() {
        context.out.json(&report.json())?;
    } else {
        context.out.text(report.text(config.media().policy))?;
    }
    Ok(Exit::Yes)
}

/// What the media of calls since then was like.
pub(super) fn look(store: &Store, since: i64, now: i64) -> Result<Report> {
    let calls = store.calls(&CallFilter { since: Some(since), ..CallFilter::default() }, CALLS)?;
    let registrants: Vec<Prefix> = store.registrants(now)?.into_iter().map(|one| one.source).collect();
    let whose = |leg: &Leg, name: Option<&str>| match name {
        Some(name) => Whose::Peer(name.to_owned()),
        None if registrants.iter().any(|source| source.contains(Prefix::host(Addr::from(leg.remote.ip())))) => {
            Whose::Registrants
        }
        None => Whose::Strangers,
    };
    Ok(Report::of(&calls, since, whose))
}
