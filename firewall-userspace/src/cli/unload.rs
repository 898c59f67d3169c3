//! `sipfw unload`: takes the firewall off an interface.
//!
//! Owns: the verb. Refuses: doing it under a running daemon (the data plane refuses), and guessing which interface.
use anyhow::{Result, bail};
use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use crate::dataplane::Instance;
use crate::report::text::listed;

const EXAMPLES: &str = "\
Examples:
  sipfw unload                   the only one that is loaded
  sipfw unload --iface eth0
  sipfw unload --all

Links, programs, maps and counters are removed, and packets pass unfiltered from then on. Entries
and bans stay in the database. End the daemon first (`systemctl stop sipfw`).";

/// Take the firewall off an interface; from then on packets pass unfiltered
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// From every interface
    #[arg(long, conflicts_with = "iface")]
    all: bool,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let ifaces = match &context.global.iface {
        Some(iface) => vec![iface.clone()],
        None => loaded(args, &config)?,
    };
    for iface in &ifaces {
        Instance::unload(config.paths(), iface)?;
        if !context.out.is_json() {
            context.out.line(format!("sipfw is off interface {iface}; packets pass there unfiltered"))?;
        }
    }
    if context.out.is_json() {
        context.out.json(&json!({ "unloaded": ifaces }))?;
    }
    Ok(Exit::Yes)
}

fn loaded(args: &Args, config: &crate::config::Config) -> Result<Vec<String>> {
    let ifaces: Vec<String> = Instance::list(config.paths())?.into_iter().map(|info| info.iface).collect();
    match ifaces.len() {
        0 => bail!("no sipfw is loaded, so there is nothing to unload"),
        1 => Ok(ifaces),
        _ if args.all => Ok(ifaces),
        _ => bail!("sipfw is loaded on {}: say --iface NAME or --all", listed(&ifaces)),
    }
}
