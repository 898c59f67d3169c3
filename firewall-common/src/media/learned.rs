//! Whom our side sends media to from a port, which is who may send some back.
//!
//! Owns: the slots: who is in them, the latest first, and for how long. Refuses: who may be added.
use super::record::{LEARNED_REMOTES, Learned};

/// Bits of a slot that tell when: the others are the upper bits of the remote's hash.
const TIME_BITS: u32 = 24;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;
/// Times are told in units of 2^30 ns, a little more than a second: 24 bits of them go around in half a year.
const UNIT_SHIFT: u32 = 30;
/// For how many units a remote is remembered that nothing is sent to: a minute.
pub const AGE_MAX: u64 = 56;
/// What [`Learned::find`] says of a stranger.
pub const NOT_LEARNED: u32 = LEARNED_REMOTES as u32;

impl Learned {
    /// Nobody.
    pub const NOBODY: Self = Self { remotes: [0; LEARNED_REMOTES], stream: [0; 2] };

    /// Whether there never was anybody: the latest is always the first.
    #[inline(always)]
    pub const fn is_empty(&self) -> bool {
        self.remotes[0] == 0
    }

    /// The slot of the remote with this hash ([`super::remote_hash`]), if something was sent to it lately;
    /// otherwise [`NOT_LEARNED`].
    #[inline(always)]
    pub fn find(&self, hash: u64, now: u64) -> u32 {
        (0u32..)
            .zip(self.remotes)
            .find(|(_, slot)| is_of(*slot, hash) && age(*slot, now) <= AGE_MAX)
            .map_or(NOT_LEARNED, |(i, _)| i)
    }

    /// Keeps the latest from ageing, because it is sending.
    #[inline(always)]
    pub const fn refresh(&mut self, now: u64) {
        let fresh = self.remotes[0] & !TIME_MASK | time(now);
        if self.remotes[0] != fresh {
            self.remotes[0] = fresh;
        }
    }

    /// Notes that our side sends to the remote with this hash: it becomes the latest. One that is not there is only added if
    /// it `may_be_new`, and the oldest is forgotten for it.
    #[inline(always)]
    pub fn sent(&mut self, hash: u64, now: u64, may_be_new: bool) {
        let fresh = hash & !TIME_MASK | time(now);
        let [a, b, c, d] = self.remotes;
        if is_of(a, hash) {
            if a != fresh {
                self.remotes[0] = fresh;
            }
        } else if is_of(b, hash) {
            (self.remotes[0], self.remotes[1]) = (fresh, a);
        } else if is_of(c, hash) {
            (self.remotes[0], self.remotes[1], self.remotes[2]) = (fresh, a, b);
        } else if may_be_new || is_of(d, hash) {
            self.remotes = [fresh, a, b, c];
        }
    }
}

#[inline(always)]
const fn is_of(slot: u64, hash: u64) -> bool {
    (slot ^ hash) >> TIME_BITS == 0
}

#[inline(always)]
const fn time(now: u64) -> u64 {
    now >> UNIT_SHIFT & TIME_MASK
}

#[inline(always)]
const fn age(slot: u64, now: u64) -> u64 {
    time(now).wrapping_sub(slot) & TIME_MASK
}
