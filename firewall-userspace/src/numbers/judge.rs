//! What would happen to a call, as the kernel decides it.
//!
//! Owns: which policy and lists hold for whom, in which direction. Refuses: blocks of single sources (those are the kernel's).
use firewall_common::limiter::HashKey;
use firewall_common::number::{
    Dialled, Directions, LOCAL, Number, NumberAction, NumberKey, NumberTerm, Outcome, code, code_hash, decide, longer,
};
use firewall_common::reason::Reason;

use super::{Codes, Numbers, codes, own_list};
use crate::clock::Clock;
use crate::config::{Config, NumberPolicy};
use crate::store::{Store, StoreError};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side<'a> {
    /// A stranger, or a registrant.
    FromAnybody,
    /// A peer.
    FromPeer(&'a str),
    /// Our side, at a peer.
    ToPeer(&'a str),
}

/// What would happen, and what decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The number that is called.
    pub number: Number,
    /// What follows.
    pub outcome: Outcome,
    /// Whether our side would send it.
    pub is_sent: bool,
    /// What the lists say.
    pub action: NumberAction,
    /// The prefix that says it.
    pub prefix: Option<Number>,
    /// Its class's name.
    pub class: Option<String>,
    /// Its entry's id; 0 for none.
    pub id: u32,
    /// The policy.
    pub policy: NumberPolicy,
    /// The key of the config that says so.
    pub key: String,
    /// Whether the number is one of the house.
    pub is_extension: bool,
    /// Whether the code that was dialled opens it; nothing if none was.
    pub code: Option<bool>,
}

impl Judged {
    /// Whether the call would pass.
    pub fn passes(&self) -> bool {
        self.outcome == Outcome::Pass
    }

    /// Why it would not.
    pub fn reason(&self) -> Option<Reason> {
        match self.outcome {
            Outcome::Pass => None,
            _ if self.is_sent => Some(Reason::OwnNumber),
            Outcome::Denied => Some(Reason::NumberDenied),
            Outcome::Unlisted => Some(Reason::NumberUnlisted),
            Outcome::Code => Some(Reason::CallCode),
        }
    }
}

/// Judges a call by a config and its database.
///
/// # Errors
///
/// A database that cannot be read.
pub fn judge(
    config: &Config,
    store: &Store,
    side: Side<'_>,
    dialled: Dialled,
    clock: Clock,
) -> Result<Judged, StoreError> {
    let numbers = Numbers::read(config, store, clock)?;
    let known = (codes::compiled(&store.codes()?), store.hash_key()?);
    Ok(by(config, &numbers, &known, side, dialled))
}

fn by(
    config: &Config,
    numbers: &Numbers,
    (codes, key): &(Codes, Option<HashKey>),
    side: Side<'_>,
    dialled: Dialled,
) -> Judged {
    let plan = config.numbers().plan();
    let dialled_code = code(dialled, plan.code_digits);
    let number = plan.apply(dialled_code.map_or(dialled, |(_, rest)| rest));
    let (policy, list, policy_key) = rules(config, side);
    let direction = if matches!(side, Side::ToPeer(_)) { Directions::SENT } else { Directions::RECEIVED };
    let everybody = numbers.find(NumberKey::EVERYBODY, direction, number);
    let own = list.and_then(|list| numbers.find(list.into(), direction, number));
    let term = |found: &Option<super::Found>| found.as_ref().map_or(NumberTerm::default(), |found| found.term);
    let decisive = longer(term(&own), term(&everybody));
    let found = if own.is_some() && decisive == term(&own) { own } else { everybody };
    let opens = |class: u32| {
        let (code, key) = dialled_code.as_ref().map(|(code, _)| *code).zip(*key)?;
        Some(codes.get(&code_hash(code, key)).is_some_and(|classes| classes >> (class & 63) & 1 != 0))
    };
    let code = if dialled_code.is_some() { Some(opens(decisive.class).unwrap_or(false)) } else { None };
    let outcome = match policy {
        NumberPolicy::Off => Outcome::Pass,
        _ => decide(number, decisive, policy.number(), plan.extension_max),
    };
    Judged {
        number,
        outcome: if outcome == Outcome::Code && code == Some(true) { Outcome::Pass } else { outcome },
        is_sent: direction == Directions::SENT,
        action: found.as_ref().map_or(NumberAction::None, |found| found.listed.action),
        prefix: found.as_ref().map(|found| found.prefix),
        class: found.as_ref().and_then(|found| found.listed.class.as_deref().map(str::to_owned)),
        id: found.map_or(0, |found| found.listed.id),
        policy,
        key: policy_key,
        is_extension: number.space == LOCAL && number.digits.len <= plan.extension_max,
        code,
    }
}

/// The policy, the peer's own list, and the key of the config that says the policy.
fn rules(config: &Config, side: Side<'_>) -> (NumberPolicy, Option<u32>, String) {
    let numbers = config.numbers();
    let peer = |name: &str| config.peers().iter().find(|peer| peer.name.as_str() == name);
    match side {
        Side::FromAnybody => (numbers.received, None, "numbers.received".to_owned()),
        Side::FromPeer(name) => {
            let policy = peer(name).map_or(NumberPolicy::Off, |peer| peer.numbers_received);
            (policy, Some(own_list(name)), format!("numbers_received of peer {name}"))
        }
        Side::ToPeer(name) => {
            let policy = peer(name).map_or(numbers.sent, |peer| peer.numbers_sent.or(numbers.sent));
            (policy, Some(own_list(name)), format!("numbers_sent of peer {name}"))
        }
    }
}
