//! What is wrong with feeds.
//!
//! Owns: which keys each kind has and needs, and what two feeds may not share. Refuses: whether files exist.
use std::collections::HashMap;

use super::super::Config;
use super::super::feed::{Feed, FeedKind, FeedSource};
use super::super::problem::{Fault, Severity};
use super::super::reader::{Findings, join};
use super::super::word::Word as _;

/// The most feeds: each has a thread.
const FEEDS_MAX: usize = 16;
/// Keys that not every kind has, and whose they are.
const KEYS: [(&str, &[FeedKind]); 7] = [
    ("path", &[FeedKind::AsteriskLog, FeedKind::FreeSwitchLog, FeedKind::KamailioLog, FeedKind::JsonSocket]),
    ("address", &[FeedKind::AsteriskAmi]),
    ("user", &[FeedKind::AsteriskAmi]),
    ("secret_file", &[FeedKind::AsteriskAmi]),
    ("connected", &[FeedKind::FreeSwitchLog]),
    ("mode", &[FeedKind::JsonSocket]),
    ("group", &[FeedKind::JsonSocket]),
];
/// Those of them that a kind which has them cannot do without.
const NEEDED: [&str; 3] = ["path", "user", "secret_file"];

/// Checks all feeds.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    let (mut names, mut sources) = (HashMap::new(), HashMap::new());
    for (number, feed) in (1..).zip(config.feeds()) {
        let path = format!("feed[{number}]");
        if !findings.is_sound(&path) {
            continue;
        }
        keys(feed, &path, findings);
        unencrypted(feed, &path, findings);
        let (name, source) = (feed.name.as_str().to_lowercase(), feed.source().to_string());
        once(names.insert(name, join(&path, "name")), join(&path, "name"), "name", findings);
        if !source.is_empty() {
            let key = join(&path, if feed.kind == FeedKind::AsteriskAmi { "address" } else { "path" });
            once(sources.insert(source, key.clone()), key, "source", findings);
        }
    }
    if config.feeds().len() > FEEDS_MAX {
        let fault = Fault::new("is one feed too many", format!("keep {FEEDS_MAX} of them"));
        findings.add(Severity::Error, &format!("feed[{}]", FEEDS_MAX + 1), fault);
    }
}

fn keys(feed: &Feed, path: &str, findings: &mut Findings) {
    let kind = feed.kind.word();
    for (key, kinds) in KEYS {
        let (has, given) = (kinds.contains(&feed.kind), findings.is_given(&join(path, key)));
        if given && !has {
            let fault =
                Fault::new(format!("a feed of kind \"{kind}\" has no {key}"), "leave it out, or change the kind");
            findings.add(Severity::Error, &join(path, key), fault);
        }
        if has && !given && NEEDED.contains(&key) {
            let fault =
                Fault::new(format!("a feed of kind \"{kind}\" needs the key {key}"), format!("add a line {key} = …"));
            findings.add(Severity::Error, &join(path, "kind"), fault);
        }
    }
}

/// Warns of a secret that goes over a network as it is.
fn unencrypted(feed: &Feed, path: &str, findings: &mut Findings) {
    if let FeedSource::AsteriskAmi { address, .. } = feed.source()
        && !address.ip().is_loopback()
    {
        let message = "the manager's secret goes there in the clear, and whoever is between can accuse anyone";
        let fault = Fault::new(message, "use the interface on the same machine, or a tunnel");
        findings.add(Severity::Warning, &join(path, "address"), fault);
    }
}

fn once(first: Option<String>, second: String, what: &str, findings: &mut Findings) {
    let Some(first) = first else { return };
    let message = format!("another feed has this {what} ({})", findings.place(&first));
    findings.add(
        Severity::Error,
        &second,
        Fault::new(message, "an event would count twice: change it, or leave one out"),
    );
}
