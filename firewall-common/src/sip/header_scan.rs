//! Finds the header fields whose values are looked at, 32 bytes at a time.
//!
//! Owns: where the values of User-Agent and From begin. Refuses: reading values, and every other header field.
use super::window::{EXAMINED, Window, first_marked, lowest_index, lowest_zero, repeat};

/// Where header values begin: offsets in the window, 0 for a field that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Values {
    /// Of the last User-Agent (RFC 3261 §20.41).
    pub user_agent: u32,
    /// Of the last From (RFC 3261 §20.20), or its compact form `f`.
    pub from: u32,
}

const CRLF: u64 = u16::from_le_bytes(*b"\r\n") as u64;
/// How many line ends there is time for in a full window, since each makes the next 32 bytes begin anew. Headers of more
/// lines than this, in as many bytes, are not read to their end.
const LINES: u32 = 64;
/// How many stretches of 32 bytes are looked at in one go.
const STRETCHES: u32 = 14;

/// Looks at the line that begins at `start` and at every later one, up to the empty line that ends the headers or to
/// `limit`. `go` is [`go`]; the kernel program puts it behind a boundary of its own.
#[inline(always)]
pub fn locate(w: &Window, start: u32, limit: u32, go: impl Fn(&Window, u32, u32) -> u64) -> Values {
    let mut found = Values { user_agent: w.forget(0), from: w.forget(0) };
    let limit = w.forget(if limit < w.len() { limit } else { w.len() });
    // The line end before `start`.
    let mut at = w.forget(start.wrapping_sub(1));
    for _ in 0..(EXAMINED / 32 + LINES) / STRETCHES {
        let seen = Seen(go(w, at, limit));
        found.user_agent = w.forget(later(found.user_agent, seen.user_agent()));
        found.from = w.forget(later(found.from, seen.from()));
        at = w.forget(seen.at());
        if at == 0 {
            break;
        }
    }
    found
}

#[inline(always)]
const fn later(old: u32, new: u32) -> u32 {
    if new == 0 { old } else { new }
}

/// What one go has found, and where the next begins, in 16 bits each; 0 for what there is not.
struct Seen(u64);

impl Seen {
    #[inline(always)]
    fn new(found: Values, at: u32) -> Self {
        Self(u64::from(found.user_agent) | u64::from(found.from) << 16 | u64::from(at) << 32)
    }

    #[inline(always)]
    const fn user_agent(&self) -> u32 {
        self.0 as u32 & 0xffff
    }

    #[inline(always)]
    const fn from(&self) -> u32 {
        self.0 as u32 >> 16
    }

