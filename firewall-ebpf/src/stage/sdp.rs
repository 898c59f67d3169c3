//! Calls that cannot lead to SRTP, and the ACKs to the firewall's own refusals of them.
//!
//! Owns: whose calls must be SRTP's, and the objections. Refuses: reading session descriptions (see
//! [`firewall_common::sdp`]), answering (the daemon does), and fragments, of which the daemon sees the whole.
use core::ops::ControlFlow::Continue;

use firewall_common::copy::Kind;
use firewall_common::packet::Packet;
use firewall_common::policy::{ALLOWED_PEER, FLAG_CALLS, MEDIA_SRTP_ONLY};
use firewall_common::reason::Reason;
use firewall_common::sdp::{Accepted, Prospect, leads};
use firewall_common::sip::{Method, Window};
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::desk;
use crate::kept::Kept;
use crate::opaque;
use crate::pipeline::Payload;
use crate::refused::{Refused, refuse};
use crate::scan;
use crate::stage::source::{self, Who};
use crate::trial::{Circumstances, Trial};

/// Whether calls are followed at all. Where they are not, there is no code for them.
#[inline(always)]
pub(crate) fn follows_calls() -> bool {
    policy().flags & FLAG_CALLS != 0
}

/// A request as far as it matters here, in numbers; see [`crate::stage::sip::Said`].
#[derive(Clone, Copy)]
pub(crate) struct Request {
    method: u32,
    headers: u32,
}

impl Request {
    /// What is no request.
    pub(crate) const NONE: Self = Self { method: u32::MAX, headers: 0 };

    /// A request whose headers begin at `headers`.
    #[inline(always)]
    pub(crate) fn new(method: Method, headers: u32) -> Self {
        Self { method: method as u32, headers }.forget()
    }

    /// The same, of which the verifier knows nothing any more.
    #[inline(always)]
    pub(crate) fn forget(self) -> Self {
        let Self { method, headers } = self;
        Self { method: opaque::forget(u64::from(method)) as u32, headers: opaque::forget(u64::from(headers)) as u32 }
    }

    /// Whether it is of this method.
    #[inline(always)]
    pub(crate) fn is(self, method: Method) -> bool {
        opaque::forget(u64::from(self.method)) as u32 == method as u32
    }

    /// Where its headers begin.
    #[inline(always)]
    pub(crate) fn headers(self) -> u32 {
        opaque::forget(u64::from(self.headers)) as u32
    }

    /// Whether it is of one of these methods ([`Method::bit`]).
    #[inline(always)]
    pub(crate) fn is_one_of(self, methods: u16) -> bool {
        let method = opaque::forget(u64::from(self.method));
        opaque::forget(u64::from(methods) >> (method & 63) & 1) != 0
    }
}

/// Objects to a datagram's INVITE that cannot lead to SRTP although it must, and to the ACK to a refusal of one.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, kept: Kept, who: &Who, request: Request) -> Flow<Refused> {
    if !follows_calls() {
        return Continue(Refused::NOT);
    }
    match opaque::forget(u64::from(objection(trial, kept, who, request))) as u32 {
        NO_OBJECTION => Continue(Refused::NOT),
        TO_ACK => trial.object(Verdict::of(Reason::RefusalAck)).map_continue(|()| Refused::NOT),
        _ => refuse(trial, Verdict::of(Reason::PlainRtp)),
    }
}

const NO_OBJECTION: u32 = 0;
const TO_ACK: u32 = 1;
const TO_INVITE: u32 = 2;

/// What there is to object to, as a number.
#[inline(always)]
fn objection<C: Circumstances>(trial: &Trial<C>, kept: Kept, who: &Who, request: Request) -> u32 {
    if kept.fragmented() | kept.stream() != 0 {
        return NO_OBJECTION;
    }
    let Some(window) = desk::window() else {
        return NO_OBJECTION;
    };
    if request.is(Method::Ack) {
        let is_ours = scan::sdp::has_refusal_tag(window, request.headers, trial.src());
        return if is_ours { TO_ACK } else { NO_OBJECTION };
    }
    let [_, len] = kept.place();
    let is_refused = request.is(Method::Invite) && must_be_srtp(who) && is_plain(window, request, len);
    if is_refused { TO_INVITE } else { NO_OBJECTION }
}

/// Whether our side's own datagram is an INVITE that cannot lead to SRTP, to a peer whose calls must.
#[inline(always)]
pub(crate) fn objects_to_own(packet: &Packet, who: &Who, payload: Payload, request: Request) -> bool {
    let is_whole = opaque::forget(u64::from(packet.part.fragmented | payload.stream)) == 0;
    if !follows_calls() || !is_whole || who.kind() != Kind::Peer || !must_be_srtp(who) {
        return false;
    }
    request.is(Method::Invite) && desk::window().is_some_and(|window| is_plain(window, request, payload.len))
}

#[inline(always)]
fn is_plain(window: &Window, request: Request, len: u32) -> bool {
    let summary = scan::sdp::summarize(window, request.headers, len);
    leads(summary, Accepted::new(policy().accepted)) == Prospect::Plain
}

/// Whether the source's calls must be SRTP's.
#[inline(always)]
fn must_be_srtp(who: &Who) -> bool {
    let of_rule = |id| source::rule(id).map_or(0, |rule| rule.media);
    let media = match who.kind() {
        Kind::Peer => of_rule(who.id),
        Kind::Allowed => of_rule(ALLOWED_PEER),
        Kind::Registrant | Kind::Stranger | Kind::Known => policy().media as u8,
    };
    opaque::forget(u64::from(media)) as u8 == MEDIA_SRTP_ONLY
}
