//! Deleting entries.
//!
//! Owns: telling which were not there. Refuses: deleting an entry of the other kind, or one that only covers the prefix.
use anyhow::Result;
use serde_json::json;

use super::{DeleteArgs, operands};
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::live::Live;
use crate::entries::{Kind, prefix_text};
use crate::report::text::counted;

pub(in crate::cli) fn perform(kind: Kind, args: &DeleteArgs, context: &mut Context) -> Result<Exit> {
    let prefixes = operands::prefixes(&args.prefixes, "nothing was deleted")?;
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let live = Live::open(&config, context.global.iface.as_deref())?;
    let report = store.delete(kind, &prefixes, false)?;
    let applied = live.apply(&store)?;
    let missing: Vec<String> = report.missing.iter().map(|p| prefix_text(*p)).collect();
    if context.out.is_json() {
        let answer = json!({ "deleted": report.deleted, "missing": missing, "applied": applied.ifaces });
        context.out.json(&answer)?;
    } else {
        let deleted = counted(report.deleted.len(), &format!("{kind} entry"), &format!("{kind} entries"));
        context.out.line(format!("{deleted} deleted; {applied}"))?;
        for prefix in &missing {
            eprintln!("sipfw: there is no {kind} entry of {prefix}; `sipfw {kind} list {prefix}` shows what covers it");
        }
    }
    Ok(Exit::of(missing.is_empty()))
}
