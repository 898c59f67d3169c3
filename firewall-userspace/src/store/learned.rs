//! What the daemon has learned, as the database takes it.
//!
//! Owns: the records, and making them from the engine's commands while names and widths are those of the policy under
//! which the commands came. Refuses: writing them.

use serde_json::json;

use super::alarm::{self, NewAlarm};
use super::bans::NewBan;
use super::call::NewCall;
use super::hold::NewHold;
use super::registrant::{Ended, NewRegistrant};
use super::score::NewScore;
use crate::audit::Finding;
use crate::engine::command::{Command, Device};
use crate::engine::evidence::Evidence;
use crate::engine::saved::{Key, Record};
use crate::entries::Scope;
use crate::entries::source_prefix;
use crate::names;

/// One thing that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// Unix milliseconds at which it was learned, however late it is written.
    pub time: i64,
    /// What.
    pub what: What,
}

/// What there is to keep.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A ban.
    Ban(NewBan),
    /// A hold.
    Hold(NewHold),
    /// A registration that our server accepted.
    Registered(NewRegistrant),
    /// A registration that has ended.
    Ended(Ended),
    /// Something about a peer.
    Alarm(NewAlarm),
    /// A call, as it is now.
    Call(NewCall),
    /// A device, as it was seen.
    Device(Box<Device>),
    /// What the audit of an account's password found.
    Audit(Finding),
    /// What counts against a source or an account.
    Score(NewScore),
}

impl Learned {
    /// What a command leaves in the database, if anything. `v6_prefix` is the width of an IPv6 source, `peer` tells a
    /// peer's name.
    pub fn of(command: Command, time: i64, v6_prefix: u8, peer: impl Fn(u32) -> Option<String>) -> Option<Self> {
        let source = |addr| source_prefix(addr, v6_prefix);
        let what = match command {
            Command::Ban(ban) => What::Ban(NewBan {
                source: source(ban.source),
                scope: Scope::Sip,
                expires: ban.until,
                evidence: text(&ban.evidence),
                step: ban.step,
            }),
            Command::Hold(hold) => What::Hold(NewHold {
                source: source(hold.source),
                account: hold.account,
                until: hold.until,
                evidence: text(&hold.evidence),
            }),
            Command::Promote(promote) => What::Registered(NewRegistrant {
                source: source(promote.source),
                account: promote.account,
                until: promote.until,
                known_until: promote.known_until,
            }),
            Command::Demote(demote) => {
                What::Ended(Ended { source: source(demote.source), account: demote.account, until: demote.until })
            }
            Command::Alarm(alarm) => What::Alarm(NewAlarm {
                peer: alarm.peer,
                name: peer(alarm.peer),
                source: Some(source(alarm.source)),
                time: alarm.time,
                rule: alarm::word(alarm.evidence.rule),
                evidence: text(&alarm.evidence),
            }),
            Command::Call(call) => {
                let peers = call.legs.iter().map(|leg| peer(leg.peer)).collect();
                What::Call(NewCall::new(call, peers))
            }
            Command::Pinholes(_)
            | Command::Answer(_)
            | Command::Disconnect(_)
            | Command::Dialog(_)
            | Command::Verify(_)
            | Command::BlockPrefix(_) => return None,
            Command::Device(device) => What::Device(device),
        };
        Some(Self { time, what })
    }

    /// What a notice about a name of this peer leaves; nothing if nobody has to look at it.
    pub fn of_name(notice: &names::Notice, peer: u32, peer_name: &str) -> Option<Self> {
        let (rule, trouble) = match &notice.what {
            names::What::Stopped(why) => (alarm::NAME_STOPPED, why),
            names::What::Refused(why) => (alarm::NAME_REFUSED, why),
            names::What::Changed { .. } | names::What::Resumed => return None,
        };
        let alarm = NewAlarm {
            peer,
            name: Some(peer_name.to_owned()),
            source: None,
            time: notice.time,
            rule: rule.to_owned(),
            evidence: json!({ "name": notice.name, "trouble": trouble }).to_string(),
        };
        Some(Self { time: notice.time, what: What::Alarm(alarm) })
    }

    /// What an audit found, as it was found at `time`; with an alarm if it is news.
    pub fn of_audit(finding: &Finding, news: bool, time: i64) -> Vec<Self> {
        let alarm = Self::concern(alarm::WEAK_PASSWORD, &format!("account {}", finding.account), "", time);
        let found = Self { time, what: What::Audit(finding.clone()) };
        std::iter::once(found).chain(news.then_some(alarm)).collect()
    }

    /// An alarm about something that is neither a source nor a peer.
    pub fn concern(rule: &str, name: &str, trouble: &str, time: i64) -> Self {
        let alarm = NewAlarm {
            peer: 0,
            name: None,
            source: None,
            time,
            rule: rule.to_owned(),
            evidence: json!({ "name": name, "trouble": trouble }).to_string(),
        };
        Self { time, what: What::Alarm(alarm) }
    }

    /// A record of the engine, as it was at `time`; `v6_prefix` as before, `under` is the key of the engine's hashes.
    pub fn score(record: Record, time: i64, v6_prefix: u8, under: Key) -> Self {
        Self { time, what: What::Score(NewScore::new(record, v6_prefix, under)) }
    }

    /// About how many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        let more = match &self.what {
            What::Ban(ban) => ban.evidence.len(),
            What::Hold(hold) => hold.evidence.len() + hold.account.as_ref().map_or(0, Vec::len),
            What::Registered(new) => new.account.len(),
            What::Ended(ended) => ended.account.as_ref().map_or(0, String::len),
            What::Alarm(alarm) => alarm.evidence.len(),
            What::Call(new) => new.size(),
            What::Device(new) => new.size(),
            What::Audit(finding) => finding.account.len(),
            What::Score(score) => score.size(),
        };
        size_of::<Self>() + more
    }
}

fn text(evidence: &Evidence) -> String {
    // A record of numbers, words and texts, without maps, always becomes JSON.
    serde_json::to_string(evidence).unwrap_or_default()
}
