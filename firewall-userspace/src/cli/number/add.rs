//! Adding entries to number lists.
//!
//! Owns: the order of steps: read all, refuse or warn, store all, tell the kernel. Refuses: a part of a list.
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use firewall_common::number::{Directions, NumberAction};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::cli::context::{self, Context};
use crate::cli::entry::duration;
use crate::cli::exit::Exit;
use crate::cli::failure::{Wrong, wrong};
use crate::cli::live::Live;
use crate::config::Config;
use crate::dataplane::clock;
use crate::numbers::{ListKind, NewNumber, Numbers, StoredNumber, compile, parse_number, rules};
use crate::report::number_list::{entries, unheard};
use crate::store::{NumberAdded, Store, author};

/// What to add.
#[derive(Args)]
pub(in crate::cli) struct AddArgs {
    /// Prefixes of numbers, such as +49900 or 0900
    #[arg(required = true, value_name = "PREFIX")]
    prefixes: Vec<String>,
    /// Only for this peer; without it, for everybody
    #[arg(long, value_name = "NAME")]
    peer: Option<String>,
    /// How long the entries hold, such as 90s, 15m, 2h or 7days; without it, until they are deleted
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    lasting: Option<Duration>,
    /// A note that `list` shows
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

/// What is said of all of them.
pub(in crate::cli) struct Said {
    pub(in crate::cli) list: ListKind,
    pub(in crate::cli) action: NumberAction,
    pub(in crate::cli) directions: Directions,
    pub(in crate::cli) class: Option<String>,
}

pub(in crate::cli) fn perform(said: &Said, args: &AddArgs, context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    known_peer(args.peer.as_deref(), &config)?;
    if said.action == NumberAction::Code && said.class.is_none() {
        return Err(wrong("a code opens a class: say which one with --class; nothing was added"));
    }
    said.class.as_deref().map_or(Ok(()), class)?;
    let batch = batch(said, args, &config)?;
    add(&batch, &config, context)
}

/// Adds a batch, and tells what came of it.
pub(super) fn add(batch: &[NewNumber], config: &Config, context: &mut Context) -> Result<Exit> {
    let mut store = context::store(config)?;
    let now = clock::now().wall_ms;
    let live = Live::open(config, context.global.iface.as_deref())?;
    room(batch, config, &store, &live)?;
    classes(batch, &mut store)?;
    let bar = progress(batch.len());
    let report = store.add_numbers(batch, now, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let applied = live.apply(&store)?;
    let kind = batch.first().map_or(ListKind::Dialled, |new| new.list);
    let warning = unheard(kind, config);
    if let Some(warning) = &warning {
        eprintln!("sipfw: warning: {warning}");
    }
    let NumberAdded { added, changed } = report;
    if context.out.is_json() {
        let answer = json!({ "added": added, "changed": changed, "warning": warning, "applied": applied.ifaces });
        context.out.json(&answer)?;
        return Ok(Exit::Yes);
    }
    let mut parts = vec![format!("{} added", entries(kind, added.len()))];
    if !changed.is_empty() {
        parts.push(format!("{} changed", changed.len()));
    }
    context.out.line(format!("{}; {applied}", parts.join(", ")))?;
    Ok(Exit::Yes)
}

/// An error for a name that is no peer's.
pub(in crate::cli) fn known_peer(name: Option<&str>, config: &Config) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    if config.peers().iter().any(|peer| peer.name.as_str() == name) {
        return Ok(());
    }
    Err(wrong(format!("there is no peer {name:?} in the config; `sipfw peer list` shows those that there are")))
}

/// An error for what can't be the name of a class.
pub(in crate::cli) fn class(name: &str) -> Result<()> {
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().count() <= 32 && name.chars().all(plain) {
        return Ok(());
    }
    Err(wrong(format!("{name:?} is no name of a class: write 1 to 32 letters, digits, - and _; nothing was changed")))
}

fn batch(said: &Said, args: &AddArgs, config: &Config) -> Result<Vec<NewNumber>> {
    let plan = config.numbers().plan();
    let ms = args.lasting.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    let expires = ms.map(|ms| clock::now().wall_ms.saturating_add(ms));
    let author = author();
    let (mut batch, mut errors) = (Vec::new(), Vec::new());
    for text in &args.prefixes {
        match parse_number(text, &plan) {
            Ok(prefix) => batch.push(NewNumber {
                list: said.list,
                peer: args.peer.clone(),
                directions: said.directions,
                prefix,
                action: said.action,
                class: said.class.clone(),
                comment: args.comment.clone(),
                author: author.clone(),
                expires,
            }),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if errors.is_empty() {
        return Ok(batch);
    }
    errors.push("nothing was added".to_owned());
    Err(Wrong(errors).into())
}

/// An error if what is there and what is new are too many together.
fn room(batch: &[NewNumber], config: &Config, store: &Store, live: &Live) -> Result<()> {
    let clock = clock::now();
    let mut all = store.numbers_in_force(clock.wall_ms)?;
    all.extend(batch.iter().map(as_stored));
    let made = compile(&Numbers::new(&rules(config, &all, clock.wall_ms), []), clock);
    let (wanted, room) = (made.rules.len(), config.capacity().numbers.get());
    if wanted as u64 > u64::from(room) {
        bail!(
            "{wanted} prefixes do not fit, there is room for {room}: raise capacity.numbers in the config and reload; \
             nothing was added"
        );
    }
    live.check_number_room(&made)
}

fn as_stored(new: &NewNumber) -> StoredNumber {
    let NewNumber { list, directions, prefix, action, expires, .. } = *new;
    let (peer, class, comment, author) = (new.peer.clone(), None, None, None);
    let (id, class_number, created) = (u32::MAX, 0, 0);
    StoredNumber { id, list, peer, directions, prefix, action, class, class_number, comment, author, created, expires }
}

/// Makes the classes of a batch before its entries: there may be too many.
fn classes(batch: &[NewNumber], store: &mut Store) -> Result<()> {
    let names: std::collections::BTreeSet<&str> = batch.iter().filter_map(|new| new.class.as_deref()).collect();
    let known: Vec<String> = store.number_classes()?.into_values().collect();
    let new: Vec<&str> = names.into_iter().filter(|name| !known.iter().any(|known| known == name)).collect();
    if known.len() + new.len() > CLASSES {
        bail!("there can be {CLASSES} classes of numbers, and these would be more; nothing was added");
    }
    for name in new {
        store.number_class(name)?;
    }
    Ok(())
}

/// How many classes there are at most.
pub(in crate::cli) const CLASSES: usize = 63;

/// On standard error, and only where someone looks at it and has to wait.
fn progress(len: usize) -> ProgressBar {
    if len < 1_000 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {eta} left");
    ProgressBar::new(len as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
