//! What is wrong between the keys of block lists.
//!
//! Owns: names that two lists have, and keys that don't go together. Refuses: looking whether a list is there.
use std::collections::HashMap;

use super::super::Config;
use super::super::blocklist::Blocklist;
use super::super::problem::{Fault, Severity};
use super::super::reader::Findings;
use crate::lists::Format;

/// Checks all lists.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    names(&config.blocklist, findings);
    for (number, list) in (1..).zip(&config.blocklist) {
        let path = format!("blocklist[{number}]");
        if !findings.is_sound(&path) {
            continue;
        }
        if let Some((key, fault)) = place(list).or_else(|| key(list)) {
            let place = format!("{path}.{key}");
            let place = if findings.is_given(&place) { place } else { path };
            findings.add(Severity::Error, &place, fault);
        }
    }
}

fn names(lists: &[Blocklist], findings: &mut Findings) {
    let mut seen = HashMap::new();
    for (number, list) in (1..).zip(lists).filter(|(_, list)| !list.name.as_str().is_empty()) {
        let path = format!("blocklist[{number}].name");
        let Some(first) = seen.insert(list.name.as_str(), path.clone()) else { continue };
        let message = format!("another list has this name ({})", findings.place(&first));
        findings.add(Severity::Error, &path, Fault::new(message, "give each list a name of its own"));
    }
}

/// A list is in one place.
fn place(list: &Blocklist) -> Option<(&'static str, Fault)> {
    match (list.url.is_none(), list.file.is_none()) {
        (false, false) => Some(("file", Fault::new("the list has a url too", "leave one of them out"))),
        (true, true) if list.format != Format::Apiban => {
            Some(("name", Fault::new("the list has neither url nor file", "say where it is")))
        }
        _ => None,
    }
}

/// APIBAN wants a key, and nobody else does.
fn key(list: &Blocklist) -> Option<(&'static str, Fault)> {
    match (list.format == Format::Apiban, list.key_file.is_none()) {
        (true, true) if list.file.is_none() => Some((
            "format",
            Fault::new("APIBAN's API wants a key", "name the file that holds it: key_file = \"/etc/sipfw/apiban.key\""),
        )),
        (false, false) => {
            Some(("key_file", Fault::new("only lists of the format \"apiban\" have a key", "leave it out")))
        }
        _ => None,
    }
}
