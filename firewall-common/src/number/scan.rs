//! Reads the number that a URI calls (RFC 3261 §19.1, RFC 3966), byte by byte.
//!
//! Owns: the machine, the same one in the kernel and on the host. Refuses: what the number means (see [`super::Plan`]), and
//! finding URIs in messages.
//!
//! Digits count, whatever stands between them. Those in front of a `+` are a dial prefix and are left out, unless a
//! [`super::STAR`] begins them: then they may be a call code. A user part that begins with a letter is a name. An escape is
//! read once, and stands for nothing that ends a part.
use super::digits::{DIGITS, Digits, HASH, STAR};
use super::plan::Dialled;
use crate::bound::wrap;
use crate::sip::window::{Window, lowest_index, repeat};

/// How many bytes are read in one go.
const GO: u32 = 32;
/// How many goes there are: as many bytes as a start line has at most, and a context may end one early.
const GOES: u32 = 34;

/// What has been read of a URI, and where the reading stands. It lies in memory, because the kernel's stack is small.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Scan {
    /// Those of the number, or of its context, if that has begun.
    digits: Digits,
    /// The number's, if a context has begun.
    number: Digits,
    /// [`Dialled::plus`] of `digits`.
    plus: u32,
    /// [`Dialled::plus`] of `number`.
    number_plus: u32,
    /// The next byte's place.
    at: u32,
    /// Where in the URI that is.
    place: u32,
    /// Not zero if a context has begun.
    has_context: u32,
    /// Not zero for a URI that needs no `@`.
    is_tel: u32,
    /// All bits if a `>` ends the URI, and otherwise all but [`class::CLOSE`].
    classes: u32,
    /// Makes the size a multiple of the alignment without padding.
    reserved: u32,
}

/// What a URI calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Uri {
    /// The number as it is dialled; without digits if there is none.
    pub dialled: Dialled,
    /// The digits of a global `;phone-context`; none without one.
    pub context: Digits,
}

impl Uri {
    /// The number behind its context. It is the same as [`Uri::dialled`] where that needs none.
    #[inline(always)]
    pub fn global(&self) -> Dialled {
        let Self { dialled, context } = *self;
        if context.len == 0 || dialled.plus != 0 || dialled.digits.len == 0 {
            return dialled;
        }
        let count = if context.len < CONTEXT_MAX { context.len } else { CONTEXT_MAX };
        Dialled { digits: dialled.digits.insert(context.hi >> (64 - 4 * count), count), plus: 1 }
    }
}

/// How many digits of a context count: more than any country or network has.
const CONTEXT_MAX: u32 = 15;

/// What the URI calls that the bytes are: a whole one, without brackets.
pub fn uri(bytes: &[u8]) -> Uri {
    let mut w = Window::new();
    w.fill(bytes);
    read(&w, 0, false)
}

/// The number that a URI calls: behind its global context, if it has one.
pub fn of_uri(bytes: &[u8]) -> Dialled {
    uri(bytes).global()
}

/// What the URI at `at` calls; `in_brackets` if a `>` ends it.
pub fn read(w: &Window, at: u32, in_brackets: bool) -> Uri {
    let mut scan = Scan::default();
    if scan.begin(w, at, in_brackets) {
        scan.finish(|scan| scan.go(w));
    }
    scan.uri()
}

impl Scan {
    /// Begins to read the URI at `at`; whether its scheme is one of those that have numbers.
    #[inline(always)]
    pub fn begin(&mut self, w: &Window, at: u32, in_brackets: bool) -> bool {
        let word = w.word(at) | 0x2020_2020_2020_2020;
        let (sip, tel) = (word as u32 == u32::from_le_bytes(*b"sip:"), word as u32 == u32::from_le_bytes(*b"tel:"));
        let sips = word & 0xff_ffff_ffff == u64::from_le_bytes(*b"sips:\0\0\0");
        // No RFC has it; Kamailio and OpenSIPS take it for `tel:`.
        let tels = word & 0xff_ffff_ffff == u64::from_le_bytes(*b"tels:\0\0\0");
        let classes = if in_brackets { u32::MAX } else { !u32::from(class::CLOSE) };
        let at = w.forget(at + if sips | tels { 5 } else { 4 });
        // One by one: the kernel has no quick way to clear so much at once.
        (self.is_tel, self.classes, self.place) = (u32::from(tel | tels), classes, place::END);
        (self.has_context, self.number_plus, self.reserved) = (0, 0, 0);
        (self.digits, self.plus, self.at) = (Digits::NONE, 0, at);
        if sip | sips | tel | tels {
            self.begin_number(w, at);
        }
        sip | sips | tel | tels
    }

