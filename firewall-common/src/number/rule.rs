//! What lists say of numbers, as the kernel's map has it.
//!
//! Owns: the records, and what follows from them. Refuses: the lists.
use super::digits::Digits;
use super::plan::Number;

/// Where a prefix stands in the number map, an LPM trie over the bits of this record in memory.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NumberKey {
    /// The list, shifted left once, and the space in the lowest bit.
    pub place: u64,
    /// [`Digits::bytes`].
    pub digits: [u8; 16],
}

impl NumberKey {
    /// The bits before the digits.
    pub const BASE: u32 = 64;
    /// The list of dialled numbers that holds for everybody. A peer's own list of them has the number in its rule.
    pub const EVERYBODY: u64 = 0;
    /// Added to a list's number: its callers.
    pub const CALLERS: u64 = 1 << 40;
    /// Added to the 40 lowest bits of a source's keyed hash: prefixes that are blocked for it.
    pub const BLOCKS: u64 = 1 << 41;

    /// Of a number in a list; and how many bits of it count.
    #[inline(always)]
    pub const fn of(list: u64, number: Number) -> (Self, u32) {
        let Digits { len, .. } = number.digits;
        (Self { place: list << 1 | number.space as u64, digits: number.digits.bytes() }, Self::BASE + 4 * len)
    }
}

/// What a list says of a prefix, in each direction.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberRule {
    /// Kernel monotonic nanoseconds of its end; [`crate::policy::NEVER_ENDS`].
    pub until: u64,
    /// For what our side receives.
    pub received: NumberTerm,
    /// For what our side sends.
    pub sent: NumberTerm,
    /// Requests it stopped. Counted without locks.
    pub hits: u64,
}

/// What the longest prefix says that holds in one direction; whoever writes the map works that out for each prefix, since a
/// trie finds only the longest of all.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NumberTerm {
    /// [`NumberAction`] as a number.
    pub action: u32,
    /// The number of its class, from 1; 0: none. Less than 64.
    pub class: u32,
    /// The id of its entry in the database.
    pub id: u32,
    /// How many digits that prefix has.
    pub len: u32,
}

/// What is done with a number.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberAction {
    /// Nothing is said of it: the policy decides.
    None = 0,
    /// It may be called, or call.
    Allow = 1,
    /// It may not.
    Deny = 2,
    /// It may be called with its class's code.
    Code = 3,
    /// It is one of our own.
    Own = 4,
}

impl NumberAction {
    /// The action of a number that crossed the kernel boundary; unknown ones say nothing.
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Allow,
            2 => Self::Deny,
            3 => Self::Code,
            4 => Self::Own,
            _ => Self::None,
        }
    }
}

/// Bits of directions, for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Directions(pub u8);

impl Directions {
    /// What our side receives.
    pub const RECEIVED: Self = Self(1);
    /// What our side sends.
    pub const SENT: Self = Self(2);
    /// Both.
    pub const BOTH: Self = Self(3);
}

/// What follows for a dialled number.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It may be called.
    Pass = 0,
    /// It needs a code.
    Code = 1,
    /// It is not listed, and must be.
    Unlisted = 2,
    /// It is denied.
    Denied = 3,
}

/// Of what a peer's own list and everybody's say, that of the longer prefix; of equally long ones the peer's.
#[inline(always)]
pub const fn longer(own: NumberTerm, everybody: NumberTerm) -> NumberTerm {
    if own.action != NumberAction::None as u32 && own.len >= everybody.len { own } else { everybody }
}

/// What follows from what the lists say, under a policy ([`crate::policy::NUMBERS_OPEN`] and its kin). What is no number
/// passes; so do unlisted local numbers of at most `extension_max` digits.
#[inline(always)]
pub const fn decide(number: Number, term: NumberTerm, policy: u8, extension_max: u32) -> Outcome {
    let is_extension = number.space == super::plan::LOCAL && number.digits.len <= extension_max;
    match NumberAction::from_number(term.action) {
        NumberAction::Deny => Outcome::Denied,
        NumberAction::Code => Outcome::Code,
        NumberAction::Allow => Outcome::Pass,
        NumberAction::Own | NumberAction::None => {
            let is_free = policy != crate::policy::NUMBERS_VALIDATED || is_extension || number.digits.len == 0;
            if is_free { Outcome::Pass } else { Outcome::Unlisted }
        }
    }
}
