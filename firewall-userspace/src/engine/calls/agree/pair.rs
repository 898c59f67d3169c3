//! One media line of an offer or an answer, and what the two of them agree on (RFC 4568 §5.1, RFC 5763 §5, RFC 8843 §7).
//!
//! Owns: keys, what may pass, who sends. Refuses: addresses and ports.
use firewall_common::media::{FLOW_DTLS, FLOW_ICE, FLOW_OTHER, FLOW_RTP, FLOW_SRTP, username_hash};
use firewall_common::sdp::Accepted;

use super::super::super::call::{Keys, Why};
use super::super::description::{Direction, Line};
use super::super::judge;

/// One line of both, and the line whose transport it uses.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) own: &'a Line,
    pub(super) transport: &'a Line,
}

impl Pair<'_> {
    /// Where its keys stand: a bundle's may stand at its transport alone (RFC 8843 §7.1.3).
    fn keyed(&self) -> &Line {
        if self.own.crypto.is_empty() && !self.own.fingerprint { self.transport } else { self.own }
    }
}

/// How the keys of a line are agreed on; none for what is accepted without. Otherwise why it is not enough.
pub(super) fn agreed_keys(offer: Pair<'_>, answer: Pair<'_>, accepted: Accepted) -> Result<Option<Keys>, Why> {
    let (asked, said) = (offer.keyed(), answer.keyed());
    if !answer.own.is_rtp() {
        return judge::line(answer.own, accepted).map(|()| None);
    }
    let good = |line: &Line, at: usize| {
        let crypto = line.crypto.get(at)?;
        (judge::is_accepted(crypto.suite, accepted) && !crypto.unprotected).then_some(crypto.suite)
    };
    let chosen = good(said, 0).filter(|_| accepted.has(Accepted::SDES)).flatten();
    if let Some(suite) = chosen
        && (0..asked.crypto.len()).any(|at| good(asked, at).flatten() == Some(suite))
    {
        return Ok(Some(Keys::Sdes(suite.word().to_owned())));
    }
    if accepted.has(Accepted::DTLS) && asked.fingerprint && said.fingerprint {
        return Ok(Some(Keys::Dtls));
    }
    Err(match (judge::line(asked, accepted), judge::line(said, accepted)) {
        (Ok(()), Err(Why::Plain | Why::NoKeys)) => Why::Downgrade,
        (Err(why), _) | (_, Err(why)) => why,
        // Each would do, but the answer takes what was not offered.
        (Ok(()), Ok(())) if said.crypto.is_empty() => Why::KeyManagement,
        (Ok(()), Ok(())) => Why::Suite,
    })
}

/// What may pass a line's first port, RTCP aside.
pub(super) fn flags(offer: Pair<'_>, answer: Pair<'_>, good: bool) -> u32 {
    let dtls = offer.keyed().fingerprint && answer.keyed().fingerprint;
    let ice = offer.transport.ufrag.is_some() && answer.transport.ufrag.is_some();
    let carried = match answer.own.is_rtp() {
        true => FLOW_RTP | if good { FLOW_SRTP } else { 0 } | if dtls { FLOW_DTLS } else { 0 },
        false if answer.own.is_dtls() => FLOW_DTLS,
        false => FLOW_OTHER,
    };
    carried | if ice { FLOW_ICE } else { 0 }
}

/// Of the USERNAME in the remote party's checks: our fragment, a colon, and its own (RFC 8445 §7.2.2).
pub(super) fn ice(ours: Pair<'_>, theirs: Pair<'_>) -> u64 {
    let fragment = |pair: Pair<'_>| pair.transport.ufrag.as_deref().unwrap_or_default().to_owned();
    username_hash(format!("{}:{}", fragment(ours), fragment(theirs)).as_bytes())
}

/// Whether the remote party need not send: in anything but a conversation. Who puts a call on hold may send music, or nothing.
pub(super) fn is_held(ours: &Line, theirs: &Line) -> bool {
    [ours, theirs].iter().any(|line| line.direction != Direction::SendRecv) || theirs.is_nowhere()
}

/// Where media goes, as our side sees it.
pub(super) fn direction(ours: &Line, theirs: &Line) -> &'static str {
    let out = ours.direction.sends() && theirs.direction.receives() && !theirs.is_nowhere();
    let back = theirs.direction.sends() && ours.direction.receives() && !ours.is_nowhere();
    match (out, back) {
        (true, true) => "sendrecv",
        (true, false) => "sendonly",
        (false, true) => "recvonly",
        (false, false) => "inactive",
    }
}
