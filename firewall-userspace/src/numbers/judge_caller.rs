//! What would happen to a caller, as the kernel decides it.
//!
//! Owns: which policy and lists hold for whom. Refuses: reading who is calling from messages.
use firewall_common::number::{Directions, Number, NumberAction, NumberKey, NumberTerm, longer};
use firewall_common::policy::{CALLERS_LISTED, CALLERS_NAMED, CALLERS_NOT_OURS, CALLERS_VALIDATED};
use firewall_common::reason::Reason;

use super::{Numbers, own_list};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{Store, StoreError};

/// Who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody who does not say.
    Anonymous,
    /// A number.
    Number(Number),
}

/// What would happen, and what decides.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedCaller {
    /// Why the call would be refused; nothing if it passes.
    pub reason: Option<Reason>,
    /// What the lists say.
    pub action: NumberAction,
    /// The prefix that says it.
    pub prefix: Option<Number>,
    /// Its entry's id; 0 for none.
    pub id: u32,
    /// What is asked of the caller, in words.
    pub policy: String,
}

/// Judges a caller by a config and its database.
///
/// # Errors
///
/// A database that cannot be read.
pub fn judge_caller(
    config: &Config,
    store: &Store,
    peer: Option<&str>,
    caller: Caller,
    clock: Clock,
) -> Result<JudgedCaller, StoreError> {
    Ok(by(config, &Numbers::read(config, store, clock)?, peer, caller))
}

fn by(config: &Config, numbers: &Numbers, peer: Option<&str>, caller: Caller) -> JudgedCaller {
    let known = peer.and_then(|name| config.peers().iter().find(|peer| peer.name.as_str() == name));
    let bits = known.map_or(config.callers().bits(), |peer| config.callers().peer_bits(peer.callers));
    let number = match caller {
        Caller::Anonymous => Number::default(),
        Caller::Number(number) => number,
    };
    let find = |list: u64| numbers.find(NumberKey::CALLERS + list, Directions::RECEIVED, number);
    let everybody = find(NumberKey::EVERYBODY);
    let own = peer.and_then(|name| find(own_list(name).into()));
    let term = |found: &Option<super::Found>| found.as_ref().map_or(NumberTerm::default(), |found| found.term);
    let own_decides = own.is_some() && longer(term(&own), term(&everybody)) == term(&own);
    let found = if caller == Caller::Anonymous {
        None
    } else if own_decides {
        own
    } else {
        everybody
    };
    let action = found.as_ref().map_or(NumberAction::None, |found| found.listed.action);
    JudgedCaller {
        reason: reason(bits, caller, action),
        action,
        prefix: found.as_ref().map(|found| found.prefix),
        id: found.map_or(0, |found| found.listed.id),
        policy: policy(bits),
    }
}

fn reason(bits: u8, caller: Caller, action: NumberAction) -> Option<Reason> {
    let asked = |bit: u8| bits & bit != 0;
    match (caller, action) {
        (Caller::Anonymous, _) if asked(CALLERS_NAMED) => Some(Reason::CallerAnonymous),
        (Caller::Number(_), NumberAction::Own) if asked(CALLERS_NOT_OURS) => Some(Reason::CallerSpoofed),
        (Caller::Number(_), NumberAction::Deny) if asked(CALLERS_LISTED) => Some(Reason::CallerDenied),
        (_, NumberAction::Allow) => None,
        _ if asked(CALLERS_VALIDATED) => Some(Reason::CallerDenied),
        _ => None,
    }
}

fn policy(bits: u8) -> String {
    let lists = match bits & (CALLERS_LISTED | CALLERS_VALIDATED) {
        0 => "lists of callers decide nothing here",
        CALLERS_LISTED => "who is denied may not call",
        _ => "only who is allowed may call",
    };
    lists.to_owned()
}
