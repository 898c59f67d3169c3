//! The one exit: every packet is counted once, perhaps sampled, and its verdict becomes an action.
//!
//! Owns: counters and the event ring. Refuses: judging.
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, PerCpuArray, RingBuf};
use aya_log_ebpf::debug;
use firewall_common::event::{Event, SNAPSHOT};
use firewall_common::maps;
use firewall_common::packet::Bytes as _;
use firewall_common::policy::{Counter, PeerCounter};
use firewall_common::reason::{REASONS, Reason};
use firewall_common::verdict::Verdict;

use crate::cell;
use crate::frame::{Carrier, Frame};
use crate::opaque;
use crate::trial::{Circumstances, Trial, is_monitored};

#[map]
static STATS: PerCpuArray<Counter> = PerCpuArray::with_max_entries(REASONS as u32, 0);
#[map]
static MONITORED: PerCpuArray<Counter> = PerCpuArray::with_max_entries(REASONS as u32, 0);
#[map]
static PEER_STATS: PerCpuArray<PeerCounter> = PerCpuArray::with_max_entries(1, 0);
#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(maps::EVENTS_DEFAULT, 0);
#[map]
static EVENT_CREDITS: Array<u64> = Array::with_max_entries(REASONS as u32, 0);
#[map]
static EVENTS_LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

/// What is done with a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Hand it to the host's stack.
    Pass,
    /// Forget it.
    Drop,
}

/// Draws the consequences of a verdict.
#[inline(always)]
pub(crate) fn leave<C: Circumstances>(frame: &Frame, trial: &Trial<C>, verdict: Verdict) -> Action {
    let (verdict, monitored) = match trial.noted() {
        Some(noted) if !verdict.reason.drops() || is_monitored(verdict.reason) => (noted, true),
        _ => (verdict, verdict.reason.drops() && is_monitored(verdict.reason)),
    };
    let dropped = verdict.reason.drops() && !monitored;
    if trial.commits() {
        count(frame, trial, verdict.reason, monitored, dropped);
        if verdict.reason.drops() {
            sample(frame, trial, verdict, monitored);
        }
    }
    // Without a word of code where the level that the loader sets is lower. The arguments are copies, because the macro
    // takes references, and what is referred to would live on the stack for the whole program's time.
    let (src, port) = (trial.src().to_bytes(), trial.dst_port);
    debug!(
        frame.context(),
        "{} detail {} monitored {} from {:i} to port {}",
        verdict.reason as u8,
        verdict.detail,
        u8::from(monitored),
        src,
        port
    );
    trial.circumstances.report(frame.context(), trial, verdict, monitored);
    if dropped { Action::Drop } else { Action::Pass }
}

/// Draws the consequences of an objection to what our side sends, which is counted for that only. It is no peer's packet,
/// so no peer's counter changes.
#[inline(always)]
pub(crate) fn object<C: Circumstances>(carrier: &impl Carrier, trial: &Trial<C>, verdict: Verdict) -> Action {
    let reason = verdict.reason;
    let monitored = is_monitored(reason);
    let counters = if monitored { &MONITORED } else { &STATS };
    if let Some(counter) = counters.get_ptr_mut(reason as u32) {
        // SAFETY: the pointer is to this CPU's value, which no other program of this CPU changes meanwhile.
        let counter = unsafe { &mut *counter };
        counter.packets += 1;
        counter.bytes += u64::from(carrier.total());
    }
    sample(carrier, trial, verdict, monitored);
    if monitored { Action::Pass } else { Action::Drop }
}

#[inline(always)]
fn count<C: Circumstances>(frame: &Frame, trial: &Trial<C>, reason: Reason, monitored: bool, dropped: bool) {
    let counters = if monitored { &MONITORED } else { &STATS };
    if let Some(counter) = counters.get_ptr_mut(reason as u32) {
        // SAFETY: the pointer is to this CPU's value, which no other program of this CPU changes meanwhile.
        let counter = unsafe { &mut *counter };
        counter.packets += 1;
        counter.bytes += u64::from(frame.total());
    }
    let peer = opaque::forget(trial.peer);
    if peer != 0
        && let Some(counter) = PEER_STATS.get_ptr_mut((peer - 1) as u32)
    {
        // SAFETY: as above.
        let counter = unsafe { &mut *counter };
        if dropped {
            counter.dropped += 1;
        } else {
            counter.passed += 1;
        }
    }
}

/// Puts an event into the ring while there is credit for its reason. The daemon hands out credit by the second, so
/// the budget holds whatever arrives, and nothing is sampled when nobody reads.
#[inline(always)]
fn sample<C: Circumstances>(carrier: &impl Carrier, trial: &Trial<C>, verdict: Verdict, monitored: bool) {
    match EVENT_CREDITS.get_ptr_mut(verdict.reason as u32) {
        Some(credit) if cell::take(credit) => {}
        _ => return,
    }
    let Some(mut slot) = EVENTS.reserve::<Event>(0) else {
        if let Some(lost) = EVENTS_LOST.get_ptr_mut(0) {
            cell::count(lost);
        }
        return;
    };
    let event = slot.as_mut_ptr();
    // SAFETY: the ring reserved a whole event; every field is written before it is submitted, the
    // snapshot as far as its length says.
    unsafe {
        (*event).time = trial.now();
        (*event).src = trial.src();
        (*event).dst = trial.dst;
        (*event).frame_len = carrier.total();
        (*event).detail = verdict.detail;
        (*event).src_port = trial.src_port;
        (*event).dst_port = trial.dst_port;
        (*event).reason = verdict.reason as u8;
        (*event).monitored = u8::from(monitored);
        (*event).protocol = trial.protocol;
        (*event).snapshot_len = snapshot(carrier, trial.payload_at, (&raw mut (*event).snapshot).cast());
    }
    slot.submit(0);
}

/// Copies the start of the payload; how many bytes.
#[inline(always)]
fn snapshot(carrier: &impl Carrier, at: u32, to: *mut u8) -> u8 {
    let rest = carrier.total().saturating_sub(at);
    let len = if rest > SNAPSHOT as u32 { SNAPSHOT as u32 } else { rest };
    if len == 0 || !carrier.copy::<SNAPSHOT>(at, to, len) {
        return 0;
    }
    len as u8
}
