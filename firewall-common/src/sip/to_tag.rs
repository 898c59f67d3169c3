//! Whether a To has a tag, so that its request is inside of a dialog (RFC 3261 §12.2, §20.39).
//!
//! Owns: the machine that finds a tag behind the URI and nowhere else. Refuses: the tag's value.
use super::window::Window;
use crate::bound::wrap;

/// How many bytes are read in one go.
const GO: u32 = 32;
/// How many goes there are: as many bytes as a full window has.
const GOES: u32 = super::window::EXAMINED / GO;

/// Whether the value at `at`, which begins at its colon or at the blanks before it, has a tag. `go` is [`go`]; the kernel
/// program puts it behind a boundary of its own.
#[inline(always)]
pub fn has(w: &Window, at: u32, go: impl Fn(&Window, u64) -> u64) -> bool {
    let mut state = u64::from(w.forget(at)) << 32 | u64::from(w.forget(place::BEGIN));
    for _ in 0..GOES {
        state = go(w, state);
        let place = w.forget(state as u32);
        if place >= place::FOUND {
            return place == place::FOUND;
        }
    }
    false
}

/// One go of [`has`]'s: where in the value the reading stands, and above that at which byte.
#[inline(always)]
pub fn go(w: &Window, state: u64) -> u64 {
    let (mut at, mut place) = (w.forget((state >> 32) as u32), w.forget(state as u32));
    for _ in 0..GO {
        let class = u32::from(CLASS[w.byte(at) as usize]);
        place = w.forget(u32::from(NEXT[wrap::<256>(place * CLASSES + class)]));
        if w.forget(place) >= place::FOUND {
            break;
        }
        at = w.forget(at + 1);
    }
    u64::from(w.forget(at)) << 32 | u64::from(w.forget(place))
}

/// Where in a value the reading stands.
mod place {
    /// In a display name, or in a URI without brackets.
    pub(super) const BEGIN: u32 = 0;
    /// Between quotation marks, in a display name.
    pub(super) const QUOTED: u32 = 1;
    /// Behind a backslash there.
    pub(super) const ESCAPED: u32 = 2;
    /// In brackets.
    pub(super) const URI: u32 = 3;
    /// In parameters.
    pub(super) const PARAMS: u32 = 4;
    /// Between quotation marks, in a parameter's value.
    pub(super) const VALUE: u32 = 5;
    /// Behind a backslash there.
    pub(super) const VALUE_ESCAPED: u32 = 6;
    /// Behind a parameter's semicolon.
    pub(super) const NAME: u32 = 7;
    /// Behind the first letter of `tag`.
    pub(super) const T: u32 = 8;
    /// Behind the second.
    pub(super) const TA: u32 = 9;
    /// Behind all three.
    pub(super) const TAG: u32 = 10;
    /// There is a tag.
    pub(super) const FOUND: u32 = 12;
    /// There is none.
    pub(super) const NONE: u32 = 13;
}

mod class {
    pub(super) const OTHER: u8 = 0;
    pub(super) const SEMICOLON: u8 = 1;
    pub(super) const OPEN: u8 = 2;
    pub(super) const CLOSE: u8 = 3;
    pub(super) const QUOTE: u8 = 4;
    pub(super) const BACKSLASH: u8 = 5;
    pub(super) const BLANK: u8 = 6;
    /// A line end, or the payload's. A folded value ends with its first line here.
    pub(super) const END: u8 = 7;
    pub(super) const EQUALS: u8 = 8;
    pub(super) const T: u8 = 9;
    pub(super) const A: u8 = 10;
    pub(super) const G: u8 = 11;
}

const CLASSES: u32 = 16;

static CLASS: [u8; 256] = {
    let mut table = [class::OTHER; 256];
    let known = [
        (b';', class::SEMICOLON),
        (b'<', class::OPEN),
        (b'>', class::CLOSE),
        (b'"', class::QUOTE),
        (b'\\', class::BACKSLASH),
        (b' ', class::BLANK),
        (b'\t', class::BLANK),
        (b'\r', class::BLANK),
        (b'\n', class::END),
        (0, class::END),
        (b'=', class::EQUALS),
        (b't', class::T),
        (b'T', class::T),
        (b'a', class::A),
        (b'A', class::A),
        (b'g', class::G),
        (b'G', class::G),
    ];
    let mut i = 0;
    while i < known.len() {
        table[known[i].0 as usize] = known[i].1;
        i += 1;
    }
    table
};

static NEXT: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = next(at as u32 / CLASSES, (at as u32 % CLASSES) as u8) as u8;
        at += 1;
    }
    table
};

const fn next(place: u32, class: u8) -> u32 {
    match (place, class) {
        (_, class::END) => place::NONE,
        (place::BEGIN, class::QUOTE) | (place::ESCAPED, _) => place::QUOTED,
        (place::QUOTED, class::QUOTE) => place::BEGIN,
        (place::QUOTED, class::BACKSLASH) => place::ESCAPED,
        (place::BEGIN | place::PARAMS | place::NAME | place::T | place::TA | place::TAG, class::OPEN) => place::URI,
        (place::URI, class::CLOSE) => place::PARAMS,
        (place::QUOTED | place::URI, _) => place,
        (place::VALUE, class::QUOTE) => place::PARAMS,
        (place::VALUE, class::BACKSLASH) => place::VALUE_ESCAPED,
        (place::VALUE | place::VALUE_ESCAPED, _) => place::VALUE,
        (_, class::SEMICOLON) => place::NAME,
        (place::NAME | place::TAG, class::BLANK) => place,
        (place::NAME, class::T) => place::T,
        (place::T, class::A) => place::TA,
        (place::TA, class::G) => place::TAG,
        (place::TAG, class::EQUALS) => place::FOUND,
        (place::BEGIN, _) => place::BEGIN,
        (_, class::QUOTE) => place::VALUE,
        _ => place::PARAMS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn has_tag(value: &str) -> bool {
        let mut w = Window::new();
        w.fill(&b";tag=".repeat(300));
        w.fill(value.as_bytes());
        has(&w, 0, go)
    }

    #[test]
    fn a_tag_is_found_behind_the_uri_only() {
        let far = format!(": \"{}\" <sip:1@h>;x=y;tag=1\r\n", "x".repeat(900));
        for value in [
            ": <sip:1@h>;tag=1\r\n",
            ": \"A;tag\" <sip:1@h;tag=x>;a=b; TAG = 1",
            ": sip:1@h;tag=1",
            ":<tel:1>;x=\"y;\\\"\";tag=1",
            &far,
        ] {
            assert!(has_tag(value), "{value}");
        }
        for value in [
            ": <sip:1@h>\r\nX: y;tag=1\r\n",
            ": <sip:1@h;tag=1>\r\n",
            ": \";tag=1\" <sip:1@h>",
            ": \"\\\";tag=1\" <sip:1@h>",
            ": <sip:1@h>;x=\";tag=1\"",
            ": <sip:1@h>;x=\"\\\";tag=1\"",
            ": <sip:1@h>;tagx=1",
            ": <sip:1@h>;xtag=1",
            ": <sip:1@h>;tag",
            ": <sip:1@h>;ta g=1",
            ": A ;tag <sip:1@h>",
            ": <sip:1@h>;tag\r\n",
            "",
        ] {
            assert!(!has_tag(value), "{value}");
        }
    }
}
