//! A negotiated flow: whom it is for, what may pass it, and what is noted of that.
//!
//! Owns: the flows. Refuses: what comes to no flow of the port.
use core::ops::ControlFlow::Continue;

use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use firewall_common::maps;
use firewall_common::media::{
    self, FLOW_BUNDLE, FLOW_ICE, FLOW_OTHER, FLOW_REFUSED, FLOW_RTP, FLOW_SRTP, Fit, How, Stream, lock_word,
};
use firewall_common::reason::Reason;
use firewall_common::verdict::{Flow, Verdict};

use super::{Arrival, Objections, add};
use crate::cell;
use crate::constants::policy;
use crate::opaque;
use crate::trial::is_monitored;

#[map]
static FLOWS: Array<media::Flow> = Array::with_max_entries(maps::FLOWS_DEFAULT, 0);

/// A flow and how well the sender fits it. Numbers, so that the verifier need not follow what is done with each.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// Its place plus one; 0: no flow is about the port, or all are silent.
    pub(super) place: u32,
    /// Twice the [`Fit`], and one more for a flow that is not refused: of two branches that fit alike, the good one counts.
    pub(super) rank: u32,
    /// Not zero if a flow that is about the port has been silent for too long.
    pub(super) silent: u32,
}

impl Found {
    /// None.
    pub(super) const NONE: Self = Self { place: 0, rank: 0, silent: 0 };

    /// [`Fit`].
    #[inline(always)]
    pub(super) fn fit(self) -> u32 {
        opaque::forget(u64::from(self.rank)) as u32 / 2
    }

    /// Makes the ways that led here one for the verifier.
    #[inline(always)]
    pub(super) fn forget(self) -> Self {
        let [place, rank, silent] = [self.place, self.rank, self.silent].map(|it| opaque::forget(u64::from(it)) as u32);
        Self { place, rank, silent }
    }
}

/// The flow at a place less one.
#[inline(always)]
pub(super) fn at(place: u32) -> Option<*mut media::Flow> {
    if place == 0 { None } else { FLOWS.get_ptr_mut(place - 1) }
}

/// The flow at a place, if it is locked to the sender.
#[inline(always)]
pub(super) fn locked(arrival: &Arrival, place: u32) -> Option<*mut media::Flow> {
    // SAFETY: the pointer is to a value of a map. What the daemon changes meanwhile is the old or the new.
    at(place).filter(|flow| is_locked(arrival, unsafe { &**flow }))
}

#[inline(always)]
fn is_locked(arrival: &Arrival, flow: &media::Flow) -> bool {
    flow.is_locked_to(arrival.src, arrival.remote_port as u16)
        && flow.is_about(arrival.dst, arrival.local_port as u16)
        && !flow.is_silent(arrival.now)
}

/// What was found before, or the flow at `place` if the sender fits that one better.
#[inline(always)]
pub(super) fn better(arrival: &Arrival, before: Found, place: u32) -> Found {
    let Some(flow) = at(place) else {
        return before;
    };
    // SAFETY: the pointer is to a value of a map. What the daemon changes meanwhile is the old or the new.
    let flow = unsafe { &*flow };
    if !flow.is_about(arrival.dst, arrival.local_port as u16) {
        return before;
    }
    if flow.is_silent(arrival.now) {
        return Found { silent: 1, ..before }.forget();
    }
    let rank = 2 * fit(arrival, flow) + u32::from(flow.flags & FLOW_REFUSED == 0);
    if before.place == 0 || rank > before.rank { Found { place, rank, ..before }.forget() } else { before.forget() }
}

#[inline(always)]
fn fit(arrival: &Arrival, flow: &media::Flow) -> u32 {
    if flow.is_locked_to(arrival.src, arrival.remote_port as u16) {
        return Fit::Locked as u32;
    }
    if asks(arrival, flow) {
        return Fit::Near as u32;
    }
    flow.fit(flow.reason_for(&arrival.sender()), !arrival.is_stun(), arrival.now) as u32
}

/// Whether it is a request of ICE by somebody who knows the session description.
#[inline(always)]
fn asks(arrival: &Arrival, flow: &media::Flow) -> bool {
    flow.flags & FLOW_ICE != 0 && arrival.asks(flow.ice)
}

