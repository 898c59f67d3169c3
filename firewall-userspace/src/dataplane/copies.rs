//! The kernel's copies of packets: reading them.
//!
//! Owns: the rings' reading ends. Refuses: what a packet means (see [`crate::wire`]).
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;

use aya::maps::{MapData, RingBuf};
use firewall_common::copy::{CopyHead, Ring};
use firewall_common::maps;

use super::error::Result;
use super::maps::open;

/// The reading end of one ring. There must be one reader at a time: the daemon, which holds the instance.
pub struct CopyRing(RingBuf<MapData>);

impl CopyRing {
    pub(super) fn open(dir: &Path, ring: Ring) -> Result<Self> {
        let name = match ring {
            Ring::Strangers => maps::COPIES_STRANGERS,
            Ring::Trusted => maps::COPIES_TRUSTED,
        };
        open(dir, name).map(Self)
    }

    /// Hands the next copy on, in place; nothing when the ring is empty.
    pub fn next_copy<T>(&mut self, take: impl FnOnce(&CopyHead, &[u8]) -> T) -> Option<T> {
        loop {
            let item = self.0.next()?;
            // One that contradicts itself is of a kernel program this one does not know; it is skipped.
            if let Some((head, payload)) = CopyHead::split(&item) {
                return Some(take(&head, payload));
            }
        }
    }
}

impl AsRawFd for CopyRing {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
