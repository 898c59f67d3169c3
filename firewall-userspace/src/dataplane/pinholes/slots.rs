//! Places for flows.
//!
//! Owns: which are free, and that none is used anew while a packet may still be judged by what stood there. Refuses: clocks.
use std::collections::VecDeque;

/// Nanoseconds between a place's release and its next use. A packet is judged within microseconds.
pub(super) const REST: u64 = 1_000_000_000;

/// The free places, with when each was released, the earliest first.
#[derive(Default)]
pub(super) struct Slots(VecDeque<(u32, u64)>);

impl Slots {
    /// A place that was never used.
    pub(super) fn add(&mut self, slot: u32) {
        self.0.push_front((slot, 0));
    }

    /// A place that was used until `now`.
    pub(super) fn release(&mut self, slot: u32, now: u64) {
        self.0.push_back((slot, now));
    }

    /// The place that has been free for longest, if that is long enough.
    pub(super) fn take(&mut self, now: u64) -> Option<u32> {
        let (_, released) = self.0.front()?;
        let rested = *released == 0 || released.saturating_add(REST) <= now;
        if rested { self.0.pop_front().map(|(slot, _)| slot) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_rests_before_it_is_used_anew() {
        let mut slots = Slots::default();
        slots.add(3);
        slots.release(7, 100);
        slots.add(4);
        assert_eq!((slots.take(0), slots.take(0)), (Some(4), Some(3)));
        assert_eq!(slots.take(100 + REST - 1), None);
        assert_eq!((slots.take(100 + REST), slots.take(u64::MAX)), (Some(7), None));
    }
}
