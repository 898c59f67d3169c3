//! The way of a packet, top to bottom.
//!
//! Owns: the order of the stages. Refuses: what a stage decides, and what a verdict leads to (see [`crate::exit`]).
use core::ops::ControlFlow::{Break, Continue};

use firewall_common::packet::{self, ACK, Packet, Part, Ports, Protocol, SYN, TcpSegment, UdpDatagram};
use firewall_common::policy::port;
use firewall_common::reason::Reason;
use firewall_common::sip::window::EXAMINED;
use firewall_common::sip::{Class, Window};
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::desk;
use crate::exit::{self, Action};
use crate::frame::Frame;
use crate::kept::Kept;
use crate::opaque;
use crate::refused::Refused;
use crate::scan;
use crate::stage::sip::Said;
use crate::stage::source::Who;
use crate::stage::{
    caller, copy, deny, dialog, fragment, hold, limit, media, number, ports, response, sdp, signature, sip, source,
    transport,
};
use crate::trial::{Circumstances, Trial};

/// Judges a frame and draws the consequences.
#[inline(always)]
pub(crate) fn run<C: Circumstances + Copy>(frame: &Frame, circumstances: C) -> Action {
    let mut trial = Trial::new(circumstances);
    let (Break(verdict) | Continue(verdict)) = judge(frame, &mut trial);
    if C::REPORTS {
        trial.forget();
    }
    exit::leave(frame, &trial, verdict)
}

#[inline(always)]
fn judge<C: Circumstances>(frame: &Frame, trial: &mut Trial<C>) -> Flow<Verdict> {
    let packet = forget(packet::parse(frame)?);
    trial.set_addresses(packet.src, packet.dst);
    trial.protocol = packet.protocol as u8;
    trial.payload_at = packet.at;
    if packet.part.offset != 0 {
        return fragment::later(frame, trial, &packet);
    }
    let ports = Ports::parse(frame, &forget(packet))?;
    trial.src_port = ports.src;
    trial.dst_port = ports.dst;
    trial.payload_at = packet.at + UDP_HEADER;
    let class = ports::classify(packet.protocol, ports.dst);
    if class == 0 {
        return deny::judge_other(trial);
    }
    let verdict = protected(frame, trial, &packet, class);
    if forget(packet).part.is_fragment() {
        let (Break(verdict) | Continue(verdict)) = verdict;
        fragment::first(trial, &packet, verdict);
    }
    verdict
}

/// Where an event's snapshot begins while nobody has read the transport header: a TCP header's rest then comes with it.
const UDP_HEADER: u32 = 8;
/// No transport header begins behind this: two tags, an IPv6 header and the most extension headers, each of the longest
/// kind, take 12,350 bytes. A power of two less one.
pub(crate) const HEADERS_MAX: u64 = 0x3fff;

/// Makes all the ways that lead here one for the verifier: IPv4 and IPv6, tags and options and extension headers. Not the
/// addresses, which are the trial's: it forgets them once ([`Trial::set_addresses`]).
#[inline(always)]
pub(crate) fn forget(packet: Packet) -> Packet {
    Packet {
        at: (opaque::forget(u64::from(packet.at)) & HEADERS_MAX) as u32,
        len: opaque::forget(u64::from(packet.len)) as u32,
        part: Part {
            fragmented: opaque::forget(u64::from(packet.part.fragmented)) as u32,
            id: opaque::forget(u64::from(packet.part.id)) as u32,
            offset: packet.part.offset,
        },
        ..packet
    }
}

/// A packet for a SIP or media port.
#[inline(always)]
fn protected<C: Circumstances>(frame: &Frame, trial: &mut Trial<C>, packet: &Packet, class: u8) -> Flow<Verdict> {
    let guarded = class & port::MEDIA != 0 && media::are_guarded();
    if guarded {
        media::judge_closed(trial)?;
    }
    let allowed = deny::judge(trial)?;
    if guarded {
        return media::judge(frame, trial, packet);
    }
    if class & port::MEDIA != 0 {
        return Continue(Verdict::of(Reason::Media));
    }
    let who = source::identify(trial, allowed);
    source::judge(trial, &who)?;
    transport::judge(trial, &who, class)?;
    let payload = match packet.protocol {
        Protocol::Udp => datagram(frame, trial, packet, &who)?,
        Protocol::Tcp => segment(frame, trial, packet, &who, class)?,
    };
    trial.forget();
    let Some(kept) = desk::kept() else {
        return Continue(who.pass());
    };
    kept.keep(packet, payload);
    let heard = message(frame, trial, kept, &who)?.forget();
    trial.forget();
    dialog::judge(trial, kept, &who, heard.request)?;
    trial.forget();
    let refused = refusal(trial, kept, &who, heard.request)?.forget();
    trial.forget();
    if opaque::forget(u64::from(kept.copied() | heard.copied)) != 0 {
        let part = kept.payload().part();
        let flags = part.flags | refused.flags();
        copy::received(frame, trial, &kept.packet(packet), &who, copy::Part { flags, ..part });
    }
    refused.enforce()?;
    Continue(who.pass())
}

