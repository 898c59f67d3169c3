//! The two clocks, read.
//!
//! Owns: reading them. Refuses: arithmetic (see [`crate::entries::Clock`]); everything below the command takes `now`.
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::entries::Clock;

/// Unix milliseconds.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Nanoseconds of the clock that the kernel programs judge by.
pub(super) fn monotonic_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// Both at one instant, as near as can be.
pub(super) fn now() -> Clock {
    Clock { wall_ms: now_ms(), mono_ns: monotonic_ns() }
}
