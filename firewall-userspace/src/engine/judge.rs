//! What a request and its answer come to.
//!
//! Owns: the difference between a success, a failure, a refusal and what is none of these, and the proof of it. Refuses:
//! deciding what follows.
use firewall_common::sip::Method;

use super::command::Command;
use super::evidence::Proof;
use super::facts::{Answer, Credential, Request};
use super::ledger::Standing;
use super::slow_path::{Engine, is_malformed};
use super::transactions::Transaction;
use super::who::{Case, What, Who};
use crate::clock::Clock;

impl Engine {
    /// Judges a final answer. What can be held against the sender is given back; a success is dealt with.
    pub(super) fn judge(
        &mut self,
        transaction: &Transaction,
        answer: &Answer,
        clock: Clock,
        out: &mut Vec<Command>,
    ) -> Option<Case> {
        let (who, request) = (&transaction.who, &transaction.request);
        let what = match answer.status {
            200..300 => {
                if request.is_signed() && self.success(who, request, clock) {
                    self.accepted(who, request, answer, clock, out);
                    self.registered(who, request, answer, clock, out);
                }
                return None;
            }
            401 | 407 if request.is_signed() => {
                let (what, proof, account) = self.wrong(who, request, answer, clock)?;
                return Some(Case { account: request.named(account), ..Case::of(request, what, answer.status, proof) });
            }
            401 | 407 => (What::Left, proof_of(who)),
            403 | 404 | 410 | 604 => self.refused(who, request, clock)?,
            status if is_malformed(status) => (What::Malformed, self.proof(who, request, clock)),
            _ => return None,
        };
        Some(Case::of(request, what.0, answer.status, what.1))
    }

    /// A provisional answer: a call with credentials that rings has been let in.
    pub(super) fn progress(&mut self, transaction: &Transaction, answer: &Answer, clock: Clock) {
        let request = &transaction.request;
        if answer.status >= 180 && request.method == Method::Invite && request.is_signed() {
            self.success(&transaction.who, request, clock);
        }
    }

    /// Credentials that are challenged again, and whose they are. They failed, unless only their nonce was too old, or they
    /// were for somebody else on the way: then no password was tried. What they are for is what they say, and what the
    /// challenge with their nonce said. Who hides them among others has tried whatever he sent.
    fn wrong(&self, who: &Who, request: &Request, answer: &Answer, clock: Clock) -> Option<(What, Proof, u32)> {
        if answer.challenges().any(|challenge| challenge.stale) {
            return None;
        }
        let (now, unclear) = (clock.now(), request.unclear);
        let is_tried = |it: &Credential| {
            let asked = |realm| realm == it.realm || self.ledger.is_for(self.key, who.hash, it.nonce, realm);
            unclear || answer.challenges().any(|challenge| asked(challenge.realm))
        };
        let standing =
            |it: &Credential| self.ledger.standing(self.key, who.hash, it.nonce, request.named(it.account).hash, now);
        let tried = || request.credentials().filter(is_tried).map(|it| (standing(&it), it.account));
        let is_proof = |it: Standing| it == Standing::Proof || unclear && it == Standing::Accepted;
        let proven = tried().find(|(it, _)| is_proof(*it));
        let (_, account) = proven.or_else(|| tried().find(|(it, _)| *it != Standing::Accepted))?;
        let proof = if proven.is_some() && !who.connected { Proof::Nonce } else { proof_of(who) };
        Some((What::Failure, proof, account))
    }

    /// A request that is forbidden, or finds nobody. With credentials that never were right here, they were wrong: some
    /// servers say it so. An account that is known here has only asked for something that it does not get.
    fn refused(&self, who: &Who, request: &Request, clock: Clock) -> Option<(What, Proof)> {
        let proof = self.proof(who, request, clock);
        if request.method == Method::Register && request.is_signed() {
            return Some((What::Failure, proof));
        }
        let knows = |account| self.is_authenticated(who.hash, account, clock.now());
        if !request.unclear
            && knows(request.account.hash)
            && request.credentials().all(|it| knows(request.named(it.account).hash))
        {
            return None;
        }
        match request.is_signed() {
            true => Some((What::Failure, proof)),
            false => (request.target != 0).then_some((What::Refused, proof)),
        }
    }

    /// What proves the sender of a request, before any ACK.
    pub(super) fn proof(&self, who: &Who, request: &Request, clock: Clock) -> Proof {
        let now = clock.now();
        let standing = |nonce| self.ledger.standing(self.key, who.hash, nonce, request.account.hash, now);
        let is_proof = |nonce| matches!(standing(nonce), Standing::Proof | Standing::Accepted);
        match proof_of(who) {
            Proof::None if request.credentials().any(|it| is_proof(it.nonce)) => Proof::Nonce,
            proof => proof,
        }
    }
}

/// What the transport proves.
const fn proof_of(who: &Who) -> Proof {
    if who.connected { Proof::Connection } else { Proof::None }
}
