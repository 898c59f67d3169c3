//! Calls that somebody sends on to numbers which may not be called: by REFER, or by a redirection (3xx).
//!
//! Owns: what follows from it. Refuses: stopping them (the kernel drops a REFER, and our side's own call to such a number).
use firewall_common::number::{Dialled, NumberAction};
use firewall_common::sip::Method;

use super::super::command::Command;
use super::super::evidence::{Proof, Rule};
use super::super::facts::Request;
use super::super::sentence::Breach;
use super::super::slow_path::Engine;
use super::super::tally::Rate;
use super::super::who::{Case, What, Who};
use super::{DAY, proof_of};
use crate::clock::Clock;
use crate::config::Response;

impl Engine {
    /// Somebody sends a call on. Without a number, the kernel has judged it already.
    pub(super) fn transferred(
        &mut self,
        who: &Who,
        dialled: &[Dialled],
        proven: bool,
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        let denied = |one: &Dialled| {
            let number = self.fraud.rules.plan.apply(*one);
            self.fraud.look(number).is_some_and(|(action, _)| action == NumberAction::Deny)
        };
        let then = self.fraud.rules.transfers_then;
        if then == Response::Off || !dialled.is_empty() && !dialled.iter().any(denied) {
            return;
        }
        let proof = if proven { Proof::Tag } else { proof_of(who) };
        let case = Case::of(&Request { method: Method::Refer, ..Request::blank() }, What::Refused, 403, proof);
        let breach = Breach { rule: Rule::FraudTransfer, count: 1, rate: Rate { count: 1, within: DAY } };
        if then == Response::Ban && proof != Proof::None && !who.kind.is_trusted() {
            self.note(who, &case, clock);
            return self.ban(who, breach, clock, out);
        }
        self.warn(who, &case, breach, self.fraud.rules.again, clock, out);
    }
}
