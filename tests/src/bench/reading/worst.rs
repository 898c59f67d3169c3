//! Messages of eight kilobytes that are as dear to read as their writer could make them.
//!
//! Owns: these messages, legal and illegal. Refuses: measuring them.

/// How long they are, in bytes.
const SIZE: usize = 8_192;
/// What every message has.
const BASE: &str = "v: SIP/2.0/UDP h;branch=z\r\nf: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\ni: x\r\nCSeq: 1 REGISTER\r\n";

/// They all, by what is in them.
pub(super) fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let all = [long(), many(), illegal()].concat();
    all.into_iter().map(|(name, message)| (name, message.into_bytes())).collect()
}

/// A message with `unit` over and over between `before` and `after`, until it is long enough.
fn filled(before: &str, unit: &str, after: &str) -> String {
    let start = format!("REGISTER sip:a SIP/2.0\r\n{BASE}{before}");
    let room = SIZE - start.len() - after.len() - 4;
    format!("{start}{}{after}\r\n\r\n", unit.repeat(room / unit.len()))
}

/// A message with `unit` as often as may be, and a long header field behind it.
fn counted(before: &str, unit: &str, times: usize, after: &str) -> String {
    filled(&format!("{before}{}{after}\r\nX: ", unit.repeat(times)), "x", "")
}

/// One value that is long.
fn long() -> Vec<(&'static str, String)> {
    vec![
        ("a long display name", filled("m: \"", "x", "\" <sip:a@b>")),
        ("a display name of escapes", filled("m: \"", "\\x", "\" <sip:a@b>")),
        ("a display name of words", filled("m: ", "a ", "<sip:a@b>")),
        ("a user of escapes", filled("m: <sip:", "%31", "@b>")),
        ("a parameter of escapes", filled("m: <sip:a@b>;x=\"", "\\x", "\"")),
        ("credentials of escapes", filled("Authorization: Digest username=\"", "\\x", "\"")),
        ("a next nonce of escapes", filled("Authentication-Info: nextnonce=\"", "\\x", "\"")),
        ("a long user agent", filled("User-Agent: ", "x", "")),
        ("a user agent of tabs", filled("User-Agent: x", "\t", "x")),
        ("white space before a parameter", filled("m: <sip:a@b>", " ", ";a")),
        ("white space at the end", filled("X: x", " ", "")),
        ("a long name", filled("", "x", ": x")),
        ("an Expires of zeros", filled("Expires: ", "0", "5")),
        ("a Date of words", filled("Date: ", "a ", "GMT")),
    ]
}

/// As many parts as may be.
fn many() -> Vec<(&'static str, String)> {
    vec![
        ("short header fields", counted("", "a:\r\n", 118, "a:")),
        ("folds", counted("X: ", "\r\n ", 118, "")),
        ("folds in a display name", counted("m: \"", "\r\n ", 118, "\" <sip:a@b>")),
        ("a list of Contacts", counted("m: ", "<sip:b>,", 239, "<sip:b>")),
        ("a list of bare Contacts", counted("m: ", "a:b,", 239, "a:b")),
        ("Contacts with all parts", counted("m: ", "\"\\a\" <sip:%31@b>,", 239, "<sip:b>")),
        ("Contacts that expire", counted("m: ", "<sip:b>;expires=1,", 119, "<sip:b>")),
        ("Contact header fields", counted("", "m:<sip:b>,sip:b\r\n", 115, "a:")),
        ("parameters of a Contact", counted("m: a:b", ";expiret=a", 239, "")),
        ("parameters of a URI", counted("m: <sip:b", ";a", 239, ">")),
        ("a list of Vias", counted("v: ", "SIP/2.0/U h,", 239, "SIP/2.0/U h")),
        ("Via header fields", counted("", "v:SIP/2.0/U h;a=\"b\"\r\n", 115, "a:")),
        ("parameters of a Via", counted("v: SIP/2.0/U h", ";rpord=abcdefghijklmnopqrstu", 239, "")),
        ("parameters of credentials", counted("Authorization: Digest ", "usernamf=\"\\b\",", 239, "a=b")),
        ("credentials", counted("", "Authorization: Digest nc=\"00000\",cnonce=\"\\a\"\r\n", 115, "a:")),
        ("challenges", counted("", "WWW-Authenticate: Digest qop=\"00000\",nonce=\"\\a\"\r\n", 115, "a:")),
        ("parameters of Authentication-Info", counted("Authentication-Info: ", "a=b,", 239, "a=b")),
    ]
}

/// What is refused, as late as can be.
fn illegal() -> Vec<(&'static str, String)> {
    vec![
        ("too many header fields", filled("", "a:\r\n", "a:")),
        ("too many Contacts", filled("m: ", "a:b,", "a:b")),
        ("too many folds", filled("X: ", "\r\n ", "x")),
        ("commas", filled("Authorization: Digest ", ",", "")),
        ("a quote without end", filled("m: \"", "\\x", "")),
        ("a URI without end", filled("m: <sip:", "x", "")),
        ("a bad last Contact", counted("m: ", "<sip:b>,", 239, "<b>")),
        ("no end", "x".repeat(SIZE)),
        ("line ends", "\r\n".repeat(SIZE / 2)),
        ("no colons", filled("x", "x", "")),
        ("a missing body", filled("l: 9999\r\nm: \"", "\\x", "\" <sip:a@b>")),
    ]
}
