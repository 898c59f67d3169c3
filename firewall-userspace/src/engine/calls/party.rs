//! What parties and agents are called.
//!
//! Owns: how long such a name is, that nothing in it moves a cursor, and that a call code stands in none. Refuses: whose it is.
use firewall_common::sip::message::{Message, Uri, unescaped};

/// The longest name of a party or an agent, in bytes of its message.
pub(super) const NAME: usize = 64;
/// Digits behind a single `*` that could be a code, mistyped. Fewer are a feature's.
const CODE: usize = 4;
/// What stands in the place of a code.
const HIDDEN: &str = "…";

/// `user@host`, or a number. Of `*CODE*NUMBER` the code is left out: `*…*NUMBER`.
pub(super) fn name(uri: &Uri<'_>) -> String {
    let user = uri.user.unwrap_or_default();
    let at: &[u8] = if user.is_empty() || uri.host.is_empty() { b"" } else { b"@" };
    match without_code(user) {
        None => shown(&[user, at, uri.host].concat()),
        Some(user) => shown(&[user.as_bytes(), at, uri.host].concat()),
    }
}

/// The user agent of whoever wrote a request, or the server that answered.
pub(super) fn agent(message: &Message<'_>) -> String {
    let server = || message.headers().find(|header| header.name.eq_ignore_ascii_case(b"server"));
    let agent = message.user_agent().or_else(|| server().map(|header| header.value));
    let text: Vec<u8> = agent.map(|agent| agent.bytes().take(NAME).collect()).unwrap_or_default();
    shown(&text)
}

/// A user part with what may be a call code hidden; nothing if it has none.
fn without_code(user: &[u8]) -> Option<String> {
    let plain: Vec<u8> = unescaped(user).collect();
    let star = plain.iter().position(|byte| *byte == b'*')?;
    let (before, behind) = (&plain[..star], &plain[star + 1..]);
    let rest = match behind.iter().position(|byte| *byte == b'*') {
        // A code has a digit at least: `**` begins what other servers' features are called.
        Some(0) => return None,
        Some(second) => &behind[second..],
        None if behind.iter().filter(|byte| byte.is_ascii_digit()).count() >= CODE => &[],
        None => return None,
    };
    Some([&String::from_utf8_lossy(before), "*", HIDDEN, &String::from_utf8_lossy(rest)].concat())
}

/// What is no text, or could move somebody's cursor, is replaced.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(NAME)).unwrap_or_default());
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_left_out_however_it_is_written() {
        let hidden = |user: &str| without_code(user.as_bytes());
        for user in ["*123456*0049301234", "%2a123456*0049301234", "*1-2(3)4 56*0049301234", "*%3123456%2A0049301234"] {
            assert_eq!(hidden(user).as_deref(), Some("*…*0049301234"), "{user}");
        }
        assert_eq!(hidden("*1234560049301234").as_deref(), Some("*…"), "the second star was forgotten");
        assert_eq!(hidden("9*123456*00493").as_deref(), Some("9*…*00493"));
        for user in ["*97", "**100", "100", "alice", "+4930", ""] {
            assert_eq!(hidden(user), None, "{user}");
        }
    }
}
