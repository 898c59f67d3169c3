//! The two clocks, read together.
//!
//! Owns: the instant as everybody who decides by time is given it, and the way from one clock to the other. Refuses: asking any
//! clock (`dataplane::clock` does).
use firewall_common::policy::NEVER_ENDS;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// One instant on both clocks: entries end by the wall's, the kernel judges by its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Unix milliseconds.
    pub wall_ms: i64,
    /// Kernel monotonic nanoseconds, of the clock that stamps packets.
    pub mono_ns: u64,
}

impl Clock {
    /// The kernel's time at the wall's time `wall_ms`; 0 for what lies before the kernel's start.
    pub fn deadline(self, wall_ms: i64) -> u64 {
        let away = wall_ms.abs_diff(self.wall_ms).saturating_mul(NANOS_PER_MILLI);
        let at =
            if wall_ms >= self.wall_ms { self.mono_ns.saturating_add(away) } else { self.mono_ns.saturating_sub(away) };
        at.min(NEVER_ENDS - 1)
    }

    /// The wall's time at the kernel's time `mono_ns`.
    pub fn wall_at(self, mono_ns: u64) -> i64 {
        let away = (mono_ns.abs_diff(self.mono_ns) / NANOS_PER_MILLI) as i64;
        if mono_ns >= self.mono_ns { self.wall_ms.saturating_add(away) } else { self.wall_ms.saturating_sub(away) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Clock = Clock { wall_ms: 1_000_000, mono_ns: 50_000_000_000 };

    #[test]
    fn clocks_convert_both_ways() {
        assert_eq!(NOW.deadline(NOW.wall_ms + 3), NOW.mono_ns + 3_000_000);
        assert_eq!(NOW.deadline(i64::MIN), 0);
        assert_eq!(NOW.deadline(i64::MAX), NEVER_ENDS - 1);
        assert_eq!(NOW.wall_at(NOW.mono_ns - 7_000_000), NOW.wall_ms - 7);
    }
}
