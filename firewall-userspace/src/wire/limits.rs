//! How much the follower may hold.
//!
//! Owns: the limits, and what they come to in bytes. Refuses: being larger than a daemon of 64 MiB can bear.
use super::class::{Class, PerClass};
use super::fragments::Fragments;
use super::streams::Streams;

const SECOND: u64 = 1_000_000_000;
const KIB: usize = 1 << 10;

/// What may be held. Times are nanoseconds of the kernel's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of datagrams in fragments.
    pub fragments: PerClass<FragmentLimits>,
    /// Of TCP connections.
    pub streams: PerClass<StreamLimits>,
    /// The longest message on a stream, in bytes; of longer ones the start is handed on.
    pub message_max: usize,
    /// How many bytes behind missing ones are kept for a stream.
    pub ahead_max: usize,
    /// How long a datagram may stay incomplete: as long as Linux waits (`ipfrag_time`).
    pub fragment_age: u64,
    /// How long a message on a stream may stay incomplete.
    pub partial_age: u64,
    /// How long a handshake may stay without data.
    pub handshake_age: u64,
    /// How long a connection may stay silent.
    pub idle: u64,
}

/// For datagrams in fragments of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentLimits {
    /// Incomplete datagrams at a time; at least one.
    pub datagrams: usize,
    /// Bytes that they take together.
    pub bytes: usize,
}

/// For TCP connections of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Connections; at least one.
    pub connections: usize,
    /// Handshakes that no data followed yet; at least one.
    pub handshakes: usize,
    /// Bytes of incomplete messages.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let fragments = |_| FragmentLimits { datagrams: 64, bytes: 512 * KIB };
        let streams = |class| match class {
            Class::Trusted => StreamLimits { connections: 1_024, handshakes: 1_024, bytes: 3_072 * KIB },
            Class::Registrant => StreamLimits { connections: 4_096, handshakes: 1_024, bytes: 2_048 * KIB },
            Class::Stranger => StreamLimits { connections: 2_048, handshakes: 8_192, bytes: 2_048 * KIB },
        };
        Self {
            fragments: PerClass::new(fragments),
            streams: PerClass::new(streams),
            message_max: 64 * KIB,
            ahead_max: 16 * KIB,
            fragment_age: 30 * SECOND,
            partial_age: 30 * SECOND,
            handshake_age: 60 * SECOND,
            idle: 7_200 * SECOND,
        }
    }
}

impl Limits {
    /// The most bytes that the follower ever takes under these limits.
    pub fn worst_case(&self) -> usize {
        Fragments::worst_case(self) + Streams::worst_case(self)
    }
}
