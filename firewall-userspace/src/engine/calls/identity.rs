//! The signatures of calls, where the policy looks at them.
//!
//! Owns: which message's is verified, and what becomes of the call. Refuses: what follows for its source.
use std::hash::{Hash as _, Hasher as _};

use siphasher::sip::SipHasher13;

use super::super::call::{Identity, Verdict};
use super::super::command::{Command, Verify};
use super::super::input::{Signed, Verified};
use super::Calls;
use super::heard::Heard;
use crate::clock::Clock;
use crate::config::StirPolicy;
use crate::stir::{Claim, claim};

/// Different claims of one call that are verified: whoever is challenged sends another INVITE, and its claim may be signed anew.
const CLAIMS: u32 = 4;

impl Calls {
    /// Has the signature of an INVITE verified that begins a call, once for each claim.
    pub(super) fn verify(&mut self, place: usize, heard: &Heard<'_>, out: &mut Vec<Command>) {
        let is_asked = heard.begins() && heard.is_in() && heard.refused.is_none();
        if !is_asked || self.rules.stir(heard.flow.peer) == StirPolicy::Off {
            return;
        }
        let Some(claim) = claim(heard.message, &self.rules.plan) else { return };
        let hash = self.hash(&claim);
        let Some(call) = self.book.get_mut(place) else { return };
        let signature = &mut call.signature;
        if signature.claim == hash || signature.claims == CLAIMS {
            return;
        }
        (signature.claim, signature.claims) = (hash, signature.claims + 1);
        let pending = Identity { attestation: None, verdict: Verdict::Pending, signer: String::new() };
        signature.identity = Some(pending);
        let signed = Signed { call: heard.call, claim: hash, flow: *heard.flow };
        out.push(Command::Verify(Box::new(Verify { signed, claim, at: heard.wall.div_euclid(1_000) })));
    }

    /// Notes what came of it, and says what the policy is.
    pub(in super::super) fn identified(
        &mut self,
        verified: &Verified,
        clock: Clock,
        out: &mut Vec<Command>,
    ) -> StirPolicy {
        let Verified { signed, identity } = verified;
        let policy = self.rules.stir(signed.flow.peer);
        let Some(place) = self.book.find(signed.call) else { return policy };
        let Some(call) = self.book.get_mut(place) else { return policy };
        if call.signature.claim == signed.claim {
            call.signature.identity = Some(identity.clone());
        }
        call.signature.is_refused |= policy == StirPolicy::Refuse && identity.verdict.is_bad();
        self.settle(place, clock, out);
        policy
    }

    fn hash(&self, claim: &Claim) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.key.0[0], self.key.0[1]);
        claim.hash(&mut hasher);
        hasher.finish()
    }
}
