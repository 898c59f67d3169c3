//! Who is calling, as an INVITE says it.
//!
//! Owns: what of a From and its kin makes a caller anonymous or one of us, and what follows from all that is said of callers.
//! Refuses: finding header fields and numbers (see [`crate::sip::fields`], [`crate::number`]), and lists.
//!
//! What a peer asserts is believed before what the caller says himself: P-Asserted-Identity, then Remote-Party-ID, then
//! Diversion, then From. Whom a list denies is denied wherever he stands.
use crate::bound::wrap;
use crate::policy::{CALLERS_LISTED, CALLERS_NAMED, CALLERS_NOT_OURS, CALLERS_VALIDATED};
use crate::reason::Reason;
use crate::sip::fields;
use crate::sip::window::Window;

/// How many of our own domains are known.
pub const DOMAINS: usize = 16;

/// The hashes of our own domains ([`domain`]); 0: none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnDomains(pub [u64; DOMAINS]);

impl OwnDomains {
    /// None.
    pub const NONE: Self = Self([0; DOMAINS]);

    /// Whether a host, whose hash this is, is one of them, with or without a dot at its end.
    #[inline(always)]
    pub const fn have(&self, host: u64) -> bool {
        let mut i = 0;
        while i < DOMAINS {
            let own = self.0[i];
            if own != 0 && (own == host || with(own, b'.') & HASH == host) {
                return true;
            }
            i += 1;
        }
        false
    }
}

#[inline(always)]
const fn one_if_zero(number: u64) -> u64 {
    ((number | number.wrapping_neg()) >> 63) ^ 1
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325 & HASH;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
/// The bits of a hash that count, so that one number has room for it and for the rest of what is known.
const HASH: u64 = (1 << 56) - 1;

#[inline(always)]
const fn with(hash: u64, lower: u8) -> u64 {
    (hash ^ lower as u64).wrapping_mul(FNV_PRIME)
}

/// The hash of a name in any case, never 0: FNV-1a (Fowler, Noll, Vo). It needs no key: whoever finds a name of one of our domains'
/// hash is taken for us.
pub const fn domain(name: &[u8]) -> u64 {
    let (mut hash, mut i) = (FNV_OFFSET, 0);
    while i < name.len() {
        hash = with(hash, name[i].to_ascii_lowercase()) & HASH;
        i += 1;
    }
    hash
}

/// Users who do not say who they are: RFC 3323 §4.1.1.3, and what gateways write.
const NOBODY: [u64; 4] = [domain(b"anonymous"), domain(b"restricted"), domain(b"unavailable"), domain(b"unknown")];
/// The host of RFC 3323 §4.1.1.3.
const NOWHERE: u64 = domain(b"anonymous.invalid");

/// How many bytes of a URI are read in one go.
const GO: u32 = 16;
/// How many goes there are.
const GOES: u32 = 24;

/// A URI's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names(u64);

impl Names {
    /// Of a number that these are.
    #[inline(always)]
    pub const fn of(number: u64) -> Self {
        Self(number)
    }

    /// As a number.
    #[inline(always)]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Whether the URI names nobody.
    #[inline(always)]
    pub fn are_anonymous(self) -> bool {
        self.0 & flag::NOBODY != 0 || self.0 & flag::USER == 0 || self.host() == NOWHERE
    }

    /// The hash of its host.
    #[inline(always)]
    pub const fn host(self) -> u64 {
        self.0 >> SHIFT
    }
}

const SHIFT: u32 = 8;

/// What is known of a URI besides a hash.
mod flag {
    /// Where the reading stands.
    pub(super) const PLACE: u64 = 7;
    /// There is a user part, and it is not empty.
    pub(super) const USER: u64 = 8;
    /// The user part names nobody.
    pub(super) const NOBODY: u64 = 16;
}

/// The names of the SIP URI at `at`, scheme and all, as [`crate::number::address`] finds it. `go` is [`go`]; the kernel program
/// puts it behind a boundary of its own.
#[inline(always)]
pub fn names(w: &Window, at: u32, go: impl Fn(&Window, u32, u64) -> u64) -> Names {
    let mut state = FNV_OFFSET << SHIFT | place::USER;
    for i in 0..GOES {
        // Behind the longest scheme's colon, or behind the other's.
        let from = at + 4 + u32::from(w.byte(at + 4) == b':') + i * GO;
        state = go(w, from, state);
        if state & flag::PLACE >= place::END {
            break;
        }
    }
    Names(state)
}

/// One go of [`names`]'s, from `start` on.
#[inline(always)]
pub fn go(w: &Window, start: u32, state: u64) -> u64 {
    let (mut hash, mut place, mut known) = (state >> SHIFT, state & flag::PLACE, state & (flag::USER | flag::NOBODY));
    for i in 0..GO {
        let byte = w.byte(w.forget(start + i));
        let class = u64::from(CLASS[byte as usize]);
        let next = u64::from(NEXT[wrap::<64>(w.forget((place << 3 | class) as u32))]);
        if next & MIXES != 0 {
            hash = with(hash, byte.to_ascii_lowercase()) & HASH;
        }
        place = u64::from(w.forget((next & flag::PLACE) as u32));
        if next & BEGINS != 0 {
            known = u64::from(w.forget(user(hash)));
            hash = FNV_OFFSET ^ u64::from(w.forget(0));
        }
        if place >= place::END {
            break;
        }
    }
    hash << SHIFT | known | place
}

#[inline(always)]
fn user(hash: u64) -> u32 {
    let nobody = NOBODY.iter().fold(0, |is, name| is | one_if_zero(*name ^ hash));
    let is_there = one_if_zero(hash ^ FNV_OFFSET) ^ 1;
    ((is_there * flag::USER) | (nobody * flag::NOBODY)) as u32
}

/// Where in a URI the reading stands.
mod place {
    /// In what is the user part if an `@` follows, and the host if none does.
    pub(super) const USER: u64 = 0;
    /// Behind that.
    pub(super) const BEHIND: u64 = 1;
    /// In the host.
    pub(super) const HOST: u64 = 2;
    /// At the end.
    pub(super) const END: u64 = 4;
}

/// The byte is one of the name's.
const MIXES: u64 = 8;
/// The host begins behind it.
const BEGINS: u64 = 16;

/// Classes of bytes: other ones, an `@`, what ends a name, and what ends a URI.
static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'@' => 1,
            b':' | b';' | b'?' => 2,
            b'>' | b',' | 0..=b' ' => 3,
            _ => 0,
        };
        b += 1;
    }
    table
};