    /// Reads the `+` and the digits with which most numbers begin, up to 16, at once.
    #[inline(always)]
    fn begin_number(&mut self, w: &Window, at: u32) {
        let plus = u32::from(w.byte(at) == b'+');
        let at = w.forget(at + plus);
        let (hi, len) = run(w.word(at));
        let (lo, rest) = run(w.word(at + 8));
        // All bits if the first eight bytes are digits, otherwise none.
        let goes_on = (len >> 3).wrapping_neg();
        let len = w.forget(len + (rest & goes_on));
        let hi = hi << 32 | lo & u64::from(goes_on);
        (self.digits, self.plus, self.at) = (Digits { hi, lo: 0, len, reserved: 0 }, plus, w.forget(at + len));
        let place = if w.byte(self.at) == b'@' { place::FOUND } else { place::NUMBER };
        self.place = w.forget(if len | plus != 0 { place } else { place::EMPTY });
    }

    /// Whether the reading has come to its end.
    #[inline(always)]
    pub const fn is_finished(&self) -> bool {
        self.place >= place::FOUND
    }

    /// Whether [`Uri::global`] may be another number than the one that was dialled.
    #[inline(always)]
    pub const fn has_context(&self) -> bool {
        self.has_context != 0
    }

    /// Reads to the end by `go`, which is [`Scan::go`]; the kernel program puts it behind a boundary of its own.
    #[inline(always)]
    pub fn finish(&mut self, go: impl Fn(&mut Self)) {
        for _ in 0..GOES {
            if self.is_finished() {
                break;
            }
            go(self);
        }
    }

    /// What has been read. Without an `@` a SIP URI has no user part; where the reading gave up before any, what was read
    /// counts.
    #[inline(always)]
    pub fn uri(&self) -> Uri {
        if self.place == place::END && self.is_tel == 0 {
            return Uri::default();
        }
        match self.has_context {
            0 => Uri { dialled: Dialled { digits: self.digits, plus: self.plus }, context: Digits::NONE },
            _ => Uri { dialled: Dialled { digits: self.number, plus: self.number_plus }, context: self.digits },
        }
    }

    /// Reads on for a few bytes.
    #[inline(always)]
    pub fn go(&mut self, w: &Window) {
        let (mut read, mut at, mut place) = (Taken::of(self), w.forget(self.at), w.forget(self.place));
        let (classes, mut context) = (self.classes, 0);
        for _ in 0..GO {
            let byte = w.byte(at);
            let mut class = u32::from(CLASS[byte as usize]);
            if byte == b'%' {
                let (escaped, is_whole) = escape(w, at);
                (class, at) = (escaped, at + 2 * is_whole);
            }
            if byte == b';' && is_context(w, at) {
                context = 1;
                break;
            }
            // Where the ways meet again, nothing is known of either.
            (class, at) = (w.forget(class), w.forget(at + 1));
            let next = NEXT[wrap::<SIZE>(place * CLASSES + (class & classes & (CLASSES - 1)))];
            read.take(u64::from(next), u64::from(class >> VALUE_SHIFT));
            place = u32::from(next) & PLACE;
            if place >= place::FOUND {
                break;
            }
        }
        read.keep(self, w);
        self.at = w.forget(at);
        self.place = w.forget(place);
        if w.forget(context) != 0 {
            self.begin_context(w);
        }
    }

    /// Goes on behind `;phone-context=`. Of several the first counts.
    #[inline(always)]
    fn begin_context(&mut self, w: &Window) {
        self.at = w.forget(self.at + CONTEXT_LEN);
        let place = w.forget(self.place);
        if place == place::NAME {
            return;
        }
        if w.forget(self.has_context) != 0 {
            self.place = place::BEHIND;
            return;
        }
        (self.number, self.number_plus) = (self.digits, self.plus);
        (self.digits, self.plus) = (Digits::NONE, 0);
        (self.has_context, self.place) = (1, place::CONTEXT_BEGIN);
    }
}

