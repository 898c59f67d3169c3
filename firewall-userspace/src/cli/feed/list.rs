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
use crate::report::lists::{Shown, ShownFeed, feeds_table, lists_table, unread_feeds};
use crate::report::slow_path::SlowPathReport;
use crate::store::Store;

pub(super) fn perform(context: &mut Context) -> Result<Exit> {
    let config = context.config()?;
    let store = context::store(&config)?;
    let lists = lists(&store, &config, context)?;
    let (feeds, told) = feeds(&config, context.global.iface.as_deref());
    if context.out.is_json() {
        context.out.json(&json!({ "lists": lists.iter().map(Shown::json).collect::<Vec<_>>(), "feeds": feeds }))?;
        return Ok(Exit::Yes);
    }
    let unread = unread(&config, &feeds);
    if lists.is_empty() && feeds.is_empty() && unread.is_empty() {
        context.out.line("there are no lists and no feeds; `sipfw deny import` adds a list, the config both")?;
    }
    if !lists.is_empty() {
        context.out.line(lists_table(&lists, clock::now().wall_ms))?;
        lists.iter().filter_map(Shown::remark).try_for_each(|remark| context.out.line(remark))?;
    }
    if !feeds.is_empty() {
        context.out.line(feeds_table(&feeds, clock::now().wall_ms))?;
        feeds.iter().flat_map(ShownFeed::remarks).try_for_each(|remark| context.out.line(remark))?;
    }
    if !unread.is_empty() {
        context.out.line(unread_feeds(&unread, told))?;
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

/// What the running daemons say of their feeds, by name, and when one that has ended said something last.
fn feeds(config: &Config, iface: Option<&str>) -> (Vec<ShownFeed>, Option<i64>) {
    let instances = Instance::list(config.paths()).unwrap_or_default();
    let ifaces = instances.iter().map(|info| info.iface.as_str()).filter(|one| iface.is_none_or(|iface| iface == *one));
    feeds_of(config.paths().run.as_path(), ifaces, clock::now().wall_ms)
}

fn feeds_of<'a>(run: &Path, ifaces: impl Iterator<Item = &'a str>, now: i64) -> (Vec<ShownFeed>, Option<i64>) {
    let (mut shown, mut told) = (Vec::new(), None);
    for iface in ifaces {
        match SlowPathReport::read(&run.join(iface)) {
            Some(report) if report.is_fresh(now) => {
                shown.extend(report.feeds().into_iter().map(|feed| ShownFeed { iface: iface.to_owned(), feed }));
            }
            report => told = told.max(report.map(|report| report.updated)),
        }
    }
    shown.sort_by(|a, b| (&a.feed.name, &a.iface).cmp(&(&b.feed.name, &b.iface)));
    (shown, told)
}

/// The config's feeds of which no running daemon tells.
fn unread(config: &Config, shown: &[ShownFeed]) -> Vec<String> {
    let names = config.feeds().iter().map(|feed| feed.name.as_str());
    names.filter(|name| shown.iter().all(|one| one.feed.name != *name)).map(str::to_owned).collect()
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

    fn feeds_at(run: &Path, ifaces: &[&str], now: i64) -> (Vec<ShownFeed>, Option<i64>) {
        feeds_of(run, ifaces.iter().copied(), now)
    }

    #[test]
    fn feeds_are_shown_as_the_daemon_reports_them() {
        let run = tempfile::tempdir().unwrap();
        write(run.path());
        let (feeds, told) = feeds_at(run.path(), &["eth0"], NOW + 1_000);
        let shown = feeds_table(&feeds, NOW).to_string();
        for part in ["pbx", "/var/log/asterisk/security", "7", "5s ago", "never", "REFUSED"] {
            assert!(shown.contains(part), "{part} is missing in {shown}");
        }
        assert!(!shown.contains("IFACE") && told.is_none(), "{shown}");
        assert_eq!(feeds[0].remarks(), ["ami: in trouble: connection refused"]);
        assert_eq!(feeds[1].remarks(), ["pbx: refused: unknown_event 2, no_source 1"]);
        let json = serde_json::to_value(&feeds).unwrap();
        assert_eq!(
            (&json[1]["iface"], &json[1]["events"], &json[0]["name"]),
            (&json!("eth0"), &json!(7), &json!("ami"))
        );
    }

    #[test]
    fn where_no_daemon_runs_no_feed_is_shown_as_read() {
        let run = tempfile::tempdir().unwrap();
        write(run.path());
        let (feeds, told) = feeds_at(run.path(), &["eth0", "eth1"], NOW + 60_000);
        assert!(feeds.is_empty() && told == Some(NOW));
        let (feeds, told) = feeds_at(run.path(), &["eth1"], NOW);
        assert!(feeds.is_empty() && told.is_none());
        let text = unread_feeds(&["ami".to_owned(), "pbx".to_owned()], Some(NOW));
        assert!(text.starts_with("no running daemon reads the feeds ami and pbx; a daemon told of feeds until 2027-"));
        assert_eq!(unread_feeds(&["ami".to_owned()], None), "no running daemon reads the feed ami");
    }
}
