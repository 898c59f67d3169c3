//! Conversations as Asterisk leads them, and blocks that remote parties have a hand in.
//!
//! The words are those of main/manager.c and main/security_events.c. Asterisk itself is no package of the systems these tests
//! run on, so its side is written down here.
use super::*;
use crate::engine::input::{FeedEvent, FeedWhat};

const GREETING: &str = "Asterisk Call Manager/9.0.0\r\n";
const ACCEPTED: &str = "Response: Success\r\nMessage: Authentication accepted\r\n\r\n";

/// A block with these words of a remote party in it.
fn block(service: &str, account: &str, source: &str) -> String {
    format!(
        "Event: InvalidAccountID\r\nPrivilege: security,all\r\nEventTV: 2026-08-06T15:45:49.123+0000\r\nSeverity: Error\r\n\
         Service: {service}\r\nEventVersion: 1\r\nAccountID: {account}\r\nSessionID: 3c26@192.0.2.4\r\n\
         LocalAddress: IPV4/TLS/192.0.2.1/5061\r\nRemoteAddress: IPV4/TLS/{source}/40123\r\n\r\n"
    )
}

/// A conversation after the login.
fn logged_in() -> Conversation {
    let mut conversation = Conversation::new("sipfw", "secret");
    let heard = hear(&mut conversation, &format!("{GREETING}{ACCEPTED}"));
    assert_eq!(heard, [Heard::LoggedIn]);
    let login = "Action: Login\r\nUsername: sipfw\r\nSecret: secret\r\nEvents: security\r\n\r\n";
    assert_eq!(conversation.take_output(), login.as_bytes());
    conversation
}

fn hear(conversation: &mut Conversation, text: &str) -> Vec<Heard> {
    let mut heard = Vec::new();
    conversation.hear(text.as_bytes(), |h| heard.push(h)).unwrap();
    heard
}

/// The events among what was heard.
fn events(heard: Vec<Heard>) -> Vec<FeedEvent> {
    let event = |heard| match heard {
        Heard::Reading(Reading::Event(report)) => Some(report.into_event("manager")),
        _ => None,
    };
    heard.into_iter().filter_map(event).collect()
}

/// The answer to the ping that waits to be sent.
fn pong(conversation: &mut Conversation) -> String {
    let sent = String::from_utf8(conversation.take_output()).unwrap();
    let number = sent.rsplit_once("ActionID: ").unwrap().1.trim();
    format!("Response: Success\r\nActionID: {number}\r\nPing: Pong\r\nTimestamp: 1786031149.123456\r\n\r\n")
}

#[test]
fn events_are_read_however_they_are_cut_into_pieces() {
    let mut conversation = logged_in();
    let failed = block("PJSIP", "100", "203.0.113.7")
        .replace("InvalidAccountID", "ChallengeResponseFailed")
        .replace("\r\n\r\n", "\r\nChallenge: 1786031149/6f0e8f3c\r\nResponse: d41d8cd9\r\nExpectedResponse: \r\n\r\n");
    let heard =
        failed.as_bytes().chunks(1).flat_map(|b| hear(&mut conversation, std::str::from_utf8(b).unwrap())).collect();
    let [event] = &events(heard)[..] else { panic!("one event") };
    assert_eq!((event.what, event.source.to_string().as_str()), (FeedWhat::AuthFailure, "203.0.113.7"));
    assert_eq!((event.account.as_deref(), event.connected), (Some("100"), true));
    assert_eq!(event.nonce.as_deref(), Some("1786031149/6f0e8f3c"));
    let configured = block("PJSIP", "100", "203.0.113.7").replace(
        "EventTV",
        "Timestamp: 1.2\r\nSequenceNumber: 7\r\nFile: x.c\r\nLine: 1\r\nFunc: y\r\nSystemName: edge\r\nEventTV",
    );
    assert_eq!(events(hear(&mut conversation, &configured)).len(), 1);
}

