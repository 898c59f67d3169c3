//! `sipfw top`: an instance at work.
//!
//! Owns: the verb. Refuses: terminals that are none (with `--json` it needs none).
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};

use super::context::{self, Context};
use super::exit::Exit;
use super::screen::{self, Sampler};
use super::{failure, live};

const EXAMPLES: &str = "\
Examples:
  sipfw top
  sipfw top --iface eth0
  sipfw top --json | head -3      one JSON object a second

Packets a second by verdict and reason, the sources that are dropped most, peers and bans. q quits.";

/// Watch the firewall at work, second by second
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn verb(_args: &Args, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    if !context.out.is_json() && !context.out.is_terminal() {
        return Err(failure::wrong("top draws on a terminal: for a file or a pipe use --json, or `sipfw status`"));
    }
    let Some(instance) = live::one(&config, context.global.iface.as_deref())? else {
        bail!("no sipfw is loaded that could be watched: start one with `sipfw run`");
    };
    let store = context::store(&config)?;
    if !context.out.is_json() {
        screen::show(instance, store, None, &AtomicBool::new(false))?;
        return Ok(Exit::Yes);
    }
    let mut sampler = Sampler::new(instance, store);
    sampler.take()?;
    loop {
        std::thread::sleep(screen::PERIOD);
        context.out.json_line(&sampler.take()?)?;
        context.out.finish()?;
    }
}
