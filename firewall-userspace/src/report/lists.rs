//! Block lists and feeds, as tables, sentences and JSON.
//!
//! Owns: their columns and words. Refuses: gathering them.
use std::collections::HashMap;

use comfy_table::Table;
use serde_json::{Value, json};

use super::number::grouped;
use super::table::table;
use super::text::{counted, plain, shorten};
use super::time::{end, span};
use crate::entries::list_id;
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
        list.fetched.map_or_else(|| "never".to_owned(), |at| format!("{} ago", span(now - at))),
        next,
        state.to_owned(),
    ]
}

/// A table of feeds, whatever the daemon says of them: a column a key, in the order of the first feed's keys.
pub(crate) fn feeds_table(feeds: &[Value]) -> Table {
    let mut keys: Vec<&String> = Vec::new();
    for key in feeds.iter().filter_map(Value::as_object).flat_map(|feed| feed.keys()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    // The name first: whoever reads the table looks for it.
    keys.sort_by_key(|key| (*key != "name", *key != "iface"));
    let headings: Vec<String> =
        keys.iter().map(|key| if *key == "name" { "FEED".into() } else { heading(key) }).collect();
    let mut table = table(&headings.iter().map(String::as_str).collect::<Vec<_>>());
    for feed in feeds {
        table.add_row(keys.iter().map(|key| cell(feed.get(key.as_str()))));
    }
    table
}

fn heading(key: &str) -> String {
    plain(key).replace('_', " ").to_uppercase()
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => shorten(&plain(text), 60),
        Some(Value::Number(number)) => number.as_u64().map_or_else(|| number.to_string(), grouped),
        Some(other) => shorten(&plain(&other.to_string()), 60),
    }
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
