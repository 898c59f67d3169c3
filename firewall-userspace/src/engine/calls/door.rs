//! What the engine's owner says of calls besides messages.
//!
//! Owns: the engine's methods for it. Refuses: everything that these lead to.
use firewall_common::limiter::HashKey;
use firewall_common::media::Flow;

use super::super::call::Call;
use super::super::slow_path::Engine;
use crate::clock::Clock;

impl Engine {
    /// The key by which the kernel knows the ACKs to INVITEs that were answered in our server's place: the one of the policy
    /// in force ([`firewall_common::policy::Policy::hash_key`]).
    pub fn set_refusal_key(&mut self, key: HashKey) {
        self.calls.set_refusal_key(key);
    }

    /// Takes over calls whose pinholes the kernel holds already, with what the database knows of them; at the start, before any
    /// message.
    pub fn adopt(&mut self, flows: &[Flow], records: &[Call], clock: Clock) {
        self.calls.adopt(flows, records, clock);
    }

    /// Takes in that the pinholes of a call could not be set, or not all of them, as when there is no room: within some
    /// seconds, they are to be set again.
    pub fn pinholes_failed(&mut self, call: u64) {
        self.calls.pinholes_failed(call);
    }

    /// Takes in when the last packet passed through any pinhole of a call, in kernel monotonic nanoseconds (the latest
    /// [`Flow::seen`] of them). To be told of every call that has pinholes, every few seconds: one of which nothing was
    /// heard for longer than its pinholes stay open is lost.
    pub fn media_seen(&mut self, call: u64, at: u64) {
        self.calls.media_seen(call, at);
    }
}
