//! Block lists and feeds, as tables, sentences and JSON.
//!
//! Owns: their columns and words. Refuses: gathering them.
use std::collections::HashMap;

use comfy_table::Table;
use serde::Serialize;
use serde_json::{Value, json};

use super::number::grouped;
use super::table::table;
use super::text::{counted, listed, plain, shorten};
use super::time::{end, instant, span};
use crate::entries::list_id;
use crate::feed::FeedStatus;
use crate::lists::{LeftOut, ListSpec, Outcome, Refreshed};
use crate::store::StoredList;

/// A list as it is shown.
pub(crate) enum Shown {
    /// One that was looked at, or is about to be, and how many packets it decided.
    Stored(Box<StoredList>, Option<u64>),
    /// One of the config that nobody knows of yet.
    Unread(Box<ListSpec>),
}

impl Shown {
    pub(crate) fn stored(list: StoredList, hits: Option<&HashMap<u32, u64>>) -> Self {
        let own = |hits: &HashMap<u32, u64>| list_id(list.id).and_then(|id| hits.get(&id).copied()).unwrap_or(0);
        let hits = hits.map(own);
        Self::Stored(Box::new(list), hits)
    }

    pub(crate) fn unread(spec: ListSpec) -> Self {
        Self::Unread(Box::new(spec))
    }

    fn spec(&self) -> &ListSpec {
        match self {
            Self::Stored(list, _) => &list.spec,
            Self::Unread(spec) => spec,
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.spec().name
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Stored(list, hits) => {
                let mut value = json!(list);
                if let Some(object) = value.as_object_mut() {
                    object.insert("hits".to_owned(), json!(hits));
                }
                value
            }
            Self::Unread(spec) => json!(spec),
        }
    }

    /// What stands below the table: trouble, and what is left out.
    pub(crate) fn remark(&self) -> Option<String> {
        let Self::Stored(list, _) = self else { return None };
        let name = plain(&list.spec.name);
        match (&list.trouble, list.left_out == LeftOut::default()) {
            (Some(trouble), _) => {
                let times = counted(list.failures as usize, "look", "looks");
                Some(format!("{name}: {} (the last {times}); what it named before holds", plain(trouble)))
            }
            (None, false) => Some(format!("{name}: left out: {}", list.left_out)),
            (None, true) => None,
        }
    }
}

/// A table of lists.
pub(crate) fn lists_table(lists: &[Shown], now: i64) -> Table {
    let mut table = table(&["LIST", "FROM", "BY", ">ENTRIES", ">HITS", "READ", "NEXT", "STATE"]);
    for shown in lists {
        let spec = shown.spec();
        let mut row = vec![plain(&spec.name), shorten(&plain(&spec.location.to_string()), 50)];
        match shown {
            Shown::Stored(list, hits) => row.extend(state(list, *hits, now)),
            Shown::Unread(_) => row.extend(["config", "-", "-", "never", "-", "not read yet"].map(str::to_owned)),
        }
        table.add_row(row);
    }
    table
}

fn state(list: &StoredList, hits: Option<u64>, now: i64) -> [String; 6] {
    let next = match (list.spec.every, list.next) {
        (None, _) => "when asked".to_owned(),
        (Some(_), Some(next)) if next > now => end(Some(next), now),
        _ => "now".to_owned(),
    };
    let state = match (&list.trouble, list.fetched) {
        (Some(_), _) => "in trouble",
        (None, None) => "not read yet",
        (None, Some(_)) => "good",
    };
    [
        if list.origin == crate::store::ListOrigin::Config { "config" } else { "import" }.to_owned(),
        grouped(list.entries.into()),
        hits.map_or_else(|| "-".to_owned(), grouped),
        ago(list.fetched, now),
        next,
        state.to_owned(),
    ]
}

/// A feed as it is shown.
#[derive(Serialize)]
pub(crate) struct ShownFeed {
    /// The interface whose daemon reads it.
    pub(crate) iface: String,
    /// How it stands.
    #[serde(flatten)]
    pub(crate) feed: FeedStatus,
}

