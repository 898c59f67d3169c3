//! How many answers go to whom: whoever forges sources must not have a victim answered without end.
//!
//! Owns: that limit. Refuses: who is answered what.
use firewall_common::addr::Addr;

use super::super::clock::Moment;
use super::super::saved::Key;

/// Answers to one source in a second.
pub(super) const ANSWERS: u32 = 100;
/// Cells, which sources share by their hash.
const CELLS: usize = 1_024;

/// The answers of a second, by their destination's hash.
pub(super) struct Spared {
    key: Key,
    second: Moment,
    cells: Box<[u32]>,
}

impl Spared {
    /// None yet.
    pub(super) fn new(key: Key) -> Self {
        Self { key, second: Moment::NEVER, cells: vec![0; CELLS].into() }
    }

    /// Whether one more may go there; counts it.
    pub(super) fn admits(&mut self, to: Addr, now: Moment) -> bool {
        if self.second != now {
            self.second = now;
            self.cells.fill(0);
        }
        let cells = u64::try_from(self.cells.len()).unwrap_or(1).max(1);
        let at = usize::try_from(self.key.source(to) % cells).unwrap_or(0);
        let Some(count) = self.cells.get_mut(at) else { return false };
        *count = count.saturating_add(1);
        *count <= ANSWERS
    }
}
