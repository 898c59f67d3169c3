//! A virtual machine with another kernel and nothing in it but a test binary.
//!
//! Owns: the words that both sides say to each other. Refuses: hardware virtualisation: emulation is fast enough for one
//! test binary and is there on every machine.
pub mod guest;
pub mod host;

/// Where the guest finds the test binary.
const TEST: &str = "/test";
/// What the guest's last line begins with; the exit code follows.
const EXIT: &str = "guest: exit";
