//! Showing lists and feeds.
//!
//! Owns: putting the config's lists, the database's and the daemon's feeds together. Refuses: their look (see
//! [`crate::report::lists`]).
use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::live;
use crate::config::Config;
use crate::dataplane::{Instance, clock};
use crate::report::lists::{Shown, feeds_table, lists_table};
use crate::store::Store;

pub(super) fn perform(context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let store = context::store(&config)?;
    let lists = lists(&store, &config, context)?;
    let feeds = feeds(&config, context.global.iface.as_deref());
    if context.out.is_json() {
        context.out.json(&json!({ "lists": lists.iter().map(Shown::json).collect::<Vec<_>>(), "feeds": feeds }))?;
        return Ok(Exit::Yes);
    }
    if lists.is_empty() && feeds.is_empty() {
        context.out.line("there are no lists and no feeds; `sipfw deny import` adds a list, the config both")?;
    }
    if !lists.is_empty() {
        context.out.line(lists_table(&lists, clock::now().wall_ms))?;
        lists.iter().filter_map(Shown::remark).try_for_each(|remark| context.out.line(remark))?;
    }
    if !feeds.is_empty() {
        context.out.line(feeds_table(&feeds))?;
    }
    Ok(Exit::Yes)
}

/// Those of the database, and those of the config that nobody has looked at yet.
fn lists(store: &Store, config: &Config, context: &Context) -> Result<Vec<Shown>> {
    let hits = live::hits(config, context.global.iface.as_deref())?;
    let mut shown: Vec<Shown> =
        store.blocklists()?.into_iter().map(|list| Shown::stored(list, hits.as_ref())).collect();
    let known: Vec<String> = shown.iter().map(|list| list.name().to_owned()).collect();
    let unknown = config.blocklists().iter().filter(|list| !known.iter().any(|name| name == list.name.as_str()));
    shown.extend(unknown.map(|list| Shown::unread(list.spec())));
    Ok(shown)
}

/// What the daemons say of their feeds; nothing where none runs, or it says nothing.
fn feeds(config: &Config, iface: Option<&str>) -> Vec<Value> {
    let instances = Instance::list(config.paths()).unwrap_or_default();
    let wanted = instances.iter().filter(|info| iface.is_none_or(|iface| iface == info.iface));
    wanted.flat_map(|info| feeds_of(config, &info.iface)).collect()
}

fn feeds_of(config: &Config, iface: &str) -> Vec<Value> {
    let path = config.paths().run.as_path().join(iface).join("slow-path.json");
    let said: Option<Value> = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let feeds = said.and_then(|said| said.get("feeds").and_then(Value::as_array).cloned()).unwrap_or_default();
    let with_iface = |mut feed: Value| {
        if let Some(object) = feed.as_object_mut() {
            object.insert("iface".to_owned(), iface.into());
        }
        feed
    };
    feeds.into_iter().map(with_iface).collect()
}
