//! Calls as the kernel knows them: who is party to a dialog.
//!
//! Owns: the record. Refuses: following calls (the daemon does).
use crate::addr::Addr;

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
