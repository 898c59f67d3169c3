//! Lines as Asterisk writes them, and lines that remote parties have a hand in.
use super::super::super::judge::{Format, Judge, Verdict};
use super::*;
use crate::engine::input::{FeedEvent, FeedWhat};

/// The known sample of Asterisk's documentation and of fail2ban's tests, in PJSIP's words.
const FAILED: &str = r#"[2026-08-06 15:45:49] SECURITY[1234] res_security_log.c: SecurityEvent="ChallengeResponseFailed",EventTV="2026-08-06T15:45:49.123+0000",Severity="Error",Service="PJSIP",EventVersion="1",AccountID="100",SessionID="3c26700857a87f84@192.0.2.4",LocalAddress="IPV4/TLS/192.0.2.1/5061",RemoteAddress="IPV4/TLS/203.0.113.7/40123",Challenge="1786031149/6f0e8f3c5d6a7b8c9d0e1f2a3b4c5d6e",Response="d41d8cd98f00b204e9800998ecf8427e",ExpectedResponse="""#;

/// A line with these words of a remote party in it.
fn with(account: &str, session: &str) -> String {
    format!(
        "[2026-08-06 15:45:49] SECURITY[1234] res_security_log.c: SecurityEvent=\"InvalidAccountID\",\
         EventTV=\"2026-08-06T15:45:49.123+0000\",Severity=\"Error\",Service=\"PJSIP\",EventVersion=\"1\",\
         AccountID=\"{account}\",SessionID=\"{session}\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\",\
         RemoteAddress=\"IPV4/UDP/203.0.113.7/5060\""
    )
}

fn event(line: &str) -> FeedEvent {
    match read(line.as_bytes()) {
        Reading::Event(report) => report.into_event("pbx"),
        other => panic!("{line}: {other:?}"),
    }
}

/// The sources that a file of these lines accuses.
fn accused(text: &str) -> Vec<String> {
    let (mut judge, mut at, mut sources) = (Judge::new(Format::Asterisk), 0, Vec::new());
    let mut tell = |verdict| {
        if let Verdict::Event(report) = verdict {
            sources.push(report.source().to_string());
        }
    };
    for line in text.lines() {
        judge.line(at, line.as_bytes(), &mut tell);
        at += line.len() as u64 + 1;
    }
    judge.quiet(tell);
    sources
}

#[test]
fn events_are_read_with_their_proof() {
    let failed = event(FAILED);
    assert_eq!((failed.what, failed.source.to_string().as_str()), (FeedWhat::AuthFailure, "203.0.113.7"));
    assert_eq!((failed.account.as_deref(), failed.connected), (Some("100"), true));
    assert_eq!(failed.nonce.as_deref(), Some("1786031149/6f0e8f3c5d6a7b8c9d0e1f2a3b4c5d6e"));
    let unknown = event(&with("admin", "x@y"));
    assert_eq!((unknown.what, unknown.connected, unknown.nonce), (FeedWhat::UnknownAccount, false, None));
    assert_eq!(event(&with("", "x")).account, None);
}

#[test]
fn every_kind_of_event_has_its_meaning() {
    let kind = |event: &str, tail: &str| format!("{}{tail}", with("100", "x").replace("InvalidAccountID", event));
    for (event_name, tail, what) in [
        ("InvalidPassword", "", Some(FeedWhat::AuthFailure)),
        ("InvalidPassword", ",Challenge=\"a\",ReceivedChallenge=\"b\",ReceivedHash=\"c\"", Some(FeedWhat::AuthFailure)),
        ("FailedACL", ",ACLName=\"not_match_endpoint_acl\"", Some(FeedWhat::AuthFailure)),
        ("FailedACL", ",ACLName=\"registrar_attempt_exceeds_maximum_configured_contacts\"", None),
        ("SuccessfulAuth", ",UsingPassword=\"1\"", Some(FeedWhat::AuthSuccess)),
        ("SuccessfulAuth", ",UsingPassword=\"0\"", None),
        ("ChallengeSent", ",Challenge=\"abc\"", None),
        ("RequestNotAllowed", ",RequestType=\"x\",RequestParams=\"y z\"", None),
        ("UnexpectedAddress", ",ExpectedAddress=\"IPV4/UDP/198.51.100.1/5060\"", None),
    ] {
        let line = kind(event_name, tail);
        match what {
            Some(what) => assert_eq!(event(&line).what, what, "{line}"),
            None => assert_eq!(read(line.as_bytes()), Reading::Other, "{line}"),
        }
    }
}

