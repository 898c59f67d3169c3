//! Copies of packets, as the daemon would read them.
//!
//! Owns: emptying both rings. Refuses: what should be in them.
use aya::maps::RingBuf;
use firewall_common::copy::{CopyHead, Ring};
use firewall_common::maps;

use super::shield::Shield;

/// One copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The ring that it was in.
    pub ring: Ring,
    /// Its head.
    pub head: CopyHead,
    /// The payload's first bytes.
    pub payload: Vec<u8>,
}

impl Shield {
    /// Takes everything out of both rings, the strangers' first.
    pub fn copies(&mut self) -> Vec<Copied> {
        Ring::ALL.into_iter().flat_map(|ring| self.copies_of(ring)).collect()
    }

    fn copies_of(&mut self, ring: Ring) -> Vec<Copied> {
        let name = match ring {
            Ring::Strangers => maps::COPIES_STRANGERS,
            Ring::Trusted => maps::COPIES_TRUSTED,
        };
        let mut buffer: RingBuf<_> = self.map(name);
        let mut copies = Vec::new();
        while let Some(record) = buffer.next() {
            let (head, payload) = CopyHead::split(&record).expect("a record holds what its head says");
            assert_eq!(record.len(), size_of::<CopyHead>() + payload.len(), "nothing follows the payload");
            copies.push(Copied { ring, head, payload: payload.to_vec() });
        }
        copies
    }
}
