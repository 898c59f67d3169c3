//! What is known of all names, and what of an answer is believed.
//!
//! Owns: the life of a name's addresses: taken, missed, let go; the time of the next look; when someone has to be told. Refuses:
//! believing an answer that is likely to be forged or a slip.
//!
//! An address that an answer lacks stays for a grace, so that servers that answer with ever another part of a set, and short
//! mistakes, change nothing. While no answers come at all, nothing is let go, however long that lasts.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use firewall_common::addr::{Addr, Prefix};
use serde::{Deserialize, Serialize};

use super::resolved::Resolved;
use super::walk::Finding;
use crate::entries::special;

/// After how many looks in a row without an answer someone is told: one may be lost.
const TOLD_AFTER: u32 = 3;

/// What of answers is believed; times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The shortest time between two looks.
    pub ttl_min: i64,
    /// The longest.
    pub ttl_max: i64,
    /// How long an address stays after answers began to lack it.
    pub grace: i64,
    /// The most addresses of one name.
    pub max_addresses: usize,
    /// Whether private, loopback, link-local and multicast addresses are believed.
    pub allow_private: bool,
}

/// What is known of a name. Times are Unix milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameState {
    /// Its addresses, each with the time since when answers lack it.
    pub addresses: BTreeMap<IpAddr, Option<i64>>,
    /// The last answer that was believed.
    pub answered: Option<i64>,
    /// The next look.
    pub next: i64,
    /// Looks in a row that came to nothing.
    pub failures: u32,
    /// Why.
    pub trouble: Option<String>,
    /// Whether someone was told that it does not resolve.
    pub told: bool,
}

/// What someone has to be told about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The name.
    pub name: String,
    /// Unix milliseconds.
    pub time: i64,
    /// What.
    pub what: What,
}

/// What there is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It stands for other addresses now.
    Changed {
        /// New ones.
        added: Vec<IpAddr>,
        /// Those that were let go.
        gone: Vec<IpAddr>,
    },
    /// It has stopped resolving; its addresses stay for now. An alarm.
    Stopped(String),
    /// An answer was not believed; its addresses stay. An alarm.
    Refused(String),
    /// It resolves again.
    Resumed,
}

impl Notice {
    /// Whether an operator should look at it.
    pub fn is_alarm(&self) -> bool {
        matches!(self.what, What::Stopped(_) | What::Refused(_))
    }
}

/// All names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    names: BTreeMap<String, NameState>,
}

impl Book {
    /// What is known of a name.
    pub fn get(&self, name: &str) -> Option<&NameState> {
        self.names.get(name)
    }

    /// The names to look at from now on. What is known of others is forgotten; new ones are due at once.
    pub fn want(&mut self, names: &BTreeSet<String>) {
        self.names.retain(|name, _| names.contains(name));
        for name in names {
            self.names.entry(name.clone()).or_default();
        }
    }

    /// The names whose time has come.
    pub fn due(&self, now: i64) -> Vec<String> {
        self.names.iter().filter(|(_, state)| state.next <= now).map(|(name, _)| name.clone()).collect()
    }

    /// When the next name's time comes.
    pub fn next_look(&self) -> Option<i64> {
        self.names.values().map(|state| state.next).min()
    }

    /// Takes over what `other` knows of these names.
    pub(super) fn merge(&mut self, other: &Self, names: &BTreeSet<String>) {
        for name in names {
            match other.names.get(name) {
                Some(state) => drop(self.names.insert(name.clone(), state.clone())),
                None => drop(self.names.remove(name)),
            }
        }
    }

    /// Which addresses each name stands for.
    pub fn resolved(&self) -> Resolved {
        self.names.iter().map(|(name, state)| (name.clone(), state.addresses.keys().copied().collect())).collect()
    }

    /// Takes what a resolution came to.
    pub fn take(&mut self, name: &str, finding: &Finding, rules: &Rules, now: i64) -> Vec<Notice> {
        let Some(state) = self.names.get_mut(name) else { return Vec::new() };
        let told = match judge(finding, rules) {
            Verdict::Answer => state.believe(finding, rules, now),
            Verdict::Refused(why) => state.refuse(&why, rules, now),
            Verdict::Silence(why) => state.miss(&why, rules, now),
        };
        told.into_iter().map(|what| Notice { name: name.to_owned(), time: now, what }).collect()
    }
}

