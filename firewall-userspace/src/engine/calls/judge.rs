//! What a media line, and an offer as a whole, can lead to (RFC 4568, RFC 5763, RFC 8643).
//!
//! Owns: that judgement. Refuses: what the answer makes of it.
use firewall_common::sdp::Accepted;

use super::super::call::Why;
use super::description::{Description, Line};

/// A media line that decided, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line as it stands in the description.
    pub(super) line: Box<str>,
    /// What is wrong with it.
    pub(super) why: Why,
}

impl Fault {
    /// A description that cannot be read.
    pub(super) fn unreadable() -> Self {
        Self { line: Box::default(), why: Why::Unreadable }
    }
}

/// Whether an offer can lead to SRTP: one that has an RTP line with usable keys, or no RTP line and one of another kind that
/// is accepted. One without any active line asks for nothing.
pub(super) fn offer(description: &Description, accepted: Accepted) -> Result<(), Fault> {
    let active = || description.lines.iter().filter(|line| line.is_active());
    let has_rtp = active().any(Line::is_rtp);
    let mut fault = None;
    for one in active().filter(|one| one.is_rtp() == has_rtp) {
        match line(one, accepted) {
            Ok(()) => return Ok(()),
            Err(why) => fault = fault.or(Some(Fault { line: one.text.clone(), why })),
        }
    }
    fault.map_or(Ok(()), Err)
}

/// Whether a line's own words suffice.
pub(super) fn line(line: &Line, accepted: Accepted) -> Result<(), Why> {
    if !line.is_rtp() {
        return if accepted.has(kind(line)) { Ok(()) } else { Err(Why::Kind) };
    }
    let sdes = accepted.has(Accepted::SDES) && !line.crypto.is_empty();
    if sdes && line.crypto.iter().any(|one| is_accepted(one.suite, accepted) && !one.unprotected)
        || accepted.has(Accepted::DTLS) && line.fingerprint
    {
        return Ok(());
    }
    Err(match () {
        () if sdes && line.crypto.iter().any(|one| is_accepted(one.suite, accepted)) => Why::Unprotected,
        () if sdes => Why::Suite,
        () if !line.crypto.is_empty() || line.fingerprint || line.foreign_keys => Why::KeyManagement,
        () if line.is_secure() => Why::NoKeys,
        () => Why::Plain,
    })
}

/// Whether a suite is one that the policy accepts.
pub(super) fn is_accepted(suite: Option<firewall_common::sdp::Suite>, accepted: Accepted) -> bool {
    suite.is_some_and(|suite| accepted.has(suite.bit()))
}

/// The bit by which a line that is no RTP is accepted.
fn kind(line: &Line) -> u32 {
    match &*line.medium {
        "image" => Accepted::T38,
        "message" => Accepted::MSRP,
        "application" => Accepted::APPLICATION,
        _ => Accepted::OTHER,
    }
}

#[cfg(test)]
mod tests {
    use firewall_common::sdp::{Prospect, Suite, Summary, leads};
    use firewall_common::sip::Window;

    use super::*;

    const KEY: &str = "inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

    /// Judged here and in the kernel, which must agree: one drops what the other answers.
    fn judged(lines: &str, accepted: Accepted) -> Result<(), Why> {
        let text = format!("v=0\r\nc=IN IP4 192.0.2.1\r\n{}\r\n", lines.replace("KEY", KEY).replace('|', "\r\n"));
        let here = offer(&Description::read(text.as_bytes()).unwrap(), accepted).map_err(|fault| fault.why);
        let start = "INVITE sip:a@h SIP/2.0\r\n";
        let message = format!("{start}c: application/sdp\r\nl: {}\r\n\r\n{text}", text.len());
        let mut window = Window::new();
        window.fill(message.as_bytes());
        let summary = Summary::of_message(&window, start.len() as u32, message.len() as u32);
        assert_eq!(here.is_err(), leads(summary, accepted) == Prospect::Plain, "{lines}");
        here
    }

    #[test]
    fn offers_by_their_lines() {
        for (lines, expected) in [
            ("m=audio 4000 RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY", Ok(())),
            ("m=audio 4000 RTP/AVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY", Ok(())),
            ("m=audio 4000 UDP/TLS/RTP/SAVPF 0|a=fingerprint:sha-256 AA", Ok(())),
            ("a=fingerprint:sha-256 AA|m=audio 4000 RTP/AVPF 0", Ok(())),
            ("m=audio 4000 RTP/AVP 0", Err(Why::Plain)),
            ("m=audio 4000 RTP/SAVP 0", Err(Why::NoKeys)),
            ("m=audio 4000 RTP/SAVP 0|a=key-mgmt:mikey AAAA", Err(Why::KeyManagement)),
            ("m=audio 4000 RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_32 KEY", Err(Why::Suite)),
            ("m=audio 4000 RTP/SAVP 0|a=crypto:1 NULL KEY", Err(Why::Suite)),
            ("m=audio 4000 RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY UNENCRYPTED_SRTP", Err(Why::Unprotected)),
            (
                "m=audio 4000 RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY UNENCRYPTED_SRTP|a=crypto:2 AEAD_AES_256_GCM KEY",
                Ok(()),
            ),
            ("m=audio 0 RTP/AVP 0", Ok(())),
            ("", Ok(())),
            ("m=audio 0 RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY|m=audio 4000 RTP/AVP 0", Err(Why::Plain)),
            ("m=audio 4000 RTP/AVP 0|m=video 5000 RTP/SAVP 96|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY", Ok(())),
            ("m=image 4000 udptl t38", Err(Why::Kind)),
            ("m=message 4000 TCP/MSRP *", Ok(())),
            ("m=message 4000 TCP/MSRP *|m=audio 5000 RTP/AVP 0", Err(Why::Plain)),
            ("m=application 4000 UDP/BFCP *", Ok(())),
            ("m=application 4000 RTP/AVP 96", Err(Why::Plain)),
            ("m=audio 4000 udp 0", Err(Why::Kind)),
        ] {
            assert_eq!(judged(lines, Accepted::USUAL), expected, "{lines}");
        }
    }

    #[test]
    fn only_what_is_accepted_counts() {
        let without = |bits: u32| Accepted::new(Accepted::USUAL.bits() & !bits);
        let sdes = "m=audio 4000 RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 KEY";
        let dtls = "m=audio 4000 UDP/TLS/RTP/SAVP 0|a=fingerprint:sha-256 AA";
        assert_eq!(judged(sdes, without(Accepted::SDES)), Err(Why::KeyManagement));
        assert_eq!(judged(dtls, without(Accepted::DTLS)), Err(Why::KeyManagement));
        assert_eq!(judged(sdes, without(Suite::AesCm128Sha1_80.bit())), Err(Why::Suite));
        let all = Accepted::new(Accepted::USUAL.bits() | Accepted::T38);
        assert_eq!(judged("m=image 4000 udptl t38", all), Ok(()));
    }
}
