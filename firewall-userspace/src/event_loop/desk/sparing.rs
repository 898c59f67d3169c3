//! Lines of the log that could become a flood.
//!
//! Owns: how many of them are said. Refuses: saying them.
use crate::clock::Clock;

/// Lines about one thing, as many in a minute as somebody reads: the others can be as many as forged packets.
#[derive(Default)]
pub(super) struct Sparing {
    /// When the minute began, in seconds of the kernel's clock.
    since: u64,
    said: u32,
    left_out: u64,
}

impl Sparing {
    const MOST: u32 = 20;

    /// Whether there is room for one more line.
    pub(super) fn admits(&mut self, now: Clock) -> bool {
        let seconds = now.mono_ns / 1_000_000_000;
        if seconds.saturating_sub(self.since) >= 60 {
            (self.since, self.said) = (seconds, 0);
        }
        let admitted = self.said < Self::MOST;
        self.said += u32::from(admitted);
        self.left_out += u64::from(!admitted);
        admitted
    }

    /// How many were left out, once their minute is over.
    pub(super) fn left_out(&mut self, now: Clock) -> Option<u64> {
        let is_over = (now.mono_ns / 1_000_000_000).saturating_sub(self.since) >= 60;
        (is_over && self.left_out > 0).then(|| std::mem::take(&mut self.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_holds_is_no_flood_of_lines() {
        let mut lines = Sparing::default();
        let at = |second: u64| Clock { wall_ms: 0, mono_ns: (1_000 + second) * 1_000_000_000 };
        assert_eq!((0..2_000).filter(|n| lines.admits(at(n / 40))).count(), 20);
        assert_eq!((lines.left_out(at(59)), lines.left_out(at(60)), lines.left_out(at(61))), (None, Some(1_980), None));
        assert!(lines.admits(at(61)));
    }
}
