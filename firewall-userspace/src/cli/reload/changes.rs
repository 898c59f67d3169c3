//! What a reload changed, in words.
//!
//! Owns: comparing what ran with what runs. Refuses: comparing files: what counts is what was in effect.
use crate::config::Loaded;
use crate::dataplane::{RunningPeer, RunningPolicy};
use crate::report::text::listed;

/// The changes, one phrase each; nothing if nothing that is kept of a policy changed.
pub(super) fn between(before: Option<&RunningPolicy>, after: Option<&RunningPolicy>, loaded: &Loaded) -> Vec<String> {
    let (Some(before), Some(after)) = (before, after) else {
        return vec![format!("{} peers", loaded.config.peers().len())];
    };
    let mut changes = Vec::new();
    if before.mode != after.mode {
        changes.push(format!("mode {} instead of {}", after.mode, before.mode));
    }
    if before.monitor != after.monitor {
        changes.push(format!("monitored: {}, before: {}", stages(&after.monitor), stages(&before.monitor)));
    }
    changes.extend(peers(&before.peers, &after.peers));
    changes.extend(signatures(&before.signatures, &after.signatures));
    changes
}

fn stages(stages: &[String]) -> String {
    if stages.is_empty() { "nothing".to_owned() } else { listed(stages) }
}

fn peers(before: &[RunningPeer], after: &[RunningPeer]) -> Vec<String> {
    let named = |list: &[RunningPeer], name: &str| list.iter().find(|p| p.name == name).map(|p| p.prefixes.clone());
    let new = after.iter().filter(|p| named(before, &p.name).is_none());
    let gone = before.iter().filter(|p| named(after, &p.name).is_none());
    let other = after.iter().filter(|p| named(before, &p.name).is_some_and(|prefixes| prefixes != p.prefixes));
    [
        phrase("new peers", new.map(|p| &p.name)),
        phrase("peers gone", gone.map(|p| &p.name)),
        phrase("other prefixes of", other.map(|p| &p.name)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn signatures(before: &[String], after: &[String]) -> Vec<String> {
    let new = after.iter().filter(|s| !before.contains(s));
    let gone = before.iter().filter(|s| !after.contains(s));
    [phrase("new signatures", new), phrase("signatures gone", gone)].into_iter().flatten().collect()
}

fn phrase<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: Vec<&String> = names.collect();
    (!names.is_empty()).then(|| format!("{what}: {}", listed(&names)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: &str, prefix: &str) -> RunningPeer {
        RunningPeer { id: 1, name: name.into(), prefixes: vec![prefix.into()], passed_before: 0, dropped_before: 0 }
    }

    #[test]
    fn peers_that_came_went_and_moved_are_told() {
        let before = [peer("a", "10.0.0.1/32"), peer("b", "10.0.0.2/32")];
        let after = [peer("b", "10.0.0.3/32"), peer("c", "10.0.0.4/32")];
        assert_eq!(peers(&before, &after), ["new peers: c", "peers gone: a", "other prefixes of: b"]);
        assert!(peers(&before, &before).is_empty());
    }
}
