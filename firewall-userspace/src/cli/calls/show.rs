//! The story of one call.
//!
//! Owns: finding it by the beginning of its id. Refuses: the story's words (see [`crate::report::call`]).
use anyhow::Result;

use super::noted;
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::dataplane::clock;
use crate::report::call::{Signs, json, ladder, story};
use crate::report::text::listed;
use crate::store::{StoredCall, call_name};

/// Digits of an id.
const DIGITS: usize = 16;
/// Calls that are named where an id is of several.
const NAMED: u32 = 6;

pub(super) fn perform(id: &str, signs: Signs, context: &mut Context) -> Result<Exit> {
    let prefix = id.to_ascii_lowercase();
    if prefix.is_empty() || prefix.len() > DIGITS || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong(format!("`{id}` is no call's id: it has up to {DIGITS} digits of 0-9 and a-f")));
    }
    let loaded = context.load()?;
    let mut found = context::store(&loaded.config)?.calls_named(&prefix, NAMED)?;
    if found.len() > 1 {
        return Err(wrong(format!("several calls' ids begin with {prefix}: {}", listed(&names(&found)))));
    }
    let Some(call) = found.pop() else {
        let none = format!("no call's id begins with {prefix}; `sipfw calls` lists them");
        if context.out.is_json() {
            context.out.json(&())?
        } else {
            context.out.line(none)?
        }
        return Ok(Exit::No);
    };
    let noted = noted(&loaded.config, context.global.iface.as_deref())?;
    if context.out.is_json() {
        context.out.json(&json(&call, noted.as_ref()))?;
    } else {
        context.out.text(story(&call, noted.as_ref(), loaded.config.media(), signs, clock::now().wall_ms))?;
        context.out.text(ladder(&call, signs))?;
    }
    Ok(Exit::Yes)
}

fn names(calls: &[StoredCall]) -> Vec<String> {
    calls.iter().map(|stored| call_name(stored.call.id)).collect()
}
