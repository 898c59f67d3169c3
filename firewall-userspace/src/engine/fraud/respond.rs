//! What follows when a limit of calls is passed.
//!
//! Owns: who is banned, blocked or only told of: nobody without proof, and no peer. Refuses: counting.
use firewall_common::number::{Digits, INTERNATIONAL, Number};
use firewall_common::sip::Method;

use super::super::call::Decided;
use super::super::command::{Block, Command};
use super::super::evidence::{Evidence, Proof};
use super::super::sentence::Breach;
use super::super::slow_path::Engine;
use super::super::who::{Case, What};
use super::{Passed, Placed, name};
use crate::clock::Clock;
use crate::config::Response;

impl Engine {
    /// Responds to a limit that a call has passed.
    pub(super) fn respond(
        &mut self,
        call: u64,
        placed: &Placed<'_>,
        number: Number,
        passed: Passed,
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        let Passed { rule, count, rate, then } = passed;
        let may = placed.proof != Proof::None && !placed.who.kind.is_trusted() && !placed.is_ours;
        let then = if may || then == Response::Off { then } else { Response::Alarm };
        let case = Case {
            what: What::Refused,
            proof: placed.proof,
            status: 0,
            method: Method::Invite,
            account: placed.account,
            from: placed.account.name,
            target: 0,
            agent: name(placed.agent),
        };
        let breach = Breach { rule, count, rate };
        match then {
            Response::Off => return,
            Response::Ban => {
                self.note(&placed.who, &case, clock);
                self.ban(&placed.who, breach, clock, out);
            }
            Response::Alarm | Response::Block => {
                let evidence = self.warn(&placed.who, &case, breach, self.fraud.rules.again, clock, out);
                if then == Response::Block {
                    self.block(placed, number, evidence, clock, out);
                }
            }
        }
        let enforced = matches!(then, Response::Ban | Response::Block);
        self.calls.decide(call, Decided { by: rule.word(), status: None, enforced }, clock, out);
    }

    fn block(&self, placed: &Placed<'_>, number: Number, evidence: Evidence, clock: Clock, out: &mut Vec<Command>) {
        let (digits, rules) = (self.fraud.rules.block_digits, &self.fraud.rules);
        let prefix = number.digits.iter().take(digits as usize).fold(Digits::NONE, Digits::push);
        // A local number blocks itself: all of the house begin alike.
        let prefix = if number.space == INTERNATIONAL { Number { digits: prefix, ..number } } else { number };
        let until = clock.wall_ms.saturating_add(i64::from(rules.block_for) * 1_000);
        out.push(Command::BlockPrefix(Block { source: placed.who.source, prefix, until, evidence }));
    }
}
