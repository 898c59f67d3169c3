//! What a media line is: `m=<media> <port>[/<number>] <proto> <fmt> …` (RFC 8866 §5.14).
//!
//! Owns: whether it is active, and its kind. Refuses: the line's attributes.
use super::Summary;
use crate::sip::window::{Window, first_marked, lowest_blank, lowest_index, repeat};

/// The longest word of a line that is read to its end.
const WORD_MAX: u32 = 32;

/// What the line at `at` adds to a [`Summary`]: nothing if it is not active, since its port is 0 (RFC 3264 §5.1, §6).
/// What cannot be read makes the summary unsure.
#[inline(always)]
pub(super) fn read(w: &Window, at: u32, limit: u32) -> u32 {
    let media = skip_blanks(w, at + 2);
    let port = skip_blanks(w, end_of_word(w, media));
    let proto = skip_blanks(w, end_of_word(w, port));
    if w.forget(proto) >= w.forget(limit) {
        return Summary::UNSURE;
    }
    match w.forget(number(w, port)) {
        ZERO => 0,
        NO_NUMBER => Summary::UNSURE,
        _ if is_rtp(w, proto, limit) => Summary::RTP,
        _ => kind(w, media),
    }
}

/// The end of the word at `at`, if it is no longer than [`WORD_MAX`]; otherwise nothing that the rest could be made of.
#[inline(always)]
pub(super) fn end_of_word(w: &Window, at: u32) -> u32 {
    let (low, mark) = first_marked(w.words(at).map(lowest_blank)).unwrap_or((0, 0));
    w.forget(if mark == 0 { w.len() } else { at + low + lowest_index(mark) })
}

/// Where the next word begins: servers take several blanks for one, and blanks behind the `=` for none.
#[inline(always)]
pub(super) fn skip_blanks(w: &Window, at: u32) -> u32 {
    let mut n = 0;
    while n < 8 && is_blank(w.byte(at + n)) {
        n += 1;
    }
    w.forget(at + n)
}

#[inline(always)]
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

const NO_NUMBER: u32 = 0;
const ZERO: u32 = 1;
const NUMBER: u32 = 2;

/// What a byte is, as bits: of a port [`ZERO`] or [`NUMBER`], and whether it ends a port, a word, or a part of a transport.
/// A table, and not comparisons, because the kernel's verifier follows both ways of every comparison.
static BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            0..=b' ' => ENDS_PORT | ENDS_WORD | ENDS_PART,
            b'/' => ENDS_PORT | ENDS_PART,
            b'0' => ZERO as u8,
            b'1'..=b'9' => NUMBER as u8 | ENDS_PORT,
            _ => 0,
        };
        b += 1;
    }
    table
};
const ENDS_PORT: u8 = 4;
const ENDS_WORD: u8 = 8;
const ENDS_PART: u8 = 16;

/// What the port is. Any digit but 0 makes it one that somebody listens on: "+40000" is read as a number by some.
#[inline(always)]
fn number(w: &Window, at: u32) -> u32 {
    let mut found = w.forget(NO_NUMBER);
    for n in 0..WORD_MAX {
        let byte = BYTES[w.byte(at + n) as usize];
        found |= u32::from(byte) & (ZERO | NUMBER);
        if byte & ENDS_PORT != 0 {
            return if found & NUMBER != 0 { NUMBER } else { found };
        }
    }
    NO_NUMBER
}

const RTP: u32 = u32::from_le_bytes(*b"rtp\0");

/// Whether `RTP` is one of the parts of the transport, as in `RTP/AVP`, `UDP/TLS/RTP/SAVPF` and `TCP/RTP/AVP`.
#[inline(always)]
fn is_rtp(w: &Window, proto: u32, limit: u32) -> bool {
    let mut before = w.forget(u32::from(ENDS_PART));
    for n in 0..WORD_MAX {
        let at = w.forget(proto + n);
        let part = w.word(at) as u32;
        let ends = BYTES[(part >> 24) as usize];
        let other = (part | 0x0020_2020) & 0x00ff_ffff ^ RTP;
        if other | u32::from(ends & before as u8 & ENDS_PART ^ ENDS_PART) == 0 {
            return w.forget(at) + 3 <= w.forget(limit);
        }
        before = w.forget(u32::from(BYTES[part as u8 as usize]));
        if before as u8 & ENDS_WORD != 0 {
            break;
        }
    }
    false
}

