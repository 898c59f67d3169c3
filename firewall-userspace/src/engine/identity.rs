//! Signatures of callers: what follows from one that does not hold.
//!
//! Owns: against whom it counts, and how. Refuses: verifying, which takes certificates that may have to be fetched.
use firewall_common::sip::Method;

use super::call::Verdict;
use super::command::Command;
use super::evidence::{Proof, Rule};
use super::facts::Request;
use super::input::Verified;
use super::sentence::Breach;
use super::slow_path::Engine;
use super::sources::Source;
use super::tally::Rate;
use super::who::{Case, What, Who};
use crate::clock::Clock;
use crate::config::StirPolicy;

impl Engine {
    /// Takes in what came of verifying a call's signature.
    pub fn verified(&mut self, verified: &Verified, clock: Clock, out: &mut Vec<Command>) {
        let verdict = verified.identity.verdict;
        if verdict != Verdict::Pending {
            *self.counts.identities.entry(word(verdict).to_owned()).or_default() += 1;
        }
        let policy = self.calls.identified(verified, clock, out);
        if !verdict.is_bad() || !matches!(policy, StirPolicy::Flag | StirPolicy::Refuse) {
            return;
        }
        let (who, now) = (Who::of_flow(&verified.signed.flow, self.settings.v6_mask, self.key), clock.now());
        if who.kind.is_trusted() {
            self.sources.entry(who.hash, || Source::new(who.source, now), now);
            let rate = Rate { count: 1, within: self.settings.alarm };
            return self.alarm(&who, Breach { rule: Rule::Identity, count: 1, rate }, clock, out);
        }
        // That a certificate cannot be had may be our own fault.
        if policy == StirPolicy::Refuse && verdict != Verdict::NoCertificate {
            let proof = if who.connected { Proof::Connection } else { Proof::None };
            let request = Request { method: Method::Invite, ..Request::blank() };
            self.unsigned(&who, &Case::of(&request, What::Malformed, 0, proof), clock, out);
        }
    }
}

impl Verdict {
    /// Whether it does not hold.
    pub const fn is_bad(self) -> bool {
        !matches!(self, Self::Valid | Self::Pending)
    }
}

/// As records have it.
pub(crate) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Signature => "signature",
        Verdict::Stale => "stale",
        Verdict::Mismatch => "mismatch",
        Verdict::Untrusted => "untrusted",
        Verdict::NoCertificate => "no_certificate",
        Verdict::Unreadable => "unreadable",
        Verdict::Pending => "pending",
    }
}
