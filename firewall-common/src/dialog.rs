//! Calls as the kernel knows them: who is party to a dialog.
//!
//! Owns: the record, and the hash of a Call-ID. Refuses: following calls (the daemon does).
use crate::addr::Addr;
use crate::limiter::HashKey;

/// How many parties of a call are known.
pub const PARTIES: usize = 4;

/// The remote parties of the calls of one Call-ID, at their whole addresses.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// Kernel monotonic nanoseconds after which nobody is held to it.
    pub until: u64,
    /// How many there are; with more than [`PARTIES`] there is no record.
    pub count: u64,
    /// The first `count` are meant.
    pub parties: [Addr; PARTIES],
}

const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The keyed hash of a Call-ID, as it stands on the wire without the blanks around it.
pub fn hash(call_id: &[u8], key: HashKey) -> u64 {
    let [first, last] = key.0;
    let mixed = call_id.iter().fold(first, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME));
    let mixed = (mixed ^ last).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}