/// The kind of a line that is not RTP's.
#[inline(always)]
fn kind(w: &Window, media: u32) -> u32 {
    let (name, rest) = (w.word(media) | repeat(0x20), w.word(media + 8) | repeat(0x20));
    let begins = |word: &[u8; 8], bytes: u32| (name ^ u64::from_le_bytes(*word)) << (64 - 8 * bytes) == 0;
    if begins(b"image   ", 6) {
        Summary::T38
    } else if name == u64::from_le_bytes(*b"message ") {
        Summary::MSRP
    } else if name == u64::from_le_bytes(*b"applicat") && rest & 0xffff_ffff == u64::from(u32::from_le_bytes(*b"ion "))
    {
        Summary::APPLICATION
    } else {
        Summary::OTHER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> u32 {
        let mut w = Window::new();
        w.fill(&[b'/'; 1_500]);
        w.fill(line.as_bytes());
        read(&w, 0, w.len())
    }

    #[test]
    fn rtp_is_told_by_its_transport() {
        for line in [
            "m=audio 40000 RTP/AVP 0 8",
            "m=audio 40000 RTP/AVPF 0\r\n",
            "m=audio 40000 RTP/SAVP 0",
            "m=video 1 UDP/TLS/RTP/SAVPF 96",
            "m=audio 9 TCP/TLS/RTP/SAVP 0",
            "m=audio 9 TCP/DTLS/RTP/SAVPF 0",
            "m=audio 40000/2 rtp/avp 0",
            "m=audio 65535 Rtp/Avp 0",
            "m=audio 00001 RTP/AVP 0",
            "m=audio +4 RTP/AVP 0",
            "m=audio\t40000\tRTP/AVP\t0",
            "m= audio  40000   RTP/AVP 0",
            "m=image 40000 RTP/AVP 0",
            "m=audio 40000 RTP",
            "m=audio 40000 RTP/AVP",
        ] {
            assert_eq!(of(line), Summary::RTP, "{line:?}");
        }
    }

    #[test]
    fn other_kinds_are_told_by_their_medium() {
        for (line, kind) in [
            ("m=image 40000 udptl t38", Summary::T38),
            ("m=IMAGE 40000 UDPTL t38", Summary::T38),
            ("m=message 2855 TCP/TLS/MSRP *", Summary::MSRP),
            ("m=Message 2855 TCP/MSRP *\r\n", Summary::MSRP),
            ("m=application 50000 UDP/DTLS/SCTP webrtc-datachannel", Summary::APPLICATION),
            ("m=application 50000 TCP/BFCP *", Summary::APPLICATION),
            ("m=applications 50000 TCP/BFCP *", Summary::OTHER),
            ("m=images 50000 udptl *", Summary::OTHER),
            ("m=messages 50000 udptl *", Summary::OTHER),
            ("m=audio 50000 PSTN -", Summary::OTHER),
            ("m=audio 50000 XRTP/AVP 0", Summary::OTHER),
            ("m=audio 50000 RTPX/AVP 0", Summary::OTHER),
            ("m=audio 50000 udp/rt", Summary::OTHER),
        ] {
            assert_eq!(of(line), kind, "{line:?}");
        }
    }

    #[test]
    fn a_port_of_zero_is_no_line() {
        for line in ["m=audio 0 RTP/AVP 0", "m=image 0 udptl t38", "m=audio 0/2 RTP/AVP 0", "m=audio 000 RTP/AVP 0"] {
            assert_eq!(of(line), 0, "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_to_the_daemon() {
        let long = format!("m={} 1 RTP/AVP 0", "a".repeat(32));
        for line in ["m=", "m=audio", "m=audio ", "m=audio 40000", "m=audio 40000 ", "m=audio x RTP/AVP 0", &long] {
            assert_eq!(of(line), Summary::UNSURE, "{line:?}");
        }
    }

    #[test]
    fn nothing_behind_the_limit_has_a_say() {
        let line = "m=audio 40000 UDP/RTP/AVP 0\r\n";
        let mut w = Window::new();
        w.fill(line.as_bytes());
        for limit in 0..w.len() {
            let (begun, told) = (line.find("UDP").unwrap() as u32, line.find("/AVP").unwrap() as u32);
            let want = match limit {
                limit if limit <= begun => Summary::UNSURE,
                limit if limit < told => Summary::OTHER,
                _ => Summary::RTP,
            };
            assert_eq!(read(&w, 0, limit), want, "{limit}");
        }
    }
}