    #[inline(always)]
    const fn at(&self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// One go of [`locate`]'s, from the line end at or behind `at` on: what it has seen, as one number.
#[inline(always)]
pub fn go(w: &Window, at: u32, limit: u32) -> u64 {
    let mut found = Values { user_agent: w.forget(0), from: w.forget(0) };
    let mut at = w.forget(at);
    for _ in 0..STRETCHES {
        // Of copies: a comparison would teach the verifier something of both.
        if w.forget(at) >= w.forget(limit) {
            at = 0;
            break;
        }
        let Some((low, mark)) = first_marked(w.words(at).map(|word| lowest_zero(word ^ repeat(b'\n')))) else {
            at = w.forget(at + 32);
            continue;
        };
        at = w.forget(at + low + lowest_index(mark));
        if w.forget(at) >= w.forget(limit) {
            at = 0;
            break;
        }
        at = w.forget(at + 1);
        let name = w.word(at);
        if name & 0xffff == CRLF {
            at = 0;
            break;
        }
        note(w, at, name | repeat(0x20), &mut found);
    }
    Seen::new(found, w.forget(at)).0
}

/// Notes the value of the line at `line`, whose first eight bytes in lower case are `name`, if it is of interest.
#[inline(always)]
fn note(w: &Window, line: u32, name: u64, found: &mut Values) {
    if name == u64::from_le_bytes(*b"user-age") {
        let rest = w.word(line + 8);
        if (rest | 0x2020) & 0xffff == u64::from(u16::from_le_bytes(*b"nt")) && ends_name((rest >> 16) as u8) {
            found.user_agent = line + 10;
        }
    } else if name & 0xffff_ffff == u64::from(u32::from_le_bytes(*b"from")) {
        if ends_name(w.byte(line + 4)) {
            found.from = line + 4;
        }
    } else if name & 0xff == u64::from(b'f') && ends_name(w.byte(line + 1)) {
        found.from = line + 1;
    }
}

/// What may follow a header field's name (`HCOLON`, RFC 3261 §25.1).
#[inline(always)]
const fn ends_name(b: u8) -> bool {
    matches!(b, b':' | b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn locate_in(message: &str) -> (Option<usize>, Option<usize>) {
        let mut w = Window::new();
        w.fill(message.as_bytes());
        let start = message.find("\r\n").unwrap() + 2;
        let v = locate(&w, start as u32, w.len(), go);
        let some = |at: u32| (at != 0).then_some(at as usize);
        (some(v.user_agent), some(v.from))
    }

    #[test]
    fn finds_both_in_any_spelling() {
        for (ua, from) in [("User-Agent", "From"), ("USER-AGENT", "f"), ("user-agent ", "FROM\t"), ("uSeR-aGeNt", "F")]
        {
            let m = format!("OPTIONS sip:a SIP/2.0\r\nVia: x\r\n{from}: <sip:b@c>\r\n{ua}: z\r\n\r\n");
            let (u, f) = locate_in(&m);
            assert_eq!(&m[u.unwrap()..][..ua.len() - 8], &format!("{}: ", &ua[10..])[..ua.len() - 8], "{m}");
            assert!(m[f.unwrap()..].trim_start().starts_with(": <sip:b@c>"), "{m}");
        }
    }

    #[test]
    fn stops_at_the_body() {
        let m = "MESSAGE sip:a SIP/2.0\r\nVia: x\r\n\r\nUser-Agent: sipcli\r\nFrom: y\r\n";
        assert_eq!(locate_in(m), (None, None));
    }

    #[test]
    fn every_line_counts_however_short() {
        for pad in 0..16 {
            let head = format!("A sip:a SIP/2.0\r\nX: {}\r\n", "x".repeat(pad));
            let folded = format!("{head}f:\r\n <sip:a@b>\r\n\r\n");
            assert_eq!(locate_in(&folded), (None, Some(head.len() + 1)), "{folded:?}");
            let folded = format!("{head}From:\r\n <sip:a@b>\r\n\r\n");
            assert_eq!(locate_in(&folded), (None, Some(head.len() + 4)), "{folded:?}");
            for body in ["x\r\nUser-Agent: y\r\n", "\r\nf: y\r\n", "\nFrom: y\r\n"] {
                assert_eq!(locate_in(&format!("{head}\r\n{body}")), (None, None), "{head:?} {body:?}");
            }
        }
    }

    #[test]
    fn the_limit_is_exact() {
        let m = "A sip:a SIP/2.0\r\nX: y\r\nFrom: z\r\n\r\n";
        let mut w = Window::new();
        w.fill(m.as_bytes());
        let line = m.find("From").unwrap() as u32;
        assert_eq!([line - 1, line].map(|limit| locate(&w, 17, limit, go).from), [0, line + 4]);
    }

    #[test]
    fn other_names_are_not_taken() {
        assert_eq!(
            locate_in("A s:a SIP/2.0\r\nUser-Agents: z\r\nFromage: q\r\nX-From: 1\r\nFoo: f\r\n\r\n"),
            (None, None)
        );
    }

    proptest! {
        #[test]
        fn agrees_with_a_line_by_line_reading(lines in prop::collection::vec("[A-Za-z]{7,12}: [ -~]{0,40}|User-Agent: [ -~]{0,20}|From: [ -~]{0,20}|f: [ -~]{4,20}", 0..30)) {
            let m = format!("OPTIONS sip:a SIP/2.0\r\n{}\r\n\r\n", lines.join("\r\n"));
            prop_assume!(m.len() < EXAMINED as usize && !lines.is_empty());
            let (mut ua, mut from, mut at) = (None, None, 0);
            for line in m.split_inclusive("\r\n") {
                let name = line.split(':').next().unwrap().to_ascii_lowercase();
                if at != 0 && name == "user-agent" { ua = Some(at + 10) }
                if at != 0 && name == "from" { from = Some(at + 4) }
                if at != 0 && name == "f" { from = Some(at + 1) }
                at += line.len();
            }
            prop_assert_eq!(locate_in(&m), (ua, from));
        }
    }
}
