//! What a byte can be part of (RFC 3261 §25.1).
//!
//! Owns: the classes, as bits in one table. Refuses: sequences of bytes.
//!
//! Where the grammar is narrower than what servers read, the class is as wide as can be without making the end of
//! anything doubtful: whoever is answered must be readable.

/// A token.
pub(super) const TOKEN: u16 = 1;
/// White space; line ends are part of it, because in a head they stand only where a line is folded.
pub(super) const BLANK: u16 = 2;
/// A URI between angle brackets.
pub(super) const URI: u16 = 4;
/// A display name without quotes.
pub(super) const DISPLAY: u16 = 8;
/// A parameter's value without quotes.
pub(super) const VALUE: u16 = 16;
/// A Digest parameter's value without quotes.
pub(super) const WORD: u16 = 32;
/// A host name or an IPv4 address.
pub(super) const HOST: u16 = 64;
/// A scheme (RFC 3986 §3.1).
pub(super) const SCHEME: u16 = 128;
/// A SIP URI's user part with its password, or its header fields: anything but what parts them from the rest.
pub(super) const USER: u16 = 256;
/// A SIP URI's parameters.
pub(super) const PARAMS: u16 = 512;

static BYTES: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = classes(byte as u8);
        byte += 1;
    }
    table
};

const fn classes(byte: u8) -> u16 {
    let alphanumeric = byte.is_ascii_alphanumeric();
    let visible = byte > b' ' && byte != 0x7f;
    let quote = matches!(byte, b'"');
    let bracket = matches!(byte, b'<' | b'>');
    let mark = matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~');
    let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let name = visible && !quote && !bracket && !matches!(byte, b',' | b';' | b':');
    bit(alphanumeric || mark, TOKEN)
        | bit(blank, BLANK)
        | bit(visible && !quote && !bracket, URI)
        | bit(name || blank, DISPLAY)
        | bit(visible && !quote && !bracket && !matches!(byte, b',' | b';'), VALUE)
        | bit(visible && !quote && byte != b',', WORD)
        | bit(alphanumeric || matches!(byte, b'-' | b'.' | b'_'), HOST)
        | bit(alphanumeric || matches!(byte, b'+' | b'-' | b'.'), SCHEME)
        | bit(visible && !quote && !bracket && byte != b'@', USER)
        | bit(visible && !quote && !bracket && !matches!(byte, b'@' | b'?'), PARAMS)
}

const fn bit(of: bool, class: u16) -> u16 {
    if of { class } else { 0 }
}

/// Whether a byte is of one of the classes.
#[inline(always)]
pub(super) const fn is(byte: u8, class: u16) -> bool {
    BYTES[byte as usize] & class != 0
}

/// Whether there is at least one byte and all are of the class.
pub(super) fn all(bytes: &[u8], class: u16) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is(*byte, class))
}
