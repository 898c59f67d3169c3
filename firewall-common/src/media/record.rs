//! The records of media in the kernel's maps.
//!
//! Owns: their layout and what each field means. Refuses: deciding by them.
use crate::addr::Addr;
use crate::limiter::Limit;

/// How many flows one port can have: a forked call has one for each branch that rings (RFC 3261 §16.7).
pub const FLOWS_OF_PORT: usize = 4;
/// Codecs of one flow whose plain lengths are known.
pub const CODECS: usize = 4;
/// How many remote sides of one port are remembered.
pub const LEARNED_REMOTES: usize = 4;

/// Set in [`Flow::flags`]: the call negotiated nothing acceptable; whatever comes here is dropped.
pub const FLOW_REFUSED: u32 = 1;
/// Set in [`Flow::flags`]: RTP may pass.
pub const FLOW_RTP: u32 = 2;
/// Set in [`Flow::flags`]: RTCP may pass: the port is RTCP's, or both share it (RFC 5761).
pub const FLOW_RTCP: u32 = 4;
/// Set in [`Flow::flags`]: DTLS may pass, since keys are agreed by it (RFC 5764).
pub const FLOW_DTLS: u32 = 8;
/// Set in [`Flow::flags`]: STUN may pass, since addresses are found by ICE (RFC 8445); see [`Flow::ice`].
pub const FLOW_ICE: u32 = 16;
/// Set in [`Flow::flags`]: encrypted RTP was negotiated, so what looks plain is not it.
pub const FLOW_SRTP: u32 = 32;
/// Set in [`Flow::flags`]: several streams share the port (RFC 8843), so nothing is told by SSRC and sequence numbers.
pub const FLOW_BUNDLE: u32 = 64;
/// Set in [`Flow::flags`]: whatever UDP carries may pass: UDPTL (ITU-T T.38) and the like, which the policy allows.
pub const FLOW_OTHER: u32 = 128;

/// A codec of constant rate: how many bytes it makes of how many units of the RTP timestamp.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Codec {
    /// The RTP payload type it was negotiated under.
    pub payload_type: u8,
    /// Bytes of a frame.
    pub bytes: u8,
    /// Units of the timestamp in which a frame is played; 0: no codec.
    pub units: u8,
    /// Makes the size a power of two without padding.
    pub reserved: u8,
}

/// Permission for one media flow: from a remote party to one of our ports.
///
/// The daemon writes the first part before it is published in `PINHOLES`; the kernel notes the rest.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Our address; [`Addr::NONE`]: any, because the negotiated one is not in the packets.
    pub local: Addr,
    /// The remote address of the session description.
    pub remote: Addr,
    /// Where the signalling came from. Media may come from there too, whatever its port, because of NAT.
    pub signalling: Addr,
    /// Which call it belongs to: the hash of its Call-ID under the engine's key.
    pub call: u64,
    /// [`crate::media::username_hash`] of the USERNAME in STUN requests to us (RFC 8445 §7.1.1, RFC 8489 §14.3); 0: no ICE.
    pub ice: u64,
    /// Nanoseconds without a packet after which it is closed.
    pub silence: u64,
    /// A multiple of what its codecs send.
    pub limit: Limit,
    /// Codecs whose plain lengths are known.
    pub codecs: [Codec; CODECS],
    /// The remote port of the session description.
    pub remote_port: u16,
    /// Our port.
    pub local_port: u16,
    /// `FLOW_…`.
    pub flags: u32,

    /// Kernel monotonic nanoseconds of the last packet that passed; at first, of the opening.
    pub seen: u64,
    /// The port of who sent the first packet that fitted, and why that one fitted ([`crate::media::lock_word`]); 0: nobody
    /// yet. Taken by compare-and-swap; the address follows.
    pub lock: u64,
    /// The address that it is locked to. See [`Flow::locked_to`].
    pub locked: Addr,
    /// Sources that asked with the right USERNAME, latest first: [`crate::media::remote_hash`].
    pub checked: [u64; 2],
    /// What is known of the stream of RTP: [`crate::media::Stream`].
    pub stream: [u64; 2],
    /// The rate cell of `limit`.
    pub cell: u64,
    /// Packets that passed.
    pub packets: u64,
    /// Their bytes, from the link-layer header on.
    pub bytes: u64,
    /// Packets from another source.
    pub mismatches: u64,
    /// Changes of SSRC, and jumps of the sequence number.
    pub changes: u64,
    /// RTP packets that looked plain.
    pub plain: u64,
}

/// Whom our side sends media to from one port.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// The latest remote sides, latest first: keyed hashes of address and port, and when. See [`Learned::find`].
    pub remotes: [u64; LEARNED_REMOTES],
    /// What is known of the stream of RTP that comes from there: [`crate::media::Stream`].
    pub stream: [u64; 2],
}
