//! Showing lists and feeds.
//!
//! Owns: putting the config's lists, the database's and the daemon's feeds together. Refuses: their look (see
//! [`crate::report::lists`]).
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::cli::context::{self, Context};
use crate::cli::exit::Exit;
use crate::cli::live;
use crate::config::Config;
use crate::dataplane::{Instance, clock};
use crate::report::lists::{Shown, ShownFeed, feeds_table, lists_table};
use crate::report::slow_path::SlowPathReport;
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
        context.out.line(feeds_table(&feeds, clock::now().wall_ms))?;
        feeds.iter().filter_map(ShownFeed::remark).try_for_each(|remark| context.out.line(remark))?;
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

/// What the daemons say of their feeds; nothing where none runs.
fn feeds(config: &Config, iface: Option<&str>) -> Vec<ShownFeed> {
    let instances = Instance::list(config.paths()).unwrap_or_default();
    let wanted = instances.iter().filter(|info| iface.is_none_or(|iface| iface == info.iface));
    let run = config.paths().run.as_path();
    wanted.flat_map(|info| feeds_of(run, &info.iface, clock::now().wall_ms)).collect()
}

fn feeds_of(run: &Path, iface: &str, now: i64) -> Vec<ShownFeed> {
    let report = SlowPathReport::read(&run.join(iface)).filter(|report| report.is_fresh(now));
    let feeds = report.map(|report| report.feeds()).unwrap_or_default();
    feeds.into_iter().map(|feed| ShownFeed { iface: iface.to_owned(), feed }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::{Counts, FeedStatus};

    const NOW: i64 = 1_800_000_000_000;

    /// As the keeper writes it.
    fn write(run: &Path) {
        let refused = [("unknown_event", 2), ("no_source", 1)].map(|(why, count)| (why.to_owned(), count)).into();
        let counts = Counts { lines: 1_234, events: 7, refused, last_event: Some(NOW - 5_000), ..Counts::default() };
        let (kind, place) = ("asterisk".to_owned(), "/var/log/asterisk/security".to_owned());
        let good = FeedStatus { name: "pbx".to_owned(), kind, place, counts };
        let counts = Counts { trouble: Some("connection refused".to_owned()), ..Counts::default() };
        let bad = FeedStatus { name: "ami".to_owned(), counts, ..good.clone() };
        let feeds = serde_json::to_value([good, bad]).unwrap();
        std::fs::create_dir(run.join("eth0")).unwrap();
        SlowPathReport { updated: NOW, feeds, ..SlowPathReport::default() }.write(&run.join("eth0")).unwrap();
    }

    #[test]
    fn feeds_are_shown_as_the_daemon_reports_them() {
        let run = tempfile::tempdir().unwrap();
        write(run.path());
        let feeds = feeds_of(run.path(), "eth0", NOW + 1_000);
        let shown = feeds_table(&feeds, NOW).to_string();
        for part in ["pbx", "/var/log/asterisk/security", "1,234", "5s ago", "good", "never", "in trouble"] {
            assert!(shown.contains(part), "{part} is missing in {shown}");
        }
        assert_eq!(feeds[0].remark().as_deref(), Some("pbx: not believed: unknown_event 2, no_source 1"));
        assert_eq!(feeds[1].remark().as_deref(), Some("ami: connection refused"));
        let json = serde_json::to_value(&feeds).unwrap();
        assert_eq!(
            (&json[0]["iface"], &json[0]["events"], &json[1]["name"]),
            (&json!("eth0"), &json!(7), &json!("ami"))
        );
    }

    #[test]
    fn where_no_daemon_runs_nothing_is_said_of_feeds() {
        let run = tempfile::tempdir().unwrap();
        write(run.path());
        assert!(feeds_of(run.path(), "eth0", NOW + 60_000).is_empty());
        assert!(feeds_of(run.path(), "eth1", NOW).is_empty());
    }
}
