//! The way of a packet that our side sends: heard, and stopped only where it offers a call that must not be.
//!
//! Owns: what is copied of it, and the notes of whom our side calls and sends media to. Refuses: any verdict but those on its
//! calls (see [`crate::stage::number`] and [`crate::stage::sdp`]).
use core::ops::ControlFlow::Continue;

use firewall_common::copy::refused_as;
use firewall_common::packet::{self, Packet, Ports, Protocol};
use firewall_common::policy::port;
use firewall_common::reason::Reason;
use firewall_common::verdict::Verdict;

use crate::desk;
use crate::exit::{self, Action};
use crate::frame::Outgoing;
use crate::opaque;
use crate::pipeline::{Payload, forget};
use crate::stage::sdp::{self, Request};
use crate::stage::source::Who;
use crate::stage::{copy, deny, fragment, media, number, ports, response, sip, source};
use crate::trial::{Live, Trial};

/// Hears a packet. The remote side is where it goes.
#[inline(always)]
pub(crate) fn hear(outgoing: &Outgoing) -> Action {
    let Continue(packet) = packet::parse(outgoing) else {
        return Action::Pass;
    };
    let packet = forget(packet);
    let mut trial = Trial::new(Live);
    trial.set_addresses(packet.dst, packet.src);
    trial.protocol = packet.protocol as u8;
    if packet.part.offset != 0 {
        fragment::sent_later(outgoing, &trial, &packet);
        return Action::Pass;
    }
    let Continue(Ports { src: local, dst: remote }) = Ports::parse(outgoing, &forget(packet)) else {
        return Action::Pass;
    };
    let class = ports::classify(packet.protocol, local);
    let is_heard = class & (port::SIP_UDP | port::SIP_TCP) != 0;
    // A connection that our side has opened begins at a port of no meaning. It is judged, and not followed.
    let is_opened = packet.protocol == Protocol::Tcp && ports::classify(Protocol::Tcp, remote) & port::SIP_TCP != 0;
    if !is_heard && !(is_opened && number::are_judged()) {
        if media::are_guarded() && class & port::MEDIA != 0 {
            media::sent(&trial, local, remote);
        }
        return Action::Pass;
    }
    (trial.src_port, trial.dst_port) = (remote, local);
    let action = message(outgoing, &mut trial, &packet, opaque::forget(u64::from(is_heard)));
    if trial.copied() && forget(packet).part.is_fragment() {
        fragment::sent_first(&trial, &packet);
    }
    action
}

#[inline(always)]
fn message(outgoing: &Outgoing, trial: &mut Trial<Live>, packet: &Packet, is_heard: u64) -> Action {
    let payload = match packet.protocol {
        Protocol::Udp => packet::udp(outgoing, &forget(*packet)).map_continue(Payload::datagram),
        Protocol::Tcp => packet::tcp(outgoing, &forget(*packet)).map_continue(Payload::segment),
    };
    let Continue(payload) = payload else {
        return Action::Pass;
    };
    let (packet, payload) = (forget(*packet), payload.forget());
    trial.payload_at = payload.at;
    trial.forget();
    let (own_request, request) = match opaque::forget(u64::from(payload.stream)) {
        0 => match requests(outgoing, payload) {
            Some(requests) => requests,
            None => return Action::Pass,
        },
        _ if opaque::forget(u64::from(payload.copied)) == 0 => return Action::Pass,
        _ => (0, of_segment(outgoing, payload)),
    };
    let request = request.forget();
    let own_request = opaque::forget(own_request);
    let allowed = deny::allowed(trial);
    let who = source::identify(trial, allowed);
    let own_request = opaque::forget(own_request) != 0;
    let refused = opaque::forget(u64::from(object(outgoing, trial, &forget(packet), &who, payload, request))) as u32;
    if own_request && opaque::forget(u64::from(refused)) == 0 {
        response::called(trial);
    }
    let part = payload.forget().part();
    let flags = part.flags | refused;
    if opaque::forget(is_heard) != 0 {
        copy::sent(outgoing, trial, &forget(packet), &who, own_request, copy::Part { flags, ..part });
    }
    if opaque::forget(u64::from(refused)) == 0 { Action::Pass } else { Action::Drop }
}

/// Objects to what must not leave; the flags of its copy if it does not.
#[inline(always)]
fn object(
    outgoing: &Outgoing,
    trial: &mut Trial<Live>,
    packet: &Packet,
    who: &Who,
    payload: Payload,
    request: Request,
) -> u32 {
    let number = number::objection_to_own(trial, who, request);
    let verdict = match number {
        Some(verdict) => verdict,
        None if sdp::objects_to_own(packet, who, payload.forget(), request) => Verdict::of(Reason::OwnPlainRtp),
        None => return 0,
    };
    match exit::object(outgoing, trial, verdict) {
        Action::Drop => u32::from(refused_as(verdict.reason)),
        Action::Pass => 0,
    }
}

/// What the first segment of a request asks for.
#[inline(always)]
fn of_segment(outgoing: &Outgoing, payload: Payload) -> Request {
    if !number::are_judged() || opaque::forget(u64::from(payload.len)) == 0 {
        return Request::NONE;
    }
    requests(outgoing, payload).map_or(Request::NONE, |(_, request)| request)
}

/// Whether a datagram is a request, as a number, and which, or a response; nothing for what is neither.
#[inline(always)]
fn requests(outgoing: &Outgoing, payload: Payload) -> Option<(u64, Request)> {
    let window = desk::payload(outgoing, payload.at, payload.len)?;
    let said = sip::classify(window)?;
    if let Some((method, headers)) = said.request() {
        return Some((1, Request::new(method, headers)));
    }
    said.is_response().then_some((0, Request::NONE))
}
