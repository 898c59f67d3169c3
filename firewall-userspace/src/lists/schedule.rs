//! When a list is looked at next.
//!
//! Owns: the arithmetic. Refuses: clocks and randomness.

/// The shortest time after a failure.
const RETRY_MS: i64 = 60_000;
/// The part of the time between two looks by which it varies: so that not everybody asks a server at the same moment.
const SPREAD: i64 = 10;

/// A number that nobody can foretell, for spreading looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(pub u64);

/// Unix milliseconds of the next look at a list that is looked at every `every` milliseconds; none if only when someone asks.
///
/// After `failures` failures in a row it is tried again after one minute, two, four and so on, at most after the usual
/// time.
pub fn next_try(every: Option<i64>, failures: u32, jitter: Jitter, now: i64) -> Option<i64> {
    let every = every?.max(RETRY_MS);
    let backoff = RETRY_MS.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let wait = if failures == 0 { every } else { every.min(backoff) };
    let width = wait / SPREAD * 2 + 1;
    let offset = i64::try_from(jitter.0 % width.unsigned_abs()).unwrap_or(0) - width / 2;
    Some(now.saturating_add(wait).saturating_add(offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn failures_are_tried_again_sooner_and_ever_later() {
        let wait = |failures| next_try(Some(HOUR), failures, Jitter(0), 0).unwrap();
        let waits: Vec<i64> = (1..8).map(wait).collect();
        assert!(waits.windows(2).all(|w| w[0] < w[1] || w[1] == wait(0)), "{waits:?}");
        assert!(waits[0] < 61_000 && wait(99) == wait(0));
        assert_eq!(next_try(None, 3, Jitter(0), 0), None);
    }

    proptest! {
        #[test]
        fn looks_are_spread_around_the_time_between_two(every in 60_000i64..1_000_000_000, jitter in any::<u64>(), now in 0i64..1 << 60) {
            let next = next_try(Some(every), 0, Jitter(jitter), now).unwrap();
            prop_assert!((next - now - every).abs() <= every / 10);
        }
    }
}
