//! The account that a request names: the user part of From's URI, exactly as it stands on the wire (RFC 3261 §19.1.1,
//! §20.20).
//!
//! Owns: where the user part begins and ends, and its hash. Refuses: unescaping and comparing accounts; whoever writes the
//! same account in two ways is held once for each.
use super::window::Window;
use crate::bound::wrap;

/// How many bytes of From are looked at. A user part that ends behind them is no account here.
const VALUE_MAX: u32 = 192;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The hash of a user part: FNV-1a (Fowler, Noll, Vo), never zero. It needs no key: whoever finds two accounts of one hash
/// only holds himself, since the source goes with it.
pub const fn hash(user: &[u8]) -> u64 {
    let (mut hash, mut i) = (FNV_OFFSET, 0);
    while i < user.len() {
        hash = with(hash, user[i]);
        i += 1;
    }
    finish(hash)
}

#[inline(always)]
const fn with(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(FNV_PRIME)
}

#[inline(always)]
const fn finish(hash: u64) -> u64 {
    if hash == 0 { 1 } else { hash }
}

/// The hash of the user part in the From value at `at`, where [`super::header_scan::Values::from`] says it begins: at the
/// colon, or at the blanks before it.
#[inline(always)]
pub fn find(w: &Window, at: u32) -> Option<u64> {
    let mut place = w.forget(BEFORE);
    let mut hash = FNV_OFFSET ^ u64::from(w.forget(0));
    for i in 0..VALUE_MAX {
        let at = w.forget(at + i);
        let byte = w.byte(at);
        let next = u32::from(NEXT[wrap::<SIZE>(place * CLASSES + u32::from(CLASS[byte as usize]))]);
        if next >= NONE {
            return (next == FOUND && at < w.len()).then_some(finish(hash));
        }
        // Without a branch, of which the kernel's verifier would follow both ways for every byte.
        hash ^= (hash ^ with(hash, byte)) & IN_USER[wrap::<16>(next)];
        place = w.forget(next);
    }
    None
}

/// Where in the value the scan stands.
type Place = u32;
/// Before the header's colon.
const BEFORE: Place = 0;
/// In a display name, or in the scheme of a URI without brackets.
const BEGIN: Place = 1;
/// Between quotation marks.
const QUOTED: Place = 2;
/// Behind a backslash between quotation marks.
const ESCAPED: Place = 3;
/// In the scheme of a URI in brackets.
const SCHEME: Place = 4;
/// Behind the user part, in a password.
const PASSWORD: Place = 5;
/// Behind a line end; the value goes on if a blank follows (RFC 3261 §7.3.1).
const LINE: Place = 6;
/// Behind a quoted display name: nothing but a bracket may follow.
const NAMED: Place = 7;
/// Before the first byte of a user part.
const EMPTY: Place = 8;
/// In the user part.
const USER: Place = 9;
/// There is no user part.
const NONE: Place = 16;
/// The user part has ended, and an `@` follows it or its password.
const FOUND: Place = 17;

const CLASSES: u32 = 16;
const SIZE: usize = 256;

/// Classes of bytes.
mod class {
    pub(super) const OTHER: u8 = 0;
    pub(super) const COLON: u8 = 1;
    pub(super) const AT: u8 = 2;
    pub(super) const OPEN: u8 = 3;
    pub(super) const CLOSE: u8 = 4;
    pub(super) const QUOTE: u8 = 5;
    pub(super) const BACKSLASH: u8 = 6;
    pub(super) const BLANK: u8 = 7;
    pub(super) const RETURN: u8 = 8;
    pub(super) const NEWLINE: u8 = 9;
}

/// A table, and not comparisons, because the kernel's verifier follows both ways of every comparison.
static CLASS: [u8; 256] = {
    let mut table = [class::OTHER; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b':' => class::COLON,
            b'@' => class::AT,
            b'<' => class::OPEN,
            b'>' => class::CLOSE,
            b'"' => class::QUOTE,
            b'\\' => class::BACKSLASH,
            b' ' | b'\t' => class::BLANK,
            b'\r' => class::RETURN,
            b'\n' => class::NEWLINE,
            _ => class::OTHER,
        };
        b += 1;
    }
    table
};

/// The place behind a byte: a row of 16 classes for each place.
static NEXT: [u8; SIZE] = {
    let mut table = [NONE as u8; SIZE];
    let mut at = 0;
    while at < SIZE {
        table[at] = next(at as u32 / CLASSES, (at as u32 % CLASSES) as u8) as u8;
        at += 1;
    }
    table
};

/// All bits for [`USER`], and none for another place.
static IN_USER: [u64; 16] = {
    let mut table = [0; 16];
    table[USER as usize] = u64::MAX;
    table
};