static NEXT: [u8; 64] = {
    use place::{BEHIND, END, HOST, USER};
    let rows = [
        [USER | MIXES, HOST | BEGINS, BEHIND, END],
        [BEHIND, HOST | BEGINS, BEHIND, END],
        [HOST | MIXES, HOST | BEGINS, END, END],
    ];
    let (mut table, mut row) = ([END as u8; 64], 0);
    while row < rows.len() {
        let mut class = 0;
        while class < 4 {
            table[row * 8 + class] = rows[row][class] as u8;
            class += 1;
        }
        row += 1;
    }
    table
};

/// How many bytes of a Privacy are read.
const PRIVACY_MAX: u32 = 64;

/// Whether a Privacy asks to hide an asserted identity (`id`, RFC 3325 §9.3); the value begins at `at`, at its first byte that
/// is no blank.
#[inline(always)]
pub fn is_private(w: &Window, at: u32) -> bool {
    let id = u64::from(u16::from_le_bytes(*b"id"));
    let mut starts = w.forget(1);
    for i in 0..PRIVACY_MAX {
        let word = w.word(w.forget(at + i));
        let is_id = (word | 0x2020) & 0xffff == id;
        if is_id && w.forget(starts & ends(word >> 16)) != 0 {
            return true;
        }
        if matches!(word as u8, 0 | b'\n') {
            return false;
        }
        starts = w.forget(ends(word));
    }
    false
}

/// 1 if the lowest byte cannot be one of a token (RFC 3261 §25.1), as far as Privacy has them.
#[inline(always)]
fn ends(word: u64) -> u32 {
    u32::from(CLASS[word as usize & 0xff] >> 1)
}