#[test]
fn a_conversation_that_cannot_begin_says_why() {
    let said = |text: &str| Conversation::new("u", "s").hear(text.as_bytes(), |_| ());
    assert_eq!(said("SSH-2.0-OpenSSH_9.2\r\n"), Err(Ended::NoManager));
    assert_eq!(
        said(&format!("{GREETING}Response: Error\r\nMessage: Authentication failed\r\n\r\n")),
        Err(Ended::Login)
    );
    assert_eq!(said(&"x".repeat(LINE_MAX + 1)), Err(Ended::TooLong));
    let endless = "A: b\r\n".repeat(LINES_MAX + 1);
    assert_eq!(logged_in().hear(endless.as_bytes(), |_| ()), Err(Ended::TooLong));
}

#[test]
fn nothing_is_believed_before_the_login() {
    let mut conversation = Conversation::new("u", "s");
    assert_eq!(hear(&mut conversation, &format!("{GREETING}{}", block("PJSIP", "100", "203.0.113.7"))), []);
}

#[test]
fn words_of_a_remote_party_frame_nobody() {
    for account in [
        "x\r\nRemoteAddress: IPV4/UDP/1.1.1.1/1",
        "x\nRemoteAddress: IPV4/UDP/1.1.1.1/1",
        "x\r\n\r\nEvent: InvalidPassword",
        "\n\nEvent: x\nPrivilege: y\nService: AMI",
        "x\r\n\r\nResponse: Success\r\nActionID: 1",
        "\r\n\r\n\r\n",
        "x\rRemoteAddress: IPV4/UDP/1.1.1.1/1",
        "\x1b[2J\": ,=",
    ] {
        let mut conversation = logged_in();
        let text = block("PJSIP", account, "203.0.113.7") + &block("PJSIP", "101", "203.0.113.8");
        let sources: Vec<_> = events(hear(&mut conversation, &text)).iter().map(|e| e.source.to_string()).collect();
        assert!(sources.iter().all(|s| s.starts_with("203.0.113.")), "{account:?}: {sources:?}");
        assert_eq!(sources.last().map(String::as_str), Some("203.0.113.8"), "{account:?}: the next event is believed");
    }
}

/// The manager's own events have accounts that nobody bounds: three blocks that look whole, of which Asterisk wrote one.
#[test]
fn trust_comes_back_with_an_answer_nobody_can_forge() {
    let mut conversation = logged_in();
    let (service, forged) = (block("AMI", "x", "203.0.113.7"), block("PJSIP", "x", "198.51.100.1"));
    let early = "Response: Success\r\nActionID: 1\r\nPing: Pong\r\n\r\n";
    assert_eq!(events(hear(&mut conversation, &format!("{service}{early}{forged}{service}{forged}"))), []);
    let pong = pong(&mut conversation);
    let heard = hear(&mut conversation, &format!("{forged}{pong}{}", block("PJSIP", "101", "203.0.113.8")));
    assert!(heard.contains(&Heard::Pong));
    let sources: Vec<_> = events(heard).iter().map(|e| e.source.to_string()).collect();
    assert_eq!(sources, ["203.0.113.8"]);
}

#[test]
fn an_answer_to_an_earlier_ping_is_no_sign_of_a_later_state() {
    let mut conversation = logged_in();
    conversation.ping().unwrap();
    let early = pong(&mut conversation);
    let text = block("AMI", "x", "203.0.113.7") + &early + &block("PJSIP", "x", "198.51.100.1");
    assert_eq!(events(hear(&mut conversation, &text)), []);
}

#[test]
fn no_stream_is_a_panic() {
    let text = format!("{GREETING}{ACCEPTED}{}", block("PJSIP", "100", "203.0.113.7"));
    for at in 0..text.len() {
        let mut conversation = Conversation::new("u", "s");
        let _ = conversation.hear(&text.as_bytes()[at..], |_| ());
        let _ = conversation.hear(&text.as_bytes()[..at], |_| ());
    }
}
