//! Header fields of interest and scanners' signatures: values are found where they begin, and nothing outside the
//! headers has a say.
use firewall_common::sip::header_scan::{Values, go, locate};
use firewall_common::sip::signature::{Field, Table};

use crate::{leftovers, window};

/// Takes `payload` as a message whose headers begin after the first line end.
pub fn check(payload: &[u8]) {
    let Some(start) = payload.windows(2).position(|two| two == b"\r\n") else { return };
    let start = start + 2;
    let limit = payload.len() as u32;
    let clean = window(payload, &[]);
    let dirty = window(payload, &leftovers());
    let values = locate(&clean, start as u32, limit, go);
    assert_eq!(locate(&dirty, start as u32, limit, go), values, "what the window held earlier has a say");
    begins_after(payload, start, values.user_agent, &["user-agent"]);
    begins_after(payload, start, values.from, &["from", "f"]);
    stays_in_the_headers(payload, start, &values);
    let (table, tokens) = signatures();
    for (field, at) in [(Field::UserAgent, values.user_agent), (Field::FromDisplay, values.from)] {
        if at == 0 {
            continue;
        }
        let scan = |w| if field == Field::UserAgent { table.user_agent(w, at) } else { table.from(w, at) };
        let found = scan(&clean);
        assert_eq!(scan(&dirty), found, "what the window held earlier has a say");
        if let Some(id) = found {
            is_written_there(&payload[at as usize..], tokens[id as usize].1);
        }
    }
}

/// Before the value stand one of the names, whole, at the start of a line.
fn begins_after(payload: &[u8], start: usize, at: u32, names: &[&str]) {
    if at == 0 {
        return;
    }
    let (head, value) = payload.split_at(at as usize);
    assert!(matches!(value.first(), Some(b':' | b' ' | b'\t')), "the name goes on: {:?}", value.escape_ascii());
    let line = head.iter().rposition(|b| *b == b'\n').map_or(0, |lf| lf + 1);
    assert!(line >= start, "found before the headers");
    // The comparison folds case by setting a bit, which also makes a hyphen of a CR; no message has one there.
    let name: Vec<u8> = head[line..].iter().map(|b| b | 0x20).collect();
    assert!(names.iter().any(|n| n.as_bytes() == name), "{:?} is not {names:?}", head[line..].escape_ascii());
}

/// Nothing is found behind the empty line that ends the headers.
fn stays_in_the_headers(payload: &[u8], start: usize, values: &Values) {
    let headers = &payload[start - 2..];
    let Some(blank) = headers.windows(4).position(|four| four == b"\r\n\r\n") else { return };
    let body = start - 2 + blank + 4;
    let last = values.user_agent.max(values.from) as usize;
    assert!(last < body, "found at {last} in a body that begins at {body}");
}

fn is_written_there(value: &[u8], token: &str) {
    let there = value.windows(token.len()).any(|part| part.eq_ignore_ascii_case(token.as_bytes()));
    assert!(there, "{token} is not in {:?}", value.escape_ascii());
}

fn signatures() -> (Box<Table>, [(Field, &'static str); 5]) {
    let tokens = [
        (Field::UserAgent, "friendly-scanner"),
        (Field::UserAgent, "sipcli"),
        (Field::FromDisplay, "sipvicious"),
        (Field::FromUser, "probe"),
        (Field::FromHost, "1.1.1.1"),
    ];
    let mut table = Box::new(Table::new(0x5eed));
    for (id, (field, token)) in tokens.iter().enumerate() {
        assert!(table.insert(*field, token, id as u32), "no slot for {token}");
    }
    (table, tokens)
}
