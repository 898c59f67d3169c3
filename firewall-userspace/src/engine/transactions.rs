//! Requests that wait for their answer, refused calls that wait for their ACK, and answers that came before their request.
//!
//! Owns: that a retransmission counts once, and that a request and its answer meet in either order. Refuses: judging.
use firewall_common::sip::Method;

use super::clock::Moment;
use super::facts::{Answer, Request};
use super::hash::half;
use super::table::{Entry, worth};
use super::who::{What, Who};

/// A request.
#[derive(Clone, Copy)]
pub(super) struct Transaction {
    pub(super) who: Who,
    pub(super) request: Request,
    /// When it came last.
    pub(super) at: Moment,
    /// Different requests with these identifiers that have not been answered yet. An honest client has one; who sends
    /// several guesses as one transaction has each of them counted.
    waiting: u8,
    /// A refused call whose ACK has not come.
    refused: Option<Refused>,
    /// Half the hash of the To tag of that refusal; 0 if others could know it.
    to_tag: u32,
}

/// What a refusal came to, and its status.
pub(super) type Refused = (What, u16);

impl Default for Transaction {
    fn default() -> Self {
        Self { who: Who::default(), request: Request::blank(), at: Moment::NEVER, waiting: 0, refused: None, to_tag: 0 }
    }
}

impl Entry for Transaction {
    /// What is still to be judged is worth more than what is remembered for the sake of retransmissions, and what a
    /// stranger sent without credentials less than the rest.
    fn worth(&self, _: Moment) -> u64 {
        let open = self.waiting > 0 || self.refused.is_some();
        worth(u8::from(open) + u8::from(open && self.request.is_signed()), self.at)
    }
}

impl Transaction {
    /// A request that has just come.
    pub(super) fn new(who: Who, request: Request, now: Moment) -> Self {
        Self { who, request, at: now, waiting: 1, refused: None, to_tag: 0 }
    }

    /// Takes in a request with the same identifiers. Tells whether it is another one, and no retransmission.
    pub(super) fn again(&mut self, request: &Request, sent: impl Fn(u64) -> bool, now: Moment) -> bool {
        let is_other = request.bytes != self.request.bytes;
        if is_other {
            let earlier = std::mem::replace(&mut self.request, *request);
            if self.waiting > 0 {
                self.request.join(&earlier, sent);
            }
            self.at = now;
            self.waiting = self.waiting.saturating_add(1);
        }
        is_other
    }

    /// Takes in a final answer. Tells whether it is the first one to a request.
    pub(super) fn answered(&mut self) -> bool {
        let first = self.waiting > 0;
        self.waiting = self.waiting.saturating_sub(1);
        first
    }

    /// Waits for the ACK to a refusal. A To tag proves nothing that can be guessed, or that the request itself had: then
    /// its sender made it up. Nor one that was sent elsewhere.
    pub(super) fn await_ack(&mut self, what: What, answer: &Answer, guessable: bool) {
        self.refused = Some((what, answer.status));
        let known = answer.to_tag == 0 || guessable || self.request.to_tag != 0 || self.request.elsewhere;
        self.to_tag = if known { 0 } else { half(answer.to_tag) };
    }

    /// Takes in an ACK. The refusal it is for, if it was awaited, and whether it proves its sender.
    pub(super) fn acknowledged(&mut self, to_tag: u32) -> Option<(Refused, bool)> {
        let refused = self.refused.take()?;
        Some((refused, self.to_tag != 0 && self.to_tag == to_tag))
    }

    /// What the passing of time makes of it.
    pub(super) fn age(&mut self, now: Moment) -> Age {
        let age = now.since(self.at);
        if let Some(refused) = self.refused.take_if(|_| age >= ACK_WAIT) {
            return Age::Unacknowledged(refused);
        }
        let unanswered = self.waiting > 0 && self.request.method == Method::Invite && !self.request.is_signed();
        match age {
            _ if age >= GONE && unanswered => Age::Unanswered,
            _ if age >= GONE => Age::Over,
            _ => Age::Open,
        }
    }
}

/// Seconds that an ACK may be late: the fifth transmission of a refusal over UDP is 7.5 s after the first (RFC 3261
/// §17.2.1, timer G).
const ACK_WAIT: u32 = 8;
/// Seconds after which nothing of a transaction is sent any more: 64 × T1 (RFC 3261 §17), and a little.
const GONE: u32 = 36;

/// What the passing of time makes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Nothing.
    Open,
    /// A refusal was not acknowledged.
    Unacknowledged(Refused),
    /// It is over, and a call without credentials that was never answered.
    Unanswered,
    /// It is over.
    Over,
}

/// An answer that came before its request: two rings bring them, and only within each is their order certain.
#[derive(Clone, Copy, Default)]
pub(super) struct Early {
    pub(super) who: Who,
    pub(super) answer: Option<Answer>,
    pub(super) at: Moment,
}

/// Seconds that a request may come behind its answer.
pub(super) const EARLY: u32 = 3;

impl Entry for Early {
    fn worth(&self, _: Moment) -> u64 {
        worth(0, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::NEVER.plus(1_000_000);

    const REFUSED: Refused = (What::Refused, 404);

    fn request(bytes: u32) -> Request {
        Request { bytes, method: Method::Invite, ..Request::blank() }
    }

    fn transaction() -> Transaction {
        Transaction::new(Who::default(), request(1), NOW)
    }

    #[test]
    fn retransmissions_are_one() {
        let mut transaction = transaction();
        assert!(!transaction.again(&request(1), |_| false, NOW));
        assert_eq!([(); 3].map(|()| transaction.answered()), [true, false, false]);
    }

    #[test]
    fn different_requests_in_one_transaction_are_answered_one_by_one() {
        let mut transaction = transaction();
        assert!(transaction.again(&request(2), |_| false, NOW) && transaction.again(&request(3), |_| false, NOW));
        assert_eq!([(); 4].map(|()| transaction.answered()), [true, true, true, false]);
    }

    #[test]
    fn time_makes_what_is_open_one_thing_or_another() {
        let mut refused = transaction();
        refused.answered();
        refused.refused = Some(REFUSED);
        assert_eq!(refused.age(NOW.plus(7)), Age::Open);
        assert_eq!(refused.age(NOW.plus(8)), Age::Unacknowledged(REFUSED));
        assert_eq!((refused.age(NOW.plus(9)), refused.age(NOW.plus(36))), (Age::Open, Age::Over));
        assert_eq!(transaction().age(NOW.plus(36)), Age::Unanswered);
    }

    #[test]
    fn only_the_tag_that_was_sent_proves() {
        let mut transaction = transaction();
        (transaction.refused, transaction.to_tag) = (Some(REFUSED), 5);
        let mut guessable = transaction;
        guessable.to_tag = 0;
        assert_eq!(guessable.acknowledged(0), Some((REFUSED, false)));
        let mut forged = transaction;
        assert_eq!((forged.acknowledged(6), forged.acknowledged(5)), (Some((REFUSED, false)), None));
        assert_eq!(transaction.acknowledged(5), Some((REFUSED, true)));
    }
}
