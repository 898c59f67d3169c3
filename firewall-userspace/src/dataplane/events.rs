//! The kernel's samples of what it dropped: reading them, and the budget for making them.
//!
//! Owns: the ring's reading end, and the credits that the kernel spends. Refuses: keeping events (the store does), and
//! how many credits there are (the engine decides).
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::Path;

use aya::maps::{Array, MapData, RingBuf};
use firewall_common::event::Event;
use firewall_common::maps;
use firewall_common::reason::Reason;

use super::error::{Context as _, Result};
use super::maps::open;

/// The reading end of the ring. There must be one reader at a time: the daemon, which holds the instance.
pub struct EventRing(RingBuf<MapData>);

impl EventRing {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        open(dir, maps::EVENTS).map(Self)
    }

    /// The next event; nothing when the ring is empty.
    pub fn next_event(&mut self) -> Option<Event> {
        loop {
            let item = self.0.next()?;
            // One that is too short is of a kernel program this one does not know; it is skipped.
            if let Some(event) = Event::from_bytes(&item) {
                return Some(event);
            }
        }
    }
}

impl AsFd for EventRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for EventRing {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// The credits that the kernel spends on events.
pub struct EventCredits(Array<MapData, u64>);

impl EventCredits {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        open(dir, maps::EVENT_CREDITS).map(Self)
    }

    /// Lets the kernel make `credits` events of each reason, instead of what it had left.
    pub fn grant(&mut self, credits: u64) -> Result<()> {
        let drops = Reason::ALL.iter().filter(|reason| reason.drops());
        drops
            .map(|reason| *reason as u32)
            .try_for_each(|reason| self.0.set(reason, credits, 0))
            .doing(|| "grant credits for events".to_owned())
    }
}
