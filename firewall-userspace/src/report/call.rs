//! Calls: their table, their story, and their JSON.
//!
//! Owns: the words. Refuses: finding calls, and judging them.
mod csv;
mod ladder;
mod log;
mod refusal;
mod signs;
mod stats;
mod story;
mod table;

use std::net::SocketAddr;

use firewall_common::media::{
    FLOW_BUNDLE, FLOW_DTLS, FLOW_ICE, FLOW_OTHER, FLOW_REFUSED, FLOW_RTCP, FLOW_RTP, FLOW_SRTP, Flow,
};
use serde::Serialize;
use serde_json::{Value, json as value};

use crate::clock::Clock;
use crate::engine::call::{Call, Keys, Leg, State, Stream, socket};
use crate::store::{StoredCall, call_name};

pub(crate) use csv::csv;
pub(crate) use ladder::ladder;
pub(crate) use log::log;
pub(crate) use refusal::word as why_word;
pub(crate) use signs::Signs;
pub(crate) use stats::{json as stats_json, minutes, stats};
pub(crate) use story::story;
pub(crate) use table::table;

/// What the kernel has noted of all media, and when that was read.
pub(crate) struct Noted {
    pub(crate) flows: Vec<Flow>,
    pub(crate) clock: Clock,
}

impl Noted {
    /// The flows of a call.
    fn of(&self, call: u64) -> Vec<&Flow> {
        let mut flows: Vec<&Flow> = self.flows.iter().filter(|flow| flow.call == call).collect();
        flows.sort_by_key(|flow| flow.local_port);
        flows
    }

    /// Packets of one stream, and the kernel's time of the last one; nothing if it has no pinhole.
    fn of_stream(&self, call: u64, stream: &Stream) -> Option<(u64, Option<u64>)> {
        let port = stream.local?.port();
        let of: Vec<&Flow> = self.of(call).into_iter().filter(|flow| flow.local_port == port).collect();
        let last = of.iter().filter(|flow| flow.packets > 0).map(|flow| flow.seen).max();
        (!of.is_empty()).then(|| (of.iter().map(|flow| flow.packets).sum(), last))
    }
}

/// How keys are agreed on, in short: `SDES AES_CM_128_HMAC_SHA1_80`, `DTLS`; nothing for plain media.
pub(crate) fn keys(stream: &Stream) -> Option<String> {
    stream.keys.as_ref().map(|keys| match keys {
        Keys::Sdes(suite) => format!("SDES {suite}"),
        Keys::Dtls => "DTLS".to_owned(),
    })
}

/// What has become of a call.
pub(crate) fn state(state: State) -> String {
    match state {
        State::Calling => "calling".to_owned(),
        State::Up => "up".to_owned(),
        State::Ended => "ended".to_owned(),
        State::Cancelled => "cancelled".to_owned(),
        State::Failed(status) => format!("failed {status}"),
        State::Refused => "refused".to_owned(),
        State::Lost => "lost".to_owned(),
    }
}

/// The word of a value that JSON has a word for.
fn word(of: impl Serialize) -> String {
    value!(of).as_str().unwrap_or_default().to_owned()
}

/// Milliseconds for which it was up; nothing for one that never was, or still is.
pub(crate) fn duration(call: &Call) -> Option<i64> {
    Some(call.ended?.saturating_sub(call.answered?).max(0))
}

/// What was done to a call, and by which rule; nothing if nothing objected to it.
pub(crate) fn decided(call: &Call) -> Option<String> {
    let of_rule = call.decided.as_ref().map(|decided| (decided.by.as_str(), decided.enforced));
    let of_media = || call.legs.iter().find_map(|leg| leg.refusal.as_ref()).map(|it| ("plain_rtp", it.enforced));
    let (by, enforced) = of_rule.or_else(of_media)?;
    Some(if enforced { by.to_owned() } else { format!("{by} (only told)") })
}

/// For programs.
pub(crate) fn json(stored: &StoredCall, noted: Option<&Noted>) -> Value {
    let call = &stored.call;
    let legs = call.legs.iter().enumerate();
    value!({
        "id": call_name(call.id), "state": call.state,
        "started": call.started, "answered": call.answered, "ended": call.ended, "updated": stored.updated,
        "from": call.from, "to": call.to, "agent": call.agent, "callee_agent": call.callee_agent,
        "duration": duration(call), "ended_by": call.ended_by, "decided": call.decided, "class": call.class,
        "identity": call.identity, "country": stored.country, "international": stored.is_international,
        "ladder": ladder::json(&call.ladder),
        "legs": legs.map(|(at, leg)| leg_json(leg, stored.peers.get(at).and_then(Option::as_deref))).collect::<Vec<_>>(),
        "pinholes": noted.map(|noted| noted.of(call.id).iter().map(|flow| flow_json(flow, noted.clock)).collect::<Vec<_>>()),
    })
}

fn leg_json(leg: &Leg, name: Option<&str>) -> Value {
    value!({
        "inbound": leg.inbound, "remote": leg.remote, "peer": name, "transport": leg.transport, "policy": leg.policy,
        "refusal": leg.refusal,
        "streams": leg.streams.iter().map(|stream| value!({
            "medium": stream.medium, "profile": stream.profile, "encrypted": stream.keys.is_some(), "keys": stream.keys,
            "local": stream.local, "remote": stream.remote, "codec": stream.codec, "direction": stream.direction,
            "open": stream.open,
        })).collect::<Vec<_>>(),
    })
}

fn flow_json(flow: &Flow, clock: Clock) -> Value {
    value!({
        "local": end(flow, true), "remote": end(flow, false), "allows": allows(flow), "refused": flow.flags & FLOW_REFUSED != 0,
        "locked": locked(flow), "packets": flow.packets, "bytes": flow.bytes,
        "last": (flow.packets > 0).then(|| clock.wall_at(flow.seen)),
        "mismatches": flow.mismatches, "changes": flow.changes, "plain": flow.plain,
    })
}

/// Our end of a flow, or the remote one, as they were negotiated.
fn end(flow: &Flow, ours: bool) -> SocketAddr {
    if ours { socket(flow.local, flow.local_port) } else { socket(flow.remote, flow.remote_port) }
}

/// The address of the source that it takes packets from; nothing before the first one.
fn locked(flow: &Flow) -> Option<std::net::IpAddr> {
    (flow.lock != 0).then(|| flow.locked.into())
}

/// What may pass a flow.
fn allows(flow: &Flow) -> Vec<&'static str> {
    let rtp = if flow.flags & FLOW_SRTP != 0 { ("srtp", "srtcp") } else { ("rtp", "rtcp") };
    let kinds = [
        (FLOW_RTP, rtp.0),
        (FLOW_RTCP, rtp.1),
        (FLOW_DTLS, "dtls"),
        (FLOW_ICE, "stun"),
        (FLOW_OTHER, "anything"),
        (FLOW_BUNDLE, "bundled"),
    ];
    let allowed = kinds.into_iter().filter(|(bit, _)| flow.flags & (bit | FLOW_REFUSED) == *bit);
    allowed.map(|(_, word)| word).collect()
}

#[cfg(test)]
pub(crate) mod tests;
