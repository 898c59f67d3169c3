//! What the slow path counts, kept in a file beside the running policy.
//!
//! Owns: the file's form, writing it in one step, and its lines in the status. Refuses: counting; and knowing every counter:
//! what it does not know it hands on in JSON.
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::number::grouped;
use super::text::{counted, plain};
use super::time::instant;
use crate::event_loop::auditor::AuditCounts;
use crate::event_loop::responder::Counts;
use crate::feed::FeedStatus;

/// The file's name in an interface's run directory.
const FILE_NAME: &str = "slow-path.json";

/// Reasons of refusal that are shown.
const TOP: usize = 3;
/// A report this old is of a daemon that has ended; one is written each second.
const STALE_MS: i64 = 10_000;

/// The daemon's own counters. They begin at zero with each daemon.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SlowPathReport {
    /// Unix milliseconds of the daemon's start.
    pub(crate) since: i64,
    /// Unix milliseconds of this report.
    pub(crate) updated: i64,
    /// The engine's counters. In the status stand `refused` (an object: reason → number), `proven`, `unproven`, `bans`,
    /// `holds`, `promotions` and `alarms`.
    pub(crate) engine: Value,
    /// The counters of what was read from the wire. In the status stands the sum of its messages: `datagrams`,
    /// `fragments.datagrams` and `streams.messages`.
    pub(crate) wire: Value,
    /// What became of the answers in the server's place: `sent` and `failed`.
    #[serde(default)]
    pub(crate) answers: Value,
    /// What the audit of passwords has done.
    #[serde(default)]
    pub(crate) passwords: Value,
    /// How each feed stands: [`SlowPathReport::feeds`].
    pub(crate) feeds: Value,
}