/// What one header field says of the caller, as bits.
pub mod claim {
    /// The field is there.
    pub const SEEN: u32 = 1;
    /// A list denies the number.
    pub const DENIED: u32 = 2;
    /// No list allows it.
    pub const UNLISTED: u32 = 4;
    /// It is one of our numbers, or our domain.
    pub const OURS: u32 = 8;
    /// It names nobody.
    pub const ANONYMOUS: u32 = 16;
    /// It is a Privacy that hides the caller.
    pub const PRIVATE: u32 = 32;
    /// It is a To.
    pub const TO: u32 = 64;
    /// It is a To with a tag: the call is one already.
    pub const TAG: u32 = 128;
}

/// What is claimed in a message: eight bits for each of From, Diversion, Remote-Party-ID, P-Asserted-Identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Claims(u32);

const BITS: u32 = 8;
const FROM: u32 = 0;
const DIVERSION: u32 = BITS;
const PARTY: u32 = 2 * BITS;
const ASSERTED: u32 = 3 * BITS;

impl Claims {
    /// Of a number that these are.
    #[inline(always)]
    pub const fn of(number: u32) -> Self {
        Self(number)
    }

    /// As a number.
    #[inline(always)]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// With what one more field says, whose name's bit this is ([`crate::sip::fields`]).
    #[inline(always)]
    #[must_use]
    pub const fn with(self, name: u32, claims: u32) -> Self {
        let shift = match name {
            fields::ASSERTED => ASSERTED,
            fields::PARTY => PARTY,
            fields::DIVERSION => DIVERSION,
            _ => FROM,
        };
        Self(self.0 | (claims & 0xff) << shift)
    }

    /// Those of a request outside of any dialog.
    #[inline(always)]
    #[must_use]
    pub const fn begins(self) -> Self {
        Self(self.0 & !(claim::TAG << FROM))
    }

    #[inline(always)]
    const fn have(self, field: u32, bits: u32) -> bool {
        self.0 >> field & bits != 0
    }

    /// The field that is believed.
    #[inline(always)]
    const fn believed(self) -> u32 {
        if self.have(ASSERTED, claim::SEEN) {
            ASSERTED
        } else if self.have(PARTY, claim::SEEN) {
            PARTY
        } else if self.have(DIVERSION, claim::SEEN) {
            DIVERSION
        } else {
            FROM
        }
    }

    /// What there is to object to, if `asks` (`CALLERS_…`) is asked. Of headers that are `cut`, as a stream's may be, only what
    /// is there counts. Inside of a dialog nobody calls, and whoever was called may be named in From.
    ///
    /// A diversion by one of our numbers is a call to us that comes back, and no claim to be us.
    #[inline(always)]
    pub fn objection(self, asks: u32, cut: bool) -> Option<Reason> {
        if self.have(FROM, claim::TAG) || cut && !self.have(FROM, claim::TO) {
            return None;
        }
        let asked = |bits: u8| asks & u32::from(bits) != 0;
        let every = self.0 | self.0 >> DIVERSION | self.0 >> PARTY | self.0 >> ASSERTED;
        if asked(CALLERS_LISTED | CALLERS_VALIDATED) && every & claim::DENIED != 0 {
            return Some(Reason::CallerDenied);
        }
        let is_ours = self.have(FROM, claim::OURS) || self.have(PARTY, claim::OURS) || self.have(ASSERTED, claim::OURS);
        if asked(CALLERS_NOT_OURS) && is_ours {
            return Some(Reason::CallerSpoofed);
        }
        let is_named = cut || self.have(FROM, claim::SEEN);
        let is_asserted = cut || self.have(ASSERTED, claim::SEEN) || self.have(PARTY, claim::SEEN);
        let is_hidden = self.have(FROM, claim::PRIVATE) && !is_asserted;
        if asked(CALLERS_NAMED) && (self.have(FROM, claim::ANONYMOUS) || !is_named || is_hidden) {
            return Some(Reason::CallerAnonymous);
        }
        let believed = self.believed();
        let is_listed = cut || self.have(believed, claim::SEEN) && !self.have(believed, claim::UNLISTED);
        if asked(CALLERS_VALIDATED) && !is_listed { Some(Reason::CallerDenied) } else { None }
    }
}

#[cfg(test)]
mod tests;
