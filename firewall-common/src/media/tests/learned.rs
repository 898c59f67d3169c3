//! Whom our side sends to.
use proptest::prelude::*;

use crate::addr::Addr;
use crate::limiter::HashKey;
use crate::media::{AGE_MAX, Learned, NOT_LEARNED, remote_hash};

const UNIT: u64 = 1 << 30;

fn hash(n: u8) -> u64 {
    remote_hash(Addr::from_v4([10, 0, 0, n]), 4_000, HashKey([3, 5]))
}

/// What a list of times does, the plain way.
#[derive(Default)]
struct Model(Vec<(u8, u64)>);

impl Model {
    fn sent(&mut self, remote: u8, unit: u64, may_be_new: bool) {
        let known = self.0.iter().position(|(known, _)| *known == remote).map(|at| self.0.remove(at));
        if known.is_some() || may_be_new {
            self.0.insert(0, (remote, unit));
            self.0.truncate(4);
        }
    }

    fn find(&self, remote: u8, unit: u64) -> u32 {
        let found = self.0.iter().position(|(known, at)| *known == remote && unit - at <= AGE_MAX);
        found.map_or(NOT_LEARNED, |at| at as u32)
    }
}

proptest! {
    #[test]
    fn slots_are_a_list_of_the_latest_four(
        first in 0u64..1 << 33,
        steps in prop::collection::vec((0u8..7, 0u64..30, any::<bool>(), any::<bool>()), 1..60),
    ) {
        let (mut learned, mut model, mut unit) = (Learned::NOBODY, Model::default(), first);
        for (remote, later, may_be_new, receives) in steps {
            unit += later;
            let now = unit * UNIT + u64::from(remote);
            if receives && learned.find(hash(remote), now) == 0 {
                learned.refresh(now);
                model.0[0].1 = unit;
            } else {
                learned.sent(hash(remote), now, may_be_new);
                model.sent(remote, unit, may_be_new);
            }
            prop_assert_eq!(learned.is_empty(), model.0.is_empty());
            for remote in 0..8 {
                prop_assert_eq!(learned.find(hash(remote), now), model.find(remote, unit), "remote {}", remote);
            }
        }
    }
}

#[test]
fn a_minute_is_a_minute() {
    const SECOND: u64 = 1_000_000_000;
    let mut learned = Learned::NOBODY;
    for at in [0, 7 * SECOND, 1 << 50, (1 << 54) - SECOND] {
        learned.sent(hash(1), at, true);
        assert_eq!(learned.find(hash(1), at + 59 * SECOND), 0);
        assert_eq!(learned.find(hash(1), at + 62 * SECOND), NOT_LEARNED);
        assert_eq!(learned.find(hash(2), at), NOT_LEARNED);
    }
}
