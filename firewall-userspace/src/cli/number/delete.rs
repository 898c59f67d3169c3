//! Deleting entries of number lists.
//!
//! Owns: telling which were not there. Refuses: deleting an entry that is only longer or shorter.
use anyhow::Result;
use clap::Args;
use firewall_common::number::Directions;
use serde_json::json;

use super::add::known_peer;
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::{Wrong, wrong};
use crate::cli::live::Live;
use crate::config::Config;
use crate::numbers::{ListKind, StoredNumber, number_text, parse_number};
use crate::report::number_list::{entries, verb};
use crate::store::NumberPlace;

/// What to delete.
#[derive(Args)]
pub(in crate::cli) struct DeleteArgs {
    /// Prefixes of numbers, as they were added
    #[arg(required = true, value_name = "PREFIX")]
    prefixes: Vec<String>,
    /// This peer's entries; without it, everybody's
    #[arg(long, value_name = "NAME")]
    peer: Option<String>,
}

pub(in crate::cli) fn perform(
    list: ListKind,
    directions: Option<Directions>,
    args: &DeleteArgs,
    context: &mut Context,
) -> Result<Exit> {
    let config = context.config()?;
    let places = places(list, directions, args, &config)?;
    let mut store = context::store(&config)?;
    let live = Live::open(&config, context.global.iface.as_deref())?;
    let found = store.delete_numbers(&places)?;
    if found.iter().all(Vec::is_empty) {
        // A peer that is gone from the config may have left entries, so its name is no error by itself.
        known_peer(args.peer.as_deref(), &config)?;
    }
    let applied = live.apply(&store)?;
    let missing: Vec<String> =
        places.iter().zip(&found).filter(|(_, f)| f.is_empty()).map(|(p, _)| number_text(p.prefix)).collect();
    let deleted: Vec<&StoredNumber> = found.iter().flatten().collect();
    if context.out.is_json() {
        context.out.json(&json!({ "deleted": deleted, "missing": missing, "applied": applied.ifaces }))?;
    } else {
        context.out.line(format!("{} deleted; {applied}", entries(list, deleted.len())))?;
        for prefix in &missing {
            let verb = verb(list);
            eprintln!("sipfw: there is no such entry of {prefix}; `sipfw {verb} list {prefix}` shows what covers it");
        }
    }
    Ok(Exit::of(missing.is_empty()))
}

fn places(
    list: ListKind,
    directions: Option<Directions>,
    args: &DeleteArgs,
    config: &Config,
) -> Result<Vec<NumberPlace>> {
    let plan = config.numbers().plan();
    let (mut places, mut errors) = (Vec::new(), Vec::new());
    for text in &args.prefixes {
        match parse_number(text, &plan) {
            Ok(prefix) => places.push(NumberPlace { list, peer: args.peer.clone(), directions, prefix }),
            Err(error) => errors.push(error.to_string()),
        }
    }
    match errors.as_slice() {
        [] => Ok(places),
        [one] => Err(wrong(format!("{one}; nothing was deleted"))),
        _ => Err(Wrong(errors).into()),
    }
}
