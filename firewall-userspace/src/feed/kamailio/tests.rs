//! Lines as Kamailio's script writes them.
use super::*;
use crate::engine::input::FeedEvent;

const TOLD: &str =
    "sipfw auth_failure source=203.0.113.7 proto=tls method=5245474953544552 account=313030 nonce=616263 agent=78 .";

fn event(line: &str) -> FeedEvent {
    match read(line.as_bytes()) {
        Reading::Event(report) => report.into_event("edge"),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn lines_are_read_behind_what_syslog_writes() {
    for prefix in [
        "Aug 21 17:10:14 edge kamailio[812]: NOTICE: <script>: ",
        "Aug  1 07:10:14 edge /usr/sbin/kamailio[812]: NOTICE: <script>: ",
        "2026-08-21T17:10:14.123456+02:00 edge kamailio[812]: INFO: <script>: ",
        " 3(812) NOTICE: <script>: ",
        "14(812) ERROR: <script>: ",
    ] {
        let event = event(&format!("{prefix}{TOLD}"));
        assert_eq!((event.what, event.source.to_string().as_str()), (FeedWhat::AuthFailure, "203.0.113.7"), "{prefix}");
        assert_eq!(
            (event.account.as_deref(), event.nonce.as_deref(), event.connected),
            (Some("100"), Some("abc"), true)
        );
        assert_eq!((event.method.as_deref(), event.user_agent.as_deref()), (Some("REGISTER"), Some("x")));
    }
}

#[test]
fn what_a_request_lacks_is_null() {
    let line = format!(" 3(812) NOTICE: <script>: {TOLD}");
    let bare =
        line.replace("=313030", "=<null>").replace("=616263", "=<null>").replace("=tls", "=udp").replace("=78", "=");
    let event = event(&bare.replace("203.0.113.7", "[2001:db8::7]").replace("auth_failure", "unknown_account"));
    assert_eq!((event.what, event.account, event.nonce), (FeedWhat::UnknownAccount, None, None));
    assert_eq!((event.connected, event.user_agent, event.source.to_string().as_str()), (false, None, "2001:db8::7"));
}

#[test]
fn anything_else_is_refused() {
    let line = |from: &str, to: &str| format!(" 3(812) NOTICE: <script>: {}", TOLD.replace(from, to));
    for (line, want) in [
        (line(" .", ""), Refusal::Field),
        (line(" .", " . x"), Refusal::Field),
        (line("=313030", "=31303"), Refusal::Field),
        (line("=313030", "=100 source=198.51.100.1"), Refusal::Field),
        (line("=313030", "=\"100\""), Refusal::Field),
        (line("=tls", "=TLS"), Refusal::Field),
        (line("=tls", "=quic"), Refusal::Field),
        (line("auth_failure", "login"), Refusal::Field),
        (line("203.0.113.7", "203.0.113"), Refusal::Address),
        (line("203.0.113.7", "127.0.0.1"), Refusal::Address),
    ] {
        assert_eq!(read(line.as_bytes()), Reading::Refused(want), "{line}");
    }
    for line in [
        TOLD.to_owned(),
        format!("kamailio: {TOLD}"),
        format!("Aug 21 17:10:14 edge kamailio[812]: NOTICE: {{1 1 INVITE x}} <script>: {TOLD}"),
        format!(" 3(812) NOTICE: <core> [core/parser]: {TOLD}"),
        format!("\x1b[32m 3(812) NOTICE: <script>: {TOLD}"),
    ] {
        assert_eq!(read(line.as_bytes()), Reading::Torn(Refusal::Foreign, MESSAGE_MAX), "{line}");
    }
}

#[test]
fn no_line_is_a_panic() {
    let line = format!("Aug 21 17:10:14 edge kamailio[812]: NOTICE: <script>: {TOLD}");
    for at in 0..line.len() {
        let _ = read(&line.as_bytes()[..at]);
        let _ = read(&line.as_bytes()[at..]);
    }
}