/// What is answered in the place of our server: the first objection to what a request asks for.
#[inline(always)]
fn refusal<C: Circumstances>(trial: &mut Trial<C>, kept: Kept, who: &Who, request: sdp::Request) -> Flow<Refused> {
    let refused = caller::judge(trial, kept, who, request)?.forget();
    trial.forget();
    if caller::are_judged() && !refused.is_not() {
        return Continue(refused);
    }
    let refused = number::judge(trial, kept, who, request)?.forget();
    trial.forget();
    if number::are_judged() && !refused.is_not() { Continue(refused) } else { sdp::judge(trial, kept, who, request) }
}

/// Where a payload stands in the frame.
#[derive(Clone, Copy)]
pub(crate) struct Payload {
    pub(crate) at: u32,
    pub(crate) len: u32,
    /// How much of it is read into the window at most.
    examined: u32,
    /// Not zero for TCP: only a segment that begins a request is judged, the others are the middle of a stream.
    pub(crate) stream: u32,
    /// Not zero if it is copied, whatever it says.
    pub(crate) copied: u32,
    /// The flags of its copy.
    flags: u32,
}

impl Payload {
    /// The place of [`Payload::stream`] among the numbers.
    pub(crate) const STREAM: usize = 3;
    /// The place of [`Payload::copied`].
    pub(crate) const COPIED: usize = 4;

    /// As numbers, place and length first; see [`Kept`].
    #[inline(always)]
    pub(crate) const fn numbers(self) -> [u32; 6] {
        [self.at, self.len, self.examined, self.stream, self.copied, self.flags]
    }

    /// Of these numbers.
    #[inline(always)]
    pub(crate) const fn of([at, len, examined, stream, copied, flags]: [u32; 6]) -> Self {
        Self { at, len, examined, stream, copied, flags }
    }

    /// A datagram's.
    #[inline(always)]
    pub(crate) const fn datagram(datagram: UdpDatagram) -> Self {
        Self { at: datagram.at, len: datagram.len, examined: EXAMINED, stream: 0, copied: 0, flags: 0 }
    }

    /// A segment's, which is copied unless it does nothing but acknowledge.
    #[inline(always)]
    pub(crate) fn segment(segment: TcpSegment) -> Self {
        let flags = copy::tcp_flags(segment.flags);
        let copied = u32::from(segment.len != 0 || flags != 0);
        Self { at: segment.at, len: segment.len, examined: 0, stream: 1, copied, flags }
    }

    #[inline(always)]
    pub(crate) fn forget(self) -> Self {
        Self {
            at: opaque::forget(u64::from(self.at)) as u32,
            len: opaque::forget(u64::from(self.len)) as u32,
            examined: opaque::forget(u64::from(self.examined)) as u32,
            stream: opaque::forget(u64::from(self.stream)) as u32,
            copied: opaque::forget(u64::from(self.copied)) as u32,
            flags: opaque::forget(u64::from(self.flags)) as u32,
        }
    }

    /// What is copied of it, once it has been read.
    #[inline(always)]
    pub(crate) fn part(self) -> copy::Part {
        let Self { at, len, examined, stream, flags, .. } = self;
        copy::Part { at, len, examined, stream, flags }
    }
}

/// A datagram's payload. Where the strangers' total is used up, nothing that a stranger's datagram says can let it pass,
/// so it is not read: that is what a flood from random sources costs.
#[inline(always)]
fn datagram<C: Circumstances>(frame: &Frame, trial: &mut Trial<C>, packet: &Packet, who: &Who) -> Flow<Payload> {
    let datagram = packet::udp(frame, &forget(*packet))?;
    trial.payload_at = datagram.at;
    limit::judge_total(trial, who)?;
    Continue(Payload::datagram(datagram))
}

