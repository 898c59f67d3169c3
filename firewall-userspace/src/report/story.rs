//! What is known of one source, told from its beginning to its end.
//!
//! Owns: the order and the words. Refuses: finding out.
use firewall_common::addr::Prefix;
use serde_json::Value;

use super::entries::sentence;
use super::evidence::{self, seconds};
use super::text::{counted, plain};
use super::time::{end, instant};
use super::{hold, score};
use crate::config::Bans;
use crate::engine::evidence::Evidence;
use crate::entries::{Kind, StoredEntry, prefix_text};
use crate::store::{Listing, Mark, StoredAlarm, StoredHold, StoredRegistrant, Why};

/// Everything, in lines that are set in by two spaces.
pub(crate) fn story(known: &Why, bans: &Bans, now: i64) -> Vec<String> {
    let mut lines: Vec<String> = known.bans.iter().flat_map(|one| ban(one, now)).collect();
    lines.extend(known.entries.iter().map(|entry| format!("  {}", sentence(entry, now))));
    lines.extend(known.lists.iter().map(listing));
    lines.extend(known.holds.iter().flat_map(|one| held(one, now)));
    lines.extend(known.scores.iter().flat_map(|one| score::lines(one, bans, now)));
    lines.extend(known.registrants.iter().map(|one| registrant(one, now)));
    lines.extend(known.alarms.iter().flat_map(alarm));
    lines.extend(known.marks.iter().flat_map(mark));
    lines
}

/// Whether it is banned, and what else blocks it: the operator's entry that decides, or else a list that names it and no
/// `peers`.
pub(crate) fn headline(source: Prefix, known: &Why, peers: &[Prefix], now: i64) -> String {
    let banned = known.bans.iter().any(|ban| ban.in_force(now));
    let text = format!("{} is {}banned", prefix_text(source), if banned { "" } else { "not " });
    let touches = |one: &Listing| peers.iter().any(|peer| peer.contains(one.prefix) || one.prefix.contains(*peer));
    let by = match known.entries.first() {
        Some(entry) if entry.kind == Kind::Deny => Some(format!("deny entry {}", entry.id)),
        Some(_) => None,
        None => known.lists.iter().find(|one| !touches(one)).map(|one| format!("block list {}", plain(&one.list))),
    };
    let link = if banned { ", and" } else { ", but" };
    by.map_or_else(|| text.clone(), |by| format!("{text}{link} blocked by {by}"))
}

fn listing(one: &Listing) -> String {
    format!("  block list {} names {}", plain(&one.list), prefix_text(one.prefix))
}

fn ban(ban: &StoredEntry, now: i64) -> Vec<String> {
    let mut lines = vec![format!("  {}, step {}, made {}", sentence(ban, now), ban.step, instant(ban.created))];
    match &ban.evidence {
        None => lines.push("    evidence: none kept".to_owned()),
        Some(value) => lines.extend(because(value, evidence::sentence)),
    }
    if let Some(evidence) = ban.evidence.as_ref().and_then(evidence::read) {
        lines.extend(next_step(&evidence));
    }
    lines
}

/// The rule, in a sentence, and the incidents.
fn because(value: &Value, sentence: impl Fn(&Evidence) -> String) -> Vec<String> {
    let Some(evidence) = evidence::read(value) else {
        return vec![format!("    evidence: {}", plain(&value.to_string()))];
    };
    let mut lines = vec![format!("    why: {}", sentence(&evidence))];
    lines.extend(evidence::incident_lines(&evidence.incidents));
    let shown = evidence.incidents.len();
    if (shown as u64) < u64::from(evidence.count) && shown > 0 {
        lines.push(format!("    these are the last {shown}"));
    }
    lines
}

fn next_step(evidence: &Evidence) -> Option<String> {
    (evidence.next_seconds > 0)
        .then(|| format!("    if it goes on after that, it is banned for {}", seconds(evidence.next_seconds)))
}

fn held(held: &StoredHold, now: i64) -> Vec<String> {
    let whom = match hold::account(held) {
        Some(account) => format!("attempts at account {account} from {}", prefix_text(held.source)),
        None => format!("all requests of {}", prefix_text(held.source)),
    };
    let how = if held.until > now {
        format!("are held to a trickle (ends {})", end(Some(held.until), now))
    } else {
        format!("were held to a trickle until {}", instant(held.until))
    };
    let mut lines = vec![format!("  {whom} {how}, since {}", instant(held.created))];
    lines.extend(because(&held.evidence, |of| evidence::hold_sentence(of, held.account.is_none())));
    lines
}

fn registrant(one: &StoredRegistrant, now: i64) -> String {
    let (source, account) = (prefix_text(one.source), plain(&one.account));
    if one.until > now {
        let ends = end(Some(one.until), now);
        return format!("  {source} is registered as {account} since {} (ends {ends})", instant(one.created));
    }
    format!("  {source} was registered as {account} until {}", instant(one.until))
}

fn alarm(alarm: &StoredAlarm) -> Vec<String> {
    let name = alarm.name.as_deref().map(|name| format!(" about peer {}", plain(name))).unwrap_or_default();
    let times = (alarm.count > 1).then(|| format!(", {}", counted(alarm.count as usize, "time", "times")));
    let since = format!("{}{}", instant(alarm.time), times.unwrap_or_default());
    let mut lines = vec![format!("  alarm{name} at {since}")];
    lines.extend(because(&alarm.evidence, evidence::sentence));
    lines
}

fn mark(mark: &Mark) -> Vec<String> {
    let by = mark.author.as_deref().map_or_else(String::new, |author| format!(" by {}", plain(author)));
    let (source, banned, lifted) = (prefix_text(mark.source), instant(mark.banned), instant(mark.lifted));
    let made = if mark.evidence.is_some() { format!(" made {banned}") } else { String::new() };
    let mut lines = vec![format!("  a ban of {source}{made} was lifted {lifted}{by}")];
    lines.extend(mark.evidence.iter().map(|value| format!("    why: {}", evidence::sentence_of(value))));
    lines
}
