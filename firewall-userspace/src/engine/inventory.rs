//! What an accepted REGISTER tells of its device, and of the password behind it.
//!
//! Owns: that only what our server has accepted from whoever sent it is told; and which accounts have a weak password.
//! Refuses: keeping devices (the store does), and guessing (the audit does).
use firewall_common::sip::Method;
use firewall_common::sip::message::Message;

use super::command::Command;
use super::evidence::Rule;
use super::facts::{Answer, CONTACTS, Facts, Request};
use super::input::Flow;
use super::reading;
use super::sentence::Breach;
use super::slow_path::Engine;
use super::tally::Rate;
use super::who::{Case, Who};
use crate::audit::Sample;
use crate::clock::Clock;

/// Accounts with a weak password that are known at most.
pub(super) const WEAK_MAX: usize = 16_384;

impl Engine {
    /// Notes what is not kept elsewhere of a REGISTER with credentials, and of a challenge.
    pub(super) fn note_registers(&mut self, message: &Message<'_>, facts: &Facts, flow: &Flow, clock: Clock) {
        if !self.registers.is_on() {
            return;
        }
        match facts {
            Facts::Answer(answer) => self.registers.asked(message, answer.challenges().map(|it| it.realm)),
            Facts::Request(request) if request.method == Method::Register && request.is_signed() => {
                let key = self.place_of(request);
                self.registers.take(key, message, request, flow, clock.now());
            }
            Facts::Request(_) => {}
        }
    }

    /// A REGISTER that our server accepted.
    pub(super) fn accepted(
        &mut self,
        who: &Who,
        request: &Request,
        answer: &Answer,
        clock: Clock,
        out: &mut Vec<Command>,
    ) {
        if request.method != Method::Register || !self.registers.is_on() {
            return;
        }
        let Some(waiting) = self.registers.accepted(self.place_of(request)) else { return };
        let binding = &request.binding;
        let says = binding.all || binding.count > 0;
        if !says || request.unclear || !(who.kind.is_trusted() || self.may_be_trusted(who, request, clock.now())) {
            return;
        }
        let contacts = binding.contacts.into_iter().take(usize::from(binding.count).min(CONTACTS));
        let granted = |(contact, asked)| if asked == 0 { 0 } else { answer.granted.of(contact, asked) };
        let seconds = contacts.map(granted).max().unwrap_or(0);
        if self.registers.inventories() {
            let until = clock.wall_ms.saturating_add(i64::from(seconds) * 1_000);
            let mut device = waiting.device;
            device.until = until;
            out.push(Command::Device(Box::new(device)));
        }
        if let Some(sample) = waiting.sample {
            self.registers.keep(*sample);
        }
    }

    /// The digests that were accepted since the last call, for their audit. They are kept nowhere else.
    pub fn take_samples(&mut self) -> Vec<Sample> {
        self.registers.take_samples()
    }

    /// An account's password is known to be weak, or is so no more.
    pub fn set_weak(&mut self, account: &str, weak: bool) {
        let hash = reading::account(account.as_bytes(), self.key).hash;
        if !weak {
            self.weak.remove(&hash);
        } else if self.weak.len() < WEAK_MAX {
            self.weak.insert(hash);
        }
    }

    /// How many failures are too many at an account with a weak password, for a source that never authenticated for it.
    pub(super) fn tightened(&self, who: &Who, case: &Case, clock: Clock) -> Option<Rate> {
        let rate = self.settings.weak.filter(|_| self.weak.contains(&case.account.hash))?;
        (!self.is_authenticated(who.hash, case.account.hash, clock.now())).then_some(rate)
    }

    /// The breach of that rule, if so many failures are one.
    pub(super) fn weak_breach(&self, who: &Who, case: &Case, count: u32, clock: Clock) -> Option<Breach> {
        let rate = self.tightened(who, case, clock)?;
        rate.is_met(count).then_some(Breach { rule: Rule::WeakAccount, count, rate })
    }

    fn place_of(&self, request: &Request) -> u64 {
        self.key.joined(request.transaction, request.bytes.into())
    }
}
