//! Offers and answers of a leg's dialogs (RFC 3264, RFC 3311, RFC 3262 §5, RFC 6337).
//!
//! Owns: which description answers which. Refuses: what they agree on.
use firewall_common::sip::Method;

use super::super::super::call::How;
use super::super::agree::{Meeting, Session};
use super::super::heard::{Heard, Said, Side};
use super::super::judge::Fault;
use super::branch::Offer;
use super::{Around, Leg};

impl Leg {
    /// An offer inside a dialog, or the answer to one that stood in a response.
    pub(super) fn offered(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        let (exchange, said) = (heard.exchange, heard.said());
        if exchange.method == Method::Prack && self.answer_delayed(heard, &said, around) {
            return;
        }
        if matches!(said, Said::Nothing) && exchange.method != Method::Invite {
            return;
        }
        let Some(branch) = self.branch(self.branch_tag(heard), heard.is_invite() && around.has_room) else { return };
        branch.push(Offer::new(exchange, said, around));
    }

    /// An ACK: it answers if a 2xx offered.
    pub(super) fn answered(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        self.answer_delayed(heard, &heard.said(), around);
    }

    /// Whether a request answers an offer that stood in a response.
    fn answer_delayed(&mut self, heard: &Heard<'_>, said: &Said, around: Around<'_>) -> bool {
        let (by, cseq) = (heard.exchange.by, heard.exchange.cseq);
        let is_ack = heard.exchange.method == Method::Ack;
        let tag = self.branch_tag(heard);
        let Some(branch) = self.branch(tag, false) else { return false };
        let is_meant =
            |offer: &Offer| offer.delayed && offer.by == by.other() && (!is_ack || offer.exchange.cseq == cseq);
        let Some(at) = branch.offers.iter().position(is_meant) else { return false };
        if matches!(said, Said::Nothing) {
            return false;
        }
        let offer = branch.offers.remove(at);
        branch.settled = Some(offer.exchange);
        self.agree(tag, &offer, said, heard, around);
        true
    }

    /// A description in a response to an INVITE: the answer, or an offer if the INVITE had none.
    pub(super) fn described(&mut self, heard: &Heard<'_>, is_first: bool, around: Around<'_>) {
        let said = heard.said();
        let tag = self.branch_tag(heard);
        if matches!(said, Said::Nothing) || tag == 0 {
            return;
        }
        let Some(branch) = self.branch(tag, is_first && around.has_room) else { return };
        if branch.settled == Some(heard.exchange) {
            return;
        }
        let within = |offers: &mut Vec<Offer>| {
            let at = offers.iter().position(|offer| offer.exchange == heard.exchange && !offer.delayed)?;
            Some(Offer { said: offers[at].said.clone(), ..offers[at] })
        };
        let Some(offer) = (if is_first { within(&mut self.offers) } else { within(&mut branch.offers) }) else {
            return;
        };
        if matches!(offer.said, Said::Nothing) {
            let said = said.fit(around.has_room);
            if let Some(branch) = self.branch(tag, false) {
                branch.push(Offer { by: offer.by.other(), delayed: true, said, ..offer });
            }
        } else {
            self.agree(tag, &offer, &said, heard, around);
        }
    }

    /// A response to UPDATE or PRACK.
    pub(super) fn replied(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        if heard.status < 200 {
            return;
        }
        let tag = self.branch_tag(heard);
        let Some(branch) = self.branch(tag, false) else { return };
        let Some(at) = branch.offers.iter().position(|offer| offer.exchange == heard.exchange) else { return };
        let offer = branch.offers.remove(at);
        let said = heard.said();
        if heard.status < 300 && !matches!(said, Said::Nothing) {
            self.agree(tag, &offer, &said, heard, around);
        }
    }

    /// What was offered inside a dialog is no longer under way.
    pub(super) fn drop_offer(&mut self, heard: &Heard<'_>) {
        if let Some(branch) = self.branch(self.branch_tag(heard), false) {
            branch.offers.retain(|offer| offer.exchange != heard.exchange || offer.delayed);
        }
    }

    fn agree(&mut self, tag: u64, offer: &Offer, answer: &Said, heard: &Heard<'_>, around: Around<'_>) {
        let (demand, signalling) = (self.demand, self.remote);
        let Some(branch) = self.branch(tag, false) else { return };
        let session = match (&offer.said, answer) {
            (Said::Description(asked), Said::Description(answer)) => Meeting {
                offer: asked,
                answer,
                we_offered: offer.by == Side::Ours,
                demand,
                rules: around.rules,
                call: around.call,
                signalling,
                former: branch.session.as_ref().map(|(_, session)| session),
            }
            .session(),
            _ => Session { fault: Some(Fault::unreadable()), ..Session::default() },
        };
        let fault = session.fault.clone();
        let before = branch.session.replace((offer.exchange, session)).map(|(exchange, _)| exchange);
        if !offer.delayed {
            // What the responses of an earlier INVITE say from now on has been overtaken.
            branch.settled = before.filter(|before| *before != offer.exchange).or(branch.settled);
        }
        if let Some(fault) = fault {
            self.object(How::NoMedia, around.rules.drops_media, &fault, heard.wall);
        }
    }
}
