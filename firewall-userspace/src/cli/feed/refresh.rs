//! Reading lists now.
//!
//! Owns: which ones. Refuses: stopping at the first that fails.
use anyhow::{Result, bail};
use serde_json::json;

use super::{RefreshArgs, look};
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::live::Live;
use crate::lists::{Fetcher, Outcome, Pace, Refreshed, register};
use crate::report::lists::{outcome_json, sentence};

pub(super) fn perform(args: &RefreshArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let live = Live::open(&config, context.global.iface.as_deref())?;
    register(&mut store, &config)?;
    let mut lists = store.blocklists()?;
    lists.retain(|list| args.name.as_ref().is_none_or(|name| *name == list.spec.name));
    if let (Some(name), true) = (&args.name, lists.is_empty()) {
        bail!("there is no list {name}: `sipfw feed list` shows those that there are");
    }
    let fetcher = Fetcher::new(Pace::default());
    let looked: Vec<Refreshed> =
        lists.iter().map(|list| look(&mut store, list, &config, &fetcher, args.force)).collect::<Result<_>>()?;
    let applied = live.apply(&store)?;
    if context.out.is_json() {
        let lists: Vec<_> = looked.iter().map(outcome_json).collect();
        context.out.json(&json!({ "lists": lists, "applied": applied.ifaces }))?;
    } else if looked.is_empty() {
        context.out.line("there are no lists; `sipfw deny import` adds one")?;
    } else {
        looked.iter().try_for_each(|refreshed| context.out.line(sentence(refreshed)))?;
        context.out.line(applied)?;
    }
    Ok(Exit::of(!looked.iter().any(|refreshed| matches!(refreshed.outcome, Outcome::Kept { .. }))))
}
