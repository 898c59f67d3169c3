//! `sipfw status`: what is loaded, and what it has done.
//!
//! Owns: the verb, and gathering. Refuses: rates (`top` has them).
use anyhow::{Context as _, Result};

use super::context::Context;
use super::exit::Exit;
use super::failure::{self, is_denied};
use super::memory;
use crate::config::Config;
use crate::dataplane::{Instance, InstanceInfo, clock};
use crate::entries::Kind;
use crate::report::slow_path::SlowPathReport;
use crate::report::status::{Counts, Status};
use crate::store::{Filter, Store};

const EXAMPLES: &str = "\
Examples:
  sipfw status
  sipfw status --iface eth0 --json

Exit code 0 if the firewall is loaded, 1 if it is not. It protects without the daemon too; the
daemon keeps samples of drops and sweeps what has ended.";

/// Show what is loaded, and what it has passed and dropped
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Show reasons that have not occurred, too
    #[arg(long, short)]
    all: bool,
}

pub(super) fn verb(args: &Args, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let mut infos = Instance::list(config.paths())?;
    if let Some(iface) = &context.global.iface {
        infos.retain(|info| info.iface == *iface);
    }
    let statuses = infos.into_iter().map(|info| gather(info, &config)).collect::<Result<Vec<_>>>()?;
    if context.out.is_json() {
        context.out.json(&statuses.iter().map(Status::json).collect::<Vec<_>>())?;
    } else if statuses.is_empty() {
        context.out.line(absent(context.global.iface.as_deref()))?;
    }
    if !context.out.is_json() {
        let now = clock::now().wall_ms;
        let texts: Vec<String> = statuses.iter().map(|status| status.text(args.all, now)).collect();
        context.out.text(texts.join("\n"))?;
    }
    Ok(Exit::of(!statuses.is_empty()))
}

fn absent(iface: Option<&str>) -> String {
    match iface {
        Some(iface) => format!("sipfw is not loaded on {iface}; `sipfw run --iface {iface}` protects it"),
        None => "sipfw is not loaded on any interface; `sipfw run` protects that of the default route".to_owned(),
    }
}

fn gather(info: InstanceInfo, config: &Config) -> Result<Status> {
    let doing = || format!("reading what is loaded on {}", info.iface);
    let instance = match Instance::open(config.paths(), &info.iface).map_err(anyhow::Error::from) {
        Ok(instance) => instance,
        Err(error) if is_denied(&error) => return Err(error),
        // What another version pinned, or what outlived its interface, is listed without its details.
        Err(error) => return Ok(Status::unreadable(info, failure::sentence(&error))),
    };
    let policy = instance.policy().ok().cloned();
    let state = policy.as_ref().map_or(config.paths().state.as_path(), |policy| policy.state_dir.as_path());
    Ok(Status {
        stats: Some(instance.stats().with_context(doing)?),
        usage: instance.usage().with_context(doing)?,
        counts: Store::open(state).ok().map(|store| counts(&store)).transpose()?,
        memory: Some(memory::total(config)),
        slow_path: SlowPathReport::read(&instance.run_dir()),
        policy,
        info,
        unreadable: None,
    })
}

const DAY_MS: i64 = 24 * 3_600 * 1_000;

fn counts(store: &Store) -> Result<Counts> {
    let now = clock::now().wall_ms;
    let count = |kind| store.list(kind, &Filter::default(), now).map(|list| list.len());
    let (allow, deny, bans) = (count(Kind::Allow)?, count(Kind::Deny)?, count(Kind::Ban)?);
    let day = now.saturating_sub(DAY_MS);
    Ok(Counts { allow, deny, bans, learned: store.learned_counts(now, day)?, calls: store.call_counts(day)? })
}