/// Counts a packet from somebody else.
#[inline(always)]
pub(super) fn count_mismatch(arrival: &Arrival, flow: *mut media::Flow) {
    if arrival.commits() {
        // SAFETY: the pointer is to a value of a map.
        add(unsafe { &raw mut (*flow).mismatches }, 1);
    }
}

/// Judges a packet whose sender fits.
#[inline(always)]
pub(super) fn judge(
    arrival: &Arrival,
    place: *mut media::Flow,
    fit: u32,
    objections: &mut Objections,
) -> Flow<Verdict> {
    // SAFETY: the pointer is to a value of a map. What the daemon changes meanwhile is the old or the new.
    let flow = unsafe { &mut *place };
    if flow.flags & FLOW_REFUSED != 0 {
        objections.object(Reason::RefusedMedia)?;
        return Continue(Verdict::of(Reason::Pinhole));
    }
    if flow.flags & (arrival.kind | FLOW_OTHER) == 0 {
        objections.object(Reason::NotMedia)?;
        return Continue(Verdict::of(Reason::Pinhole));
    }
    if !is_within_rate(arrival, flow) {
        objections.object(Reason::MediaRate)?;
    }
    let is_new = opaque::forget(u64::from(fit)) as u32 != Fit::Locked as u32;
    if arrival.is_stun() {
        remember(arrival, flow);
    } else if is_new && !lock(arrival, flow) {
        objections.object(Reason::MediaSourceMismatch)?;
    }
    if arrival.kind & flow.flags & FLOW_RTP != 0 && flow.flags & FLOW_BUNDLE == 0 {
        let before = if is_new { Stream::default() } else { Stream::of(flow.stream) };
        follow(arrival, flow, before, objections)?;
    }
    if arrival.commits() {
        flow.seen = arrival.now;
        add(&raw mut flow.packets, 1);
        add(&raw mut flow.bytes, arrival.bytes);
    }
    Continue(Verdict::of(Reason::Pinhole))
}

#[inline(always)]
fn is_within_rate(arrival: &Arrival, flow: &mut media::Flow) -> bool {
    if flow.limit.is_none() {
        return true;
    }
    if !flow.limit.admits(flow.cell, arrival.now) {
        return false;
    }
    if arrival.commits() {
        flow.cell = flow.limit.charged(flow.cell, arrival.now);
    }
    true
}

/// Notes who has asked with the right USERNAME.
#[inline(always)]
fn remember(arrival: &Arrival, flow: &mut media::Flow) {
    if !asks(arrival, flow) || !arrival.commits() {
        return;
    }
    let hash = arrival.hash();
    if flow.checked[0] != hash {
        flow.checked = [hash, flow.checked[0]];
    }
}

/// Locks the flow to the sender; whether nobody was faster, who is then the only one that fits. The stream that was followed
/// was another's.
#[inline(always)]
fn lock(arrival: &Arrival, flow: &mut media::Flow) -> bool {
    if !arrival.commits() {
        return true;
    }
    let before = cell::load(&raw mut flow.lock);
    let how = flow.reason_for(&arrival.sender()).unwrap_or(How::Signalling);
    if !cell::swap(&raw mut flow.lock, before, lock_word(how, arrival.remote_port as u16)) {
        add(&raw mut flow.mismatches, 1);
        return false;
    }
    flow.locked = arrival.src;
    flow.stream = [0; 2];
    true
}

/// Follows the stream of RTP, and objects to one that is another's, or that is plain where it should not be.
#[inline(always)]
fn follow(arrival: &Arrival, flow: &mut media::Flow, before: Stream, objections: &mut Objections) -> Flow<()> {
    let codec = match flow.flags & FLOW_SRTP {
        0 => (0, 0),
        _ => media::negotiated(&flow.codecs, arrival.rtp.payload_type),
    };
    let may = is_monitored(Reason::MediaStream);
    let followed = before.follow(&arrival.rtp, codec, arrival.now, may);
    let is_plain = flow.flags & FLOW_SRTP != 0 && followed.stream.run() >= policy().plain_packets;
    if arrival.commits() {
        flow.stream = followed.stream.words();
        add(&raw mut flow.changes, u64::from(followed.changed));
        add(&raw mut flow.plain, u64::from(is_plain));
    }
    if opaque::forget(u64::from(followed.intrudes)) != 0 {
        objections.object(Reason::MediaStream)?;
    }
    if opaque::forget(u64::from(is_plain)) != 0 {
        objections.object(Reason::PlainMedia)?;
    }
    Continue(())
}
