//! Wrong call codes: guesses, as wrong passwords are.
//!
//! Owns: which refused calls are that, and how they count. Refuses: the codes: nothing here knows one.
use firewall_common::copy::Kind;
use firewall_common::number::{self, STAR};
use firewall_common::reason::Reason;
use firewall_common::sip::message::{Message, Start};

use super::command::Command;
use super::evidence::{Proof, Rule};
use super::facts::{Facts, Request};
use super::input::Seen;
use super::reading;
use super::sentence::Breach;
use super::slow_path::Engine;
use super::who::{Case, What, Who};
use crate::clock::Clock;

impl Engine {
    /// Takes in a call that the kernel dropped. One with a wrong code is a failed authentication of its sender; nobody answered it
    /// but the firewall, so what proves the sender is a nonce of our server that it carries, or a connection.
    pub(super) fn refused_code(
        &mut self,
        message: &Message<'_>,
        seen: &Seen<'_>,
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        if seen.refused != Some(Reason::CallCode) || !self.has_code(message) {
            return;
        }
        let who = Who::of_flow(&seen.flow, self.settings.v6_mask, self.key);
        let sent = |nonce| self.ledger.is_sent(self.key, who.hash, nonce);
        let Facts::Request(request) = reading::read(message, seen.bytes, self.key, sent) else { return };
        // Sent again because the answer was late, it is the same guess.
        if std::mem::replace(&mut self.last_code, request.bytes) == request.bytes {
            return;
        }
        let proof = self.proof(&who, &request, clock);
        self.incident(&who, &Case::of(&request, What::Failure, 403, proof), clock, out);
        if proof == Proof::None && !matches!(who.kind, Kind::Stranger) {
            self.unproven_code(&who, &request, clock, out);
        }
    }

    /// Whether a code was dialled at all: between two stars.
    fn has_code(&self, message: &Message<'_>) -> bool {
        let Start::Request { uri, .. } = message.start else { return false };
        let digits = number::of_uri(uri.raw).digits;
        let at = self.settings.code_digits as usize + 1;
        digits.iter().next() == Some(STAR) && digits.iter().nth(at) == Some(STAR)
    }

    /// Whoever is trusted in any way is held for nothing that may be forged; somebody should look at it.
    fn unproven_code(&mut self, who: &Who, request: &Request, clock: Clock, out: &mut Vec<Command>) {
        let (rate, now) = (self.settings.unproven, clock.now());
        let count = self.sources.get(who.hash).map_or(0, |source| source.unproven.count(rate.within, now));
        if rate.is_met(count) {
            let case = Case::of(request, What::Failure, 403, Proof::None);
            self.warn(who, &case, Breach { rule: Rule::CallCodes, count, rate }, rate.within, clock, out);
        }
    }
}