/// A segment's payload; that of TLS is not read as SIP, so it has no length here.
#[inline(always)]
fn segment<C: Circumstances>(
    frame: &Frame,
    trial: &mut Trial<C>,
    packet: &Packet,
    who: &Who,
    class: u8,
) -> Flow<Payload> {
    let segment = packet::tcp(frame, &forget(*packet))?;
    trial.payload_at = segment.at;
    if segment.flags & (SYN | ACK) == SYN {
        limit::judge(trial, who, Class::Connect)?;
    }
    if class & port::SIP_TLS != 0 {
        transport::judge_tls(frame, trial, &segment)?;
        return Continue(Payload { at: segment.at, len: 0, examined: 0, stream: 1, copied: 0, flags: 0 });
    }
    Continue(Payload { examined: EXAMINED, ..Payload::segment(segment) })
}

/// What is left to do with a payload that was read.
#[derive(Clone, Copy)]
struct Heard {
    /// Not zero if it is copied for what it says.
    copied: u32,
    /// The request that it is.
    request: sdp::Request,
}

impl Heard {
    const NOTHING: Self = Self { copied: 0, request: sdp::Request::NONE };

    #[inline(always)]
    fn of(who: &Who, said: Said) -> Self {
        match said.request() {
            Some((method, headers)) => {
                Self { copied: copy::wants(who, method), request: sdp::Request::new(method, headers) }
            }
            None => Self { copied: u32::from(sdp::follows_calls() && said.is_response()), ..Self::NOTHING },
        }
    }

    /// Makes the ways that led here one for the verifier.
    #[inline(always)]
    fn forget(self) -> Self {
        Self { copied: opaque::forget(u64::from(self.copied)) as u32, request: self.request.forget() }
    }
}

/// Judges what it says.
#[inline(always)]
fn message<C: Circumstances>(frame: &Frame, trial: &mut Trial<C>, kept: Kept, who: &Who) -> Flow<Heard> {
    let ([at, len], stream) = (kept.place(), kept.stream() != 0);
    if stream && len == 0 {
        return Continue(Heard::NOTHING);
    }
    let Some(window) = desk::payload(frame, at, len) else {
        trial.object(Verdict::of(if stream { Reason::MalformedTcp } else { Reason::MalformedUdp }))?;
        return Continue(Heard::NOTHING);
    };
    let said = sip::classify(window);
    let stream = kept.stream() != 0;
    match said {
        None if stream => Continue(Heard::NOTHING),
        None => {
            sip::object(trial, window, kept.fragmented() != 0)?;
            Continue(Heard::NOTHING)
        }
        Some(said) if stream && said.request().is_none() => Continue(Heard::NOTHING),
        Some(said) => {
            content(trial, who, window, said)?;
            Continue(Heard::of(who, said))
        }
    }
}

#[inline(always)]
fn content<C: Circumstances>(trial: &mut Trial<C>, who: &Who, window: &Window, said: Said) -> Flow<()> {
    match said.request() {
        Some((method, headers)) => {
            transport::judge_method(trial, who, method)?;
            if !who.is_trusted() {
                // The search costs more than all else: who is over the limit anyway must not make us search.
                limit::judge_used_up(trial, who, said.class())?;
                hold::judge_source(trial, who)?;
                search(trial, who, window, headers)?;
            }
        }
        // Only datagrams' come here: those of a stream are the middle of a connection.
        None if said.class() == Class::Response => response::judge(trial, who)?,
        None => {}
    }
    limit::judge(trial, who, said.class())
}

/// What header fields give away.
#[inline(always)]
fn search<C: Circumstances>(trial: &mut Trial<C>, who: &Who, window: &Window, headers: u32) -> Flow<()> {
    let accounts = hold::accounts();
    if opaque::forget(accounts) == 0 && !signature::are_wanted() {
        return Continue(());
    }
    let limit = if signature::are_wanted() { policy().scan_max } else { EXAMINED };
    let values = scan::locate(window, headers, limit);
    if opaque::forget(accounts) != 0 {
        hold::judge_account(trial, who, window, values.from)?;
    }
    signature::judge(trial, window, &values)
}
