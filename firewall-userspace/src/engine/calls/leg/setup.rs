//! How a leg begins: INVITEs outside of dialogs, and what is answered to INVITEs (RFC 3261 §9, §13).
//!
//! Owns: from the INVITE to the 2xx or the failure. Refuses: what descriptions agree on.
use super::super::super::call::{Demand, How, State};
use super::super::heard::{Heard, Side};
use super::super::judge::Fault;
use super::branch::Offer;
use super::{Around, FORKS, Leg, Stage};

impl Leg {
    /// An INVITE outside of any dialog.
    pub(super) fn begin(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        let exchange = heard.exchange;
        let (is_known, cseq) = (self.offers.iter().any(|offer| offer.exchange == exchange), Some(exchange.cseq));
        let is_old = cseq < self.cseq || self.outcome().is_some() && cseq == self.cseq && !self.forks();
        if is_known || is_old || self.is_up() || self.offers.len() >= FORKS {
            return;
        }
        if cseq > self.cseq {
            self.offers.clear();
            self.refusal = None;
        }
        // Another branch of the request, or another try after a CANCEL, is no longer cancelled.
        self.cancelled = false;
        if !matches!(self.stage, Stage::Proceeding | Stage::Early) {
            self.stage = Stage::Calling;
        }
        (self.cseq, self.since) = (cseq, heard.now);
        let (said, verdict) = heard.judged(around.rules.accepted);
        if let Err(fault) = verdict {
            let enforced = around.rules.drops_media;
            // What the kernel would have done, had the policy said so.
            let would = if self.inbound { How::Answered } else { How::OwnOffer };
            let how = if self.demand == Demand::SrtpOnly { How::NoMedia } else { would };
            self.object(how, enforced, &fault, heard.wall);
        }
        self.offers.push(Offer::new(exchange, said, around));
    }

    /// Whether its INVITEs may come from several branches of one request.
    const fn forks(&self) -> bool {
        !self.inbound && !matches!(self.stage, Stage::Over(State::Refused))
    }

    /// The kernel dropped its INVITE. Tells whether that is new.
    pub(in super::super) fn refuse(&mut self, heard: &Heard<'_>, how: How, fault: &Fault) -> bool {
        (!heard.begins() || self.stop(heard)) && self.object(how, true, fault, heard.wall)
    }

    /// The kernel dropped its INVITE, whatever for. Tells whether that is new, and ends it.
    pub(in super::super) fn stop(&mut self, heard: &Heard<'_>) -> bool {
        let cseq = Some(heard.exchange.cseq);
        let goes_on = self.is_up() || matches!(self.stage, Stage::Proceeding | Stage::Early);
        if !heard.begins() || self.cseq >= cseq || goes_on {
            return false;
        }
        self.cseq = cseq;
        self.end(State::Refused, heard.now);
        true
    }

    pub(super) fn cancel(&mut self, heard: &Heard<'_>) {
        let is_callers = (heard.exchange.by == Side::Remote) == self.inbound;
        if is_callers && Some(heard.exchange.cseq) == self.cseq && !self.is_up() && self.outcome().is_none() {
            (self.cancelled, self.since) = (true, heard.now);
        }
    }

    /// A response to an INVITE.
    pub(super) fn invited(&mut self, heard: &Heard<'_>, around: Around<'_>) {
        let is_first = self.offers.iter().any(|offer| offer.exchange == heard.exchange);
        match heard.status {
            100 if is_first => self.proceed(heard),
            100 => {}
            101..200 => {
                if is_first && !self.is_up() {
                    (self.stage, self.since) = (Stage::Early, heard.now);
                }
                self.described(heard, is_first, around);
            }
            200..300 => self.confirmed(heard, is_first, around),
            status if is_first => self.failed(heard, status),
            _ => self.drop_offer(heard),
        }
    }

    /// Who has taken an INVITE over waits for an answer longer than an INVITE is repeated.
    fn proceed(&mut self, heard: &Heard<'_>) {
        if matches!(self.stage, Stage::Calling | Stage::Proceeding | Stage::Early) {
            self.since = heard.now;
        }
        if self.stage == Stage::Calling {
            self.stage = Stage::Proceeding;
        }
    }

    fn confirmed(&mut self, heard: &Heard<'_>, is_first: bool, around: Around<'_>) {
        let tag = self.branch_tag(heard);
        let is_known = self.has_dialog(heard);
        if !is_first && !is_known {
            return;
        }
        if is_first && self.outcome().is_none() && !self.is_up() {
            (self.stage, self.since) = (Stage::Up, heard.now);
        }
        if self.outcome().is_some() {
            return;
        }
        self.described(heard, is_first, around);
        let is_new = around.has_room || self.branches.is_empty();
        if let Some(branch) = self.branch(tag, is_new) {
            branch.up = true;
        }
        if is_first {
            // The branches that still ring have lost (RFC 3261 §13.2.2.4).
            self.branches.retain(|branch| branch.up);
        } else {
            // The leg was picked up in the middle of its dialog.
            self.stage = Stage::Up;
            self.drop_offer(heard);
        }
    }

    /// Asked for credentials, the caller begins anew.
    fn failed(&mut self, heard: &Heard<'_>, status: u16) {
        self.offers.retain(|offer| offer.exchange != heard.exchange);
        if !self.offers.is_empty() || self.is_up() {
            return;
        }
        self.branches.clear();
        match status {
            401 | 407 if !self.cancelled => (self.stage, self.since) = (Stage::Challenged(status), heard.now),
            _ => self.end(self.failure(status), heard.now),
        }
    }

    const fn failure(&self, status: u16) -> State {
        if self.cancelled { State::Cancelled } else { State::Failed(status) }
    }
}
