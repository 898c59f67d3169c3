//! Why a call was refused, or would have been.
//!
//! Owns: the sentences, and what is to be set so that it passes. Refuses: judging.
use crate::config::{KeyManagement, Media};
use crate::engine::call::{Demand, How, Leg, Refusal, Why};
use crate::report::summary::words;
use crate::report::text::plain;
use crate::report::time::instant;

/// What was done, what decided, what is wrong with it, and what to do.
pub(super) fn lines(leg: &Leg, refusal: &Refusal, media: &Media) -> Vec<(&'static str, String)> {
    let line = if refusal.line.is_empty() { "(none)".to_owned() } else { plain(&refusal.line) };
    vec![
        (if refusal.enforced { "refused" } else { "would be refused" }, done(refusal)),
        ("media line", line),
        ("why", sentence(refusal.why).to_owned()),
        ("policy", policy(leg.policy).to_owned()),
        ("what to do", advice(refusal, leg.inbound, media)),
    ]
}

fn done(refusal: &Refusal) -> String {
    let how = match (refusal.how, refusal.enforced) {
        (How::Answered, true) => "its INVITE was dropped and answered 488 Not Acceptable Here",
        (How::Answered, false) => "its INVITE would have been dropped and answered 488 Not Acceptable Here",
        (How::OwnOffer, true) => "our own side's INVITE was dropped on its way out",
        (How::OwnOffer, false) => "our own side's INVITE would have been dropped on its way out",
        (How::NoMedia, true) => "it gets no media",
        (How::NoMedia, false) => "it would have got no media",
    };
    format!("{}: {how}", instant(refusal.time))
}

fn policy(demand: Demand) -> &'static str {
    match demand {
        Demand::Off => "off: nothing is demanded",
        Demand::Prefer => "prefer: it is judged and told, and passes",
        Demand::SrtpOnly => "srtp-only: encrypted media or none",
    }
}

/// The word of JSON and of reports.
pub(crate) fn word(why: Why) -> &'static str {
    match why {
        Why::Plain => "plain",
        Why::NoKeys => "no_keys",
        Why::KeyManagement => "key_management",
        Why::Suite => "suite",
        Why::Unprotected => "unprotected",
        Why::Kind => "kind",
        Why::Downgrade => "downgrade",
        Why::Unreadable => "unreadable",
    }
}

fn sentence(why: Why) -> &'static str {
    match why {
        Why::Plain => "it offers RTP without keys, so everybody on the way could listen",
        Why::NoKeys => "it names an SRTP profile, but has neither a=crypto nor a=fingerprint",
        Why::KeyManagement => "its keys are agreed on in no way that the policy accepts",
        Why::Suite => "none of its crypto suites is accepted",
        Why::Unprotected => "its crypto lines turn encryption or authentication off",
        Why::Kind => "it is of a kind of media that the policy refuses",
        Why::Downgrade => "SRTP was offered, and the answer is without it",
        Why::Unreadable => "its session description cannot be read",
    }
}

/// What whoever wrote the line has to set, or the operator.
fn advice(refusal: &Refusal, inbound: bool, media: &Media) -> String {
    let caller = if inbound { "the caller" } else { "our server, for this trunk" };
    let keys = words(media.keys.iter());
    let sdes = media.keys.contains(KeyManagement::Sdes);
    match refusal.why {
        Why::Plain | Why::NoKeys => {
            format!("{caller} has to turn on SRTP ({keys}): {}", how_to(media))
        }
        Why::KeyManagement => {
            format!("{caller} has to agree on keys by {keys}, or media.keys has to name the other way too")
        }
        Why::Suite if sdes => {
            format!("{caller} has to offer one of {}, or media.suites has to name its own", words(media.suites.iter()))
        }
        Why::Suite => format!("{caller} has to agree on keys by {keys}"),
        Why::Unprotected => {
            format!("{caller} has to leave out UNENCRYPTED_SRTP, UNENCRYPTED_SRTCP and UNAUTHENTICATED_SRTP")
        }
        Why::Kind => {
            "media.t38, media.msrp, media.application or media.other = \"allow\" lets such media in".to_owned()
        }
        Why::Downgrade => format!("whoever answers has to turn on SRTP ({keys}): {}", how_to(media)),
        Why::Unreadable => format!("{caller} has to send a session description as RFC 8866 has it"),
    }
}

fn how_to(media: &Media) -> &'static str {
    match (media.keys.contains(KeyManagement::Sdes), media.keys.contains(KeyManagement::Dtls)) {
        (true, true) => {
            "m=… RTP/SAVP with a=crypto, or UDP/TLS/RTP/SAVPF with a=fingerprint (Asterisk: media_encryption=sdes or dtls)"
        }
        (true, false) => "m=… RTP/SAVP with a=crypto (Asterisk: media_encryption=sdes)",
        (false, _) => "m=… UDP/TLS/RTP/SAVPF with a=fingerprint (Asterisk: media_encryption=dtls)",
    }
}
