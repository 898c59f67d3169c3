//! Packets for tests, built so that a reader sees what is special about each.
//!
//! Owns: frames from Ethernet to UDP and TCP, fragments, and the SIP messages and media in them. Refuses: reading packets; a test
//! that needs a malformed one changes the bytes of a right one.
mod fragments;
mod frame;
pub mod media;
pub mod sip;

pub use fragments::Fragment;
pub use frame::{ACK, ACKNOWLEDGED, Extension, FIN, Frame, PSH, RST, SEQUENCE, SYN, TAG};

/// `bytes` with `new` at `at`.
#[must_use]
pub fn patched(mut bytes: Vec<u8>, at: usize, new: &[u8]) -> Vec<u8> {
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}
