//! What the engine has seen and done, in numbers.
//!
//! Owns: the counters and their names. Refuses: anything by source.
use std::collections::BTreeMap;

use firewall_common::sip::message::Refusal;
use serde::{Deserialize, Serialize};

/// The counters since the engine began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests of the remote side that were read.
    pub requests: u64,
    /// Responses of our side that were read.
    pub answers: u64,
    /// Messages that the strict reader refused, by its word.
    pub refused: BTreeMap<String, u64>,
    /// Events that feeds told.
    pub told: u64,
    /// Successful authentications.
    pub successes: u64,
    /// Failures and refusals whose source is proven.
    pub proven: u64,
    /// Those whose source may be forged.
    pub unproven: u64,
    /// Bans.
    pub bans: u64,
    /// Holds.
    pub holds: u64,
    /// Holds that were too many at once.
    pub holds_left_out: u64,
    /// Registrations that were accepted.
    pub promotions: u64,
    /// Registrations for which there was no room.
    pub registrations_left_out: u64,
    /// Registrations that ended before their time.
    pub demotions: u64,
    /// Alarms.
    pub alarms: u64,
    /// Alarms that were too many at once.
    pub alarms_left_out: u64,
    /// Nonces that our server sent to more than one source, and which therefore prove nobody.
    pub shared_nonces: u64,
    /// Signatures of calls that were verified, by what came of it.
    #[serde(default)]
    pub identities: BTreeMap<String, u64>,
    /// Calls.
    pub calls: CallCounts,
    /// Entries in each table.
    pub entries: BTreeMap<String, u64>,
    /// Entries of each table that went for others.
    pub evicted: BTreeMap<String, u64>,
}

/// What became of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCounts {
    /// Calls that are followed now, those that have just ended among them.
    pub now: u64,
    /// Calls that were followed.
    pub followed: u64,
    /// Calls and legs for which there was no room.
    pub left_out: u64,
    /// Calls whose INVITE was dropped.
    pub refused: u64,
    /// Our side's own INVITEs that were dropped.
    pub own_offers: u64,
    /// Calls that get no media, or not all of it.
    pub no_media: u64,
    /// Calls that would have been refused, if the policy said so.
    pub would_be: u64,
    /// Requests that were answered in our server's place.
    pub answers: u64,
    /// Requests for which there is no answer that is not larger than they.
    pub unanswerable: u64,
    /// Requests that were not answered, since their source has had as many answers as it gets in a second.
    pub answers_spared: u64,
    /// INVITEs that the kernel dropped, and in which the engine sees nothing wrong.
    pub disagreements: u64,
    /// Sessions whose pinholes were too many for their source.
    pub pinholes_left_out: u64,
    /// Calls whose end nobody told.
    pub lost: u64,
}

/// Refusals by their place in the vocabulary.
pub(super) struct Refusals([u64; Refusal::ALL.len()]);

impl Refusals {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self([0; Refusal::ALL.len()])
    }

    /// Counts one.
    pub(super) fn add(&mut self, refusal: Refusal) {
        if let Some(count) = self.0.get_mut(refusal as usize) {
            *count += 1;
        }
    }

    /// Those that happened, by word.
    pub(super) fn by_word(&self) -> BTreeMap<String, u64> {
        let all = Refusal::ALL.iter().zip(self.0).filter(|(_, count)| *count > 0);
        all.map(|(refusal, count)| (refusal.word().to_owned(), count)).collect()
    }
}
