//! A block list from the command line.
//!
//! Owns: making it known and reading it at once. Refuses: a list that can't be read: then nothing is left of it.
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueHint;
use serde_json::json;

use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::failure::wrong;
use crate::cli::feed::look;
use crate::cli::live::Live;
use crate::config::{Blocklist, Word as _};
use crate::lists::{Fetcher, Format, ListSpec, Location, Outcome, Pace};
use crate::report::lists::sentence;
use crate::store::ListOrigin;

/// What to import.
#[derive(clap::Args)]
pub(in crate::cli) struct ImportArgs {
    /// Where the list is
    #[arg(value_name = "URL|FILE", value_hint = ValueHint::AnyPath, required_unless_present = "key_file")]
    source: Option<String>,
    /// What to call it; without it, the host's or the file's name
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// Read it again so often, such as 15m, 1h or 1day; without it, only now
    #[arg(long, value_name = "DURATION", value_parser = every)]
    every: Option<Duration>,
    /// What it looks like: auto, text, json, or apiban
    #[arg(long, value_name = "FORM", value_parser = format)]
    format: Option<Format>,
    /// The file with the key of APIBAN's API; the list is APIBAN's then
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    key_file: Option<PathBuf>,
    /// The most prefixes that it may have
    #[arg(long, value_name = "N", default_value_t = crate::lists::MAX_ENTRIES)]
    max_entries: u32,
    /// Take it however much it has changed
    #[arg(long)]
    force: bool,
}

fn name(text: &str) -> Result<String, String> {
    let whole = !text.is_empty() && text.chars().count() <= 63 && text.trim() == text;
    let plain = whole && !text.chars().any(char::is_control);
    if plain { Ok(text.to_owned()) } else { Err("write a name of 1 to 63 characters on one line".to_owned()) }
}

fn every(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).map_err(|e| format!("{e}; write 15m, 1h or 1day"))?;
    if (60..=2_592_000).contains(&span.as_secs()) { Ok(span) } else { Err("write a time from 1m to 30days".to_owned()) }
}

fn format(word: &str) -> Result<Format, String> {
    let words = || Format::ALL.iter().map(|f| f.word()).collect::<Vec<_>>().join(", ");
    Format::ALL
        .iter()
        .find(|f| f.word() == word)
        .copied()
        .ok_or_else(|| format!("there is no such form; there are {}", words()))
}

pub(in crate::cli) fn perform(args: &ImportArgs, context: &mut Context) -> Result<Exit> {
    let spec = spec(args)?;
    let loaded = context.load()?;
    let config = &loaded.config;
    if config.blocklists().iter().any(|list: &Blocklist| list.name.as_str() == spec.name) {
        bail!("the config has a list {} already: choose another --name; nothing was imported", spec.name);
    }
    let mut store = context::store(config)?;
    let live = Live::open(config, context.global.iface.as_deref())?;
    let is_new = store.blocklist(&spec.name)?.is_none();
    let list = store.put_blocklist(&spec, ListOrigin::Operator)?;
    let refreshed = look(&mut store, &list, &loaded, &Fetcher::new(Pace::default()), args.force)?;
    if let Outcome::Kept { trouble, .. } = &refreshed.outcome {
        if is_new {
            store.remove_blocklist(&spec.name)?;
        }
        bail!("{}: {trouble}; nothing was imported", spec.location);
    }
    let applied = live.apply(&store)?;
    if context.out.is_json() {
        context.out.json(&json!({ "list": store.blocklist(&spec.name)?, "applied": applied.ifaces }))?;
    } else {
        context.out.line(format!("{}; {applied}", sentence(&refreshed)))?;
    }
    Ok(Exit::Yes)
}

fn spec(args: &ImportArgs) -> Result<ListSpec> {
    let apiban = args.key_file.is_some() || args.format == Some(Format::Apiban);
    let location = match &args.source {
        Some(text) => absolute(Location::of(text).map_err(|error| wrong(format!("{text}: {error}")))?)?,
        None => ListSpec::apiban(),
    };
    let name = args.name.clone().unwrap_or_else(|| location.suggested_name());
    let format = if apiban { Format::Apiban } else { args.format.unwrap_or(Format::Auto) };
    let key_file = args.key_file.as_ref().map(std::path::absolute).transpose()?;
    let every = args.every.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    Ok(ListSpec { every, format, key_file, max_entries: args.max_entries, ..ListSpec::new(&name, location) })
}

/// The daemon looks at it from another directory.
fn absolute(location: Location) -> Result<Location> {
    Ok(match location {
        Location::File(path) => Location::File(std::path::absolute(path)?),
        url => url,
    })
}
