//! Words that several CPUs change at once.
//!
//! Owns: atomic operations and the charging of a rate cell. Refuses: where cells live.
use core::intrinsics::{AtomicOrdering, atomic_cxchg, atomic_xadd};

use firewall_common::limiter::Limit;

use crate::opaque;

/// How often a charge is tried again because another CPU was faster. Each failure means that another packet was
/// admitted meanwhile; after so many the limit is as good as reached.
const TRIES: u32 = 4;

#[inline(always)]
pub(crate) fn load(cell: *mut u64) -> u64 {
    // SAFETY: the caller's pointer is to a word of a map's value. Volatile, because LLVM's atomic load for BPF needs
    // processor v4 and an aligned word is read whole anyway.
    unsafe { cell.read_volatile() }
}

#[inline(always)]
pub(crate) fn store(cell: *mut u64, value: u64) {
    // SAFETY: the caller's pointer is to a word of a map's value.
    unsafe { cell.write_volatile(value) }
}

/// Replaces a word if it still is `old`; whether it was.
#[inline(always)]
pub(crate) fn swap(cell: *mut u64, old: u64, new: u64) -> bool {
    const SEQ: AtomicOrdering = AtomicOrdering::SeqCst;
    // SAFETY: the pointer is to an aligned word of a map's value, which other CPUs change only atomically.
    unsafe { atomic_cxchg::<u64, SEQ, SEQ>(cell, old, new).1 }
}

/// Takes one from a count, if there is one. A count below zero has none: it was the last, and several CPUs took it at
/// once.
#[inline(always)]
pub(crate) fn take(count: *mut u64) -> bool {
    if load(count).cast_signed() <= 0 {
        return false;
    }
    // SAFETY: as above.
    unsafe { atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(count, u64::MAX) };
    true
}

/// Adds one to a count that may lose an increment when two CPUs add at once.
#[inline(always)]
pub(crate) fn count(counter: *mut u64) {
    // SAFETY: the caller's pointer is to a word of a map's value.
    unsafe { counter.write_volatile(counter.read_volatile().wrapping_add(1)) }
}

/// Charges the only cell of a source; `false`: over the limit.
#[inline(always)]
pub(crate) fn charge(cell: *mut u64, limit: &Limit, now: u64, commit: bool) -> bool {
    if !commit {
        return limit.admits(load(cell), now);
    }
    sipfw_charge(cell, limit.interval, limit.tolerance, now) != 0
}

/// Charges both cells of a source; the lenient one decides.
///
/// Both are charged for every packet that passes, so a source alone in its cells gets exactly its rate however many
/// CPUs its packets arrive on: who loses the race for one cell may still win the other, but then that packet is
/// charged to both all the same.
#[inline(always)]
pub(crate) fn charge_either(a: *mut u64, b: *mut u64, limit: &Limit, now: u64, commit: bool) -> bool {
    if !commit {
        let (tat_a, tat_b) = (load(a), load(b));
        return limit.admits(if tat_a <= tat_b { tat_a } else { tat_b }, now);
    }
    sipfw_charge_either(a, b, limit.interval, limit.tolerance, now) != 0
}

/// Behind a boundary, as what loops over a payload is; see [`crate::scan`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_charge(cell: *mut u64, interval: u64, tolerance: u64, now: u64) -> u64 {
    let limit = Limit { interval, tolerance };
    opaque::forget(u64::from(!cell.is_null() && charge_one(cell, &limit, now)))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_charge_either(a: *mut u64, b: *mut u64, interval: u64, tolerance: u64, now: u64) -> u64 {
    let limit = Limit { interval, tolerance };
    opaque::forget(u64::from(!a.is_null() && !b.is_null() && charge_lenient(a, b, &limit, now)))
}

#[inline(always)]
fn charge_one(cell: *mut u64, limit: &Limit, now: u64) -> bool {
    for _ in 0..TRIES {
        let tat = load(cell);
        if !limit.admits(tat, now) {
            return false;
        }
        if swap(cell, tat, limit.charged(tat, now)) {
            return true;
        }
    }
    false
}

#[inline(always)]
fn charge_lenient(a: *mut u64, b: *mut u64, limit: &Limit, now: u64) -> bool {
    for _ in 0..TRIES {
        let (tat_a, tat_b) = (load(a), load(b));
        let (lenient, tat, other) = if tat_a <= tat_b { (a, tat_a, b) } else { (b, tat_b, a) };
        if !limit.admits(tat, now) {
            return false;
        }
        if swap(lenient, tat, limit.charged(tat, now)) {
            also_charge(other, limit, now);
            return true;
        }
    }
    false
}

#[inline(always)]
fn also_charge(cell: *mut u64, limit: &Limit, now: u64) {
    for _ in 0..TRIES {
        let tat = load(cell);
        if swap(cell, tat, limit.charged(tat, now)) {
            return;
        }
    }
}
