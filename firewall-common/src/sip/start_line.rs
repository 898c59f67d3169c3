//! Is it SIP? The start line of a request or a status line (RFC 3261 §7.1, §7.2), keep-alives (RFC 5626 §3.5, RFC 6223
//! and what phones really send), STUN binding requests (RFC 8489).
//!
//! Owns: the verdict "this is SIP, and this its method". Refuses: everything after the start line.
//!
//! Stricter than many servers where leniency would serve only attackers (single spaces, CRLF, a URI with a scheme);
//! more lenient than the grammar where real phones are sloppy (bytes above ASCII in a URI).
use super::method::{Class, Method, is_abbreviated};
use super::window::{Window, first_marked, lowest_blank, lowest_index, lowest_zero, repeat};

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request whose start line ends before this offset.
    Request(Method, u32),
    /// A response whose start line ends before this offset.
    Response(u32),
    /// Only line ends or only zeros.
    Keepalive,
    /// A STUN binding request.
    Stun,
}

impl Message {
    /// The class whose limit it counts against.
    #[inline(always)]
    pub const fn class(self) -> Class {
        match self {
            Self::Request(method, _) => method.class(),
            Self::Response(_) => Class::Response,
            Self::Keepalive | Self::Stun => Class::Keepalive,
        }
    }
}

/// The most that a policy may set as the limit of a start line, in bytes.
pub const START_LINE_MAX: u32 = 1024;
/// The longest method that is understood; the longest that RFC 4475 thinks of has 43 characters.
pub(super) const METHOD_MAX: u32 = 64;
/// The longest scheme of a Request-URI that is understood.
pub(super) const SCHEME_MAX: u32 = 32;
/// How many empty lines before the start line are skipped (RFC 3261 §7.5 tolerates them on streams, and servers
/// tolerate them on UDP too, so a filter that does not would be walked around).
pub(super) const EMPTY_LINES_MAX: u32 = 8;
/// The most zero bytes that still are a keep-alive.
const ZEROS_MAX: u32 = 16;

/// What the payload is, or `None` if it is none of what may pass. A start line must end within `limit` bytes.
#[inline(always)]
pub fn classify(w: &Window, limit: u32) -> Option<Message> {
    let limit = w.forget(if limit < w.len() { limit } else { w.len() });
    let start = skip_empty_lines(w);
    let first = w.word(start);
    let (method, mut name_len) = method(w, first, w.word(start + 8));
    if name_len == 0 {
        if first == u64::from_le_bytes(*b"SIP/2.0 ") {
            return response(w, start + 8, limit).map(Message::Response);
        }
        if let Some(quiet) = keepalive(w, start) {
            return Some(quiet);
        }
        name_len = token(w, start)?;
        if is_abbreviated(w.word(start), name_len) {
            return None;
        }
    }
    request(w, w.forget(start + name_len + 1), limit).map(|end| Message::Request(method, end))
}

const CRLF: u64 = u16::from_le_bytes(*b"\r\n") as u64;

/// The known method at the start of two words, and its length; 0 for none.
#[inline(always)]
fn method(w: &Window, first: u64, second: u64) -> (Method, u32) {
    let (method, len) = Method::known(first, second);
    (Method::from_number(w.forget(method as u32)), w.forget(len))
}

#[inline(always)]
fn skip_empty_lines(w: &Window) -> u32 {
    let mut at = 0;
    for _ in 0..EMPTY_LINES_MAX {
        if w.word(at) & 0xffff != CRLF {
            break;
        }
        at += 2;
    }
    w.forget(at)
}

/// What a byte can be part of, as bits; a table, and not comparisons, because the kernel's verifier follows both ways of
/// every comparison.
static BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        let byte = b as u8;
        let alphanumeric = byte.is_ascii_alphanumeric();
        // RFC 3261 §25.1: token.
        if alphanumeric || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~') {
            table[b] |= TOKEN;
        }
        // RFC 3986 §3.1: scheme.
        if alphanumeric || matches!(byte, b'+' | b'-' | b'.') {
            table[b] |= SCHEME;
        }
        if byte.is_ascii_alphabetic() {
            table[b] |= LETTER;
        }
        b += 1;
    }
    table
};
const TOKEN: u8 = 1;
const SCHEME: u8 = 2;
const LETTER: u8 = 4;

/// How many bytes from `start` on have `kind`, at most `max`.
#[inline(always)]
fn run(w: &Window, start: u32, kind: u8, max: u32) -> u32 {
    let mut n = 0;
    while n < max && BYTES[w.byte(start + n) as usize] & kind != 0 {
        n += 1;
    }
    w.forget(n)
}

