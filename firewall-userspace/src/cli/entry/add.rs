//! Adding entries.
//!
//! Owns: the order of steps: read all, refuse or warn, store all, tell the kernel. Refuses: a part of a list.
use anyhow::{Result, bail};
use firewall_common::addr::Prefix;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{AddArgs, operands};
use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::cli::live::{Applied, Live};
use crate::cli::room;
use crate::config::Loaded;
use crate::dataplane::clock;
use crate::entries::{Kind, NamedPrefix, NewEntry, Scope, StoredEntry, Warning, check_width, covers, warnings};
use crate::report::text::{counted, plain};
use crate::store::{AddReport, Store, author};

pub(in crate::cli) fn perform(kind: Kind, scope: Scope, args: &AddArgs, context: &mut Context) -> Result<Exit> {
    let batch = batch(kind, scope, args)?;
    let loaded = context.load()?;
    let config = &loaded.config;
    let mut store = context::store(config)?;
    let now = clock::now().wall_ms;
    let active = store.active(now)?;
    let warnings = judge(&batch, &loaded, &active, args.force)?;
    let live = Live::open(config, context.global.iface.as_deref())?;
    room::check(&batch, &active, &loaded, &live)?;
    let report = write(&mut store, &batch, now)?;
    let applied = live.apply(&store)?;
    for warning in &warnings {
        eprintln!("sipfw: warning: {}", plain(warning));
    }
    tell(kind, &report, &warnings, &applied, context)?;
    Ok(Exit::Yes)
}

fn batch(kind: Kind, scope: Scope, args: &AddArgs) -> Result<Vec<NewEntry>> {
    let list = operands::read(&args.prefixes, "nothing was added")?;
    if list.is_empty() {
        return Err(wrong("the list has no prefix; nothing was added"));
    }
    if !args.force {
        let wide: Vec<String> = list.iter().filter_map(|l| Some(check_width(l.prefix).err()?.to_string())).collect();
        if !wide.is_empty() {
            bail!("{}; nothing was added", wide.join("; "));
        }
    }
    let ms = args.lasting.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    let expires = ms.map(|ms| clock::now().wall_ms.saturating_add(ms));
    let author = author();
    let entry = |prefix: Prefix, own: Option<String>| NewEntry {
        kind,
        prefix,
        scope,
        expires,
        comment: own.or_else(|| args.comment.clone()),
        author: author.clone(),
    };
    Ok(list.into_iter().map(|listed| entry(listed.prefix, listed.comment)).collect())
}

/// What is worth a warning; an error where a peer's whole prefix would be cut off without `force`.
fn judge(batch: &[NewEntry], loaded: &Loaded, active: &[StoredEntry], force: bool) -> Result<Vec<String>> {
    let found = warnings(batch, &peers(loaded), active);
    let whole: Vec<String> = found.iter().filter(|w| cuts_off_whole(w)).map(ToString::to_string).collect();
    if whole.is_empty() || force {
        return Ok(found.iter().map(ToString::to_string).collect());
    }
    let mut lines: Vec<String> = whole.iter().map(|line| plain(line)).collect();
    lines.push("nothing was added; repeat it with --force if that is meant".to_owned());
    bail!("{}", lines.join("\n"))
}

fn cuts_off_whole(warning: &Warning) -> bool {
    matches!(warning, Warning::CutsOffPeer { entry, prefix, .. } if covers(*entry, *prefix))
}

fn peers(loaded: &Loaded) -> Vec<NamedPrefix<'_>> {
    let peers = loaded.config.peers().iter();
    let prefixes = peers.flat_map(|peer| peer.all_prefixes(&loaded.resolved).into_iter().map(move |p| (peer, p)));
    prefixes.map(|(peer, prefix)| NamedPrefix { name: peer.name.as_str(), prefix }).collect()
}

fn write(store: &mut Store, batch: &[NewEntry], now: i64) -> Result<AddReport> {
    let bar = progress(batch.len());
    let report = store.add_with(batch, now, |done| bar.set_position(done as u64));
    bar.finish_and_clear();
    Ok(report?)
}

/// On standard error, and only where someone looks at it and has to wait.
fn progress(len: usize) -> ProgressBar {
    if len < 1_000 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {eta} left");
    ProgressBar::new(len as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn tell(kind: Kind, report: &AddReport, warnings: &[String], applied: &Applied, context: &mut Context) -> Result<()> {
    if context.out.is_json() {
        let replaced: Vec<_> = report.replaced.iter().map(|(old, new)| json!({ "old": old, "new": new })).collect();
        return context.out.json(&json!({
            "added": report.added, "renewed": report.renewed, "replaced": replaced,
            "warnings": warnings, "applied": applied.ifaces,
        }));
    }
    let mut parts = vec![format!("{} added", counted(report.added.len(), &entry(kind), &entries(kind)))];
    if !report.renewed.is_empty() {
        parts.push(format!("{} renewed", report.renewed.len()));
    }
    if !report.replaced.is_empty() {
        parts.push(format!("{} of the other kind replaced", report.replaced.len()));
    }
    context.out.line(format!("{}; {applied}", parts.join(", ")))
}

fn entry(kind: Kind) -> String {
    format!("{kind} entry")
}

fn entries(kind: Kind) -> String {
    format!("{kind} entries")
}
