//! The way of a packet that our side sends: heard, never stopped.
//!
//! Owns: what is copied of it, and the notes of whom our side calls and sends media to. Refuses: any verdict.
use core::ops::ControlFlow::Continue;

use firewall_common::packet::{self, Packet, Ports, Protocol};
use firewall_common::policy::port;

use crate::desk;
use crate::frame::Outgoing;
use crate::opaque;
use crate::pipeline::{Payload, forget};
use crate::stage::{copy, deny, fragment, media, ports, response, sip, source};
use crate::trial::{Live, Trial};

/// Hears a packet. The remote side is where it goes.
#[inline(always)]
pub(crate) fn hear(outgoing: &Outgoing) {
    let Continue(packet) = packet::parse(outgoing) else {
        return;
    };
    let packet = forget(packet);
    let mut trial = Trial::new(Live);
    trial.set_addresses(packet.dst, packet.src);
    trial.protocol = packet.protocol as u8;
    if packet.part.offset != 0 {
        return fragment::sent_later(outgoing, &trial, &packet);
    }
    let Continue(Ports { src: local, dst: remote }) = Ports::parse(outgoing, &forget(packet)) else {
        return;
    };
    let class = ports::classify(packet.protocol, local);
    if class & (port::SIP_UDP | port::SIP_TCP) == 0 {
        if media::are_guarded() && class & port::MEDIA != 0 {
            media::sent(&trial, local, remote);
        }
        return;
    }
    (trial.src_port, trial.dst_port) = (remote, local);
    message(outgoing, &mut trial, &packet);
    if trial.copied() && forget(packet).part.is_fragment() {
        fragment::sent_first(&trial, &packet);
    }
}

#[inline(always)]
fn message(outgoing: &Outgoing, trial: &mut Trial<Live>, packet: &Packet) {
    let payload = match packet.protocol {
        Protocol::Udp => packet::udp(outgoing, &forget(*packet)).map_continue(Payload::datagram),
        Protocol::Tcp => packet::tcp(outgoing, &forget(*packet)).map_continue(Payload::segment),
    };
    let Continue(payload) = payload else {
        return;
    };
    let (packet, payload) = (forget(*packet), payload.forget());
    trial.forget();
    let own_request = match opaque::forget(u64::from(payload.stream)) {
        0 => match requests(outgoing, payload) {
            Some(requests) => requests,
            None => return,
        },
        _ if opaque::forget(u64::from(payload.copied)) == 0 => return,
        _ => 0,
    };
    let own_request = opaque::forget(own_request);
    let allowed = deny::allowed(trial);
    let who = source::identify(trial, allowed);
    let own_request = opaque::forget(own_request) != 0;
    if own_request {
        response::called(trial);
    }
    copy::sent(outgoing, trial, &forget(packet), &who, own_request, payload.forget().part());
}

/// Whether a datagram is a request, as a number, or a response; nothing for what is neither.
#[inline(always)]
fn requests(outgoing: &Outgoing, payload: Payload) -> Option<u64> {
    let window = desk::payload(outgoing, payload.at, payload.len)?;
    let said = sip::classify(window)?;
    if said.request().is_some() {
        return Some(1);
    }
    said.is_response().then_some(0)
}