impl SlowPathReport {
    /// Writes it into a run directory in one step, so that nobody reads half of it.
    pub(crate) fn write(&self, run_dir: &Path) -> Result<()> {
        let path = path(run_dir);
        let draft = path.with_extension("json.new");
        let text = serde_json::to_vec(self).context("writing JSON")?;
        std::fs::write(&draft, text).with_context(|| format!("cannot write {}", draft.display()))?;
        std::fs::rename(&draft, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What people want to know of it at once. What is not counted is left out.
    pub(crate) fn lines(&self, now: i64) -> Vec<(&'static str, String)> {
        let mut lines = vec![("slow path", format!("{}{}", self.read_text(), self.age(now)))];
        lines.extend(self.judged().map(|text| ("judged", text)));
        lines.extend(self.audited().map(|text| ("passwords", text)));
        lines
    }

    /// `1,234 messages read, 3 refused (no_via 2, bad_cseq 1)`.
    fn read_text(&self) -> String {
        let messages = ["datagrams", "fragments.datagrams", "streams.messages"].map(|key| number(&self.wire, key));
        let messages = messages.into_iter().flatten().sum::<u64>();
        let messages = counted(usize::try_from(messages).unwrap_or(usize::MAX), "message read", "messages read");
        let reasons = refused(&self.engine);
        let total: u64 = reasons.iter().map(|(_, count)| count).sum();
        if total == 0 {
            return messages;
        }
        let top: Vec<String> =
            reasons.iter().take(TOP).map(|(why, n)| format!("{} {}", plain(why), grouped(*n))).collect();
        let more = if reasons.len() > TOP { ", …" } else { "" };
        format!("{messages}, {} refused ({}{more})", grouped(total), top.join(", "))
    }

    /// `5 failures proven, 2 unproven; 1 ban, 0 holds, 12 promotions, 0 alarms`.
    fn judged(&self) -> Option<String> {
        let some = |key: &str, one: &str, many: &str| {
            number(&self.engine, key).map(|n| counted(usize::try_from(n).unwrap_or(usize::MAX), one, many))
        };
        let failures = [some("proven", "failure proven", "failures proven"), some("unproven", "unproven", "unproven")];
        let done = [("bans", "ban"), ("holds", "hold"), ("promotions", "promotion"), ("alarms", "alarm")];
        let done = done.map(|(many, one)| some(many, one, many));
        let groups = [failures.into_iter().flatten().collect::<Vec<_>>(), done.into_iter().flatten().collect()];
        let told: Vec<String> = groups.iter().filter(|group| !group.is_empty()).map(|group| group.join(", ")).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// `3 weak; 120 audits, 0 waiting, 37,113 guesses each`; nothing while none is audited.
    fn audited(&self) -> Option<String> {
        let counts = AuditCounts::deserialize(&self.passwords).ok().filter(|counts| counts.guesses > 0)?;
        let AuditCounts { audited, weak, waiting, left_out, guesses } = counts;
        let [audited, weak, waiting, guesses] = [audited, weak, waiting, guesses].map(grouped);
        let lost = if left_out > 0 { format!(" ({} left out)", grouped(left_out)) } else { String::new() };
        Some(format!("{weak} weak; {audited} audited, {waiting} waiting{lost}, {guesses} guesses each"))
    }

    /// Since when it counts, or how old it is when nobody writes it any more.
    fn age(&self, now: i64) -> String {
        if !self.is_fresh(now) {
            return format!(", until {}: no daemon has counted since", instant(self.updated));
        }
        format!(", since {}", instant(self.since))
    }

    /// Whether a daemon still writes it.
    pub(crate) fn is_fresh(&self, now: i64) -> bool {
        now.saturating_sub(self.updated) <= STALE_MS
    }

    /// How often the server sent a nonce that another source has got too.
    pub(crate) fn shared_nonces(&self) -> u64 {
        number(&self.engine, "shared_nonces").unwrap_or(0)
    }

    /// What became of the answers in the server's place; none if another version wrote the file.
    pub(crate) fn answers(&self) -> Counts {
        Counts::deserialize(&self.answers).unwrap_or_default()
    }

    /// How the feeds stand; none if another version wrote it in another form.
    pub(crate) fn feeds(&self) -> Vec<FeedStatus> {
        Vec::deserialize(&self.feeds).unwrap_or_default()
    }

    /// The one in a run directory; nothing when there is none that this version can read.
    pub(crate) fn read(run_dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path(run_dir)).ok()?).ok()
    }
}

/// The number behind keys with dots between them.
fn number(value: &Value, keys: &str) -> Option<u64> {
    keys.split('.').try_fold(value, |value, key| value.get(key))?.as_u64()
}

/// Why messages were refused and how often, the most frequent first.
fn refused(engine: &Value) -> Vec<(String, u64)> {
    let reasons = engine.get("refused").and_then(Value::as_object);
    let counts = reasons.into_iter().flatten().filter_map(|(why, count)| Some((why.clone(), count.as_u64()?)));
    let mut counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

fn path(run_dir: &Path) -> PathBuf {
    run_dir.join(FILE_NAME)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> SlowPathReport {
        let engine = json!({
            "proven": 5, "unproven": 2, "bans": 1, "holds": 0, "promotions": 12, "alarms": 0,
            "refused": { "no_via": 2, "bad_cseq": 7, "no_from": 0, "no_to": 1, "too_long": 1 },
        });
        let wire = json!({ "datagrams": 1_000, "fragments": { "datagrams": 30 }, "streams": { "messages": 204 } });
        SlowPathReport {
            since: 0,
            updated: 1_000,
            engine,
            wire,
            answers: json!({ "sent": 3, "failed": 1 }),
            passwords: json!({ "audited": 120, "weak": 3, "waiting": 0, "left_out": 2, "guesses": 37_113 }),
            feeds: json!({ "pbx": 3 }),
        }
    }

    #[test]
    fn a_report_is_read_back_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(SlowPathReport::read(dir.path()), None);
        report().write(dir.path()).unwrap();
        report().write(dir.path()).unwrap();
        assert_eq!(SlowPathReport::read(dir.path()), Some(report()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
        std::fs::write(dir.path().join(FILE_NAME), "{").unwrap();
        assert_eq!(SlowPathReport::read(dir.path()), None);
        assert!(report().write(&dir.path().join("nowhere")).is_err());
    }

    #[test]
    fn the_status_tells_what_people_want_to_know() {
        let lines = report().lines(2_000);
        let read = "1,234 messages read, 11 refused (bad_cseq 7, no_via 2, no_to 1, …), since 1970-01-01";
        assert!(lines[0].1.starts_with(read), "{}", lines[0].1);
        assert_eq!(lines[1].1, "5 failures proven, 2 unproven; 1 ban, 0 holds, 12 promotions, 0 alarms");
        assert_eq!(lines[2].1, "3 weak; 120 audited, 0 waiting (2 left out), 37,113 guesses each");
        assert!(report().lines(60_000)[0].1.contains("no daemon has counted since"));
    }

    #[test]
    fn what_is_not_counted_is_left_out() {
        let report =
            SlowPathReport { wire: json!({ "datagrams": 1 }), engine: Value::Null, passwords: Value::Null, ..report() };
        let lines = report.lines(2_000);
        assert!(lines[0].1.starts_with("1 message read, since") && lines.len() == 1, "{lines:?}");
    }
}
