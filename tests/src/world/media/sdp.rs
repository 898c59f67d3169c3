//! Session descriptions with one media line (RFC 8866).
//!
//! Owns: honest ones. Refuses: disguises (tests write these by hand).
use std::fmt;
use std::net::SocketAddr;

/// How SRTP's keys are agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// There are none.
    None,
    /// In the description (RFC 4568).
    Sdes,
    /// By DTLS (RFC 5763).
    Dtls,
}

/// A description of audio, G.711.
#[derive(Clone, Copy, Debug)]
pub struct Sdp {
    /// Where its side takes media.
    pub at: SocketAddr,
    /// See [`Keys`].
    pub keys: Keys,
    /// `sendrecv`, `sendonly` and the like.
    pub direction: &'static str,
    /// Grows with each one of a session.
    pub version: u32,
    /// Whether RTCP comes on the same port (RFC 5761).
    pub mux: bool,
}

impl Sdp {
    /// One that flows both ways.
    pub const fn new(at: SocketAddr, keys: Keys) -> Self {
        Self { at, keys, direction: "sendrecv", version: 1, mux: false }
    }

    /// The next one of the session, that flows so.
    #[must_use]
    pub const fn next(self, direction: &'static str) -> Self {
        Self { direction, version: self.version + 1, ..self }
    }

    /// RTCP on the same port.
    #[must_use]
    pub const fn muxed(self) -> Self {
        Self { mux: true, ..self }
    }
}

impl fmt::Display for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, keys, direction, version, mux } = self;
        let (ip, family) = (at.ip(), if at.is_ipv4() { 4 } else { 6 });
        let profile = match keys {
            Keys::None => "RTP/AVP",
            Keys::Sdes => "RTP/SAVP",
            Keys::Dtls => "UDP/TLS/RTP/SAVP",
        };
        write!(f, "v=0\r\no=- 1 {version} IN IP{family} {ip}\r\ns=-\r\nc=IN IP{family} {ip}\r\nt=0 0\r\n")?;
        write!(f, "m=audio {} {profile} 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n", at.port())?;
        match keys {
            Keys::None => {}
            Keys::Sdes => {
                f.write_str("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n")?;
            }
            Keys::Dtls => {
                let print = ["4A"; 32].join(":");
                write!(f, "a=setup:actpass\r\na=fingerprint:SHA-256 {print}\r\n")?;
            }
        }
        if *mux {
            f.write_str("a=rtcp-mux\r\n")?;
        }
        write!(f, "a={direction}\r\n")
    }
}
