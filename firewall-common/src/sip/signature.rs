//! Scanners' signatures: header values taken apart into tokens, and a table of the tokens that give a scanner away.
//!
//! Owns: what a token is, its hash, and the table. Refuses: substrings ("3CXPhoneSystem" contains no token but itself),
//! and which signatures there are (the config says that).
use super::window::Window;
use crate::bound::wrap;

/// The part of a message that a signature is looked for in.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The value of User-Agent.
    UserAgent = 0,
    /// The display name of From: what stands before its URI.
    FromDisplay = 1,
    /// The user part of From's URI, or the host of a URI that has no user part.
    FromUser = 2,
    /// The host of From's URI: what stands after the `@`.
    FromHost = 3,
}

impl Field {
    /// Every field.
    pub const ALL: &'static [Self] = &[Self::UserAgent, Self::FromDisplay, Self::FromUser, Self::FromHost];

    /// The word of the config file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::UserAgent => "user-agent",
            Self::FromDisplay => "from-display",
            Self::FromUser => "from-user",
            Self::FromHost => "from-host",
        }
    }
}

/// The longest part of a value that is looked at.
const VALUE_MAX: u32 = 88;

/// What a byte is: a token's byte in lower case (at least a space), or the class of a delimiter (below a space).
///
/// Letters, digits, and the marks that stand inside scanners' names and in addresses make tokens; everything else parts
/// them. A table, and not comparisons, because the kernel's verifier follows both ways of every comparison.
static BYTES: [u8; 256] = {
    let mut table = [class::OTHER; 256];
    let mut b = 0;
    while b < 256 {
        let byte = b as u8;
        table[b] = match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => byte.to_ascii_lowercase(),
            b'"' => class::QUOTE,
            b'<' => class::OPEN,
            b'@' => class::AT,
            b'>' | b';' => class::CLOSE,
            b'\n' => class::NEWLINE,
            _ => class::OTHER,
        };
        b += 1;
    }
    table
};

/// Whether a byte can stand inside a token.
pub const fn is_token(b: u8) -> bool {
    BYTES[b as usize] >= b' '
}

/// Classes of delimiters.
mod class {
    pub(super) const OTHER: u8 = 0;
    pub(super) const QUOTE: u8 = 1;
    pub(super) const OPEN: u8 = 2;
    pub(super) const AT: u8 = 3;
    pub(super) const CLOSE: u8 = 4;
    pub(super) const NEWLINE: u8 = 5;
}

/// Where in a value the scan stands: the field's number, plus [`QUOTED`] between quotation marks.
type Place = u32;
const QUOTED: Place = 4;
/// Where a scan of User-Agent begins.
pub const USER_AGENT: Place = Field::UserAgent as Place;
/// Where a scan of From begins.
pub const FROM: Place = Field::FromDisplay as Place;
/// The part of interest has ended.
const ENDED: Place = 8;
/// A signature was found.
const FOUND: Place = 9;

/// The place after a delimiter: a row of eight classes for each place. From has the structure
/// `[display] <scheme:user@host>`; User-Agent has none.
static NEXT: [u8; 64] = {
    let mut table = [0; 64];
    let mut at = 0;
    while at < 64 {
        let (place, delimiter) = ((at / 8) as u8, (at % 8) as u8);
        let plain = place < QUOTED as u8 && place != Field::UserAgent as u8;
        table[at] = match delimiter {
            class::QUOTE if place != Field::UserAgent as u8 => place ^ QUOTED as u8,
            class::OPEN if plain => Field::FromUser as u8,
            class::AT if plain => Field::FromHost as u8,
            class::CLOSE if plain => ENDED as u8,
            _ => place,
        };
        at += 1;
    }
    table
};

const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// A token's hash: FNV-1a over its bytes in lower case (Fowler, Noll, Vo), begun from the field and a seed that nobody
/// outside knows, so that no value can be made up that collides with a signature. Of its bits [`HASH_BITS`] count, so that
/// one number has room for it and for where the scan stands.
#[derive(Clone, Copy)]
struct Hash(u64);

/// The lower bits of a product rest on the lower bits of its factors alone.
const HASH_BITS: u64 = (1 << 56) - 1;

impl Hash {
    #[inline(always)]
    const fn begin(seed: u64, place: Place) -> Self {
        Self(seed.wrapping_add((place & 3) as u64 + 1).wrapping_mul(FNV_PRIME))
    }

    #[inline(always)]
    const fn with(self, lower: u8) -> Self {
        Self((self.0 ^ lower as u64).wrapping_mul(FNV_PRIME))
    }

    #[inline(always)]
    const fn counted(self) -> Self {
        Self(self.0 & HASH_BITS)
    }

