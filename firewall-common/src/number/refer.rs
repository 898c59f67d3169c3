//! Finds the URI that a REFER refers to (RFC 3515 §2.1), and the one that a request is for.
//!
//! Owns: where they begin. Refuses: reading them (see [`super::scan`]).
use crate::bound::wrap;
use crate::sip::window::{Window, first_marked, lowest_index, lowest_zero, repeat};

/// Where the Request-URI begins, of a request whose method has `method` bytes (RFC 3261 §7.1, §7.5).
#[inline(always)]
pub fn request_uri(w: &Window, method: u32) -> u32 {
    let mut at = 0;
    for _ in 0..EMPTY_LINES {
        if w.word(at) & 0xffff != CRLF {
            break;
        }
        at += 2;
    }
    w.forget(at + method + 1)
}

const EMPTY_LINES: u32 = 8;
const CRLF: u64 = u16::from_le_bytes(*b"\r\n") as u64;

/// How many stretches of 32 bytes, or lines, are looked at in one go.
const STRETCHES: u32 = 8;
/// How many goes there are: one for each 32 bytes of a full window, and one for each of as many lines.
const GOES: u32 = 16;

/// Where the value of the first Refer-To begins, or of its compact form `r`, of a message whose headers begin at `headers`;
/// 0 without one. `go` is [`refer_go`].
#[inline(always)]
pub fn refer_to(w: &Window, headers: u32, go: impl Fn(&Window, u32) -> u64) -> u32 {
    let mut at = w.forget(headers.wrapping_sub(1));
    for _ in 0..GOES {
        let seen = go(w, at);
        let value = w.forget((seen >> 32) as u32);
        at = w.forget(seen as u32);
        if w.forget(value | u32::from(at == 0)) != 0 {
            return value;
        }
    }
    0
}

/// One go of [`refer_to`]'s, from the line end at or behind `at` on: the value's place in the upper half, and where the next
/// go begins; 0 for what there is not.
#[inline(always)]
pub fn refer_go(w: &Window, at: u32) -> u64 {
    let mut at = w.forget(at);
    for _ in 0..STRETCHES {
        if w.forget(at) >= w.len() {
            return 0;
        }
        let Some((low, mark)) = first_marked(w.words(at).map(|word| lowest_zero(word ^ repeat(b'\n')))) else {
            at = w.forget(at + 32);
            continue;
        };
        at = w.forget(at + low + lowest_index(mark) + 1);
        let name = w.word(at);
        if name & 0xffff == CRLF || w.forget(at) >= w.len() {
            return 0;
        }
        let len = w.forget(name_len(name | repeat(0x20)));
        if len != 0 && matches!(w.byte(at + len), b':' | b' ' | b'\t') {
            return u64::from(at + len) << 32;
        }
    }
    u64::from(at)
}

/// The length of the name that a line's first eight bytes, in lower case, are; 0 for another name.
#[inline(always)]
const fn name_len(name: u64) -> u32 {
    if name == u64::from_le_bytes(*b"refer-to") {
        8
    } else if name as u8 == b'r' && matches!((name >> 8) as u8, b':' | b' ' | 0x29) {
        1
    } else {
        0
    }
}

/// How many bytes of a value are looked at in one go.
const GO: u32 = 32;
/// How many goes there are.
const VALUE_GOES: u32 = 32;

/// Where the URI of a value begins that is an address (RFC 3261 §20.10), and whether it is in brackets; none for what is none. The
/// value begins at `at`, at its colon or at the blanks before it. `go` is [`address_go`].
#[inline(always)]
pub fn address(w: &Window, at: u32, go: impl Fn(&Window, u64) -> u64) -> Option<(u32, bool)> {
    let mut state = State::new(place::BEFORE, w.forget(at), 0).0;
    for _ in 0..VALUE_GOES {
        state = go(w, state);
        let place = w.forget(State(state).place());
        if place >= place::BARE {
            let begins = w.forget(State(state).begins());
            return (place != place::NONE).then_some((begins, place == place::BRACKETS));
        }
    }
    None
}