#[test]
fn prefixes_are_asterisks_and_nothing_else() {
    let body = FAILED.split_once("SecurityEvent").unwrap().1;
    let prefixed = |prefix: &str| read(format!("{prefix}SecurityEvent{body}").as_bytes());
    for prefix in [
        "[Aug  6 15:45:49] SECURITY[1234] res_security_log.c: ",
        "[2026-08-06T15:45:49.123456+0200] SECURITY[1234][C-0000002a] res_security_log.c: ",
        "[2026-08-06 15:45:49] SECURITY[1234]: res_security_log.c:118 security_event_stasis_cb: ",
    ] {
        assert!(matches!(prefixed(prefix), Reading::Event(_)), "{prefix}");
    }
    for prefix in [
        "",
        " [2026-08-06 15:45:49] SECURITY[1234] res_security_log.c: ",
        "[2026-08-06 15:45:49] NOTICE[1234] res_security_log.c: ",
        "[2026-08-06 15:45:49] SECURITY[1234] chan_sip.c: ",
        "[2026-08-06 15:45:49] SECURITY[] res_security_log.c: ",
        "[2026-08-06 15:45:49]] SECURITY[1234] res_security_log.c: ",
        "[\x1b[1m2026-08-06 15:45:49] SECURITY[1234] res_security_log.c: ",
        "[2026-08-06 15:45:49] SECURITY[1234][C-x] res_security_log.c: ",
    ] {
        assert_eq!(prefixed(prefix), Reading::Torn(Refusal::Foreign, MESSAGE_MAX), "{prefix:?}");
    }
    let banner =
        b"[Aug  6 15:45:49] Asterisk 20.9.3 built by root @ edge on a x86_64 running Linux on 2026-07-01 10:00:00 UTC";
    assert_eq!(read(banner), Reading::Other);
}

#[test]
fn words_of_a_remote_party_frame_nobody() {
    let forged = r#"",SessionID="y",LocalAddress="IPV4/UDP/192.0.2.1/5060",RemoteAddress="IPV4/UDP/198.51.100.1/5060""#;
    for (account, session) in [
        ("100\"", "x"),
        ("\"\\\"\\", "\"\\"),
        ("1,RemoteAddress=\"IPV4/UDP/1.1.1.1/1", "x"),
        ("x\",RemoteAddress=\"IPV4/UDP/1.1.1.1/1", "x"),
        ("100", &format!("x{forged}")),
        ("100", &format!("x{forged},Challenge=\"")),
        ("100", "]] from ip 198.51.100.1 [2026-08-06 15:45:49] SECURITY[1] res_security_log.c: x"),
        ("100", "\x1b[31mred"),
        ("100", "\u{fffd}\u{202e}"),
    ] {
        let line = with(account, session);
        assert_eq!(accused(&line), ["203.0.113.7"], "{line}");
    }
    assert_eq!(accused(&with("100", "SecurityEvent=\"InvalidPassword\"")), [""; 0]);
}

