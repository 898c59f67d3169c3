//! What a test may choose about Kamailio.
//!
//! Owns: the choices and how its config is told of them. Refuses: what they mean there.
use std::process::Command;
use std::time::Duration;

/// The digest's algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 2617's.
    Md5,
    /// RFC 8760's.
    Sha256,
    /// A REGISTER is challenged with both, SHA-256 first.
    Both,
}

/// What a digest protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Not said, as before RFC 2617.
    None,
    /// `qop=auth`.
    Auth,
    /// `qop=auth-int`: also the body. REGISTER only, and only MD5.
    AuthInt,
}

/// How often a nonce may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonces {
    /// As often as one likes until it expires.
    Free,
    /// With each nonce count once.
    Counted,
    /// Once.
    Once,
}

/// What becomes of a REGISTER for a user who does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// 404.
    NotFound,
    /// 403.
    Forbidden,
    /// 401, like everybody.
    Challenged,
}

/// What becomes of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    /// They go past the server.
    None,
    /// rtpengine takes them at the server, and each side speaks as the other does.
    Same,
    /// The same, but the trunk speaks plain RTP and everybody else SRTP with keys in the session description.
    PlainTrunk,
    /// The same, but the trunk's keys stand in the session description and everybody else's are agreed on by DTLS.
    DtlsPhones,
}

/// How Kamailio is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The digest's algorithm.
    pub algorithm: Algorithm,
    /// What the digest protects.
    pub quality: Quality,
    /// After that a nonce is stale; whole seconds.
    pub expiry: Duration,
    /// How often a nonce may be used.
    pub nonces: Nonces,
    /// Whether an old nonce is answered with `stale=true`. Most servers' scripts do not say so.
    pub stale: bool,
    /// What unknown users are told.
    pub unknown: Unknown,
    /// Bindings a user may have; with one, a new one replaces it.
    pub contacts: u32,
    /// Also listen for SIP over TLS.
    pub tls: bool,
    /// Limit each source by the module pike.
    pub pike: bool,
    /// Log failed authentications, for feeds and for counting.
    pub log: bool,
    /// Whatever is no user is a number, and goes to the trunk.
    pub pstn: bool,
    /// What becomes of media; without [`Relay::None`], rtpengine must run (see [`super::rtpengine`]).
    pub relay: Relay,
    /// The relay sends something as soon as it knows where media go, and does not wait for a first packet.
    pub pierce: bool,
    /// The relay offers ICE (RFC 8445) to everybody, and takes part in it.
    pub ice: bool,
}

impl Default for Options {
    /// MD5, `qop=auth`, free nonces that last five minutes, UDP and TCP: what such servers do if left alone.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Md5,
            quality: Quality::Auth,
            expiry: Duration::from_secs(300),
            nonces: Nonces::Free,
            stale: false,
            unknown: Unknown::NotFound,
            contacts: 1,
            tls: false,
            pike: false,
            log: false,
            pstn: false,
            relay: Relay::None,
            pierce: false,
            ice: false,
        }
    }
}

impl Options {
    /// Plain, but it logs failed authentications.
    #[must_use]
    pub fn logging() -> Self {
        Self { log: true, ..Self::default() }
    }

    pub(super) fn define(&self, command: &mut Command) {
        let mut define = |text: String| {
            command.args(["-A", &text]);
        };
        define(format!("ALGORITHM=\"{}\"", if self.algorithm == Algorithm::Md5 { "MD5" } else { "SHA-256" }));
        define(format!("NONCE_EXPIRE={}", self.expiry.as_secs()));
        define(format!("CONTACTS={}", self.contacts));
        let quality = match self.quality {
            Quality::None => 0,
            Quality::Auth => 1,
            Quality::AuthInt => 2,
        };
        define(format!("QUALITY=\"{quality}\""));
        define(format!("STALE=\"{}\"", if self.stale { quality + 16 } else { quality }));
        // What rtpengine is to make of the media lines towards the trunk, and towards everybody else.
        let (trunk, others) = match self.relay {
            Relay::None | Relay::Same => ("", ""),
            Relay::PlainTrunk => ("RTP/AVP", "RTP/SAVP DTLS=off SDES-no-AEAD_AES_256_GCM SDES-no-AEAD_AES_128_GCM"),
            Relay::DtlsPhones => {
                ("RTP/SAVP DTLS=off SDES-no-AEAD_AES_256_GCM SDES-no-AEAD_AES_128_GCM", "UDP/TLS/RTP/SAVP SDES-off")
            }
        };
        define(format!("TO_TRUNK=\"{trunk}\""));
        define(format!("TO_OTHERS=\"{others}\""));
        define(format!("ICE=\"{}\"", if self.ice { "ICE=force" } else { "ICE=remove" }));
        define(format!("PIERCE=\"{}\"", if self.pierce { "pierce-NAT" } else { "" }));
        let switches = [
            ("WITH_MANY", self.contacts > 1),
            ("WITH_BODY", self.quality == Quality::AuthInt),
            ("WITH_TWO", self.algorithm == Algorithm::Both),
            ("WITH_NC", self.nonces == Nonces::Counted),
            ("WITH_ONCE", self.nonces == Nonces::Once),
            ("WITH_PIKE", self.pike),
            ("WITH_FAILLOG", self.log),
            ("WITH_FORBID", self.unknown == Unknown::Forbidden),
            ("WITH_HIDE", self.unknown == Unknown::Challenged),
            ("WITH_PSTN", self.pstn),
            ("WITH_RTPENGINE", self.relay != Relay::None),
        ];
        switches.into_iter().filter(|(_, on)| *on).for_each(|(name, _)| define(name.to_owned()));
    }
}
