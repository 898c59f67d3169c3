//! The kernel's copies of packets.
//!
//! Owns: the reading ends of both rings. Refuses: decoding a record (see [`firewall_common::copy::CopyHead::split`]), and in
//! which order the rings are read.
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::Path;

use aya::maps::ring_buf::RingBufItem;
use aya::maps::{MapData, RingBuf};
use firewall_common::copy::Ring;
use firewall_common::maps;

use super::error::Result;
use super::maps::open;

/// Both rings. There must be one reader at a time: the daemon, which holds the instance. A reload may make them anew, so
/// they are opened again after one.
pub struct Copies {
    /// What strangers and known sources send, and what is answered to them.
    pub strangers: CopyRing,
    /// Everything else.
    pub trusted: CopyRing,
}

impl Copies {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let ring = |ring| open(dir, name(ring)).map(CopyRing);
        Ok(Self { strangers: ring(Ring::Strangers)?, trusted: ring(Ring::Trusted)? })
    }
}

const fn name(ring: Ring) -> &'static str {
    match ring {
        Ring::Strangers => maps::COPIES_STRANGERS,
        Ring::Trusted => maps::COPIES_TRUSTED,
    }
}

/// One of the rings.
pub struct CopyRing(RingBuf<MapData>);

impl CopyRing {
    /// The next record; nothing when the ring is empty. Its place in the ring is free again when it is dropped.
    pub fn next_copy(&mut self) -> Option<CopyRecord<'_>> {
        self.0.next().map(CopyRecord)
    }
}

/// A record, where it stands in the ring: a head, and behind it the payload's first bytes.
pub struct CopyRecord<'a>(RingBufItem<'a>);

impl Deref for CopyRecord<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsFd for CopyRing {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for CopyRing {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
