//! `sipfw reload`: puts the config into effect, in one step or not at all.
//!
//! Owns: the verb. Refuses: a config with an error, and half of anything (the data plane replaces the program at once).
use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::context::Context;
use super::exit::Exit;
use super::live;
use crate::config::Loaded;
use crate::dataplane::{Instance, Reloaded, RunningPolicy};
use crate::report::text::{counted, listed};

mod changes;

const EXAMPLES: &str = "\
Examples:
  sipfw reload
  sipfw reload --iface eth0
  sipfw reload --json

A config with an error changes nothing: exit code 2, and every error is told. No packet sees half a
policy.";

/// Put the config into effect, or change nothing
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn verb(_args: &Args, context: &mut Context) -> Result<Exit> {
    perform(context)
}

/// Reloads every instance that uses this config's database, or the one that is meant.
pub(super) fn perform(context: &mut Context) -> Result<Exit> {
    let loaded = context.load_absolute()?;
    for warning in &loaded.warnings {
        eprintln!("sipfw: {warning}");
    }
    let instances = live::instances(&loaded.config, context.global.iface.as_deref())?;
    if instances.is_empty() {
        bail!("the config is right, but no sipfw is loaded that could take it: start one with `sipfw run`");
    }
    let mut answers = Vec::new();
    for mut instance in instances {
        let before = instance.policy().ok().cloned();
        let reloaded = instance.reload(&loaded)?;
        answers.push(tell(&instance, before.as_ref(), &reloaded, &loaded, context)?);
    }
    if context.out.is_json() {
        context.out.json(&answers)?;
    }
    Ok(Exit::Yes)
}

fn tell(
    instance: &Instance,
    before: Option<&RunningPolicy>,
    reloaded: &Reloaded,
    loaded: &Loaded,
    context: &mut Context,
) -> Result<Value> {
    let after = instance.policy().ok();
    let changed = changes::between(before, after, loaded);
    for warning in &reloaded.warnings {
        eprintln!("sipfw: warning: {warning}");
    }
    if !context.out.is_json() {
        let what = if changed.is_empty() { "as before, made anew".to_owned() } else { changed.join("; ") };
        context.out.line(format!(
            "{}: generation {}: {what}{}",
            instance.iface(),
            reloaded.generation,
            sizes(reloaded)
        ))?;
    }
    Ok(json!({
        "iface": instance.iface(), "generation": reloaded.generation, "program_id": reloaded.program_id,
        "changes": changed, "resized": reloaded.resized, "warnings": reloaded.warnings,
    }))
}

fn sizes(reloaded: &Reloaded) -> String {
    match reloaded.resized.len() {
        0 => String::new(),
        n => format!("; {} made anew for another capacity: {}", counted(n, "map", "maps"), listed(&reloaded.resized)),
    }
}
