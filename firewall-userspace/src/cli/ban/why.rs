//! Why a source is blocked or not.
//!
//! Owns: asking the database. Refuses: the story's words (see [`crate::report::story`]).
use anyhow::Result;
use serde_json::json;

use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::dataplane::clock;
use crate::entries::{parse_prefix, prefix_text};
use crate::report::story::{headline, story};

pub(super) fn perform(source: &str, context: &mut Context) -> Result<Exit> {
    let source = parse_prefix(source).map_err(|e| wrong(e.to_string()))?;
    let now = clock::now().wall_ms;
    let loaded = context.load()?;
    let config = &loaded.config;
    let known = context::store(config)?.why(source, now)?;
    let banned = known.bans.iter().any(|ban| ban.in_force(now));
    if context.out.is_json() {
        context.out.json(&json!({ "source": prefix_text(source), "banned": banned, "known": known }))?;
    } else {
        context.out.line(headline(source, &known, &loaded.peer_prefixes(), now))?;
        story(&known, config.bans(), now).iter().try_for_each(|line| context.out.line(line))?;
    }
    Ok(Exit::of(banned))
}
