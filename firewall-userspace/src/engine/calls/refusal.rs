//! What the kernel refused: with which status that is answered, and in which words.
//!
//! Owns: the answers' statuses by the kernel's reasons, and what a call's record says of them. Refuses: writing answers.
use firewall_common::reason::Reason;
use firewall_common::sip::Method;

use super::super::call::{Decided, Leg, Refusal};
use super::super::call::{How, Why};
use super::Calls;
use super::heard::Heard;

/// The status that a refused request is answered with, and its phrase; none for what nobody answers.
pub(super) const fn status(reason: Reason) -> Option<(u16, &'static str)> {
    match reason {
        Reason::PlainRtp => Some((488, "Not Acceptable Here")),
        Reason::NumberDenied | Reason::NumberUnlisted | Reason::CallCode => Some((403, "Forbidden")),
        Reason::CallerDenied | Reason::CallerSpoofed => Some((603, "Decline")),
        // RFC 5079
        Reason::CallerAnonymous => Some((433, "Anonymity Disallowed")),
        _ => None,
    }
}

/// Why, for whoever reads the answer. It says nothing that a list holds: whoever asks learns what he knows already.
pub(super) const fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::NumberDenied => "number denied by policy",
        Reason::NumberUnlisted => "number not among those that may be called",
        Reason::CallCode => "number needs a valid call code",
        Reason::CallerDenied => "caller denied by policy",
        Reason::CallerSpoofed => "caller is one of ours and calls from outside",
        Reason::CallerAnonymous => "caller must say who he is",
        _ => "refused",
    }
}

/// Whether a call's record tells of it.
pub(super) const fn is_told(reason: Reason) -> bool {
    status(reason).is_some() || is_own(reason)
}

/// Whether it is about media.
pub(super) const fn is_media(reason: Reason) -> bool {
    matches!(reason, Reason::PlainRtp | Reason::OwnPlainRtp)
}

/// Whether our side's own request was dropped, which nobody can answer.
const fn is_own(reason: Reason) -> bool {
    matches!(reason, Reason::OwnPlainRtp | Reason::OwnNumber)
}

/// What a leg's refusal says that is about media.
pub(super) fn decided(legs: &[Leg]) -> Option<Decided> {
    let Refusal { enforced, how, .. } = legs.iter().find_map(|leg| leg.refusal.as_ref())?;
    let (reason, status) = match how {
        How::Answered => (Reason::PlainRtp, Some(488).filter(|_| *enforced)),
        How::OwnOffer => (Reason::OwnPlainRtp, None),
        How::NoMedia => (Reason::RefusedMedia, None),
    };
    Some(Decided { by: reason.word().to_owned(), status, enforced: *enforced })
}

impl Calls {
    /// Takes in a request that the kernel dropped: answers it, and notes that of its call.
    pub(super) fn hear_refused(
        &mut self,
        heard: &Heard<'_>,
        reason: Reason,
        out: &mut Vec<super::Command>,
    ) -> Option<usize> {
        let fault = (is_media(reason) && heard.is_invite()).then(|| self.fault(heard));
        let why = fault.as_ref().map_or(Why::Plain, |fault| fault.why);
        let answered = heard.is_in() && heard.is_request() && self.answer(heard, reason, why, out);
        if heard.exchange.method == Method::Refer && heard.is_in() && is_told(reason) {
            self.transfer_refused(heard);
        }
        if !heard.is_invite() || !is_told(reason) {
            return None;
        }
        let (place, at) = self.leg(heard)?;
        let call = self.book.get_mut(place)?;
        call.touched = heard.now;
        call.note(at?, heard);
        let leg = call.legs.get_mut(at?)?;
        let is_new = match &fault {
            Some(fault) => leg.refuse(heard, if heard.is_in() { How::Answered } else { How::OwnOffer }, fault),
            None => leg.stop(heard),
        };
        if is_new {
            *if heard.is_in() { &mut self.counts.refused } else { &mut self.counts.own_offers } += 1;
            let status = status(reason).filter(|_| answered).map(|(status, _)| status);
            call.decided = Some(Decided { by: reason.word().to_owned(), status, enforced: true });
        }
        Some(place)
    }
}