/// The length of a token that ends with a space.
#[inline(always)]
fn token(w: &Window, start: u32) -> Option<u32> {
    let len = run(w, start, TOKEN, METHOD_MAX);
    (len > 0 && w.byte(start + len) == b' ').then_some(len)
}

/// The end of `URI SP SIP/2.0 CRLF` beginning at `uri`.
#[inline(always)]
fn request(w: &Window, uri: u32, limit: u32) -> Option<u32> {
    scheme(w, uri)?;
    let space = find(w, uri, limit, lowest_blank)?;
    // The version is case-insensitive (RFC 3261 §7.1); the letters' case bit is masked out.
    let version = w.word(space + 1) & !u64::from_le_bytes(*b"\x20\x20\x20\0\0\0\0\0");
    let end = space + 10;
    let fits = w.byte(space) == b' ' && version == u64::from_le_bytes(*b"SIP/2.0\r") && w.byte(space + 9) == b'\n';
    (fits && end <= w.forget(limit)).then_some(end)
}

/// Whether a scheme and its colon stand at `at` (RFC 3986 §3.1).
#[inline(always)]
fn scheme(w: &Window, at: u32) -> Option<()> {
    let word = w.word(at) | 0x2020_2020;
    if word & 0xffff_ffff == u64::from(u32::from_le_bytes(*b"sip:")) {
        return Some(());
    }
    let letter = BYTES[w.byte(at) as usize] & LETTER != 0;
    let len = run(w, at, SCHEME, SCHEME_MAX);
    (letter && w.byte(at + len) == b':').then_some(())
}

/// The end of `3DIGIT SP reason CRLF` beginning at `code`. The class of the code is 1 to 6 (RFC 3261 §7.2).
#[inline(always)]
fn response(w: &Window, code: u32, limit: u32) -> Option<u32> {
    let [a, b, c, space, ..] = w.word(code).to_le_bytes();
    if a.wrapping_sub(b'1') >= 6 || b.wrapping_sub(b'0') >= 10 || c.wrapping_sub(b'0') >= 10 || space != b' ' {
        return None;
    }
    let cr = find(w, code + 4, limit, |word| lowest_zero(word ^ repeat(b'\r')))?;
    let end = cr + 2;
    (w.byte(cr + 1) == b'\n' && end <= w.forget(limit)).then_some(end)
}

/// The offset of the first byte at or after `from` that `mark` marks, if it lies before `limit`.
#[inline(always)]
fn find(w: &Window, from: u32, limit: u32, mark: impl Fn(u64) -> u64) -> Option<u32> {
    let mut at = w.forget(from);
    for _ in 0..START_LINE_MAX / 32 {
        // Of copies: a comparison would teach the verifier something of both.
        if w.forget(at) >= w.forget(limit) {
            return None;
        }
        if let Some((low, found)) = first_marked(w.words(at).map(&mark)) {
            let at = w.forget(at + low + lowest_index(found));
            return (at < w.forget(limit)).then_some(at);
        }
        at = w.forget(at + 32);
    }
    None
}

/// A payload of nothing but line ends or zeros, or a STUN binding request; `start` is where its empty lines end.
#[inline(always)]
fn keepalive(w: &Window, start: u32) -> Option<Message> {
    let len = w.len();
    if start != 0 {
        return (start == len && len <= 4).then_some(Message::Keepalive);
    }
    let first = w.word(0);
    if first == 0 {
        let all_zero = len <= 8 || (len <= ZEROS_MAX && w.word(8) == 0);
        return (len > 0 && all_zero).then_some(Message::Keepalive);
    }
    stun(first, len).then_some(Message::Stun)
}

const STUN_HEADER: u32 = 20;
const STUN_COOKIE: u64 = 0x2112_a442;

/// A binding request with the magic cookie whose length field fits the datagram (RFC 8489 §5).
#[inline(always)]
const fn stun(first: u64, len: u32) -> bool {
    let head = first.swap_bytes();
    let (kind, attributes, cookie) = (head >> 48, (head >> 32) as u32 & 0xffff, head & 0xffff_ffff);
    kind == 1 && cookie == STUN_COOKIE && attributes & 3 == 0 && attributes + STUN_HEADER == len
}

/// Whether the payload has no line end within `limit`: its start line, if it is one, goes on in the next fragment.
#[inline(always)]
pub fn is_unfinished(w: &Window, limit: u32) -> bool {
    let limit = if limit < w.len() { limit } else { w.len() };
    find(w, 0, limit, |word| lowest_zero(word ^ repeat(b'\n'))).is_none()
}
