//! What calls' media is like, by whose they are.
//!
//! Owns: adding up, and the report's form. Refuses: telling whose a call is.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{keys, why_word};
use super::number::grouped;
use super::table::table;
use super::text::{counted, plain};
use super::time::instant;
use crate::config::MediaPolicy;
use crate::engine::call::Leg;
use crate::store::StoredCall;

/// Whose a call is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    Peer(String),
    Registrants,
    Strangers,
}

/// Stands for the profile where no media was described.
const NO_PROFILE: &str = "(none)";

/// A row's key: whose, profile, keys.
type Key = (Whose, String, Option<String>);

/// What the calls of a row came to.
#[derive(Debug, Default, PartialEq)]
struct Sums {
    calls: u64,
    refused: u64,
    objected: u64,
    why: BTreeMap<&'static str, u64>,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Report {
    since: i64,
    calls: u64,
    refused: u64,
    objected: u64,
    rows: BTreeMap<Key, Sums>,
}

impl Report {
    /// Of these calls, which began since `since`; `whose` tells whose a leg with a peer of this name, or none, is.
    pub(crate) fn of(calls: &[StoredCall], since: i64, whose: impl Fn(&Leg, Option<&str>) -> Whose) -> Self {
        let mut report = Self { since, calls: calls.len() as u64, refused: 0, objected: 0, rows: BTreeMap::new() };
        for stored in calls {
            let enforced: Vec<bool> =
                stored.call.legs.iter().filter_map(|leg| leg.refusal.as_ref()).map(|r| r.enforced).collect();
            report.refused += u64::from(enforced.contains(&true));
            report.objected += u64::from(!enforced.contains(&true) && enforced.contains(&false));
            for (at, leg) in stored.call.legs.iter().enumerate() {
                report.add(leg, &whose(leg, stored.peers.get(at).and_then(Option::as_deref)));
            }
        }
        report
    }

    fn add(&mut self, leg: &Leg, whose: &Whose) {
        for (profile, keys) in kinds(leg) {
            let sums = self.rows.entry((whose.clone(), profile, keys)).or_default();
            sums.calls += 1;
            if let Some(refusal) = &leg.refusal {
                *(if refusal.enforced { &mut sums.refused } else { &mut sums.objected }) += 1;
                *sums.why.entry(why_word(refusal.why)).or_default() += 1;
            }
        }
    }

    /// Calls whose media was described without keys: whose, by which profile, and how many.
    pub(crate) fn plain(&self) -> Vec<(String, String, u64)> {
        let is_plain = |((_, profile, keys), _): &(&Key, &Sums)| keys.is_none() && profile != NO_PROFILE;
        let row = |((whose, profile, _), sums): (&Key, &Sums)| (name(whose), plain(profile), sums.calls);
        self.rows.iter().filter(is_plain).map(row).collect()
    }

    /// For people.
    pub(crate) fn text(&self, policy: MediaPolicy) -> String {
        let since = instant(self.since);
        if self.calls == 0 {
            let hint = if policy == MediaPolicy::Off {
                "; calls are followed while `media.policy` is \"prefer\" or \"srtp-only\""
            } else {
                ""
            };
            return format!("no call began since {since}{hint}\n");
        }
        let mut shown = table(&["WHOSE", "PROFILE", "KEYS", ">CALLS", ">REFUSED", ">WOULD BE", "WHY"]);
        for ((whose, profile, keys), sums) in &self.rows {
            let why: Vec<String> = sums.why.iter().map(|(why, count)| format!("{why} {}", grouped(*count))).collect();
            shown.add_row([
                name(whose),
                plain(profile),
                keys.as_deref().map_or_else(|| "-".to_owned(), plain),
                grouped(sums.calls),
                grouped(sums.refused),
                grouped(sums.objected),
                why.join(", "),
            ]);
        }
        format!("{shown}\n\n{}", self.sum(&since, policy))
    }

    fn sum(&self, since: &str, policy: MediaPolicy) -> String {
        let calls = counted(usize::try_from(self.calls).unwrap_or(usize::MAX), "call", "calls");
        let (refused, objected) = (grouped(self.refused), grouped(self.objected));
        let mut sum = format!("{calls} since {since}: {refused} refused, {objected} would be under \"srtp-only\"\n");
        if policy != MediaPolicy::SrtpOnly && self.objected == 0 {
            sum.push_str("nothing speaks against `media.policy = \"srtp-only\"`\n");
        }
        sum
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let row = |((whose, profile, keys), sums): (&Key, &Sums)| {
            json!({
                "whose": word(whose), "peer": if let Whose::Peer(name) = whose { Some(name) } else { None },
                "profile": profile, "keys": keys, "calls": sums.calls, "refused": sums.refused,
                "would_be_refused": sums.objected, "why": sums.why,
            })
        };
        json!({
            "since": self.since, "calls": self.calls, "refused": self.refused, "would_be_refused": self.objected,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

/// The profiles of a leg's streams with their keys, each once. A leg that was refused at once has no streams: then that of
/// the media line which decided.
fn kinds(leg: &Leg) -> Vec<(String, Option<String>)> {
    let mut kinds: Vec<_> = leg.streams.iter().map(|stream| (stream.profile.clone(), keys(stream))).collect();
    if kinds.is_empty() {
        let line = leg.refusal.as_ref().and_then(|refusal| refusal.line.split_whitespace().nth(2));
        kinds.push((line.unwrap_or(NO_PROFILE).to_owned(), None));
    }
    kinds.sort();
    kinds.dedup();
    kinds
}

fn name(whose: &Whose) -> String {
    match whose {
        Whose::Peer(name) => plain(name),
        Whose::Registrants => "(registrants)".to_owned(),
        Whose::Strangers => "(strangers)".to_owned(),
    }
}

fn word(whose: &Whose) -> &'static str {
    match whose {
        Whose::Peer(_) => "peer",
        Whose::Registrants => "registrants",
        Whose::Strangers => "strangers",
    }
}

#[cfg(test)]
mod tests;
