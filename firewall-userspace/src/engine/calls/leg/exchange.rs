//! Offers and answers of a leg's dialogs (RFC 3264, RFC 3311, RFC 3262 §5, RFC 6337).
//!
//! Owns: which description answers which. Refuses: what they agree on.
use firewall_common::sip::Method;

use super::super::super::call::{Demand, How};
use super::super::agree::{Meeting, Session};
use super::super::closed;
use super::super::heard::{FEW, Heard, Said, Side};
use super::super::judge::Fault;
use super::branch::Offer;
use super::{Around, Leg};

/// Flows of a dialog to which no more are added that close what was never agreed on.
const CLOSED: usize = 64;

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
            // The offer stays: an ACK that was forged must not keep the real one from answering.
            let ours = branch.offers.get(at).filter(|_| is_ack && by == Side::Remote).map(|offer| offer.said.clone());
            ours.iter().for_each(|ours| self.unmatched(tag, ours, heard, around));
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
            return self.undescribed(heard, is_first, around);
        }
        // For the first dialog there is always room.
        let is_new = is_first && (around.has_room || self.branches.is_empty());
        let Some(branch) = self.branch(tag, is_new) else { return };
        if branch.settled == Some(heard.exchange) {
            return;
        }
        let within = |offers: &mut Vec<Offer>| {
            let at = offers.iter().position(|offer| offer.exchange == heard.exchange && !offer.delayed)?;
            Some(Offer { said: offers[at].said.clone(), ..offers[at] })
        };
        let Some(offer) = (if is_first { within(&mut self.offers) } else { within(&mut branch.offers) }) else {
            if !heard.is_in() {
                self.unmatched(tag, &said, heard, around);
            }
            return;
        };
        if matches!(offer.said, Said::Nothing) {
            let said = said.fit(around.has_room, offer.by.other());
            if let Some(branch) = self.branch(tag, false) {
                branch.push(Offer { by: offer.by.other(), delayed: true, said, ..offer });
            }
        } else {
            self.agree(tag, &offer, &said, heard, around);
        }
    }

    /// A response to an INVITE without a description: if it accepts our side's offer, nothing was agreed on, unless it was
    /// in an earlier response.
    fn undescribed(&mut self, heard: &Heard<'_>, is_first: bool, around: Around<'_>) {
        let tag = self.branch_tag(heard);
        if !(200..300).contains(&heard.status) || !heard.is_in() {
            return;
        }
        let within = |offers: &[Offer]| {
            let is_meant =
                |offer: &&Offer| offer.exchange == heard.exchange && !offer.delayed && offer.by == Side::Ours;
            offers.iter().find(is_meant).map(|offer| offer.said.clone())
        };
        let has_room = is_first && (around.has_room || self.branches.is_empty());
        let first = within(&self.offers).filter(|_| is_first);
        let Some(branch) = self.branch(tag, has_room) else { return };
        let is_agreed = branch.session.as_ref().is_some_and(|(exchange, _)| *exchange == heard.exchange);
        let is_agreed = is_agreed || branch.settled == Some(heard.exchange);
        let Some(ours) = first.or_else(|| within(&branch.offers)).filter(|_| !is_agreed) else { return };
        self.unmatched(tag, &ours, heard, around);
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

    /// A session of which one side cannot be read: what our side named stays closed.
    fn unread(&self, ours: &Said, around: Around<'_>) -> Session {
        let places = if self.demand == Demand::SrtpOnly { ours.places() } else { Vec::new() };
        let places = &places[..places.len().min(if around.has_room { usize::MAX } else { FEW })];
        let flows = closed::flows(places, around.rules, around.call, self.remote);
        Session { flows, fault: Some(Fault::unreadable()), ..Session::default() }
    }

    /// Our side has described media to which nothing was said: no answer, or no offer. What is agreed on already stays, and
    /// what more it names is closed.
    fn unmatched(&mut self, tag: u64, ours: &Said, heard: &Heard<'_>, around: Around<'_>) {
        let Session { mut flows, fault, .. } = self.unread(ours, around);
        let Some(branch) = self.branch(tag, false) else { return };
        let (_, session) = branch.session.get_or_insert_with(|| (heard.exchange, Session::default()));
        flows.retain(|flow| !session.flows.iter().any(|known| known.local_port == flow.local_port));
        flows.truncate(CLOSED.saturating_sub(session.flows.len()));
        if flows.is_empty() {
            return;
        }
        session.flows.append(&mut flows);
        if let Some(fault) = fault {
            self.object(How::NoMedia, around.rules.drops_media, &fault, heard.wall);
        }
    }

    fn agree(&mut self, tag: u64, offer: &Offer, answer: &Said, heard: &Heard<'_>, around: Around<'_>) {
        let (demand, signalling) = (self.demand, self.remote);
        let former = self.branches.iter().find(|branch| branch.tag == tag).and_then(|branch| branch.session.as_ref());
        let session = match (&offer.said, answer) {
            (Said::Description(asked), Said::Description(answer)) => Meeting {
                offer: asked,
                answer,
                we_offered: offer.by == Side::Ours,
                demand,
                rules: around.rules,
                call: around.call,
                signalling,
                former: former.map(|(_, session)| session),
            }
            .session(),
            _ => self.unread(if offer.by == Side::Ours { &offer.said } else { answer }, around),
        };
        let Some(branch) = self.branch(tag, false) else { return };
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
