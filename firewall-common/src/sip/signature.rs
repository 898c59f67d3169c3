//! Scanners' signatures: header values taken apart into tokens, and a table of the tokens that give a scanner away.
//!
//! Owns: what a token is, its hash, and the table. Refuses: substrings ("3CXPhoneSystem" contains no token but itself),
//! and which signatures there are (the config says that).
use super::window::Window;

/// The part of a message that a signature is looked for in.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The value of User-Agent.
    UserAgent = 1,
    /// The display name of From: what stands before its URI.
    FromDisplay = 2,
    /// The user part of From's URI, or the host of a URI that has no user part.
    FromUser = 3,
    /// The host of From's URI: what stands after the `@`.
    FromHost = 4,
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
const VALUE_MAX: u32 = 256;

/// Letters, digits, and the marks that stand inside scanners' names and in addresses. Everything else parts tokens.
#[inline(always)]
pub const fn is_token(b: u8) -> bool {
    let letter = (b | 0x20).wrapping_sub(b'a') < 26;
    letter || b.wrapping_sub(b'0') < 10 || matches!(b, b'-' | b'_' | b'.')
}

const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// A token's hash: FNV-1a over its bytes in lower case (Fowler, Noll, Vo), begun from the field and a seed that nobody
/// outside knows, so that no value can be made up that collides with a signature.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    #[inline(always)]
    const fn begin(seed: u64, field: u8) -> Self {
        Self(seed.wrapping_add(field as u64).wrapping_mul(FNV_PRIME))
    }

    #[inline(always)]
    const fn with(self, b: u8) -> Self {
        let lower = if b.wrapping_sub(b'A') < 26 { b | 0x20 } else { b };
        Self((self.0 ^ lower as u64).wrapping_mul(FNV_PRIME))
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
const PROBES: u64 = 8;

/// The most signatures a config may have; a table of four times that many slots then has room for all.
pub const MAX_SIGNATURES: usize = SLOTS / 4;

/// The signatures of one policy.
#[repr(C)]
pub struct Table {
    seed: u64,
    slots: [Slot; SLOTS],
}

impl Table {
    /// A table without signatures.
    pub const fn new(seed: u64) -> Self {
        Self { seed, slots: [Slot { hash: 0, id: 0 }; SLOTS] }
    }

    /// Adds a token. `false`: no free slot where it belongs; the caller tries again with another seed.
    #[must_use]
    pub fn insert(&mut self, field: Field, token: &str, id: u32) -> bool {
        let hash = token.bytes().fold(Hash::begin(self.seed, field as u8), Hash::with).0;
        let home = Self::home(hash);
        for probe in 0..PROBES {
            let slot = &mut self.slots[Self::index(home, probe)];
            if slot.id == 0 || slot.hash == hash {
                *slot = Slot { hash, id: u64::from(id) + 1 };
                return true;
            }
        }
        false
    }

    #[inline(always)]
    const fn home(hash: u64) -> u64 {
        // FNV mixes its upper bits poorly on short tokens: Fibonacci hashing spreads them over the table.
        (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54
    }

    #[inline(always)]
    const fn index(home: u64, probe: u64) -> usize {
        (home + probe) as usize & (SLOTS - 1)
    }

    #[inline(always)]
    fn find(&self, hash: u64) -> Option<u32> {
        let home = Self::home(hash);
        for probe in 0..PROBES {
            let slot = self.slots[Self::index(home, probe)];
            if slot.id == 0 {
                return None;
            }
            if slot.hash == hash {
                return Some((slot.id - 1) as u32);
            }
        }
        None
    }

    /// The first signature among the tokens of the User-Agent value at `at`.
    #[inline(always)]
    pub fn user_agent(&self, w: &Window, at: u32) -> Option<u32> {
        self.scan(w, at, Place::whole(Field::UserAgent))
    }

    /// The first signature among the tokens of the From value at `at`.
    #[inline(always)]
    pub fn from(&self, w: &Window, at: u32) -> Option<u32> {
        self.scan(w, at, Place::name_addr())
    }

    #[inline(always)]
    fn scan(&self, w: &Window, start: u32, mut place: Place) -> Option<u32> {
        let mut hash = Hash::begin(self.seed, place.field);
        let mut inside = false;
        for i in 0..VALUE_MAX {
            let at = start + i;
            let b = w.byte(at);
            if is_token(b) && at < w.len() {
                hash = hash.with(b);
                inside = true;
                continue;
            }
            if inside && let Some(id) = self.find(hash.0) {
                return Some(id);
            }
            if at >= w.len() || (b == b'\n' && !is_fold(w.byte(at + 1))) {
                return None;
            }
            place = place.after(b)?;
            hash = Hash::begin(self.seed, place.field);
            inside = false;
        }
        None
    }
}

/// A line that begins with white space goes on with the value of the line before (RFC 3261 §7.3.1).
#[inline(always)]
const fn is_fold(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// Where in a value the scan stands.
#[derive(Clone, Copy)]
struct Place {
    field: u8,
    quoted: bool,
    /// Whether the value has the inner structure of From: `[display] <scheme:user@host>`.
    structured: bool,
}

impl Place {
    #[inline(always)]
    const fn whole(field: Field) -> Self {
        Self { field: field as u8, quoted: false, structured: false }
    }

    #[inline(always)]
    const fn name_addr() -> Self {
        Self { field: Field::FromDisplay as u8, quoted: false, structured: true }
    }

    /// The place after the delimiter `b`; `None` when the part of interest ends there.
    #[inline(always)]
    const fn after(self, b: u8) -> Option<Self> {
        if !self.structured {
            return Some(self);
        }
        if b == b'"' {
            return Some(Self { quoted: !self.quoted, ..self });
        }
        if self.quoted {
            return Some(self);
        }
        match b {
            b'<' => Some(Self { field: Field::FromUser as u8, ..self }),
            b'@' => Some(Self { field: Field::FromHost as u8, ..self }),
            b'>' | b';' => None,
            _ => Some(self),
        }
    }
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
