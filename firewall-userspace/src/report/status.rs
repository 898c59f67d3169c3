//! The status of an instance.
//!
//! Owns: its text and its JSON. Refuses: gathering it.
use firewall_common::copy::Ring;
use firewall_common::policy::Counter;
use serde_json::{Value, json};

use super::number::{bytes, grouped};
use super::slow_path::SlowPathReport;
use super::table::{pairs, table};
use super::text::{counted, listed, plain};
use super::time::{instant, span};
use crate::config::{MediaPolicy, Word as _};
use crate::dataplane::{CopyStats, InstanceInfo, ReasonStats, RunningPolicy, Stats, Usage};
use crate::store::{CallCounts, LearnedCounts};

/// What the database holds.
pub(crate) struct Counts {
    pub(crate) allow: usize,
    pub(crate) deny: usize,
    pub(crate) bans: usize,
    /// Alarms are those of the last 24 hours.
    pub(crate) learned: LearnedCounts,
    /// Those of the last 24 hours.
    pub(crate) calls: CallCounts,
}

/// All that is known of an instance. What only another version of sipfw could read is missing.
pub(crate) struct Status {
    pub(crate) info: InstanceInfo,
    pub(crate) policy: Option<RunningPolicy>,
    pub(crate) stats: Option<Stats>,
    pub(crate) usage: Vec<Usage>,
    pub(crate) counts: Option<Counts>,
    /// Bytes that the maps take, as the config's capacities have it.
    pub(crate) memory: Option<u64>,
    /// The daemon's own counters, while one has written any.
    pub(crate) slow_path: Option<SlowPathReport>,
    /// Why the details are missing.
    pub(crate) unreadable: Option<String>,
}

impl Status {
    /// Of an instance of which no more is known than that it is there.
    pub(crate) fn unreadable(info: InstanceInfo, why: String) -> Self {
        let (policy, stats, usage, counts, memory, slow_path) = (None, None, Vec::new(), None, None, None);
        Self { info, policy, stats, usage, counts, memory, slow_path, unreadable: Some(why) }
    }

    /// For people; with `all`, reasons that have not occurred too.
    pub(crate) fn text(&self, all: bool, now: i64) -> String {
        let mut text = format!("{}\n{}", self.title(), pairs(&self.facts(now)));
        let Some(stats) = &self.stats else { return text };
        let reasons = reasons(stats, all);
        let reasons = if reasons.is_empty() { "no packet yet".to_owned() } else { reasons.to_string() };
        text.push_str(&format!("\n{reasons}\n"));
        if stats.peers.iter().any(|peer| peer.id != 0) {
            text.push_str(&format!("\n{}\n", peers(stats)));
        }
        text
    }

    fn title(&self) -> String {
        let attached = self.info.mode.map_or("NOT ATTACHED (the interface was made anew)", |mode| mode.word());
        let mode =
            self.policy.as_ref().map_or_else(|| "unknown mode".to_owned(), |policy| format!("mode {}", policy.mode));
        format!("sipfw on {}: {attached}, {mode}", self.info.iface)
    }

    fn facts(&self, now: i64) -> Vec<(&'static str, String)> {
        let mut facts = vec![("daemon", self.daemon())];
        if let Some(policy) = &self.policy {
            facts.push(("generation", format!("{} by sipfw {}", policy.generation, policy.version)));
            facts.push(("since", format!("{} ({} ago)", instant(policy.since), span(now - policy.since))));
            facts.push(("config", files(policy)));
            if !policy.hears {
                facts.push(("responses", "not judged: what this host sends can't be heard".to_owned()));
            }
            if !policy.monitor.is_empty() {
                facts.push(("monitored", format!("{}: what these stages drop passes", listed(&policy.monitor))));
            }
        }
        facts.extend(self.media().map(|media| ("media", media)));
        facts.extend(self.unreadable.as_ref().map(|why| ("details", why.clone())));
        if let Some(counts) = &self.counts {
            facts.push((
                "entries",
                format!("{} allow, {} deny, {}", counts.allow, counts.deny, counted(counts.bans, "ban", "bans")),
            ));
            facts.push(("learned", learned(counts.learned)));
        }
        if !self.usage.is_empty() {
            facts.push(("maps", self.usage.iter().map(usage).collect::<Vec<_>>().join(", ")));
        }
        facts.extend(self.memory.map(|memory| ("memory", format!("about {}", bytes(memory)))));
        facts.extend(self.stats.as_ref().map(|stats| ("events lost", grouped(stats.events_lost))));
        facts.extend(self.slow_path.iter().flat_map(|report| report.lines(now)));
        facts.extend(
            self.stats.iter().flat_map(|stats| &stats.copies).map(|copies| (copies_of(copies.ring), lost(copies))),
        );
        facts
    }

    /// `srtp-only; 3 calls go on; in the last 24h 120 calls, 7 refused, 2 would be; 7 answered by us`.
    fn media(&self) -> Option<String> {
        let policy = self.policy.as_ref().map(|policy| policy.media.as_str()).filter(|policy| !policy.is_empty())?;
        let calls = self.counts.as_ref().map(|counts| counts.calls).unwrap_or_default();
        if policy == MediaPolicy::Off.word() && calls == CallCounts::default() {
            return Some(policy.to_owned());
        }
        let answers = self.slow_path.as_ref().map(|report| report.answers()).unwrap_or_default();
        let failed =
            if answers.failed > 0 { format!(", {} could not be", grouped(answers.failed)) } else { String::new() };
        Some(format!(
            "{policy}; {} live, {} in the last 24h: {} refused, {} would be; {} refusals answered{failed}",
            grouped(calls.live),
            grouped(calls.begun),
            grouped(calls.refused),
            grouped(calls.objected),
            grouped(answers.sent),
        ))
    }

