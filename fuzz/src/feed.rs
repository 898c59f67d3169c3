//! The feeds' parsers: whatever a remote party says, put through the PBX's own formatting, accuses nobody but that party.
//!
//! Owns: how each PBX writes a remote party's words (as its source does it; the parsers' files name the functions), and what must
//! hold: an event is the remote party's own, or the honest one's beside it, unchanged. Refuses: which lines are right.
//!
//! An input is a byte that chooses the PBX, and words with a zero byte between them.
use std::net::IpAddr;

use firewall_userspace::feed::asterisk::ami::{Conversation, Heard};
use firewall_userspace::feed::judge::{Format, Judge, Verdict};
use firewall_userspace::feed::{Reading, Report, json};

/// Who sends the words.
const REMOTE: &str = "203.0.113.7";
/// Who sends the same as everybody, before and after.
const HONEST: &str = "192.0.2.99";
/// The longest line that is read as a whole.
const LINE_MAX: usize = 4_096;
/// What Asterisk's logger has room for, with the zero byte (`LOGMSG_SIZE`).
const MESSAGE_MAX: usize = 8_192;

/// Panics when anybody is accused who is neither of the two, or the honest one of anything else than before.
pub fn check(input: &[u8]) {
    let Some((choice, words)) = input.split_first() else { return };
    let words: Vec<&[u8]> = words.split(|b| *b == 0).collect();
    let word = |n: usize| words.get(n).copied().unwrap_or_default();
    match choice % 5 {
        0 => file(Format::Asterisk, |source, own| {
            if own {
                asterisk(source, word(0), word(1), word(2), word(3))
            } else {
                asterisk(source, b"100", b"a@b", b"1/ab", b"c")
            }
        }),
        1 => manager(word(0), word(1), word(2)),
        2 => file(Format::FreeSwitch { connected: vec!["tls".to_owned()] }, |source, own| {
            if own { freeswitch(source, word(0), word(1)) } else { freeswitch(source, b"100", b"192.0.2.1") }
        }),
        3 => file(Format::Kamailio, |source, own| {
            if own {
                kamailio(source, [word(0), word(1), word(2), word(3)])
            } else {
                kamailio(source, [b"REGISTER", b"100", b"n", b"a"])
            }
        }),
        _ => anything(&input[1..], word(0)),
    }
}

/// Judges a file of three messages, of which the remote party had a hand in the middle one.
fn file(format: Format, message: impl Fn(&str, bool) -> Vec<u8>) {
    let honest = message(HONEST, false);
    let alone = judged(&format, &honest);
    assert_eq!(alone.len(), 1, "an honest message is an event");
    let all = judged(&format, &[honest.as_slice(), &message(REMOTE, true), &honest].concat());
    nobody_else(&all, &alone[0]);
}

/// Every event is the remote party's, or the honest one's as it is when nobody disturbs it.
fn nobody_else(events: &[Report], honest: &Report) {
    let remote: IpAddr = REMOTE.parse().expect("an address");
    for event in events {
        assert!(event.source() == remote || event == honest, "somebody is framed: {event:?}");
    }
    assert!(events.iter().filter(|event| *event == honest).count() <= 2, "an honest event counts twice");
}

/// The events of a file.
fn judged(format: &Format, text: &[u8]) -> Vec<Report> {
    let (mut judge, mut at, mut events) = (Judge::new(format.clone()), 0, Vec::new());
    let mut tell = |verdict| {
        if let Verdict::Event(report) = verdict {
            events.push(report);
        }
    };
    for line in text.split_inclusive(|b| *b == b'\n').filter_map(|line| line.strip_suffix(b"\n")) {
        match line.get(..LINE_MAX + 1) {
            Some(_) => judge.too_long(at, &line[..LINE_MAX], &mut tell),
            None => judge.line(at, line, &mut tell),
        }
        at += line.len() as u64 + 1;
    }
    judge.quiet(tell);
    events
}

/// Text as it comes through a JSON string: it must be UTF-8 (main/json.c), so what is not never gets here.
fn utf8(text: &[u8], max: usize) -> String {
    let lossy = String::from_utf8_lossy(text).into_owned();
    let end = (0..=max.min(lossy.len())).rev().find(|end| lossy.is_char_boundary(*end)).unwrap_or(0);
    lossy[..end].to_owned()
}

/// Up to the first line end, where a Call-ID and a quoted string end.
fn one_line(text: &[u8]) -> &[u8] {
    text.split(|b| b"\r\n".contains(b)).next().unwrap_or_default()
}

