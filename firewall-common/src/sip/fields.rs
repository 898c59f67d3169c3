//! Finds header fields by their names, one after another, 32 bytes at a time.
//!
//! Owns: the names that callers and dialogs are told by, and where their values begin. Refuses: reading values.
use super::window::{Window, first_marked, lowest_index, lowest_zero, repeat};
use crate::bound::wrap;

/// From (RFC 3261 §20.20), or its compact form `f`.
pub const FROM: u32 = 1;
/// To (§20.39), or `t`.
pub const TO: u32 = 2;
/// Call-ID (§20.8), or `i`.
pub const CALL_ID: u32 = 4;
/// P-Asserted-Identity (RFC 3325 §9.1).
pub const ASSERTED: u32 = 8;
/// Remote-Party-ID (draft-ietf-sip-privacy-04 §5).
pub const PARTY: u32 = 16;
/// Diversion (RFC 5806 §4).
pub const DIVERSION: u32 = 32;
/// Privacy (RFC 3323 §4.2).
pub const PRIVACY: u32 = 64;
/// No field: the empty line that ends the headers.
pub const END: u32 = 128;

/// How many stretches of 32 bytes, of which each line begins a new one, are looked at in one go.
const STRETCHES: u32 = 16;
/// How many goes there are at most from one field to the next: enough for a full window of 64 lines.
const GOES: u32 = 7;

/// A field: its name's bit, and where its value begins, at its colon or at the blanks before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found(u64);

