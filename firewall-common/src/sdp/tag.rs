//! The mark by which the firewall's own refusals are known again.
//!
//! Owns: the To tag's beginning that only the firewall can make for a source, and finding it. Refuses: the rest of the
//! answer (the daemon writes it).
use crate::addr::Addr;
use crate::limiter::HashKey;
use crate::sip::window::{Window, lowest_index, lowest_zero, repeat};

/// Bytes of the tag.
pub const TAG: usize = 21;

/// What the To tag (RFC 3261 §8.2.6.2) of a refusal to `source` begins with: `sipfw`, and 16 lower-case hexadecimal digits
/// of a keyed hash. The ACK to the refusal carries it back (RFC 3261 §17.1.1.3).
#[inline(always)]
pub const fn refusal_tag(source: Addr, key: HashKey) -> [u8; TAG] {
    let hash = hash([source.hi, source.lo], key.0);
    let (high, low) = (digits((hash >> 32) as u32).to_be_bytes(), digits(hash as u32).to_be_bytes());
    let [a, b, c, d, e, f, g, h] = high;
    let [i, j, k, l, m, n, o, p] = low;
    [b's', b'i', b'p', b'f', b'w', a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// The tag in three words, as [`Window::word`] would have it; the last three bytes are 0.
#[inline(always)]
pub const fn words(tag: [u8; TAG]) -> [u64; 3] {
    let (a, rest) = tag.split_at(8);
    let (b, c) = rest.split_at(8);
    [word(a), word(b), word(c)]
}

#[inline(always)]
const fn word(bytes: &[u8]) -> u64 {
    let (mut word, mut i) = (0, 0);
    while i < bytes.len() {
        word |= (bytes[i] as u64) << (8 * i);
        i += 1;
    }
    word
}

/// The eight hexadecimal digits of a number, the first in the highest byte.
#[inline(always)]
const fn digits(number: u32) -> u64 {
    let mut x = number as u64;
    x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = (x + repeat(6)) >> 4 & repeat(1);
    x + repeat(b'0') + letters * (b'a' - b'0' - 10) as u64
}

/// SipHash-2-4 (Aumasson, Bernstein 2012) of 16 bytes. Sources get to see it, and must not learn the key by which
/// strangers' cells are chosen.
#[inline(always)]
const fn hash(message: [u64; 2], [k0, k1]: [u64; 2]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    v = absorbed(v, message[0].to_le());
    v = absorbed(v, message[1].to_le());
    v = absorbed(v, 16 << 56);
    v[2] ^= 0xff;
    v = round(round(round(round(v))));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[inline(always)]
const fn absorbed(mut v: [u64; 4], word: u64) -> [u64; 4] {
    v[3] ^= word;
    v = round(round(v));
    v[0] ^= word;
    v
}

#[inline(always)]
const fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

/// How many equals signs there is time for, since each makes the next 16 bytes begin anew.
const SIGNS: u32 = 32;
/// How many bytes are searched for the tag, if there are no more equals signs: an ACK has few header fields.
const SEARCHED: u32 = 768;

/// Whether the three words of a tag stand behind an equals sign, from `start` on.
#[inline(always)]
pub fn is_in(w: &Window, start: u32, [a, b, c]: [u64; 3]) -> bool {
    let mut at = w.forget(start);
    for _ in 0..SEARCHED / 16 + SIGNS {
        if w.forget(at) >= w.len() {
            return false;
        }
        let [x, y] = w.two_words(at).map(|word| lowest_index(lowest_zero(word ^ repeat(b'='))));
        at = w.forget(at + x + (x >> 3) * y);
        let no_sign = u64::from(w.byte(at) ^ b'=');
        let others = w.word(at + 1) ^ a | w.word(at + 9) ^ b | (w.word(at + 17) ^ c) & 0xff_ffff_ffff;
        if no_sign | others == 0 {
            return w.forget(at) + (TAG as u32) < w.len();
        }
        // One on if it was a sign.
        at = w.forget(at + (no_sign.wrapping_sub(1) >> 63) as u32);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::hash::Hasher as _;
    use core::net::IpAddr;
    use proptest::prelude::*;
    use siphasher::sip::SipHasher24;

    proptest! {
        #[test]
        fn the_tag_is_siphash_in_hexadecimal_digits(address in any::<[u8; 16]>(), key in any::<[u64; 2]>()) {
            let source = Addr::from_bytes(address);
            let mut hasher = SipHasher24::new_with_keys(key[0], key[1]);
            hasher.write(&address);
            let want = format!("sipfw{:016x}", hasher.finish());
            let tag = refusal_tag(source, HashKey(key));
            prop_assert_eq!(core::str::from_utf8(&tag).unwrap(), want);
            prop_assert_eq!(words(tag).map(u64::to_le_bytes).concat(), [&tag[..], &[0; 3]].concat());
        }
    }

    #[test]
    fn it_is_found_only_whole_and_behind_an_equals_sign() {
        let source: IpAddr = "198.51.100.7".parse().unwrap();
        let tag = refusal_tag(source.into(), HashKey([1, 2]));
        let text = core::str::from_utf8(&tag).unwrap();
        let found = |message: &str| {
            let mut w = Window::new();
            w.fill(format!("=={text}").repeat(60).as_bytes());
            w.fill(message.as_bytes());
            is_in(&w, 5, words(tag))
        };
        for pad in 0..40 {
            let head = format!("ACK: {};a=b;tag=", "x".repeat(pad));
            assert!(
                found(&format!("{head}{text}-0123"))
                    && found(&format!("{head}{text}"))
                    && found(&format!("{head}={text}\r\n"))
            );
            for wrong in [&text[..20], &text.to_uppercase(), &text.replace("sipfw", "sipfx"), &format!("x{text}")] {
                assert!(!found(&format!("{head}{wrong}\r\n")), "{wrong}");
            }
        }
        assert!(!found(&format!("=={}", text)), "before the start");
    }
}