const fn next(place: Place, class: u8) -> Place {
    match (place, class) {
        (BEFORE, class::BLANK) => BEFORE,
        (BEFORE, class::COLON) => BEGIN,
        (BEGIN, class::OTHER | class::BLANK | class::RETURN) => BEGIN,
        (BEGIN | NAMED, class::NEWLINE) => LINE,
        (BEGIN | SCHEME, class::COLON) => EMPTY,
        (BEGIN, class::QUOTE) => QUOTED,
        (BEGIN | NAMED, class::OPEN) => SCHEME,
        (QUOTED, class::QUOTE) => NAMED,
        (QUOTED, class::BACKSLASH) => ESCAPED,
        (QUOTED | ESCAPED, class::NEWLINE) => NONE,
        (QUOTED | ESCAPED, _) => QUOTED,
        (NAMED, class::BLANK | class::RETURN) => NAMED,
        (LINE, class::BLANK) => BEGIN,
        (SCHEME, class::OTHER) => SCHEME,
        (EMPTY | USER, class::OTHER | class::BACKSLASH) => USER,
        (USER, class::COLON) => PASSWORD,
        (USER | PASSWORD, class::AT) => FOUND,
        (PASSWORD, class::OTHER | class::COLON | class::BACKSLASH) => PASSWORD,
        _ => NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;

    fn find_in(value: &str) -> Option<u64> {
        let mut w = Window::new();
        w.fill(&[b'@'; 1_500]);
        w.fill(value.as_bytes());
        find(&w, 0)
    }

    /// The user part of a value, by splitting strings.
    fn plain(value: &str) -> Option<&str> {
        let rest = value.trim_start_matches([' ', '\t']).strip_prefix(':')?;
        let rest = match rest.find('"') {
            Some(open) if !rest[..open].contains(['<', ':']) => after_quoted(&rest[open + 1..])?,
            _ => rest,
        };
        let uri = match rest.find('<') {
            Some(open) if !rest[..open].contains(':') => &rest[open + 1..],
            _ => rest,
        };
        let (scheme, rest) = uri.split_once(':')?;
        let (user, _) = rest.split_once('@')?;
        let whole = !scheme.is_empty() && !user.contains(['<', '>', '"', ' ', '\t', '\r', '\n']);
        let user = user.split(':').next()?;
        (whole && !user.is_empty()).then_some(user)
    }

    fn after_quoted(mut text: &str) -> Option<&str> {
        loop {
            let at = text.find(['"', '\\'])?;
            let quote = text[at..].starts_with('"');
            text = &text[at + if quote { 1 } else { 2 }..];
            if quote {
                return Some(text);
            }
        }
    }

    #[test]
    fn the_user_part_is_found_in_every_form_of_from() {
        for (value, user) in [
            (": <sip:100@192.0.2.1>;tag=x", "100"),
            (":sip:100@192.0.2.1;tag=x", "100"),
            (" \t: Alice Q <sips:alice;x=y@example.com>", "alice;x=y"),
            (": \"a@b <sip:c@d>\" <sip:e@f>", "e"),
            (": \"a\\\" <sip:c@d>\" <sip:e%40@f>", "e%40"),
            (": <sip:alice:secret:x@h>", "alice"),
            (":\r\n <sip:folded@h>", "folded"),
            (": \"n\"\r\n\t<sip:folded@h>", "folded"),
            (": <tel:+49123;x@y>", "+49123;x"),
            (": <sip:Ünïcode@h>", "Ünïcode"),
        ] {
            assert_eq!(find_in(value), Some(hash(user.as_bytes())), "{value:?}");
        }
    }

    #[test]
    fn what_names_nobody_has_no_account() {
        let long = std::format!(": \"{}\" <sip:a@b>", "x".repeat(VALUE_MAX as usize));
        for value in [
            ": <sip:192.0.2.1>",
            ": <sip:@h>",
            ": <sip::secret@h>",
            ": alice@example.com",
            ": \"open <sip:a@b>",
            ": \"fold\r\n ed\" <sip:a@b>",
            ":\r\nTo: <sip:a@b>",
            ": <sip:a\r\n @b>",
            ": <sip:a",
            ": <sip:a b@c>",
            ": x \"y\" z <sip:a@b>",
            "",
            &long,
        ] {
            assert_eq!(find_in(value), None, "{value:?}");
        }
    }

    #[test]
    fn a_value_cut_anywhere_names_nobody_or_the_same() {
        let value = ": \"Alice\" <sip:alice:x@example.com>";
        let whole = value.find('@').unwrap();
        for len in 0..value.len() {
            assert_eq!(find_in(&value[..len]), (len > whole).then(|| hash(b"alice")), "{len}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_reading(
            blanks in "[ \t]{0,2}",
            display in prop_oneof!["", "[A-Za-z]{1,8} ?", "\"([a-z<>@: ]|\\\\[a-z\"\\\\]){0,12}\" ?"],
            bracket in any::<bool>(),
            scheme in "[a-z]{2,4}",
            user in "[A-Za-z0-9%;=+?/]{0,20}",
            password in prop_oneof!["", ":[a-z:]{0,5}"],
            at in "@?",
        ) {
            let (open, close) = if bracket { ("<", ">") } else { ("", "") };
            let display: String = if bracket { display } else { String::new() };
            let value = std::format!("{blanks}: {display}{open}{scheme}:{user}{password}{at}h{close};tag=1\r\n");
            prop_assert_eq!(find_in(&value), plain(&value).map(|user| hash(user.as_bytes())), "{}", value);
        }

        #[test]
        fn no_value_makes_it_fail(value in "[:<>@\"\\\\ \r\na-c]{0,40}") {
            if let Some(found) = find_in(&value) {
                let parts = value.split(['@', ':', '<', '>', '"', ' ', '\r', '\n']);
                prop_assert!(parts.map(|part| hash(part.as_bytes())).any(|hash| hash == found), "{}", value);
            }
        }
    }
}