impl Found {
    /// The bit of its name, or [`END`]; 0: the bytes have ended, or there was no time to look at more.
    #[inline(always)]
    pub const fn name(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Where its value begins.
    #[inline(always)]
    pub const fn value(self) -> u32 {
        self.0 as u32
    }
}

/// The first of the `wanted` fields behind the first line end at or behind `from`. `go` is [`go`]; the kernel program puts
/// it behind a boundary of its own.
#[inline(always)]
pub fn next(w: &Window, from: u32, wanted: u32, go: impl Fn(&Window, u32, u32) -> u64) -> Found {
    let mut at = w.forget(from);
    for _ in 0..GOES {
        let found = Found(go(w, at, wanted));
        at = w.forget(found.value());
        if w.forget(found.name()) != 0 || at == 0 {
            return found;
        }
    }
    Found(0)
}

/// One go of [`next`]'s: as it says, or where the next go begins. `named` is [`named`], behind a boundary in the same way.
#[inline(always)]
pub fn go(w: &Window, from: u32, wanted: u32, named: impl Fn(&Window, u32) -> u64) -> u64 {
    let mut at = w.forget(from);
    for _ in 0..STRETCHES {
        if w.forget(at) >= w.len() {
            return 0;
        }
        let Some((low, mark)) = first_marked(w.words(at).map(|word| lowest_zero(word ^ repeat(b'\n')))) else {
            at = w.forget(at + 32);
            continue;
        };
        at = w.forget(at + low + lowest_index(mark) + 1);
        if FIRST[w.byte(at) as usize] & wanted == 0 || w.forget(at) >= w.len() {
            continue;
        }
        let found = named(w, at);
        if (found >> 32) as u32 & wanted != 0 {
            return found;
        }
    }
    u64::from(w.forget(at))
}

/// The names that a first byte may begin.
static FIRST: [u32; 256] = {
    let mut table = [0; 256];
    let names: [(u8, u32); 9] = [
        (b'f', FROM),
        (b't', TO),
        (b'c', CALL_ID),
        (b'i', CALL_ID),
        (b'p', ASSERTED | PRIVACY),
        (b'r', PARTY),
        (b'd', DIVERSION),
        (b'\r', END),
        (b'\n', END),
    ];
    let mut i = 0;
    while i < names.len() {
        let (byte, bits) = names[i];
        table[byte as usize] |= bits;
        if byte.is_ascii_alphabetic() {
            table[byte.to_ascii_uppercase() as usize] |= bits;
        }
        i += 1;
    }
    table
};

/// The bit of the name of the line at `at`, and in the lower half where its value begins.
#[inline(always)]
pub fn named(w: &Window, at: u32) -> u64 {
    let name = w.word(at);
    let lower = |word: u64| word | repeat(0x20);
    let (first, second, third) = (lower(name), lower(w.word(at + 8)), lower(w.word(at + 16)));
    let is = |word: u64, text: &[u8; 8], len: u32| (word ^ u64::from_le_bytes(*text)) & (u64::MAX >> (64 - 8 * len));
    let mut found = (0, 0);
    for (differs, bit, len) in [
        (is(first, b"from\0\0\0\0", 4), FROM, 4),
        (is(first, b"f\0\0\0\0\0\0\0", 1), FROM, 1),
        (is(first, b"to\0\0\0\0\0\0", 2), TO, 2),
        (is(first, b"t\0\0\0\0\0\0\0", 1), TO, 1),
        (is(first, b"call-id\0", 7), CALL_ID, 7),
        (is(first, b"i\0\0\0\0\0\0\0", 1), CALL_ID, 1),
        (is(first, b"p-assert", 8) | is(second, b"ed-ident", 8) | is(third, b"ity\0\0\0\0\0", 3), ASSERTED, 19),
        (is(first, b"remote-p", 8) | is(second, b"arty-id\0", 7), PARTY, 15),
        (is(first, b"diversio", 8) | is(second, b"n\0\0\0\0\0\0\0", 1), DIVERSION, 9),
        (is(first, b"privacy\0", 7), PRIVACY, 7),
    ] {
        let ends = u64::from(ENDS_NAME[w.byte(at + len) as usize]);
        let is = zero(differs) & ends.wrapping_neg() as u32;
        found = (found.0 | bit & is, found.1 | len & is);
    }
    let end = zero(name & 0xffff ^ u64::from(u16::from_le_bytes(*b"\r\n")));
    u64::from(w.forget(found.0 | END & end)) << 32 | u64::from(w.forget(at + found.1))
}

/// All bits for 0, otherwise none.
#[inline(always)]
const fn zero(number: u64) -> u32 {
    (((number | number.wrapping_neg()) >> 63) as u32).wrapping_sub(1)
}

/// What may follow a header field's name (`HCOLON`, RFC 3261 §25.1), as 1.
static ENDS_NAME: [u8; 256] = {
    let mut table = [0; 256];
    table[b':' as usize] = 1;
    table[b' ' as usize] = 1;
    table[b'\t' as usize] = 1;
    table
};

/// How many bytes before a value are looked at in one go.
const BLANKS: u32 = 32;
/// As many goes as a full window takes.
const BLANKS_GOES: u32 = super::window::EXAMINED / BLANKS;

/// Where the first byte of a value stands that is no blank, of a value that begins at `at` as [`Found::value`] says; 0 for
/// an empty value. `go` is [`begin_go`].
#[inline(always)]
pub fn begin(w: &Window, at: u32, go: impl Fn(&Window, u64) -> u64) -> u32 {
    let mut state = u64::from(w.forget(at)) << 32 | u64::from(w.forget(place::BEFORE));
    for _ in 0..BLANKS_GOES {
        state = go(w, state);
        let place = w.forget(state as u32);
        if place >= place::VALUE {
            let at = w.forget((state >> 32) as u32);
            return if place == place::VALUE && at < w.len() { at } else { 0 };
        }
    }
    0
}

/// One go of [`begin`]'s: where the reading stands, and above that at which byte.
#[inline(always)]
pub fn begin_go(w: &Window, state: u64) -> u64 {
    let (mut at, mut place) = (w.forget((state >> 32) as u32), w.forget(state as u32));
    for _ in 0..BLANKS {
        let class = u32::from(CLASS[w.byte(at) as usize]);
        place = w.forget(u32::from(PLACES[wrap::<16>(place * 4 + class)]));
        if w.forget(place) >= place::VALUE {
            break;
        }
        at = w.forget(at + 1);
    }
    u64::from(w.forget(at)) << 32 | u64::from(w.forget(place))
}

/// Where before a value the reading stands.
mod place {
    /// Before the colon.
    pub(super) const BEFORE: u32 = 0;
    /// Behind it.
    pub(super) const BEHIND: u32 = 1;
    /// Behind a line end; the value goes on if a blank follows (RFC 3261 §7.3.1).
    pub(super) const LINE: u32 = 2;
    /// At the value.
    pub(super) const VALUE: u32 = 4;
    /// There is none.
    pub(super) const NONE: u32 = 5;
}

/// Classes of bytes: other ones, a colon, blanks, and line ends.
static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    table[b':' as usize] = 1;
    table[b' ' as usize] = 2;
    table[b'\t' as usize] = 2;
    table[b'\r' as usize] = 2;
    table[b'\n' as usize] = 3;
    table
};

