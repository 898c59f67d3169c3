//! Deleting every entry of a kind.
//!
//! Owns: asking first. Refuses: doing it unasked where nobody can answer.
use std::io::{IsTerminal as _, Write as _, stdin};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::FlushArgs;
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::cli::live::Live;
use crate::dataplane::clock;
use crate::entries::Kind;
use crate::report::text::counted;
use crate::store::Filter;

pub(in crate::cli) fn perform(kind: Kind, args: &FlushArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let now = clock::now().wall_ms;
    let there = store.list(kind, &Filter::default(), now)?.len();
    if there > 0 && !args.yes && !confirmed(kind, there)? {
        context.out.line("nothing was deleted")?;
        return Ok(Exit::No);
    }
    let live = Live::open(&config, context.global.iface.as_deref())?;
    let flushed = store.flush(kind, now)?;
    let applied = live.apply(&store)?;
    if context.out.is_json() {
        context.out.json(&json!({ "deleted": flushed, "applied": applied.ifaces }))?;
    } else {
        context.out.line(format!("{} deleted; {applied}", name(kind, flushed)))?;
    }
    Ok(Exit::Yes)
}

fn name(kind: Kind, n: usize) -> String {
    counted(n, &format!("{kind} entry"), &format!("{kind} entries"))
}

fn confirmed(kind: Kind, n: usize) -> Result<bool> {
    if !stdin().is_terminal() {
        return Err(wrong(format!("this deletes {}: say --yes if that is meant", name(kind, n))));
    }
    eprint!("Delete {}? [y/N] ", name(kind, n));
    std::io::stderr().flush().context("asking")?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).context("reading the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
