//! `sipfw devices`: what registers, looked at, blocked and let in again.
//!
//! Owns: the verb. Refuses: removing a device from the inventory (it goes when it was not seen for long).
use anyhow::{Result, bail};
use clap::Subcommand;
use firewall_common::addr::{Addr, Prefix};
use serde_json::json;

use super::context::{self, Context};
use super::exit::Exit;
use super::live::Live;
use super::room;
use crate::dataplane::clock;
use crate::devices::{may_deny, outdated};
use crate::entries::{Kind, NewEntry, Scope, prefix_text};
use crate::report::device::{named, story, table};
use crate::report::text::plain;
use crate::store::{Block, Store, StoredDevice, author};

const EXAMPLES: &str = "\
Examples:
  sipfw devices list
  sipfw devices list --outdated
  sipfw devices show 7
  sipfw devices block 7 --reason \"lost on the train\"
  sipfw devices unblock 7

Devices are known from registrations that the server accepted and that could be read: over UDP and TCP.
What a device is, it says itself. A number stands for one device of one account.";

/// Show the devices that register, and block one that is lost
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List devices, those that were seen last first
    #[command(after_help = "\
Examples:
  sipfw devices list
  sipfw devices list --account 100 --json
  sipfw devices list --outdated")]
    List(ListArgs),
    /// Show all that is known of a device; exit code 1 if there is none of this number
    #[command(after_help = "\
Examples:
  sipfw devices show 7
  sipfw devices show 7 --json")]
    Show(ShowArgs),
    /// Refuse a device's account from anywhere, and its address; exit code 1 if there is none of this number
    #[command(after_help = "\
Examples:
  sipfw devices block 7
  sipfw devices block 7 --reason \"lost on the train\"
  sipfw devices block 7 --force

All requests of the account are refused until it is unblocked, whatever device sends them. The address
is denied too, unless somebody else is there: a peer, whom an allow entry lets in, or a device of
another account.")]
    Block(BlockArgs),
    /// Let a device in again, and take back the deny entry; exit code 1 if it was not blocked
    #[command(after_help = "\
Examples:
  sipfw devices unblock 7
  sipfw devices unblock 7 --json")]
    Unblock(ShowArgs),
}

#[derive(clap::Args)]
struct ListArgs {
    /// Only devices of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only devices whose firmware is older than the config wants
    #[arg(long)]
    outdated: bool,
    /// Only devices that are blocked
    #[arg(long)]
    blocked: bool,
}

#[derive(clap::Args)]
struct ShowArgs {
    /// The device's number, as `list` shows it
    id: i64,
}

#[derive(clap::Args)]
struct BlockArgs {
    /// The device's number, as `list` shows it
    id: i64,
    /// Why, for whoever reads this next
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Deny the address even if somebody else is there
    #[arg(long)]
    force: bool,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    match &args.action {
        Action::List(args) => list(args, context),
        Action::Show(args) => show(args.id, context),
        Action::Block(args) => block(args, context),
        Action::Unblock(args) => unblock(args.id, context),
    }
}

fn list(args: &ListArgs, context: &mut Context) -> Result<Exit> {
    let (config, now) = (context.config()?, clock::now().wall_ms);
    let minimums = config.devices().minimums();
    let mut devices = context::store(&config)?.devices()?;
    devices.retain(|it| {
        args.account.as_ref().is_none_or(|account| *account == it.account)
            && (!args.blocked || it.blocked.is_some())
            && (!args.outdated || outdated(&it.announced, minimums).is_some())
    });
    if context.out.is_json() {
        context.out.json(&devices)?;
    } else if devices.is_empty() {
        context.out.line("no devices")?;
    } else {
        context.out.line(table(&devices, minimums, now))?;
    }
    Ok(Exit::Yes)
}

fn show(id: i64, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let minimums = config.devices().minimums();
    let device = context::store(&config)?.device(id)?;
    match &device {
        _ if context.out.is_json() => {
            let least = device.as_ref().and_then(|it| outdated(&it.announced, minimums)?.firmware.version());
            context.out.json(&json!({ "device": device, "minimum": least.map(ToString::to_string) }))?;
        }
        Some(device) => context.out.text(story(device, minimums, clock::now().wall_ms))?,
        None => context.out.line(unknown(id))?,
    }
    Ok(Exit::of(device.is_some()))
}

fn unknown(id: i64) -> String {
    format!("there is no device {id}")
}

fn block(args: &BlockArgs, context: &mut Context) -> Result<Exit> {
    let (loaded, now) = (context.load()?, clock::now().wall_ms);
    let mut store = context::store(&loaded.config)?;
    let live = Live::open(&loaded.config, context.global.iface.as_deref())?;
    let Some(device) = store.device(args.id)? else { bail!("{}; nothing was blocked", unknown(args.id)) };
    let shared = may_deny(&store, &device, &loaded.peer_prefixes(), now)?.err().filter(|_| !args.force);
    if shared.is_none() {
        room::check(&[entry(&device)], &store.active(now)?, &loaded, &live)?;
    }
    let block = Block { reason: args.reason.clone(), author: author(), deny: shared.is_none() };
    let blocked = store.block_device(args.id, &block, now)?;
    let applied = live.apply(&store)?;
    if context.out.is_json() {
        let why = shared.as_ref().map(ToString::to_string);
        context.out.json(&json!({ "blocked": blocked, "address_spared": why, "applied": applied.ifaces }))?;
        return Ok(Exit::Yes);
    }
    context.out.line(format!("{} is blocked; {applied}", named(&device)))?;
    let others = others(&store, &device)?;
    if others > 0 {
        context.out.line(format!("other devices of account {} are refused with it", plain(&device.account)))?;
    }
    if let Some(shared) = shared {
        context.out.line(format!("its address {} is not denied, since {shared}; --force does it", device.address))?;
    }
    Ok(Exit::Yes)
}

/// As an entry would be, to ask whether there is room.
fn entry(device: &StoredDevice) -> NewEntry {
    let prefix = Prefix::host(Addr::from(device.address));
    NewEntry { kind: Kind::Deny, prefix, scope: Scope::Sip, expires: None, comment: None, author: None }
}

/// How many other devices register by the same account.
fn others(store: &Store, device: &StoredDevice) -> Result<usize> {
    let all = store.devices()?;
    Ok(all.iter().filter(|it| it.account == device.account && it.id != device.id).count())
}

fn unblock(id: i64, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let mut store = context::store(&config)?;
    let live = Live::open(&config, context.global.iface.as_deref())?;
    let was = store.unblock_device(id)?;
    let applied = live.apply(&store)?;
    if context.out.is_json() {
        context.out.json(&json!({ "unblocked": was, "applied": applied.ifaces }))?;
        return Ok(Exit::of(was.is_some()));
    }
    let Some(device) = &was else {
        context.out.line(format!("there is no blocked device {id}"))?;
        return Ok(Exit::No);
    };
    let denied = device.blocked.as_ref().and_then(|blocked| blocked.denied);
    let address =
        denied.map_or_else(String::new, |it| format!(", and {} is not denied for it any more", prefix_text(it)));
    context.out.line(format!("{} is let in again{address}; {applied}", named(device)))?;
    let still = store.devices()?.into_iter().find(|it| it.account == device.account && it.blocked.is_some());
    if let Some(other) = still {
        context.out.line(format!("its account is still refused, since device {} is blocked", other.id))?;
    }
    Ok(Exit::Yes)
}
