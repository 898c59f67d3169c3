//! What someone may have meant by a word that is not known.
//!
//! Owns: nearness of words, and where a key belongs. Refuses: accepting anything but the word itself.
use super::Config;
use super::problem::Fault;
use super::reader::join;
use super::value::{Entry, Section, Shown};

/// The fault of a key that the table at `path` does not have.
pub(super) fn unknown_key(key: &str, path: &str, known: &[&str]) -> Fault {
    let message = if path.is_empty() { "no such key".to_owned() } else { format!("no such key in {}", header(path)) };
    // A key under the wrong header is commoner in TOML than a misspelt one: it belongs to the last table begun.
    let hint = match (nearest(key, known), home(key, path)) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, Some(home)) if home.is_empty() => format!("{key} must stand before the first [table] of the file"),
        (None, Some(home)) => format!("{key} belongs into {home}"),
        (None, None) => format!("known here: {}", known.join(", ")),
    };
    Fault::new(message, hint)
}

/// The fault of a value that is none of a closed set of words.
pub(super) fn unknown_word(word: &str, known: &[&str]) -> Fault {
    let hint = match nearest(word, known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("known: {}", known.join(", ")),
    };
    Fault::new("no such word here", hint)
}

/// The known word that the fewest typing errors lead to `word` from, if they are few.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // Longer than any word, and comparing costs the product of the lengths.
    if word.len() > 64 {
        return None;
    }
    let plain = |s: &str| s.to_lowercase().replace(['-', '_'], "");
    let distance = |other: &str| strsim::damerau_levenshtein(&plain(word), &plain(other));
    let most = word.chars().count() / 3;
    known.iter().map(|k| (distance(k), *k)).filter(|(d, _)| *d <= most.max(1)).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}

/// The header of the table at `path`: `peer[2]` stands under `[[peer]]`, `peer[2].limits` under `[peer.limits]`.
fn header(path: &str) -> String {
    match path.split_once('[') {
        None => format!("[{path}]"),
        Some((list, rest)) if rest.ends_with(']') => format!("[[{list}]]"),
        Some((list, rest)) => format!("[{list}{}]", rest.trim_start_matches(|c| c != '.')),
    }
}

/// The header of the table that has the key: one inside the table at `path`, or the only one there is.
fn home(key: &str, path: &str) -> Option<String> {
    let mut homes = Vec::new();
    find(key, "", &Config::default().entries(), &mut homes);
    let inside = homes.iter().position(|home| !path.is_empty() && home.starts_with(&format!("[{path}.")));
    inside.or((homes.len() == 1).then_some(0)).map(|at| homes.swap_remove(at))
}

fn find(key: &str, path: &str, entries: &[Entry], homes: &mut Vec<String>) {
    for entry in entries {
        if entry.key == key && !matches!(entry.shown, Shown::Nothing) {
            homes.push(if path.is_empty() { String::new() } else { header(path) });
        }
        match &entry.shown {
            Shown::Table(_, inner) => find(key, &join(path, entry.key), inner, homes),
            Shown::List(_, inner, _) => find(key, &format!("{}[1]", join(path, entry.key)), inner, homes),
            Shown::Inline(_) | Shown::Nothing => {}
        }
    }
}
