//! The capture's clock.
//!
//! Owns: turning timestamps into the nanoseconds that the program judges by. Refuses: going back: a frame that is
//! stamped earlier than one before it is judged at that one's time, and counted.
use std::time::Duration;

/// When a capture begins: late enough for every burst to have come back, as it has on a machine that is up for a while.
pub(super) const BEGIN: u64 = 400 * 86_400 * 1_000_000_000;

/// Time as it passes in a capture.
#[derive(Default)]
pub(super) struct Timeline {
    first: Option<Duration>,
    last: Duration,
    /// Frames that were stamped earlier than one before them.
    pub(super) disordered: u64,
}

impl Timeline {
    /// The program's time of a frame.
    pub(super) fn at(&mut self, time: Duration) -> u64 {
        let first = *self.first.get_or_insert(time);
        let since = time.saturating_sub(first);
        if time < first + self.last {
            self.disordered += 1;
        } else {
            self.last = since;
        }
        BEGIN.saturating_add(u64::try_from(self.last.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Time since the first frame.
    pub(super) fn since_begin(&self) -> Duration {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let mut timeline = Timeline::default();
        let at = [1_000, 1_500, 1_200, 900, 1_501].map(|us| timeline.at(Duration::from_micros(us)) - BEGIN);
        assert_eq!(at, [0, 500_000, 500_000, 500_000, 501_000]);
        assert_eq!((timeline.disordered, timeline.since_begin()), (2, Duration::from_micros(501)));
    }
}
