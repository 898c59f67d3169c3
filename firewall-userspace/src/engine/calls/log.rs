//! What only the log wants to know of a call: who ended it, what the other side's agent is, and its messages in short.
//!
//! Owns: taking that from messages. Refuses: what a call has come to, which its legs say.
use firewall_common::sip::Method;

use super::super::call::{Call, Ladder, Party, Rung, State};
use super::heard::{Heard, Side};
use super::party::agent;

/// What the log has of a call besides its record.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) callee_agent: String,
    pub(super) ladder: Ladder,
    /// Who sent the last BYE.
    bye: Option<Party>,
}

impl Log {
    /// What is known of one that an earlier daemon followed.
    pub(super) fn of(record: &Call) -> Self {
        Self { callee_agent: record.callee_agent.clone(), ladder: record.ladder.clone(), bye: record.ended_by }
    }

    /// Takes in a message of the leg `at`, which the remote party began if it is `inbound`.
    pub(super) fn hear(&mut self, at: usize, inbound: bool, heard: &Heard<'_>, started: i64) {
        let method = heard.exchange.method;
        if heard.is_request() && method == Method::Bye {
            let is_callers = (heard.exchange.by == Side::Remote) == inbound;
            self.bye = Some(if is_callers { Party::Caller } else { Party::Callee });
        }
        let is_answer = method == Method::Invite && (200..300).contains(&heard.status);
        if is_answer && self.callee_agent.is_empty() {
            self.callee_agent = agent(heard.message);
        }
        self.ladder.push(Rung {
            after: u32::try_from(heard.wall.saturating_sub(started)).unwrap_or(0),
            leg: u8::try_from(at).unwrap_or(u8::MAX),
            inbound: heard.is_in(),
            method: method as u8,
            status: heard.status,
        });
    }

    /// Who ended a call that has come to this.
    pub(super) fn ended_by(&self, state: State) -> Option<Party> {
        match state {
            State::Calling | State::Up | State::Lost => None,
            State::Ended => self.bye,
            State::Cancelled => Some(Party::Caller),
            State::Failed(_) => Some(Party::Callee),
            State::Refused => Some(Party::Firewall),
        }
    }

    /// Bytes that it takes besides itself.
    pub(super) fn weight(&self) -> usize {
        self.callee_agent.len() + self.ladder.weight()
    }
}
