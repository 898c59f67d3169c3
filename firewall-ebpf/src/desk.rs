//! Each CPU's memory for one payload: it is examined there, and copied to the daemon from there.
//!
//! Owns: that memory, and the rings. Refuses: knowing what is copied (see [`crate::stage::copy`]).
//!
//! What may be examined is in the window already when a copy is made, with room for the copy's head before it: so the
//! record is one stretch of memory, and a packet's bytes are fetched once for both.
use aya_ebpf::macros::map;
use aya_ebpf::maps::{PerCpuArray, RingBuf};
use firewall_common::copy::{CopyHead, RINGS, Ring};
use firewall_common::maps;
use firewall_common::sip::Window;
use firewall_common::sip::window::{EXAMINED, ROOM};

use crate::cell;
use crate::frame::Carrier;
use crate::kept::{Kept, Record};
use crate::opaque;
use crate::stage::number::{self, Case};

#[map]
static DESK: PerCpuArray<Desk> = PerCpuArray::with_max_entries(1, 0);
#[map]
static COPIES_STRANGERS: RingBuf = RingBuf::with_byte_size(maps::COPIES_STRANGERS_DEFAULT, 0);
#[map]
static COPIES_TRUSTED: RingBuf = RingBuf::with_byte_size(maps::COPIES_TRUSTED_DEFAULT, 0);
#[map]
static COPIES_MADE: PerCpuArray<u64> = PerCpuArray::with_max_entries(RINGS as u32, 0);
#[map]
static COPIES_LOST: PerCpuArray<u64> = PerCpuArray::with_max_entries(RINGS as u32, 0);

/// The memory. The head stands right before the payload, as in a record of a ring.
#[repr(C)]
struct Desk {
    head: CopyHead,
    window: Window,
    kept: Record,
    case: number::Record,
}

const HEAD: u32 = size_of::<CopyHead>() as u32;

#[inline(always)]
fn desk() -> Option<&'static mut Desk> {
    let desk = DESK.get_ptr_mut(0)?;
    // SAFETY: the map has one element for each CPU, and programs on a packet's way are not preempted by one another there,
    // so nobody else uses it meanwhile. Who called this before on the same packet holds a shared reference to the window
    // at most, and has done with it.
    Some(unsafe { &mut *desk })
}

/// The first bytes of the `len` bytes of payload at `at`, in this CPU's window; `None` when they are not there.
#[inline(always)]
pub(crate) fn payload(carrier: &impl Carrier, at: u32, len: u32) -> Option<&'static Window> {
    let window = &mut desk()?.window;
    let len = if len > EXAMINED { EXAMINED } else { len };
    if len != 0 && !carrier.copy::<ROOM>(at, window.buffer().as_mut_ptr(), len) {
        return None;
    }
    window.seal(len);
    Some(window)
}

/// What [`payload`] has read of the packet under judgement.
#[inline(always)]
pub(crate) fn window() -> Option<&'static Window> {
    Some(&desk()?.window)
}

/// What is kept of the packet under judgement.
#[inline(always)]
pub(crate) fn kept() -> Option<Kept> {
    let desk = DESK.get_ptr_mut(0)?;
    // SAFETY: as in `desk`; and of all that is there only this module hands out the record.
    Some(unsafe { Kept::new(&raw mut (*desk).kept) })
}

/// The number of the packet under judgement.
#[inline(always)]
pub(crate) fn case() -> Option<Case> {
    let desk = DESK.get_ptr_mut(0)?;
    // SAFETY: as in `kept`.
    Some(unsafe { Case::new(&raw mut (*desk).case) })
}

/// Where the bytes of a copy are.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Their offset in the frame.
    pub(crate) at: u32,
    /// How many of them lie in the window already, from the first on, if there are so many.
    pub(crate) examined: u32,
}

/// Hands a copy to the daemon: the head, whose length says how much of the payload follows.
#[inline(always)]
pub(crate) fn hand_over(carrier: &impl Carrier, place: Place, ring: Ring, head: CopyHead) {
    let Some(desk) = desk() else {
        return;
    };
    let len = opaque::forget(u64::from(head.len)) as u32;
    desk.head = head;
    let missing = len > place.examined;
    if missing && !carrier.copy::<ROOM>(place.at, desk.window.buffer().as_mut_ptr(), len) {
        return;
    }
    let size = if len == 0 { HEAD } else { HEAD + opaque::bounded::<ROOM>(len) };
    // SAFETY: the head and the window's bytes follow one another without padding, and there are at least so many.
    let record = unsafe { core::slice::from_raw_parts(core::ptr::from_ref(desk).cast::<u8>(), size as usize) };
    let handed = match ring {
        Ring::Strangers => COPIES_STRANGERS.output::<[u8]>(record, 0),
        Ring::Trusted => COPIES_TRUSTED.output::<[u8]>(record, 0),
    };
    let counters = if handed.is_ok() { &COPIES_MADE } else { &COPIES_LOST };
    if let Some(counter) = counters.get_ptr_mut(ring as u32) {
        cell::count(counter);
    }
}
