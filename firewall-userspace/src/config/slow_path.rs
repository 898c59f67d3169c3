//! What the kernel hands to the daemon, and what the daemon may have the kernel hold back.
//!
//! Owns: the keys of `[slow_path]` and their defaults. Refuses: by which rules sources are judged.
use firewall_common::copy::COPY_MAX;
use firewall_common::maps;

use super::limits::Limits;
use super::number::{Number, PowerOfTwo};
use super::rate::Rate;
use super::section::section;

/// A ring's size in bytes: what the kernel takes is a power of two of whole pages, which some machines have of 64 KiB.
pub type RingSize = PowerOfTwo<65_536, 268_435_456>;

section! {
    /// Copies of packets, from which the daemon learns who fails to prove itself and who does not. Nothing waits for it.
    SlowPath {
        /// Bytes of a packet's payload that are copied at most.
        pub copy_max: Number<256, COPY_MAX> = Number::of(4_096);
        /// Bytes of the ring of copies of what strangers send, and of what they are answered; a power of two.
        pub strangers_ring: RingSize = PowerOfTwo::of(maps::COPIES_STRANGERS_DEFAULT);
        /// Bytes of the ring of copies of all others' packets, so that no stranger can fill it; a power of two.
        pub trusted_ring: RingSize = PowerOfTwo::of(maps::COPIES_TRUSTED_DEFAULT);
        /// How much a source, or one account of a source, may send while it is held: on evidence that does not suffice for
        /// a ban. A rate like those of [strangers.limits].
        pub hold: Rate = Limits::HOLD;
        /// Seconds for which a stranger that our side sent a request to may send responses. Other strangers' responses are
        /// dropped, where the kernel lets us see what our side sends (Linux 6.6).
        pub called_for: Number<1, 86_400> = Number::of(300);
    }
}
