//! Listing entries of number lists.
//!
//! Owns: which are listed. Refuses: their look (see [`crate::report::number_list`]).
use anyhow::Result;
use clap::Args;

use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::cli::live;
use crate::dataplane::clock;
use crate::numbers::{ListKind, parse_number};
use crate::report::number_list::{Listed, table, verb};
use crate::store::NumberFilter;

/// What to list.
#[derive(Args)]
pub(in crate::cli) struct ListArgs {
    /// Only entries that decide about this number, or that begin with it
    #[arg(value_name = "NUMBER")]
    touching: Option<String>,
    /// Only entries of this peer
    #[arg(long, value_name = "NAME")]
    peer: Option<String>,
    /// Only entries of this class
    #[arg(long, value_name = "NAME")]
    class: Option<String>,
    /// Only entries whose comment or author has this text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

pub(in crate::cli) fn perform(list: ListKind, args: &ListArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let plan = config.numbers().plan();
    let touching = args.touching.as_deref().map(|text| parse_number(text, &plan)).transpose();
    let touching = touching.map_err(|error| wrong(error.to_string()))?;
    let filter = NumberFilter { touching, peer: args.peer.clone(), class: args.class.clone(), text: args.text.clone() };
    let now = clock::now().wall_ms;
    let entries = context::store(&config)?.numbers(list, &filter, now)?;
    let hits = live::number_hits(&config, context.global.iface.as_deref())?;
    let listed: Vec<Listed> = entries.into_iter().map(|entry| Listed::new(entry, hits.as_ref())).collect();
    if context.out.is_json() {
        context.out.json(&listed)?;
    } else if listed.is_empty() {
        context.out.line(format!("no {} entries", verb(list)))?;
    } else {
        context.out.line(table(&listed, now))?;
    }
    Ok(Exit::Yes)
}