const CONTEXT_LEN: u32 = b";phone-context=".len() as u32;

/// The digits that eight bytes begin with, the first one in the highest of 32 bits; and how many there are.
#[inline(always)]
const fn run(word: u64) -> (u64, u32) {
    let values = word ^ repeat(b'0');
    let others = (((values & repeat(0x7f)) + repeat(0x76)) | values) & repeat(0x80);
    let len = lowest_index(others);
    let x = values.swap_bytes() & !(u64::MAX >> (4 * len) >> (4 * len));
    let x = (x | x >> 4) & 0x00ff_00ff_00ff_00ff;
    let x = (x | x >> 8) & 0x0000_ffff_0000_ffff;
    ((x | x >> 16) & 0xffff_ffff, len)
}

/// Whether a `;phone-context=` stands at `at`, in any case (RFC 3966 §3).
#[inline(always)]
fn is_context(w: &Window, at: u32) -> bool {
    let lower = 0x2020_2020_2020_2020;
    let [first, second] = [w.word(at + 1) | lower, (w.word(at + 9) | lower) & 0xffff_ffff_ffff];
    (first ^ u64::from_le_bytes(*b"phone-co")) | (second ^ u64::from_le_bytes(*b"ntext=\0\0")) == 0
}

/// The class of what the escape at `at` stands for, and 1; that of a `%` alone and 0 for what is none.
#[inline(always)]
fn escape(w: &Window, at: u32) -> (u32, u32) {
    let [high, low] = [HEX[w.byte(at + 1) as usize], HEX[w.byte(at + 2) as usize]].map(u32::from);
    let is_whole = u32::from(high | low < 16);
    (u32::from(ESCAPED[wrap::<256>(high << 4 | low)]) & is_whole.wrapping_neg(), is_whole)
}

/// Digits while they are read. Nothing here branches: the kernel's verifier would follow both ways for every byte.
#[derive(Clone, Copy)]
struct Taken {
    hi: u64,
    lo: u64,
    len: u64,
    plus: u64,
}

impl Taken {
    #[inline(always)]
    fn of(scan: &Scan) -> Self {
        let Digits { hi, lo, len, .. } = scan.digits;
        Self { hi, lo, len: u64::from(len), plus: u64::from(scan.plus) }
    }

    #[inline(always)]
    fn keep(self, scan: &mut Scan, w: &Window) {
        let Self { hi, lo, len, plus } = self;
        scan.digits = Digits { hi, lo, len: w.forget(len as u32), reserved: 0 };
        scan.plus = w.forget(plus as u32);
    }

    /// Does what `next` says to `digit`.
    #[inline(always)]
    fn take(&mut self, next: u64, digit: u64) {
        let (pushes, marks, keeps) = (mask(next, PUSH), mask(next, PLUS), !mask(next, RESET));
        (self.hi, self.lo, self.len) = (self.hi & keeps, self.lo & keeps, self.len & keeps);
        self.plus = self.plus & !marks | (self.len + 1) & marks;
        let nibble = (digit << (60 - 4 * (self.len & 15))) & pushes;
        self.hi |= nibble & (self.len >> 4).wrapping_sub(1) & !(self.len >> 5).wrapping_neg();
        self.lo |= nibble & (self.len >> 4 & 1).wrapping_neg();
        self.len += pushes & 1 & !(self.len >> 5);
    }
}

const _: () = assert!(DIGITS == 32);

/// All bits if the flag is set, otherwise none.
#[inline(always)]
const fn mask(bits: u64, flag: u8) -> u64 {
    ((bits / flag as u64) & 1).wrapping_neg()
}

