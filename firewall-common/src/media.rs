//! Pinholes: what media may pass, the records by which the kernel program and the daemon agree on it, and what can be told
//! of a media packet from its bytes.
//!
//! Owns: those records, telling media apart (RFC 7983, RFC 5761), whom a flow is for, the test for plain RTP. Refuses: which
//! calls there are (the daemon follows them), maps and clocks.
mod flow;
mod kind;
mod learned;
mod plain;
mod record;
mod remote;
mod rtp;
mod stream;
mod stun;
#[cfg(test)]
mod tests;

pub use flow::{Fit, How, Sender, lock_word};
pub use kind::Kind;
pub use learned::{AGE_MAX, NOT_LEARNED};
pub use plain::{Ratio, looks_plain, negotiated, well_known};
pub use record::{
    CODECS, Codec, FLOW_BUNDLE, FLOW_DTLS, FLOW_ICE, FLOW_OTHER, FLOW_REFUSED, FLOW_RTCP, FLOW_RTP, FLOW_SRTP,
    FLOWS_OF_PORT, Flow, LEARNED_REMOTES, Learned,
};
pub use remote::remote_hash;
pub use rtp::Rtp;
pub use stream::{Followed, Stream};
pub use stun::{StunClass, USERNAME_MAX, hash, locate, username, username_hash};
