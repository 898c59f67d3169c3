//! What the follower counts.
//!
//! Owns: the counters, each of one cause. Refuses: showing them.
use serde::{Deserialize, Serialize};

/// Everything since the start, and what is held now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Datagrams that came in one packet.
    pub datagrams: u64,
    /// Those of them whose copy was cut short.
    pub cut_datagrams: u64,
    /// Records of a transport that is not followed.
    pub other: u64,
    /// Datagrams in fragments.
    pub fragments: FragmentCounts,
    /// TCP.
    pub streams: StreamCounts,
}

/// Of UDP datagrams in fragments. Every fragment that comes to nothing, and every datagram that does, has one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FragmentCounts {
    /// Fragments that came.
    pub fragments: u64,
    /// Datagrams put together.
    pub datagrams: u64,
    /// Those of them whose last fragment's copy was cut short.
    pub cut_datagrams: u64,
    /// Fragments that were there already; the first copy is kept, as Linux does.
    pub duplicates: u64,
    /// Datagrams dropped because fragments overlapped in part (RFC 5722), or lay behind the end.
    pub overlapping: u64,
    /// Datagrams dropped because an offset, a length or the UDP header was impossible.
    pub malformed: u64,
    /// Datagrams dropped because the copy of a fragment in the middle was cut short.
    pub cut: u64,
    /// Datagrams dropped because they came in too many pieces that do not adjoin.
    pub scattered: u64,
    /// Datagrams dropped because they stayed incomplete for too long.
    pub expired: u64,
    /// Datagrams dropped to make room for newer ones of their class.
    pub evicted: u64,
    /// Datagrams held now.
    pub held: u64,
    /// Bytes held now.
    pub held_bytes: u64,
}

/// Of TCP streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCounts {
    /// Segments that came, of both directions.
    pub segments: u64,
    /// Messages handed on.
    pub messages: u64,
    /// Those of them that miss bytes at their end.
    pub cut_messages: u64,
    /// Segments that belonged to no connection that our side has part in, as far as was seen.
    pub unconnected: u64,
    /// Segments whose numbers did not fit their connection: forged, or of an earlier connection.
    pub misfits: u64,
    /// Segments of which every byte had been seen before.
    pub repeated: u64,
    /// Segments that came too far ahead of the missing bytes before them to be kept.
    pub ahead: u64,
    /// Segments in IP fragments, which are not followed.
    pub fragments: u64,
    /// Places where bytes of a stream were never seen.
    pub gaps: u64,
    /// Places where no message began although one had to.
    pub garbage: u64,
    /// Heads without a length of the body, or with one that cannot be read.
    pub unframed: u64,
    /// Messages longer than the limit.
    pub oversized: u64,
    /// Times that the start of a message was found again.
    pub resyncs: u64,
    /// Connections begun.
    pub opened: u64,
    /// Connections that were first seen in the middle.
    pub joined: u64,
    /// Connections forgotten to make room for newer ones of their class.
    pub evicted: u64,
    /// Handshakes forgotten to make room for newer ones of their class.
    pub evicted_handshakes: u64,
    /// Connections forgotten because nothing came for too long.
    pub idle: u64,
    /// Incomplete messages dropped because they stayed so for too long.
    pub expired: u64,
    /// Incomplete messages dropped because their class held too many bytes.
    pub starved: u64,
    /// Connections held now.
    pub held: u64,
    /// Bytes held now.
    pub held_bytes: u64,
}
