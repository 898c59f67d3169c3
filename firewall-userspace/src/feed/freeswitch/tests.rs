//! Lines as FreeSWITCH writes them, and lines that remote parties have a hand in.
use super::super::judge::{Format, Judge, Verdict};
use super::*;

/// A line with these words of a remote party in it.
fn with(user: &str, host: &str) -> String {
    format!(
        "2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 SIP auth failure (REGISTER) on sofia profile \
         'internal' for [{user}@{host}] from ip 203.0.113.7"
    )
}

/// The sources that a file of these lines accuses.
fn accused(text: &str) -> Vec<String> {
    let mut judge = Judge::new(Format::FreeSwitch { connected: vec!["tls".to_owned()] });
    let (mut at, mut sources) = (0, Vec::new());
    let mut tell = |verdict| {
        if let Verdict::Event(report) = verdict {
            sources.push(report.source().to_string());
        }
    };
    for line in text.split('\n') {
        judge.line(at, line.as_bytes(), &mut tell);
        at += line.len() as u64 + 1;
    }
    judge.quiet(tell);
    sources
}

#[test]
fn failures_are_read() {
    let read = |line: &str| match read(line.as_bytes(), &["tls".to_owned()]) {
        Reading::Event(report) => report.into_event("pbx"),
        other => panic!("{line}: {other:?}"),
    };
    let event = read(&with("100", "192.0.2.1"));
    assert_eq!((event.what, event.source.to_string().as_str()), (FeedWhat::AuthFailure, "203.0.113.7"));
    assert_eq!((event.account.as_deref(), event.method.as_deref()), (Some("100"), Some("REGISTER")));
    assert!(!event.connected, "the log does not say by which transport");
    assert!(read(&with("100", "192.0.2.1").replace("internal", "tls")).connected);
    // Before 1.10.7 without the idle time; an INVITE; IPv6.
    let old =
        with("100", "x").replace(" 99.87%", "").replace("REGISTER", "INVITE").replace("203.0.113.7", "2001:db8::7");
    assert_eq!((read(&old).source.to_string().as_str(), read(&old).method.as_deref()), ("2001:db8::7", Some("INVITE")));
}

#[test]
fn other_lines_tell_of_nobodys_wrong() {
    let prefix = "2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 ";
    for text in [
        "SIP auth challenge (REGISTER) on sofia profile 'internal' for [100@192.0.2.1] from ip 203.0.113.7",
        "SIP auth failure (REGISTER) due to user-agent-filter.  Filter \"x\" User-Agent \"] from ip 198.51.100.1\"",
        "SIP auth failure (REGISTER) due to reaching max allowed registrations.  Count: 3",
        "Can't find user [100@192.0.2.1] from 203.0.113.7",
    ] {
        assert_eq!(read(format!("{prefix}{text}").as_bytes(), &[]), Reading::Other, "{text}");
    }
    let advice = "You must define a domain called 'x' in your directory and add a user with the id=\"100\" attribute";
    let more = "and you must configure your device to use the proper domain in its authentication credentials.";
    let rotated =
        "2026-08-21 17:10:14.123456 99.87% [NOTICE] mod_logfile.c:213 New log started: /var/log/freeswitch/auth.log";
    for line in [advice, more, rotated] {
        assert_eq!(read(line.as_bytes(), &[]), Reading::Other, "{line}");
    }
}

#[test]
fn words_of_a_remote_party_frame_nobody() {
    for (user, host) in [
        ("100@192.0.2.1] from ip 198.51.100.1", "192.0.2.1"),
        ("100", "x] from ip 198.51.100.1"),
        ("100", "x] from ip 198.51.100.1] from ip 198.51.100.2"),
        ("' for [100", "x"),
        ("\x1b[2J\u{fffd}", "]"),
        ("", ""),
    ] {
        assert_eq!(accused(&with(user, host)), ["203.0.113.7"], "{user} {host}");
    }
    assert_eq!(accused(&(with("100", "x") + " from ip 198.51.100.1")), [""; 0], "something stands behind the address");
}

/// A folded To header: the first line looks whole.
#[test]
fn a_folded_header_frames_nobody_and_hides_nobody() {
    let honest = with("101", "x").replace("203.0.113.7", "203.0.113.8");
    for fold in ["\n ", "\r\n\t", "\n  2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 "] {
        let text = format!("{}\n{honest}", with("100", &format!("x] from ip 198.51.100.1{fold}y")));
        assert_eq!(accused(&text), ["203.0.113.8"], "{text}");
    }
}

/// At level DEBUG the log has whole messages of remote parties.
#[test]
fn what_stands_among_other_messages_is_suspect() {
    let forged = with("100", "x").replace("203.0.113.7", "198.51.100.1");
    let sdp =
        format!("2026-08-21 17:10:14.123456 99.87% [DEBUG] switch_core_media.c:100 Remote SDP:\nv=0\n{forged}\ns=x\n");
    assert_eq!(accused(&format!("{sdp}{}", with("101", "x"))), [""; 0]);
    let uuid = format!("0b2b8a06-0000-0000-0000-000000000000 {forged}");
    assert_eq!(read(uuid.as_bytes(), &[]), Reading::Torn(Refusal::Foreign, MESSAGE_MAX));
}

#[test]
fn lines_that_are_too_long_are_judged_by_their_beginning() {
    let long = with(&"x".repeat(8_000), "y");
    assert_eq!(too_long(&long.as_bytes()[..4_096]), Reading::Refused(Refusal::TooLong));
    assert_eq!(too_long(b"xxx"), Reading::Torn(Refusal::TooLong, MESSAGE_MAX));
    assert_eq!(too_long(b" xxx"), Reading::Torn(Refusal::TooLong, 0));
}

#[test]
fn no_line_is_a_panic() {
    let line = with("100", "x");
    for at in 0..line.len() {
        let _ = read(&line.as_bytes()[..at], &[]);
        let _ = read(&line.as_bytes()[at..], &[]);
    }
}