    fn daemon(&self) -> String {
        match (self.info.daemon_pid, self.info.ephemeral) {
            (Some(pid), false) => format!("running (process {pid})"),
            (Some(pid), true) => format!("running (process {pid}); the firewall ends with it"),
            (None, _) => "not running; what is loaded goes on without it".to_owned(),
        }
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let policy = self.policy.as_ref();
        json!({
            "iface": self.info.iface,
            "attached": self.info.mode.map(|mode| mode.word()),
            "mode": policy.map(|p| p.mode.as_str()),
            "monitor": policy.map(|p| &p.monitor),
            "generation": policy.map(|p| p.generation),
            "version": policy.map(|p| p.version.as_str()),
            "since": policy.map(|p| p.since),
            "files": policy.map(|p| &p.files),
            "frags": policy.map(|p| p.frags),
            "hears": policy.map(|p| p.hears),
            "layout": self.info.layout,
            "program_id": self.info.program_id,
            "daemon": self.info.daemon_pid,
            "ephemeral": self.info.ephemeral,
            "entries": self.counts.as_ref().map(|c| json!({ "allow": c.allow, "deny": c.deny, "ban": c.bans })),
            "learned": self.counts.as_ref().map(|c| learned_json(c.learned)),
            "media": policy.map(|p| p.media.as_str()),
            "calls": self.counts.as_ref().map(|c| calls_json(c.calls)),
            "slow_path": self.slow_path,
            "usage": self.usage.iter().map(|u| json!({ "map": u.key, "elements": u.elements, "capacity": u.capacity })).collect::<Vec<_>>(),
            "memory": self.memory,
            "reasons": self.stats.as_ref().map(reasons_json),
            "peers": self.stats.as_ref().map(peers_json),
            "unreadable": self.unreadable,
            "events_lost": self.stats.as_ref().map(|s| s.events_lost),
            "copies": self.stats.as_ref().map(copies_json),
        })
    }
}

fn learned(counts: LearnedCounts) -> String {
    let LearnedCounts { registrants, holds, alarms } = counts;
    let [registrants, holds, alarms] = [registrants, holds, alarms].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    format!(
        "{}, {}, {} in the last 24h",
        counted(registrants, "registrant", "registrants"),
        counted(holds, "hold", "holds"),
        counted(alarms, "alarm", "alarms"),
    )
}

fn learned_json(counts: LearnedCounts) -> Value {
    json!({ "registrants": counts.registrants, "holds": counts.holds, "alarms_in_a_day": counts.alarms })
}

fn calls_json(calls: CallCounts) -> Value {
    json!({
        "live": calls.live, "in_a_day": calls.begun, "refused_in_a_day": calls.refused,
        "would_be_refused_in_a_day": calls.objected,
    })
}

const fn copies_of(ring: Ring) -> &'static str {
    match ring {
        Ring::Strangers => "strangers' copies",
        Ring::Trusted => "trusted copies",
    }
}

fn lost(copies: &CopyStats) -> String {
    format!("{} lost of {}", grouped(copies.lost), grouped(copies.lost + copies.made))
}

fn copies_json(stats: &Stats) -> Value {
    let key = |ring| match ring {
        Ring::Strangers => "strangers",
        Ring::Trusted => "trusted",
    };
    let pair = |c: &CopyStats| (key(c.ring).to_owned(), json!({ "made": c.made, "lost": c.lost }));
    Value::Object(stats.copies.iter().map(pair).collect())
}

fn files(policy: &RunningPolicy) -> String {
    let names: Vec<String> = policy.files.iter().map(|file| plain(file)).collect();
    if names.is_empty() { "built in".to_owned() } else { names.join(", ") }
}

fn usage(usage: &Usage) -> String {
    format!("{} {} of {}", usage.key.replace('_', " "), grouped(usage.elements.into()), grouped(usage.capacity.into()))
}

fn reasons(stats: &Stats, all: bool) -> comfy_table::Table {
    let mut table = table(&["REASON", "VERDICT", ">PACKETS", ">BYTES"]);
    for (r, counter, verdict) in stats.reasons.iter().flat_map(rows) {
        if all && verdict != MONITORED || counter.packets > 0 {
            table.add_row([r.reason.word(), verdict, &grouped(counter.packets), &bytes(counter.bytes)]);
        }
    }
    table
}

const MONITORED: &str = "pass (monitored)";

fn rows(r: &ReasonStats) -> [(&ReasonStats, Counter, &'static str); 2] {
    let verdict = if r.reason.drops() { "drop" } else { "pass" };
    [(r, r.enforced, verdict), (r, r.monitored, MONITORED)]
}

fn reasons_json(stats: &Stats) -> Value {
    let counter = |c: Counter| json!({ "packets": c.packets, "bytes": c.bytes });
    let reason = |r: &ReasonStats| {
        json!({
            "reason": r.reason.word(), "drops": r.reason.drops(),
            "enforced": counter(r.enforced), "monitored": counter(r.monitored),
        })
    };
    stats.reasons.iter().map(reason).collect()
}

fn peers(stats: &Stats) -> comfy_table::Table {
    let mut table = table(&["PEER", ">PASSED", ">DROPPED"]);
    for peer in &stats.peers {
        let name = peer.name.clone().unwrap_or_else(|| "(allow entries)".to_owned());
        table.add_row([plain(&name), grouped(peer.counter.passed), grouped(peer.counter.dropped)]);
    }
    table
}

fn peers_json(stats: &Stats) -> Value {
    let peers = stats.peers.iter().filter(|peer| peer.id != 0);
    peers
        .map(|p| json!({ "id": p.id, "name": p.name, "passed": p.counter.passed, "dropped": p.counter.dropped }))
        .collect()
}