/// The place behind a byte: a row of four classes for each.
static PLACES: [u8; 16] = {
    use place::{BEFORE, BEHIND, LINE, NONE, VALUE};
    let rows = [[NONE, BEHIND, BEFORE, NONE], [VALUE, VALUE, BEHIND, LINE], [NONE, NONE, BEHIND, NONE], [NONE; 4]];
    let (mut table, mut at) = ([0; 16], 0);
    while at < 16 {
        table[at] = rows[at / 4][at % 4] as u8;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;
    use std::{format, string::String};

    const ALL: u32 = FROM | TO | CALL_ID | ASSERTED | PARTY | DIVERSION | PRIVACY | END;

    fn window(text: &str) -> Window {
        let mut w = Window::new();
        w.fill(&[b'\n'; 1_500]);
        w.fill(text.as_bytes());
        w
    }

    fn all(message: &str, wanted: u32) -> Vec<(u32, &str)> {
        let w = window(message);
        let (mut at, mut found) = (message.find('\n').unwrap() as u32, Vec::new());
        loop {
            let next = next(&w, at, wanted, |w, at, wanted| go(w, at, wanted, named));
            match next.name() {
                0 => return found,
                END => found.push((END, "")),
                name => found.push((name, &message[begin(&w, next.value(), begin_go) as usize..])),
            }
            if next.name() == END {
                return found;
            }
            at = next.value();
        }
    }

    #[test]
    fn every_field_is_found_in_any_spelling() {
        for (name, bit) in [
            ("From", FROM),
            ("f", FROM),
            ("To", TO),
            ("T", TO),
            ("Call-ID", CALL_ID),
            ("CALL-ID", CALL_ID),
            ("i", CALL_ID),
            ("P-Asserted-Identity", ASSERTED),
            ("p-asserted-identity", ASSERTED),
            ("Remote-Party-ID", PARTY),
            ("Diversion", DIVERSION),
            ("Privacy", PRIVACY),
        ] {
            for colon in [":", ": ", " \t:", ":\r\n ", ": \r\n\t \t"] {
                for before in [0, 1, 7, 30] {
                    let other = "X: y\r\nVia: z\r\n".repeat(before);
                    let message = format!("A sip:a SIP/2.0\r\n{other}{name}{colon}:v\r\n\r\nf: x\r\n");
                    let found = all(&message, ALL);
                    assert_eq!(found.len(), 2, "{message:?}");
                    assert!(found[0].0 == bit && found[0].1.starts_with(":v\r\n"), "{message:?}: {found:?}");
                    assert_eq!(all(&message, ALL & !bit), [(END, "")]);
                }
            }
        }
    }

    #[test]
    fn other_names_and_empty_values_are_none() {
        let names = [
            "Fromm",
            "fr",
            "To2",
            "Call-IDs",
            "Call",
            "P-Asserted-Identit",
            "P-Preferred-Identity",
            "Remote-Party",
            "R",
            "p",
            "d",
        ];
        for name in names {
            assert_eq!(all(&format!("A sip:a SIP/2.0\r\n{name}: x\r\n"), ALL), [], "{name}");
        }
        for value in ["", ":", ":  ", " x", ":\r\nX: y", ":\r\n\r\n"] {
            let message = format!("\nf{value}");
            assert_eq!(begin(&window(&message), 2, begin_go), 0, "{value:?}");
        }
        let far = format!(":{}v", " ".repeat(1_400));
        assert_eq!(begin(&window(&far), 0, begin_go), 1_401);
    }

    proptest! {
        #[test]
        fn fields_are_those_of_a_line_by_line_reading(lines in prop::collection::vec("(From|t|Call-ID|Privacy|Via|X|Diversion): [!-~]{1,40}", 0..40)) {
            let message = format!("A sip:a SIP/2.0\r\n{}", lines.iter().map(|line| format!("{line}\r\n")).collect::<String>());
            prop_assume!(message.len() < 1_536);
            let bit = |name: &str| match name { "From" => FROM, "t" => TO, "Call-ID" => CALL_ID, "Privacy" => PRIVACY, "Diversion" => DIVERSION, _ => 0 };
            let want: Vec<_> = lines.iter().filter_map(|line| { let (name, value) = line.split_once(": ")?; (bit(name) != 0).then_some((bit(name), value)) }).collect();
            let found = all(&message, ALL);
            prop_assert_eq!(found.len(), want.len());
            for ((name, rest), (bit, value)) in found.into_iter().zip(want) {
                prop_assert!(name == bit && rest.starts_with(value));
            }
        }
    }
}
