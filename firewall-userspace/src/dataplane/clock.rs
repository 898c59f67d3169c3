//! The two clocks: the wall's, by which entries end, and the kernel's monotonic one, by which packets are judged.
//!
//! Owns: reading them. Refuses: passing them on in secret; whoever decides by time takes it as an argument.
use std::time::SystemTime;

use rustix::time::{ClockId, clock_gettime};

use crate::clock::Clock;

/// This instant.
pub fn now() -> Clock {
    let mono = clock_gettime(ClockId::Monotonic);
    let mono_ns = u64::try_from(mono.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(mono.tv_nsec).unwrap_or(0);
    Clock { wall_ms: wall_ms(SystemTime::now()), mono_ns }
}

/// A time in Unix milliseconds.
pub fn wall_ms(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