/// Where in a URI the reading stands.
mod place {
    /// Before the first letter or digit of a user part, or of a telephone number.
    pub(super) const EMPTY: u32 = 0;
    /// In the number.
    pub(super) const NUMBER: u32 = 1;
    /// In a number that began with a star.
    pub(super) const STARRED: u32 = 2;
    /// In a user part that is no number.
    pub(super) const NAME: u32 = 3;
    /// Behind the number: in its parameters, in a password, or behind a host.
    pub(super) const BEHIND: u32 = 4;
    /// Before a context.
    pub(super) const CONTEXT_BEGIN: u32 = 5;
    /// In a context that is global.
    pub(super) const CONTEXT: u32 = 6;
    /// At the `@`.
    pub(super) const FOUND: u32 = 8;
    /// At the URI's end, without an `@`.
    pub(super) const END: u32 = 9;
}

/// Classes of bytes. Above them stands a digit's value.
mod class {
    pub(super) const OTHER: u8 = 0;
    pub(super) const DIGIT: u8 = 1;
    pub(super) const STAR: u8 = 2;
    pub(super) const PLUS: u8 = 3;
    pub(super) const LETTER: u8 = 4;
    /// What ends a number.
    pub(super) const MARK: u8 = 5;
    pub(super) const AT: u8 = 6;
    /// What ends every URI.
    pub(super) const BLANK: u8 = 7;
    /// A `>`, the only class with this bit: without it, it is [`OTHER`].
    pub(super) const CLOSE: u8 = 8;
}

const CLASSES: u32 = 16;
const SIZE: usize = 256;
const VALUE_SHIFT: u32 = 4;

const PLACE: u32 = 15;
/// The digit is one of the number's.
const PUSH: u8 = 16;
/// What was read before is left out.
const RESET: u8 = 32;
/// A `+` stands here.
const PLUS: u8 = 64;

/// Tables, and not comparisons, because the kernel's verifier follows both ways of every comparison.
static CLASS: [u8; 256] = {
    let mut table = [class::OTHER; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b';' | b':' | b'?' => class::MARK,
            b'@' => class::AT,
            b'>' => class::CLOSE,
            0..=b' ' => class::BLANK,
            byte => literal(byte),
        };
        b += 1;
    }
    table
};

/// The same for what an escape stands for.
static ESCAPED: [u8; 256] = {
    let mut table = [class::OTHER; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = literal(b as u8);
        b += 1;
    }
    table
};

const fn literal(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => class::DIGIT | (byte - b'0') << VALUE_SHIFT,
        b'*' => class::STAR | STAR << VALUE_SHIFT,
        b'#' => class::DIGIT | HASH << VALUE_SHIFT,
        b'+' => class::PLUS,
        b'a'..=b'z' | b'A'..=b'Z' => class::LETTER,
        _ => class::OTHER,
    }
}

/// The value of a hexadecimal digit; 16 for what is none.
static HEX: [u8; 256] = {
    let mut table = [16; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value] as usize] = value as u8;
        table[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    table
};

/// The place behind a byte, and what is done with it: a row of 16 classes for each place.
static NEXT: [u8; SIZE] = {
    let mut table = [0; SIZE];
    let mut at = 0;
    while at < SIZE {
        let (place, does) = next(at as u32 / CLASSES, (at as u32 % CLASSES) as u8);
        table[at] = place as u8 | does;
        at += 1;
    }
    table
};

const fn next(place: u32, class: u8) -> (u32, u8) {
    match (place, class) {
        (_, class::AT) => (place::FOUND, 0),
        (_, class::BLANK | class::CLOSE) => (place::END, 0),
        (place::NAME | place::BEHIND, _) => (place, 0),
        (place::CONTEXT_BEGIN, class::PLUS) => (place::CONTEXT, RESET | PLUS),
        (place::CONTEXT_BEGIN, _) | (_, class::MARK) => (place::BEHIND, 0),
        (place::EMPTY, class::LETTER) => (place::NAME, 0),
        (place::EMPTY, class::STAR) | (place::STARRED, class::DIGIT | class::STAR) => (place::STARRED, PUSH),
        (place::STARRED, class::PLUS) => (place::NUMBER, PLUS),
        (place::EMPTY | place::NUMBER, class::PLUS) => (place::NUMBER, RESET | PLUS),
        (place::CONTEXT, class::DIGIT | class::STAR) => (place, PUSH),
        (_, class::DIGIT | class::STAR) => (place::NUMBER, PUSH),
        _ => (place, 0),
    }
}

#[cfg(test)]
mod tests;