impl ShownFeed {
    /// What stands below the table, whole: trouble, and why lines are not believed, the most frequent reason first.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let (name, counts) = (plain(&self.feed.name), &self.feed.counts);
        let trouble = counts.trouble.as_ref().map(|trouble| format!("{name}: in trouble: {}", plain(trouble)));
        let mut reasons: Vec<(&String, &u64)> = counts.refused.iter().filter(|(_, count)| **count > 0).collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let reasons: Vec<String> = reasons.iter().map(|(why, n)| format!("{} {}", plain(why), grouped(**n))).collect();
        let refused = (!reasons.is_empty()).then(|| format!("{name}: refused: {}", reasons.join(", ")));
        trouble.into_iter().chain(refused).collect()
    }

    fn row(&self, now: i64) -> Vec<String> {
        let FeedStatus { name, kind, place, counts } = &self.feed;
        vec![
            plain(name),
            plain(kind),
            shorten(&plain(place), 50),
            grouped(counts.events),
            grouped(counts.refused.values().sum()),
            grouped(counts.dropped),
            ago(counts.last_event, now),
        ]
    }
}

/// A table of feeds; with the interface where daemons of several tell of theirs.
pub(crate) fn feeds_table(feeds: &[ShownFeed], now: i64) -> Table {
    let several = feeds.iter().any(|feed| feed.iface != feeds[0].iface);
    let headings = ["FEED", "KIND", "PLACE", ">EVENTS", ">REFUSED", ">DROPPED", "LAST EVENT", "IFACE"];
    let mut table = table(&headings[..headings.len() - usize::from(!several)]);
    for feed in feeds {
        let iface = several.then(|| plain(&feed.iface));
        table.add_row(feed.row(now).into_iter().chain(iface));
    }
    table
}

/// What is said of feeds of the config that no running daemon reads. `told`: when a daemon told of them last.
pub(crate) fn unread_feeds(names: &[String], told: Option<i64>) -> String {
    let names: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let noun = if names.len() == 1 { "feed" } else { "feeds" };
    let told = told.map(|at| format!("; a daemon told of feeds until {}", instant(at))).unwrap_or_default();
    format!("no running daemon reads the {noun} {}{told}", listed(&names))
}

fn ago(at: Option<i64>, now: i64) -> String {
    at.map_or_else(|| "never".to_owned(), |at| format!("{} ago", span(now - at)))
}

/// What a look came to, in words.
pub(crate) fn sentence(refreshed: &Refreshed) -> String {
    let name = plain(&refreshed.name);
    match &refreshed.outcome {
        Outcome::Same { entries } => format!("list {name} is as it was, with {}", prefixes(*entries as usize)),
        Outcome::Taken { entries, added, removed, left_out } => {
            let left = if *left_out == LeftOut::default() { String::new() } else { format!("; left out: {left_out}") };
            format!(
                "list {name} has {}, {} new and {} gone{left}",
                prefixes(*entries),
                grouped(*added as u64),
                grouped(*removed as u64)
            )
        }
        Outcome::Kept { trouble, .. } => format!("list {name} stays as it was: {}", plain(trouble)),
    }
}

/// The same for programs.
pub(crate) fn outcome_json(refreshed: &Refreshed) -> Value {
    let name = &refreshed.name;
    match &refreshed.outcome {
        Outcome::Same { entries } => json!({ "name": name, "outcome": "same", "entries": entries }),
        Outcome::Taken { entries, added, removed, left_out } => json!({
            "name": name, "outcome": "taken", "entries": entries, "added": added, "removed": removed, "left_out": left_out,
        }),
        Outcome::Kept { trouble, .. } => json!({ "name": name, "outcome": "kept", "trouble": trouble }),
    }
}

fn prefixes(n: usize) -> String {
    counted(n, "prefix", "prefixes")
}
