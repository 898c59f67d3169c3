//! The time of live packets.
//!
//! Owns: the kernel's coarse monotonic clock, read once a tick on each CPU. Refuses: rehearsals' clocks (their record
//! has the time).
//!
//! The coarse clock changes with the tick. Reading it is a call; the number of ticks is not, since the verifier replaces
//! that helper by a load. So the call is made only when the number has changed. A tick is 1 to 10 ms, far below the
//! intervals of SIP rates.
use aya_ebpf::helpers::generated::{bpf_jiffies64, bpf_ktime_get_coarse_ns};
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuArray;
use firewall_common::policy::Tick;

#[map]
static CLOCK: PerCpuArray<Tick> = PerCpuArray::with_max_entries(1, 0);

/// Nanoseconds of the kernel's monotonic clock.
#[inline(always)]
pub(crate) fn now() -> u64 {
    // SAFETY: no arguments, no effects.
    let number = unsafe { bpf_jiffies64() };
    let Some(tick) = CLOCK.get_ptr_mut(0) else {
        return coarse();
    };
    // SAFETY: the pointer is to this CPU's value, which no other program of this CPU changes meanwhile.
    let tick = unsafe { &mut *tick };
    if tick.number != number {
        *tick = Tick { number, time: coarse() };
    }
    tick.time
}

#[inline(always)]
fn coarse() -> u64 {
    // SAFETY: no arguments, no effects.
    unsafe { bpf_ktime_get_coarse_ns() }
}
