//! Entries of number lists and codes, as tables and words.
//!
//! Owns: their columns. Refuses: their order.
use std::collections::HashMap;

use comfy_table::Table;
use serde::Serialize;

use super::number::grouped;
use super::table;
use super::text::{counted, plain};
use super::time::{end, instant};
use crate::config::{CallerPolicy, Config, NumberPolicy, PeerCallers};
use crate::numbers::{ListKind, NumberWord as _, StoredCode, StoredNumber, directions_word, number_text};

/// An entry and how many requests it stopped.
#[derive(Serialize)]
pub(crate) struct Listed {
    /// The entry.
    #[serde(flatten)]
    pub(crate) entry: StoredNumber,
    /// Requests; nothing where no instance is loaded.
    pub(crate) hits: Option<u64>,
}

impl Listed {
    pub(crate) fn new(entry: StoredNumber, hits: Option<&HashMap<u32, u64>>) -> Self {
        let hits = hits.map(|hits| hits.get(&entry.id).copied().unwrap_or(0));
        Self { entry, hits }
    }
}

/// Entries in their order.
pub(crate) fn table(listed: &[Listed], now: i64) -> Table {
    let heads = ["PREFIX", "ACTION", "CLASS", "FOR", "DIRECTION", ">HITS", "ADDED", "ENDS", "BY", "COMMENT"];
    let mut table = table::table(&heads);
    for Listed { entry, hits } in listed {
        table.add_row([
            number_text(entry.prefix),
            entry.action.word().to_owned(),
            said(entry.class.as_deref()),
            entry.peer.as_deref().map_or_else(|| "everybody".to_owned(), plain),
            directions_word(entry.directions).to_owned(),
            hits.map_or_else(|| "-".to_owned(), grouped),
            instant(entry.created),
            end(entry.expires, now),
            said(entry.author.as_deref()),
            said(entry.comment.as_deref()),
        ]);
    }
    table
}

/// Codes in their order.
pub(crate) fn codes(codes: &[StoredCode]) -> Table {
    let mut table = table::table(&[">ID", "CLASS", "LABEL", "ADDED", "BY"]);
    for code in codes {
        let label = said(code.label.as_deref());
        table.add_row([
            code.id.to_string(),
            plain(&code.class),
            label,
            instant(code.created),
            said(code.author.as_deref()),
        ]);
    }
    table
}

/// One entry in a few words: `deny entry 7 of +49900 (class premium; ticket 4711; ends in 2h; by root)`.
pub(crate) fn sentence(entry: &StoredNumber, now: i64) -> String {
    let class = entry.class.as_deref().map(|class| format!("class {}", plain(class)));
    let peer = entry.peer.as_deref().map(|peer| format!("for peer {}", plain(peer)));
    let ends = entry.expires.map(|_| format!("ends {}", end(entry.expires, now)));
    let by = entry.author.as_deref().map(|author| format!("by {}", plain(author)));
    let comment = entry.comment.as_deref().map(plain);
    let notes: Vec<String> = [class, peer, comment, ends, by].into_iter().flatten().collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    let verb = verb(entry.list);
    format!("{verb} {} entry {} of {}{notes}", entry.action.word(), entry.id, number_text(entry.prefix))
}

/// The verb of a list.
pub(crate) const fn verb(list: ListKind) -> &'static str {
    match list {
        ListKind::Dialled => "number",
        ListKind::Caller => "caller",
    }
}

/// `1 number entry`, `2 number entries`.
pub(crate) fn entries(list: ListKind, count: usize) -> String {
    counted(count, &format!("{} entry", verb(list)), &format!("{} entries", verb(list)))
}

/// What has to be said to somebody who edits a list that nobody looks at.
pub(crate) fn unheard(list: ListKind, config: &Config) -> Option<String> {
    let (is_off, keys) = match list {
        ListKind::Dialled => {
            let numbers = config.numbers();
            let peers = config.peers().iter();
            let of_peers = peers.flat_map(|peer| [peer.numbers_received, peer.numbers_sent.or(numbers.sent)]);
            let mut all = [numbers.received, numbers.sent].into_iter().chain(of_peers);
            (all.all(|policy| policy == NumberPolicy::Off), "numbers.received and numbers.sent are")
        }
        ListKind::Caller => {
            let follows = |callers| matches!(callers, PeerCallers::Default | PeerCallers::Off);
            let is_off = config.callers().policy == CallerPolicy::Off;
            (is_off && config.peers().iter().all(|peer| follows(peer.callers)), "callers.policy is")
        }
    };
    is_off.then(|| format!("the list decides nothing: {keys} \"off\" in the config"))
}

fn said(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), plain)
}