/// The logger takes out an ESC and all up to the next "m", and what is left may look whole.
#[test]
fn an_escape_that_eats_the_true_address_frames_nobody() {
    let strip = |line: &str| {
        let mut left = String::new();
        let mut rest = line;
        while let Some((before, eaten)) = rest.split_once('\x1b') {
            left.push_str(before);
            rest = eaten.split_once('m').map_or("", |(_, after)| after);
        }
        left + rest
    };
    let forged = r#"y",LocalAddress="IPV4/UDP/192.0.2.1/5060",RemoteAddress="IPV4/UDP/198.51.100.1/5060""#;
    for session in [format!("{forged}\x1b"), format!("{forged},Module=\"\x1b"), format!("{forged},\x1bx\x1b")] {
        let line = strip(&with("100", &session));
        assert!(line.contains("oteAddress=\"IPV4/UDP/203.0.113.7/5060\""), "{line}");
        assert!(accused(&line).iter().all(|source| source == "203.0.113.7"), "{line}");
    }
}

#[test]
fn a_message_cut_for_its_length_frames_nobody() {
    let forged = r#"y",LocalAddress="IPV4/UDP/192.0.2.1/5060",RemoteAddress="IPV4/UDP/198.51.100.1/5060""#;
    let next = with("101", "z").replace("203.0.113.7", "203.0.113.8");
    let mut cut = with("100", &format!("{forged},Module=\""));
    cut.truncate(cut.find(",Module").unwrap());
    // Without its line end, the next message stands in the same line.
    assert!(!accused(&format!("{cut}{next}\n{next}")).contains(&"198.51.100.1".to_owned()));
    assert!(!accused(&format!("{cut},Module=\"{next}\n{next}")).contains(&"198.51.100.1".to_owned()));
    assert_eq!(too_long(cut.as_bytes()), Reading::Refused(Refusal::TooLong));
    assert_eq!(too_long(b"["), Reading::Torn(Refusal::TooLong, MESSAGE_MAX));
}

#[test]
fn a_line_end_in_the_account_costs_that_event_alone() {
    let honest = with("101", "z").replace("203.0.113.7", "203.0.113.8");
    for account in ["\n", "a\nb\nc", "x\n[2026-08-06 15:45:49] SECURITY[", "x\",RemoteAddress=\"\n"] {
        let text = format!("{}\n{honest}", with(account, "x"));
        assert_eq!(accused(&text), ["203.0.113.8"], "{account:?}");
    }
}

#[test]
fn what_stands_among_other_messages_is_suspect() {
    let honest = with("101", "z");
    let notice = "[2026-08-06 15:45:49] NOTICE[1] x.c: a\n";
    assert_eq!(accused(&format!("{notice}{honest}")), [""; 0]);
    let far = format!("{notice}{}", "[2026-08-06 15:45:49] Asterisk 20 built by root @ x\n".repeat(200));
    assert_eq!(accused(&format!("{far}{honest}")), ["203.0.113.7"]);
    // A service that does not bound its accounts: three lines that look whole, of which Asterisk wrote one.
    let foreign = with("x", "y").replace("PJSIP", "AMI");
    let forged = with("x", "y").replace("203.0.113.7", "198.51.100.1");
    assert_eq!(accused(&format!("{foreign}\n{forged}\n{foreign}")), [""; 0]);
}

#[test]
fn values_behind_the_address_are_of_their_form() {
    for tail in [
        ",Challenge=\"a b\"",
        ",Challenge=\"a\",Challenge=\"b\"",
        ",Unknown=\"1\"",
        ",Challenge=\"a",
        " ",
        ",Challenge=a",
        "\r",
    ] {
        let line = format!("{}{tail}", with("100", "x"));
        assert_eq!(read(line.as_bytes()), Reading::Refused(Refusal::Field), "{tail}");
    }
    let cut = FAILED.replace("1786031149/", &"1".repeat(NONCE));
    assert_eq!(event(&cut).nonce, None, "a nonce that fills Asterisk's buffer may have been cut");
}

const NONCE: usize = 63 - 32;

#[test]
fn no_line_is_a_panic() {
    for at in 0..FAILED.len() {
        let _ = read(&FAILED.as_bytes()[..at]);
        let _ = read(&FAILED.as_bytes()[at..]);
        let _ = too_long(&FAILED.as_bytes()[..at]);
    }
    let _ = read(&[0xff; 4_096]);
}
