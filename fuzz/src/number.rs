//! Dialled numbers: digits are the URI's own, in their order, and nothing outside the URI has a say.
use firewall_common::number::{Digits, Uri, address, address_go, of_uri, read, refer_go, refer_to, uri};

use crate::{leftovers, window};

/// Takes `payload` as a URI, as the value of a header field, and as a message whose headers begin after the first line end.
pub fn check(payload: &[u8]) {
    let said = uri(payload);
    let dirty = window(payload, &b"0123456789@".repeat(140));
    for in_brackets in [false, true] {
        let clean = read(&window(payload, &[]), 0, in_brackets);
        assert_eq!(read(&dirty, 0, in_brackets), clean, "what the window held earlier has a say");
        are_its_own(payload, &clean);
    }
    assert_eq!(of_uri(payload), said.global());
    let value = |w| address(w, 0, address_go);
    assert_eq!(value(&window(payload, &leftovers())), value(&window(payload, &[])), "the same of an address");
    let Some(start) = payload.windows(2).position(|two| two == b"\r\n") else { return };
    let found = |before: &[u8]| refer_to(&window(payload, before), start as u32 + 2, refer_go);
    let at = found(&[]) as usize;
    assert_eq!(found(&leftovers()) as usize, at, "the same of a message");
    assert!(at == 0 || matches!(payload.get(at), Some(b':' | b' ' | b'\t')), "no name ends at {at}");
}

/// Every digit stands in the URI, as it is or escaped, and those of the number stand before those of its context.
fn are_its_own(payload: &[u8], uri: &Uri) {
    let Uri { dialled, context } = uri;
    let written: Vec<u8> = unescaped(payload).into_iter().filter_map(value).collect();
    let mut rest = written.iter();
    let all = |digits: &Digits, rest: &mut std::slice::Iter<'_, u8>| {
        digits.iter().all(|digit| rest.any(|written| *written == digit))
    };
    assert!(all(&dialled.digits, &mut rest) && all(context, &mut rest), "{uri:?} of {:?}", payload.escape_ascii());
    assert!(dialled.plus <= dialled.digits.len + 1, "{uri:?}");
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'*' => Some(firewall_common::number::STAR),
        b'#' => Some(firewall_common::number::HASH),
        _ => None,
    }
}

fn unescaped(payload: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), payload);
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|hex| *first == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    out
}