/// Where the reading stands, at which byte, and where the URI begins if it has no brackets: in one number.
#[derive(Clone, Copy)]
struct State(u64);

impl State {
    #[inline(always)]
    fn new(place: u32, at: u32, begins: u32) -> Self {
        Self(u64::from(place & 15) | u64::from(at & 0xffff) << 16 | u64::from(begins) << 32)
    }

    #[inline(always)]
    const fn place(self) -> u32 {
        self.0 as u32 & 15
    }

    #[inline(always)]
    const fn at(self) -> u32 {
        self.0 as u32 >> 16
    }

    #[inline(always)]
    const fn begins(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// One go of [`address`]'s.
#[inline(always)]
pub fn address_go(w: &Window, state: u64) -> u64 {
    let state = State(state);
    let (mut place, mut at, mut begins) = (w.forget(state.place()), w.forget(state.at()), w.forget(state.begins()));
    for _ in 0..GO {
        let class = u32::from(CLASS[w.byte(at) as usize]);
        let next = u32::from(NEXT[wrap::<256>(place * 16 + class)]);
        let starts = (next >> 4).wrapping_neg();
        begins = w.forget(at & starts | begins & !starts);
        place = w.forget(next & 15);
        if w.forget(place) >= place::BARE {
            break;
        }
        at = w.forget(at + 1);
    }
    State::new(place, at, begins).0
}

/// Where in an address the reading stands.
mod place {
    /// Before the colon behind the header's name.
    pub(super) const BEFORE: u32 = 0;
    /// Behind it.
    pub(super) const BEGIN: u32 = 1;
    /// In a display name, or in the scheme of a URI without brackets.
    pub(super) const TOKEN: u32 = 2;
    /// Between quotation marks.
    pub(super) const QUOTED: u32 = 3;
    /// Behind a backslash between quotation marks.
    pub(super) const ESCAPED: u32 = 4;
    /// Behind a quoted display name.
    pub(super) const NAMED: u32 = 5;
    /// Behind the bracket.
    pub(super) const OPEN: u32 = 6;
    /// Behind a line end; the value goes on if a blank follows.
    pub(super) const LINE: u32 = 7;
    /// The URI's scheme has ended, and there is no bracket.
    pub(super) const BARE: u32 = 8;
    /// The URI begins here, in brackets.
    pub(super) const BRACKETS: u32 = 9;
    /// There is no URI.
    pub(super) const NONE: u32 = 10;
}

mod class {
    pub(super) const OTHER: u8 = 0;
    pub(super) const COLON: u8 = 1;
    pub(super) const OPEN: u8 = 2;
    pub(super) const QUOTE: u8 = 3;
    pub(super) const BACKSLASH: u8 = 4;
    pub(super) const BLANK: u8 = 5;
    pub(super) const NEWLINE: u8 = 6;
    pub(super) const END: u8 = 7;
}

static CLASS: [u8; 256] = {
    let mut table = [class::OTHER; 256];
    table[b':' as usize] = class::COLON;
    table[b'<' as usize] = class::OPEN;
    table[b'"' as usize] = class::QUOTE;
    table[b'\\' as usize] = class::BACKSLASH;
    table[b' ' as usize] = class::BLANK;
    table[b'\t' as usize] = class::BLANK;
    table[b'\r' as usize] = class::BLANK;
    table[b'\n' as usize] = class::NEWLINE;
    table[0] = class::END;
    table
};

/// Set in [`NEXT`]: the URI begins here, if it has no brackets or is in them.
const BEGINS: u8 = 16;

static NEXT: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = next(at as u32 / 16, (at % 16) as u8);
        at += 1;
    }
    table
};

