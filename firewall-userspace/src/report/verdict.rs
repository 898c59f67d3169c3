//! A verdict on one frame, explained.
//!
//! Owns: the words. Refuses: the verdict.
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde_json::{Value, json};

use super::entries::sentence;
use super::table::pairs;
use super::text::{first_line, plain};
use crate::dataplane::probe::Judgement;
use crate::entries::StoredEntry;

/// What is known of a frame.
#[derive(Default)]
pub(crate) struct Packet {
    pub(crate) bytes: usize,
    pub(crate) from: Option<IpAddr>,
    pub(crate) to: Option<IpAddr>,
    pub(crate) transport: Option<&'static str>,
    /// Source and destination.
    pub(crate) ports: Option<(u16, u16)>,
    pub(crate) payload: Vec<u8>,
}

/// What decided.
pub(crate) enum Decided {
    /// An entry or a ban.
    Entry(Box<StoredEntry>),
    /// An entry that the database does not have any more, or, with id 0, a ban that it does not have yet.
    LostEntry(u32),
    /// A block list.
    List { id: u32, name: String },
    /// A peer's rules.
    Peer { id: u32, name: String },
    /// A signature.
    Signature { id: u32, text: String },
    /// A limit.
    Limit { whose: String, class: Option<&'static str>, rate: String },
    /// A rule of the config.
    Rule(String),
    /// The packet itself.
    Nothing,
}

/// A verdict and why.
pub(crate) struct Explanation {
    pub(crate) packet: Packet,
    pub(crate) judgement: Judgement,
    pub(crate) decided: Decided,
    /// What judged.
    pub(crate) by: String,
}

impl Explanation {
    /// For people.
    pub(crate) fn text(&self, now: i64) -> String {
        let j = &self.judgement;
        let fate = if j.drops() { "DROP" } else { "PASS" };
        let monitored = if j.monitored { " It passes because the stage is only monitored." } else { "" };
        let mut lines = vec![("packet", self.packet.to_string())];
        if let Some(decided) = self.decided.text(now) {
            lines.push(("decided by", decided));
        }
        lines.push(("judged by", self.by.clone()));
        format!("{fate}  {}: {}{monitored}\n{}", j.reason.word(), j.reason.explanation(), pairs(&lines))
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let j = &self.judgement;
        json!({
            "verdict": if j.drops() { "drop" } else { "pass" },
            "reason": j.reason.word(),
            "stage": j.reason.stage().word(),
            "explanation": j.reason.explanation(),
            "monitored": j.monitored,
            "decided_by": self.decided.json(),
            "packet": self.packet.json(),
            "judged_by": self.by,
        })
    }
}

impl Packet {
    /// Where it comes from.
    pub(crate) fn source(&self) -> String {
        end(self.from, self.ports.map(|ports| ports.0))
    }

    /// Where it goes.
    pub(crate) fn target(&self) -> String {
        end(self.to, self.ports.map(|ports| ports.1))
    }

    fn json(&self) -> Value {
        json!({
            "bytes": self.bytes, "from": self.from, "to": self.to, "transport": self.transport,
            "from_port": self.ports.map(|ports| ports.0), "to_port": self.ports.map(|ports| ports.1),
        })
    }
}

fn end(address: Option<IpAddr>, port: Option<u16>) -> String {
    match (address, port) {
        (Some(address), Some(port)) => SocketAddr::new(address, port).to_string(),
        (Some(address), None) => address.to_string(),
        _ => "?".to_owned(),
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = self.transport.unwrap_or("no udp or tcp that can be read");
        write!(f, "{} → {}, {transport}, {} bytes", self.source(), self.target(), self.bytes)?;
        let begins = first_line(&self.payload, 60);
        if begins.is_empty() { Ok(()) } else { write!(f, ": {begins}") }
    }
}

impl Decided {
    fn text(&self, now: i64) -> Option<String> {
        Some(match self {
            Self::Entry(entry) => sentence(entry, now),
            Self::LostEntry(0) => "a ban that the database does not have yet".to_owned(),
            Self::LostEntry(id) => format!("entry {id}, which the database does not have any more"),
            Self::List { name, .. } => format!("block list {}", plain(name)),
            Self::Peer { name, .. } => format!("peer {}", plain(name)),
            Self::Signature { text, .. } => format!("signature {}", plain(text)),
            Self::Limit { whose, class: Some(class), rate } => {
                format!("the limit of {} for {class}: {rate}", plain(whose))
            }
            Self::Limit { whose, class: None, rate } => format!("the limit of {}: {rate}", plain(whose)),
            Self::Rule(rule) => rule.clone(),
            Self::Nothing => return None,
        })
    }

    fn json(&self) -> Value {
        match self {
            Self::Entry(entry) => json!({ "kind": "entry", "entry": entry }),
            Self::LostEntry(id) => json!({ "kind": "entry", "entry": { "id": id } }),
            Self::List { id, name } => json!({ "kind": "list", "id": id, "name": name }),
            Self::Peer { id, name } => json!({ "kind": "peer", "id": id, "name": name }),
            Self::Signature { id, text } => json!({ "kind": "signature", "id": id, "signature": text }),
            Self::Limit { whose, class, rate } => json!({ "kind": "limit", "of": whose, "class": class, "rate": rate }),
            Self::Rule(rule) => json!({ "kind": "rule", "rule": rule }),
            Self::Nothing => Value::Null,
        }
    }
}