    /// See [`Window::forget`].
    #[inline(always)]
    fn forget(self, w: &Window) -> Self {
        Self(self.0 ^ u64::from(w.forget(0)) ^ u64::from(w.forget(0)) << 32)
    }

    /// FNV mixes its upper bits poorly on short tokens: Fibonacci hashing spreads them.
    #[inline(always)]
    const fn spread(self) -> u64 {
        (self.0 ^ self.0 >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// A slot of the table; all zero: empty.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Slot {
    hash: u64,
    id: u64,
}

const SLOTS: usize = 1024;
const PROBES: u64 = 4;
/// Words of the filter that spares most tokens a look into the slots: 1,024 bits.
const FILTER: usize = 16;

/// The most signatures a config may have.
pub const MAX_SIGNATURES: usize = SLOTS / 4;

/// The signatures of one policy.
#[repr(C)]
pub struct Table {
    seed: u64,
    filter: [u64; FILTER],
    slots: [Slot; SLOTS],
}

impl Table {
    /// A table without signatures.
    pub const fn new(seed: u64) -> Self {
        Self { seed, filter: [0; FILTER], slots: [Slot { hash: 0, id: 0 }; SLOTS] }
    }

    /// Adds a token. `false`: no free slot where it belongs; the caller tries again with another seed.
    #[must_use]
    pub fn insert(&mut self, field: Field, token: &str, id: u32) -> bool {
        let begin = Hash::begin(self.seed, field as Place);
        let hash = token.bytes().fold(begin, |hash, b| hash.with(b.to_ascii_lowercase())).counted();
        let (word, bit) = Self::filter_place(hash);
        for probe in 0..PROBES {
            let slot = &mut self.slots[Self::index(hash, probe)];
            if slot.id == 0 || slot.hash == hash.0 {
                *slot = Slot { hash: hash.0, id: u64::from(id) + 1 };
                self.filter[word] |= bit;
                return true;
            }
        }
        false
    }

    #[inline(always)]
    fn filter_place(hash: Hash) -> (usize, u64) {
        let spread = hash.spread();
        (wrap::<FILTER>((spread >> 32) as u32), 1 << (spread >> 40 & 63))
    }

    #[inline(always)]
    fn index(hash: Hash, probe: u64) -> usize {
        wrap::<SLOTS>(((hash.spread() >> 54) + probe) as u32)
    }

    #[inline(always)]
    fn may_have(&self, hash: Hash) -> bool {
        let (word, bit) = Self::filter_place(hash.counted());
        self.filter[word] & bit != 0
    }

    /// The id plus one of the token with this hash, 0 for none.
    #[inline(always)]
    pub fn look_up(&self, hash: u64) -> u64 {
        let hash = Hash(hash).counted();
        for probe in 0..PROBES {
            let slot = self.slots[Self::index(hash, probe)];
            if slot.hash == hash.0 && slot.id != 0 {
                return slot.id;
            }
        }
        0
    }

    /// The first signature among the tokens of the User-Agent value at `at`.
    pub fn user_agent(&self, w: &Window, at: u32) -> Option<u32> {
        self.scan(w, at, USER_AGENT, |w, at, progress| self.go(w, at, progress, |hash| self.look_up(hash)))
    }

    /// The first signature among the tokens of the From value at `at`.
    pub fn from(&self, w: &Window, at: u32) -> Option<u32> {
        self.scan(w, at, FROM, |w, at, progress| self.go(w, at, progress, |hash| self.look_up(hash)))
    }

    /// The first signature among the tokens of the value at `at` of a header field: [`USER_AGENT`] or [`FROM`]. `go` is
    /// [`Table::go`]; the kernel program puts it behind a boundary of its own.
    #[inline(always)]
    pub fn scan(&self, w: &Window, start: u32, place: u32, go: impl Fn(&Window, u32, u64) -> u64) -> Option<u32> {
        let mut progress = Progress::new(Hash::begin(self.seed, place), place);
        for i in 0..VALUE_MAX / GO {
            progress = Progress(go(w, start + i * GO, progress.0));
            if progress.place() >= ENDED {
                return progress.found();
            }
        }
        None
    }

    /// One go of [`Table::scan`]'s, from `start` on: what is known behind it, as one number. `look_up` is
    /// [`Table::look_up`], behind a boundary of its own in the same way.
    #[inline(always)]
    pub fn go(&self, w: &Window, start: u32, progress: u64, look_up: impl Fn(u64) -> u64) -> u64 {
        let (mut hash, mut place) = (Progress(progress).hash(), w.forget(Progress(progress).place()));
        for i in 0..GO {
            let at = w.forget(start + i);
            let byte = BYTES[w.byte(at) as usize];
            // What follows the payload reads as zero, so no token goes on behind it.
            if byte >= b' ' {
                hash = hash.with(byte);
                continue;
            }
            // Between two delimiters stands an empty token, which is no signature.
            let id = if self.may_have(hash) { look_up(hash.0) } else { 0 };
            if id != 0 {
                return Progress::new(Hash(id), FOUND).0;
            }
            let next = Place::from(NEXT[wrap::<64>((place & 7) * 8 + Place::from(byte & 7))]);
            let ends = byte == class::NEWLINE && !is_fold(w.byte(at + 1));
            if at >= w.len() || ends || next == ENDED {
                return Progress::new(Hash(0), ENDED).0;
            }
            place = w.forget(next);
            hash = Hash::begin(self.seed, place).forget(w);
        }
        Progress::new(hash, place).0
    }
}

/// How many bytes are looked at in one go.
const GO: u32 = 8;
const _: () = assert!(VALUE_MAX.is_multiple_of(GO));

/// What is known behind a go: the hash of the token so far, and in the lowest bits the place.
#[derive(Clone, Copy)]
struct Progress(u64);

impl Progress {
    const PLACE_BITS: u32 = 8;

    #[inline(always)]
    const fn new(hash: Hash, place: Place) -> Self {
        Self(hash.0 << Self::PLACE_BITS | place as u64)
    }

    #[inline(always)]
    const fn hash(self) -> Hash {
        Hash(self.0 >> Self::PLACE_BITS)
    }

    #[inline(always)]
    const fn place(self) -> Place {
        self.0 as Place & 0xff
    }

    /// The id of the signature that was found.
    #[inline(always)]
    fn found(self) -> Option<u32> {
        (self.place() == FOUND).then(|| (self.hash().0 - 1) as u32)
    }
}

/// A line that begins with white space goes on with the value of the line before (RFC 3261 §7.3.1).
#[inline(always)]
const fn is_fold(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn table() -> Table {
        let mut t = Table::new(0x5eed);
        for (i, (field, token)) in [
            (Field::UserAgent, "friendly-scanner"),
            (Field::UserAgent, "SIPCLI"),
            (Field::UserAgent, "Gulp"),
            (Field::FromDisplay, "sipvicious"),
            (Field::FromHost, "1.1.1.1"),
        ]
        .into_iter()
        .enumerate()
        {
            assert!(t.insert(field, token, i as u32));
        }
        t
    }

    fn window(value: &str) -> Window {
        let mut w = Window::new();
        w.fill(value.as_bytes());
        w
    }

    #[test]
    fn user_agents_match_by_token() {
        for (value, want) in [
            (": friendly-scanner\r\n", Some(0)),
            (": Friendly-Scanner", Some(0)),
            (": sipcli/v1.8\r\n", Some(1)),
            (": x (gulp)\r\n", Some(2)),
            (":\r\n gulp\r\n", Some(2)),
            (": unfriendly-scanner\r\n", None),
            (": gulper\r\n", None),
            (": sip cli\r\nX: gulp\r\n", None),
            (": 3CXPhoneSystem 18.0\r\n", None),
            (": Asterisk PBX 18.9\r\n", None),
            (": Zoiper rv2.10\r\n", None),
            (": Cisco-CP8861/12.8\r\n", None),
        ] {
            assert_eq!(table().user_agent(&window(value), 0), want, "{value:?}");
        }
    }

    #[test]
    fn from_matches_in_the_right_part_only() {
        for (value, want) in [
            (r#": "sipvicious"<sip:100@192.0.2.1>;tag=1"#, Some(3)),
            (": sipvicious <sip:100@192.0.2.1>", Some(3)),
            (": <sip:sipvicious@192.0.2.1>", None),
            (": <sip:100@1.1.1.1>;tag=x", Some(4)),
            (": sip:100@1.1.1.1;tag=x", Some(4)),
            (": \"1.1.1.1\" <sip:100@192.0.2.1>", None),
            (": \"a@1.1.1.1\" <sip:100@192.0.2.1>", None),
            (": <sip:100@192.0.2.1>;x=@1.1.1.1", None),
            (": <sip:100@1.1.1.11>", None),
        ] {
            assert_eq!(table().from(&window(value), 0), want, "{value:?}");
        }
    }

    #[test]
    fn the_promised_number_of_signatures_fits_some_seed() {
        let tokens: Vec<_> = (0..MAX_SIGNATURES).map(|i| std::format!("scanner-{i}")).collect();
        let fits = |seed| {
            let mut t = Table::new(seed);
            tokens.iter().enumerate().all(|(i, s)| t.insert(Field::UserAgent, s, i as u32))
        };
        assert!((1..64u64).any(|seed| fits(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
    }
}
