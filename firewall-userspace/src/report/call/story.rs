//! A call's story: what it is, leg by leg, why it was refused, and what came through its pinholes.
//!
//! Owns: its order. Refuses: the reasons' words (see [`super::refusal`]).
use comfy_table::Table;
use firewall_common::media::Flow;

use super::table::medium;
use super::{Noted, Signs, allows, duration, end, locked, refusal, state, word};
use crate::clock::Clock;
use crate::config::Media;
use crate::engine::call::{Call, Decided, Identity, Leg, Stream};
use crate::report::number::{bytes, grouped};
use crate::report::table::{pairs, table};
use crate::report::text::plain;
use crate::report::time::{instant, span};
use crate::store::{StoredCall, call_name};

/// All of it, with line ends.
pub(crate) fn story(stored: &StoredCall, noted: Option<&Noted>, media: &Media, signs: Signs, now: i64) -> String {
    let call = &stored.call;
    let mut text = format!("{}\n{}", headline(call), pairs(&facts(call, now)));
    for (at, leg) in call.legs.iter().enumerate() {
        let name = stored.peers.get(at).and_then(Option::as_deref);
        text.push_str(&format!("\n{}\n{}", of_leg(leg, name), pairs(&leg_facts(leg, media, signs))));
    }
    let flows = noted.map(|noted| (noted.of(call.id), noted.clock));
    match flows {
        Some((flows, clock)) if !flows.is_empty() => text.push_str(&format!("\n{}\n", pinholes(&flows, clock))),
        _ => text.push_str("\nno pinhole is open for it\n"),
    }
    text
}

fn headline(call: &Call) -> String {
    let refusals: Vec<bool> =
        call.legs.iter().filter_map(|leg| leg.refusal.as_ref()).map(|refusal| refusal.enforced).collect();
    let of_rule = call.decided.as_ref().map(|decided| decided.enforced);
    let refusals: Vec<bool> = refusals.into_iter().chain(of_rule).collect();
    let said = match (refusals.contains(&true), refusals.contains(&false)) {
        (true, _) => "it was refused",
        (false, true) => "it would be refused, if the policy said so",
        (false, false) => "it was not refused",
    };
    let (from, to) = (plain(&call.from), plain(&call.to));
    format!("call {} from {from} to {to}: {}; {said}", call_name(call.id), state(call.state))
}

fn facts(call: &Call, now: i64) -> Vec<(&'static str, String)> {
    let mut facts = vec![("began", format!("{} ({} ago)", instant(call.started), span(now - call.started)))];
    facts.extend(call.answered.map(|time| ("answered", instant(time))));
    facts.extend(call.ended.map(|time| ("ended", instant(time))));
    facts.extend(duration(call).map(|ms| ("lasted", span(ms))));
    facts.extend(call.ended_by.map(|party| ("ended by", format!("the {}", word(party)))));
    for (name, agent) in [("user agent", &call.agent), ("answered by", &call.callee_agent)] {
        if !agent.is_empty() {
            facts.push((name, plain(agent)));
        }
    }
    facts.extend(call.class.as_deref().map(|class| ("class", plain(class))));
    facts.extend(call.decided.as_ref().map(|decided| ("decided by", of_decision(decided))));
    facts.extend(call.identity.as_ref().map(|identity| ("signature", signature(identity))));
    facts
}

fn of_decision(decided: &Decided) -> String {
    let answer = decided.status.map_or_else(String::new, |status| format!(", answered {status}"));
    format!("{}{answer}{}", plain(&decided.by), if decided.enforced { "" } else { ", only told" })
}

fn signature(identity: &Identity) -> String {
    let level = identity.attestation.map_or_else(String::new, |level| format!(", attestation {}", word(level)));
    format!("{} of {}{level}", word(identity.verdict), plain(&identity.signer))
}

fn of_leg(leg: &Leg, name: Option<&str>) -> String {
    let who = name.map_or_else(|| leg.remote.to_string(), |name| format!("peer {} ({})", plain(name), leg.remote));
    let way = if leg.inbound { "inbound, from" } else { "outbound, to" };
    format!("{way} {who} over {}", word(leg.transport))
}

fn leg_facts(leg: &Leg, media: &Media, signs: Signs) -> Vec<(&'static str, String)> {
    let mut facts: Vec<(&str, String)> =
        leg.streams.iter().map(|stream| ("stream", of_stream(stream, signs))).collect();
    match &leg.refusal {
        Some(refusal) => facts.extend(refusal::lines(leg, refusal, media)),
        None => facts.push(("policy", format!("{}; nothing was objected to", word(leg.policy)))),
    }
    facts
}

fn of_stream(stream: &Stream, signs: Signs) -> String {
    let ends = match (stream.local, stream.remote) {
        (Some(local), Some(remote)) => format!(", {remote} → {local}"),
        (Some(local), None) => format!(", to {local}"),
        _ => String::new(),
    };
    let codec = if stream.codec.is_empty() { String::new() } else { format!(", {}", plain(&stream.codec)) };
    format!("{}{codec}, {}{ends}", medium(stream, signs), plain(&stream.direction))
}

fn pinholes(flows: &[&Flow], clock: Clock) -> Table {
    let mut table = table(&[
        "PINHOLE",
        "FROM",
        "LOCKED TO",
        "ALLOWS",
        ">PACKETS",
        ">BYTES",
        "LAST",
        ">OTHER SOURCE",
        ">STREAM CHANGES",
        ">LOOKS PLAIN",
    ]);
    for flow in flows {
        let allowed = allows(flow);
        let last = (flow.packets > 0).then(|| format!("{} ago", span(clock.wall_ms - clock.wall_at(flow.seen))));
        table.add_row([
            end(flow, true).to_string(),
            end(flow, false).to_string(),
            locked(flow).map_or_else(|| "-".to_owned(), |address| address.to_string()),
            if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(" ") },
            grouped(flow.packets),
            bytes(flow.bytes),
            last.unwrap_or_else(|| "-".to_owned()),
            grouped(flow.mismatches),
            grouped(flow.changes),
            grouped(flow.plain),
        ]);
    }
    table
}