const fn next(place: u32, class: u8) -> u8 {
    (match (place, class) {
        (_, class::END) => place::NONE,
        (place::BEFORE, class::COLON) => place::BEGIN,
        (place::BEFORE | place::BEGIN | place::TOKEN | place::NAMED | place::OPEN, class::BLANK) => place,
        (place::LINE, class::BLANK) => place::BEGIN,
        (place::OPEN, class::NEWLINE) => place::OPEN,
        (place::BEGIN | place::TOKEN | place::NAMED, class::NEWLINE) => place::LINE,
        (place::BEGIN | place::TOKEN | place::NAMED, class::OPEN) => place::OPEN,
        (place::BEGIN | place::TOKEN, class::QUOTE) | (place::ESCAPED, _) => place::QUOTED,
        (place::TOKEN, class::OTHER | class::BACKSLASH) => place::TOKEN,
        (place::TOKEN, class::COLON) => place::BARE,
        (place::QUOTED, class::QUOTE) => place::NAMED,
        (place::QUOTED, class::BACKSLASH) => place::ESCAPED,
        (place::QUOTED, _) => place::QUOTED,
        (place::BEGIN, class::OTHER) => return place::TOKEN as u8 | BEGINS,
        (place::OPEN, class::OTHER) => return place::BRACKETS as u8 | BEGINS,
        _ => place::NONE,
    }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn window(text: &str) -> Window {
        let mut w = Window::new();
        w.fill(&[b'<'; 1_500]);
        w.fill(text.as_bytes());
        w
    }

    fn address_in(value: &str) -> Option<(&str, bool)> {
        address(&window(value), 0, address_go).map(|(at, brackets)| (&value[at as usize..], brackets))
    }

    #[test]
    fn an_address_is_found_in_every_form() {
        let long = format!(": \"{}\" <sip:x>", "y".repeat(600));
        for (value, uri) in [
            (": <sip:1@h>", ("sip:1@h>", true)),
            (":sip:1@h", ("sip:1@h", false)),
            (" \t: \tsip:1@h", ("sip:1@h", false)),
            (": A B <sip:1@h>", ("sip:1@h>", true)),
            (": \"a <sip:2@h>\\\"\" < sip:1@h>", ("sip:1@h>", true)),
            (":\r\n <tel:1>", ("tel:1>", true)),
            (": A\r\n\tB\r\n <tel:1>", ("tel:1>", true)),
            (":\r\n tel:1", ("tel:1", false)),
            (": \"a\r\n b\" <tel:1>", ("tel:1>", true)),
            (&long, ("sip:x>", true)),
        ] {
            assert_eq!(address_in(value), Some(uri), "{value:?}");
        }
        for value in ["", ": ", ": x", ":\r\nVia: <sip:1@h>", ": \"open <sip:1@h>", ": \"x\" y <sip:1@h>", ": <"] {
            assert_eq!(address_in(value), None, "{value:?}");
        }
    }

    fn refer_in(message: &str) -> Option<&str> {
        let headers = message.find("\r\n").unwrap() as u32 + 2;
        let at = refer_to(&window(message), headers, refer_go) as usize;
        (at != 0).then(|| &message[at..])
    }

    #[test]
    fn the_first_refer_to_is_found() {
        for name in ["Refer-To", "REFER-TO", "r", "R", "r\t", "refer-to "] {
            for before in [0, 1, 9, 40] {
                let via = "X: y\r\nFrom: z\r\n".repeat(before);
                let message = format!("REFER sip:a SIP/2.0\r\n{via}{name}: <sip:1@h>\r\nr: <tel:2>\r\n\r\n");
                assert!(refer_in(&message).unwrap().trim_start().starts_with(": <sip:1@h>"), "{message}");
            }
        }
        for other in ["Refer-Tos: x", "Ref: x", "Referred-By: <sip:1@h>", "Refer-T", "\r\nr: <sip:1@h>", "rr: x"] {
            assert_eq!(refer_in(&format!("REFER sip:a SIP/2.0\r\nVia: x\r\n{other}\r\n\r\n")), None, "{other}");
        }
    }

    #[test]
    fn a_request_uri_is_behind_the_method() {
        for lines in 0..=8 {
            let w = window(&format!("{}INVITE sip:1@h SIP/2.0\r\n\r\n", "\r\n".repeat(lines)));
            assert_eq!(request_uri(&w, 6), 2 * lines as u32 + 7);
        }
    }
}
