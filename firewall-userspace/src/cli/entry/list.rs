//! Listing entries.
//!
//! Owns: their order. Refuses: their look (see [`crate::report::entries`]).
use anyhow::Result;

use super::{ListArgs, Sort};
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::cli::live;
use crate::dataplane::clock;
use crate::entries::{Kind, parse_prefix};
use crate::report::entries::{Listed, table};
use crate::store::Filter;

pub(in crate::cli) fn perform(kind: Kind, args: &ListArgs, context: &mut Context) -> Result<Exit> {
    let touching = args.touching.as_deref().map(parse_prefix).transpose().map_err(|e| wrong(e.to_string()))?;
    let filter = Filter { touching, text: args.text.clone(), ended: false };
    let config = context.config()?;
    let now = clock::now().wall_ms;
    let entries = context::store(&config)?.list(kind, &filter, now)?;
    let hits = live::hits(&config, context.global.iface.as_deref())?;
    let mut listed: Vec<Listed> = entries.into_iter().map(|entry| Listed::new(entry, hits.as_ref())).collect();
    sort(&mut listed, args.sort);
    if context.out.is_json() {
        context.out.json(&listed)?;
    } else if listed.is_empty() {
        context.out.line(format!("no {kind} entries"))?;
    } else {
        context.out.line(table(&listed, now))?;
    }
    Ok(Exit::Yes)
}

fn sort(listed: &mut [Listed], by: Sort) {
    match by {
        Sort::Hits => listed.sort_by_key(|l| std::cmp::Reverse(l.hits.unwrap_or(0))),
        Sort::Prefix => listed.sort_by_key(|l| (l.entry.prefix.addr, { l.entry.prefix.bits })),
        Sort::Added => listed.sort_by_key(|l| l.entry.created),
        Sort::Expires => listed.sort_by_key(|l| l.entry.expires.unwrap_or(i64::MAX)),
    }
}
