//! Ports without a flow: who is sent media from there may send some back.
//!
//! Owns: whom each port sends to. Refuses: widening a port that has flows.
use core::ops::ControlFlow::Continue;

use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use firewall_common::addr::Addr;
use firewall_common::maps;
use firewall_common::media::{FLOW_RTP, Learned, NOT_LEARNED, Stream, remote_hash, well_known};
use firewall_common::reason::Reason;
use firewall_common::verdict::{Flow, Verdict};

use super::{Arrival, Objections};
use crate::constants::policy;
use crate::opaque;

#[map]
static LEARNED: Array<Learned> = Array::with_max_entries(maps::MEDIA_PORTS, 0);

/// Judges a packet to a port that no flow is about.
#[inline(always)]
pub(super) fn judge(arrival: &Arrival, objections: &mut Objections) -> Flow<Verdict> {
    let Some((learned, slot)) = find(arrival) else {
        objections.object(Reason::NoPinhole)?;
        return Continue(Verdict::of(Reason::Media));
    };
    if arrival.kind == 0 {
        objections.object(Reason::NotMedia)?;
        return Continue(Verdict::of(Reason::Learned));
    }
    if arrival.commits() && slot == 0 {
        learned.refresh(arrival.now);
    }
    if arrival.kind == FLOW_RTP && is_plain(arrival, learned) {
        objections.object(Reason::PlainMedia)?;
    }
    Continue(Verdict::of(Reason::Learned))
}

/// Whether our side has sent something to the sender lately, from the port that it sends to.
#[inline(always)]
pub(super) fn knows(arrival: &Arrival) -> bool {
    find(arrival).is_some()
}

#[inline(always)]
fn find(arrival: &Arrival) -> Option<(&'static mut Learned, u32)> {
    let learned = of(arrival.local_port)?;
    if learned.is_empty() {
        return None;
    }
    let slot = opaque::forget(u64::from(learned.find(arrival.hash(), arrival.now))) as u32;
    (slot != NOT_LEARNED).then_some((learned, slot))
}

/// Whether our side ever sent anything from a port.
#[inline(always)]
pub(super) fn has_any(port: u32) -> bool {
    of(port).is_some_and(|learned| !learned.is_empty())
}

#[inline(always)]
fn of(port: u32) -> Option<&'static mut Learned> {
    let learned = LEARNED.get_ptr_mut(port)?;
    // SAFETY: the pointer is to a value of a map, made of words. Two CPUs that change it at once may forget a remote, which the
    // next packet to it brings back.
    Some(unsafe { &mut *learned })
}

/// Whether the stream is plain, which only payload types can tell that mean the same in every call. Nothing is known of the
/// call, so a change of the stream means nothing.
#[inline(always)]
fn is_plain(arrival: &Arrival, learned: &mut Learned) -> bool {
    let codec = well_known(arrival.rtp.payload_type);
    let stream = Stream::of(learned.stream).follow(&arrival.rtp, codec, arrival.now, true).stream;
    if arrival.commits() {
        learned.stream = stream.words();
    }
    opaque::forget(u64::from(stream.run() >= policy().plain_packets)) != 0
}

/// Notes that our side sends from a port to a remote.
#[inline(always)]
pub(super) fn sent(port: u16, addr: Addr, remote_port: u16, now: u64, may_be_new: bool) {
    if let Some(learned) = of(u32::from(port)) {
        learned.sent(remote_hash(addr, remote_port, policy().hash_key), now, may_be_new);
    }
}