enum Verdict {
    Answer,
    Refused(String),
    Silence(String),
}

fn judge(finding: &Finding, rules: &Rules) -> Verdict {
    let odd = |ip: &IpAddr| special(Prefix::host(Addr::from(*ip))).map(|what| (*ip, what));
    if finding.addresses.len() > rules.max_addresses {
        let (n, max) = (finding.addresses.len(), rules.max_addresses);
        return Verdict::Refused(format!("{n} addresses; dns.max_addresses is {max}"));
    }
    if let Some((ip, what)) = finding.addresses.iter().find_map(odd).filter(|_| !rules.allow_private) {
        return Verdict::Refused(format!("{ip} is {what}; dns.allow_private would allow it"));
    }
    match (&finding.failure, finding.addresses.is_empty()) {
        (Some(why), true) => Verdict::Silence(why.clone()),
        _ => Verdict::Answer,
    }
}

impl NameState {
    fn believe(&mut self, finding: &Finding, rules: &Rules, now: i64) -> Vec<What> {
        let room = rules.max_addresses.saturating_mul(2);
        let added: Vec<IpAddr> =
            finding.addresses.iter().filter(|ip| !self.addresses.contains_key(ip)).copied().collect();
        let mut gone = if finding.failure.is_none() { self.age(finding, rules, now) } else { Vec::new() };
        self.addresses.extend(finding.addresses.iter().map(|ip| (*ip, None)));
        // Those that have been missing longest go when a name changes all its addresses over and over, whole answer or not.
        while self.addresses.len() > room
            && let Some(oldest) = self.most_dispensable(finding)
        {
            self.addresses.remove(&oldest);
            gone.push(oldest);
        }
        let mut told = Vec::new();
        if !added.is_empty() || !gone.is_empty() {
            told.push(What::Changed { added, gone });
        }
        let ttl = finding.ttl.map_or(rules.ttl_min, |seconds| i64::from(seconds) * 1_000);
        (self.answered, self.failures, self.next) = (Some(now), 0, now + clamp(ttl, rules));
        self.trouble = finding.failure.clone();
        if finding.addresses.is_empty() {
            let why = "there is no such name, or it has no addresses";
            self.trouble = Some(why.to_owned());
            told.extend(self.tell(why));
        } else if std::mem::take(&mut self.told) {
            told.push(What::Resumed);
        }
        told
    }

    /// Lets go of what whole answers have lacked for longer than the grace.
    fn age(&mut self, finding: &Finding, rules: &Rules, now: i64) -> Vec<IpAddr> {
        let mut gone = Vec::new();
        self.addresses.retain(|ip, missing| {
            if finding.addresses.contains(ip) {
                return true;
            }
            let since = *missing.get_or_insert(now);
            if now.saturating_sub(since) >= rules.grace {
                gone.push(*ip);
            }
            now.saturating_sub(since) < rules.grace
        });
        gone
    }

    fn most_dispensable(&self, finding: &Finding) -> Option<IpAddr> {
        let others = self.addresses.iter().filter(|(ip, _)| !finding.addresses.contains(ip));
        others.min_by_key(|(_, since)| since.unwrap_or(i64::MAX)).map(|(ip, _)| *ip)
    }

    fn refuse(&mut self, why: &str, rules: &Rules, now: i64) -> Vec<What> {
        let why = format!("an answer was refused: {why}");
        let news = self.trouble.as_ref() != Some(&why);
        self.fail(&why, rules, now);
        if news { vec![What::Refused(why)] } else { Vec::new() }
    }

    fn miss(&mut self, why: &str, rules: &Rules, now: i64) -> Vec<What> {
        self.fail(why, rules, now);
        if self.failures >= TOLD_AFTER { self.tell(why).into_iter().collect() } else { Vec::new() }
    }

    fn fail(&mut self, why: &str, rules: &Rules, now: i64) {
        let wait = rules.ttl_min.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        (self.trouble, self.next) = (Some(why.to_owned()), now + clamp(wait, rules));
    }

    /// Once, until it resolves again.
    fn tell(&mut self, why: &str) -> Option<What> {
        (!std::mem::replace(&mut self.told, true)).then(|| What::Stopped(why.to_owned()))
    }
}

fn clamp(wait: i64, rules: &Rules) -> i64 {
    wait.clamp(rules.ttl_min, rules.ttl_max.max(rules.ttl_min))
}

#[cfg(test)]
mod tests;
