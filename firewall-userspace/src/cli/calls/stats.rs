//! Calls added up.
//!
//! Owns: the verb, and which rates hold. Refuses: adding up (the database does), and its look (see [`crate::report::call`]).
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::ago;
use crate::call_log::{Cost, Rates};
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::config::Config;
use crate::dataplane::clock;
use crate::report::call::{stats, stats_json};
use crate::store::Store;

pub(super) const EXAMPLES: &str = "\
Examples:
  sipfw calls stats
  sipfw calls stats --since 7d --top 20
  sipfw calls stats --json

What calls cost is estimated by the second from the table that `calls.rates` names, for answered
calls to numbers with a country's code.";

#[derive(clap::Args)]
pub(super) struct Args {
    /// Only calls that began within this time, such as 24h or 7d
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = humantime::parse_duration)]
    since: Duration,
    /// So many destinations
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: u32,
}

pub(super) fn perform(args: &Args, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let store = context::store(&config)?;
    let since = ago(args.since);
    let (sums, cost) = (store.call_sums(since, args.top)?, cost(&config, &store, since)?);
    if context.out.is_json() {
        context.out.json(&stats_json(&sums, cost.as_ref(), since))?;
    } else {
        context.out.text(stats(&sums, cost.as_ref(), since, clock::now().wall_ms))?;
    }
    Ok(Exit::Yes)
}

/// What the answered calls since then cost; nothing without a table.
pub(in crate::cli) fn cost(config: &Config, store: &Store, since: i64) -> Result<Option<Cost>> {
    let file = config.calls().rates.as_str();
    if file.is_empty() {
        return Ok(None);
    }
    let rates = Rates::read(Path::new(file)).map_err(wrong)?;
    let mut cost = Cost::default();
    store.called_for(since, |key, ms| rates.of(key).into_iter().for_each(|rate| cost.add(rate, ms)))?;
    Ok(Some(cost))
}