/// res/res_security_log.c, main/logger.c.
fn asterisk(source: &str, account: &[u8], session: &[u8], nonce: &[u8], response: &[u8]) -> Vec<u8> {
    let message = format!(
        "SecurityEvent=\"ChallengeResponseFailed\",EventTV=\"2026-08-06T15:45:49.123+0000\",Severity=\"Error\",Service=\"PJSIP\",\
         EventVersion=\"1\",AccountID=\"{}\",SessionID=\"{}\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\",\
         RemoteAddress=\"IPV4/UDP/{source}/5060\",Challenge=\"{}\",Response=\"{}\",ExpectedResponse=\"\"\n",
        utf8(account, 36),
        utf8(one_line(session), usize::MAX),
        utf8(one_line(nonce), 63),
        utf8(one_line(response), 255),
    );
    // `format_log_message_ap` cuts, and adds the line end that it cut off; `format_log_default` cuts again; `term_strip`.
    let mut message = message.into_bytes();
    message.truncate(MESSAGE_MAX - 1);
    if !message.ends_with(b"\n") {
        message.push(b'\n');
    }
    let mut line = [b"[2026-08-06 15:45:49] SECURITY[1234] res_security_log.c: ".as_slice(), &message].concat();
    line.truncate(MESSAGE_MAX - 1);
    without_escapes(&line)
}

/// main/term.c, `term_strip`.
fn without_escapes(line: &[u8]) -> Vec<u8> {
    let (mut left, mut eating) = (Vec::with_capacity(line.len()), false);
    for byte in line {
        match (eating, byte) {
            (true, b'm') => eating = false,
            (true, _) => {}
            (false, 0x1b) => eating = true,
            (false, byte) => left.push(*byte),
        }
    }
    left
}

/// src/switch_log.c and sofia_reg.c; the words are those of a To header, which a line end leaves only with a blank behind it.
fn freeswitch(source: &str, user: &[u8], host: &[u8]) -> Vec<u8> {
    let prefix = "2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 SIP auth failure (REGISTER) on sofia profile 'internal'";
    let tail = format!("] from ip {source}\n");
    [prefix.as_bytes(), b" for [", folded(user), b"@", folded(host), tail.as_bytes()].concat()
}

/// Up to the first line end that ends a header field.
fn folded(text: &[u8]) -> &[u8] {
    let ends = |at: &usize| match (text[*at], text.get(at + 1), text.get(at + 2)) {
        (b'\r', Some(b'\n'), next) | (b'\r' | b'\n', next, _) => !matches!(next, Some(b' ' | b'\t')),
        _ => false,
    };
    &text[..(0..text.len()).find(ends).unwrap_or(text.len())]
}

/// The script's line of docs/feeds.md.
fn kamailio(source: &str, words: [&[u8]; 4]) -> Vec<u8> {
    let hex = |word: &[u8]| word.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let [method, account, nonce, agent] = words.map(hex);
    let prefix = "Aug 21 17:10:14 edge kamailio[812]: NOTICE: <script>: sipfw auth_failure";
    format!("{prefix} source={source} proto=udp method={method} account={account} nonce={nonce} agent={agent} .\n")
        .into_bytes()
}

/// main/security_events.c and main/manager.c.
fn block(source: &str, account: &[u8], session: &[u8], nonce: &[u8]) -> String {
    format!(
        "Event: ChallengeResponseFailed\r\nPrivilege: security,all\r\nEventTV: 2026-08-06T15:45:49.123+0000\r\nSeverity: Error\r\n\
         Service: PJSIP\r\nEventVersion: 1\r\nAccountID: {}\r\nSessionID: {}\r\nLocalAddress: IPV4/UDP/192.0.2.1/5060\r\n\
         RemoteAddress: IPV4/UDP/{source}/5060\r\nChallenge: {}\r\nResponse: 00\r\nExpectedResponse: \r\n\r\n",
        utf8(account, 36),
        utf8(one_line(session), usize::MAX),
        utf8(one_line(nonce), 63),
    )
}

/// The same conversation with and without the remote party.
fn manager(account: &[u8], session: &[u8], nonce: &[u8]) {
    let honest = block(HONEST, b"100", b"a@b", b"1/ab");
    let alone = heard(&honest);
    assert_eq!(alone.len(), 1, "an honest block is an event");
    nobody_else(&heard(&format!("{honest}{}{honest}", block(REMOTE, account, session, nonce))), &alone[0]);
}

fn heard(text: &str) -> Vec<Report> {
    let mut conversation = Conversation::new("u", "s");
    let mut events = Vec::new();
    let begin = "Asterisk Call Manager/9.0.0\r\nResponse: Success\r\n\r\n";
    let heard = conversation.hear(format!("{begin}{text}").as_bytes(), |heard| {
        if let Heard::Reading(Reading::Event(report)) = heard {
            events.push(report);
        }
    });
    let _ = heard;
    events
}

/// Any bytes as a file, a stream and an object; and any words in an object that a program has written.
fn anything(bytes: &[u8], word: &[u8]) {
    for format in [Format::Asterisk, Format::FreeSwitch { connected: Vec::new() }, Format::Kamailio] {
        drop(judged(&format, &[bytes, b"\n"].concat()));
    }
    drop(heard(&String::from_utf8_lossy(bytes)));
    drop(json::read(bytes));
    let account = serde_json::Value::from(utf8(word, 256)).to_string();
    let object = format!("{{\"event\":\"auth_failure\",\"source\":\"{REMOTE}\",\"account\":{account}}}");
    let Reading::Event(report) = json::read(object.as_bytes()) else { panic!("refused: {object}") };
    assert_eq!(report.source().to_string(), REMOTE);
}
