//! Forgetting a list.
//!
//! Owns: taking effect at once. Refuses: lists of the config, which would come back.
use anyhow::{Result, bail};
use serde_json::json;

use super::RemoveArgs;
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::live::Live;

pub(super) fn perform(args: &RemoveArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let name = &args.name;
    if config.blocklists().iter().any(|list| list.name.as_str() == name) {
        bail!(
            "list {name} stands in the config: take its [[blocklist]] out and run `sipfw reload`; nothing was removed"
        );
    }
    let mut store = context::store(&config)?;
    let live = Live::open(&config, context.global.iface.as_deref())?;
    if !store.remove_blocklist(name)? {
        bail!("there is no list {name}: `sipfw feed list` shows those that there are");
    }
    let applied = live.apply(&store)?;
    if context.out.is_json() {
        context.out.json(&json!({ "removed": name, "applied": applied.ifaces }))?;
    } else {
        context.out.line(format!("list {name} removed; {applied}"))?;
    }
    Ok(Exit::Yes)
}
