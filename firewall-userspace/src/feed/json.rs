//! The plain form: an object of JSON a line.
//!
//! Owns: its keys (docs/feeds.md has the list). Refuses: keys that it does not know, since one that is misspelt would be
//! missing without a word.
use serde::Deserialize;

use super::report::{Reading, Refusal, Report, source};
use crate::engine::input::FeedWhat;

/// The longest line.
pub const LINE_MAX: usize = 4_096;

/// What happened, in the words of the form.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    AuthFailure,
    UnknownAccount,
    AuthSuccess,
    Malformed,
}

/// How it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Transport {
    Udp,
    Tcp,
    Tls,
    Ws,
    Wss,
    Sctp,
}

/// The object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    event: What,
    source: String,
    account: Option<String>,
    nonce: Option<String>,
    transport: Option<Transport>,
    method: Option<String>,
    user_agent: Option<String>,
}

/// Reads one line, without its line end.
pub fn read(line: &[u8]) -> Reading {
    if line.len() > LINE_MAX {
        return Reading::Refused(Refusal::TooLong);
    }
    let Ok(told) = serde_json::from_slice::<Told>(line) else { return Reading::Refused(Refusal::Json) };
    match source(told.source.as_bytes()) {
        Ok(source) => Reading::Event(told.report(source)),
        Err(refusal) => Reading::Refused(refusal),
    }
}

impl Told {
    fn report(&self, source: std::net::IpAddr) -> Report {
        let what = match self.event {
            What::AuthFailure => FeedWhat::AuthFailure,
            What::UnknownAccount => FeedWhat::UnknownAccount,
            What::AuthSuccess => FeedWhat::AuthSuccess,
            What::Malformed => FeedWhat::Malformed,
        };
        let connected = self.transport.is_some_and(|transport| transport != Transport::Udp);
        let bytes = |text: &Option<String>| text.as_ref().map(|text| text.clone().into_bytes());
        Report::new(what, source, connected)
            .account(bytes(&self.account).as_deref())
            .nonce(bytes(&self.nonce).as_deref())
            .method(bytes(&self.method).as_deref())
            .user_agent(bytes(&self.user_agent).as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: &str) -> crate::engine::input::FeedEvent {
        match read(line.as_bytes()) {
            Reading::Event(report) => report.into_event("json"),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_documented_form_is_read() {
        let least = event(r#"{"event":"auth_failure","source":"203.0.113.7"}"#);
        assert_eq!((least.what, least.connected, least.account), (FeedWhat::AuthFailure, false, None));
        let whole = event(
            r#" {"event":"unknown_account","source":"2001:db8::7","account":"1\n0\"0","nonce":"abc","transport":"tls",
                 "method":"REGISTER","user_agent":"x"} "#,
        );
        assert_eq!((whole.what, whole.connected), (FeedWhat::UnknownAccount, true));
        assert_eq!((whole.account.as_deref(), whole.nonce.as_deref()), (Some("1\\n0\"0"), Some("abc")));
        assert_eq!((whole.method.as_deref(), whole.user_agent.as_deref()), (Some("REGISTER"), Some("x")));
        assert!(!event(r#"{"event":"malformed","source":"203.0.113.7","transport":"udp"}"#).connected);
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for (line, refusal) in [
            ("", Refusal::Json),
            ("null", Refusal::Json),
            (r#"["auth_failure","203.0.113.7"]"#, Refusal::Json),
            (r#"{"event":"auth_failure"}"#, Refusal::Json),
            (r#"{"source":"203.0.113.7"}"#, Refusal::Json),
            (r#"{"event":"login","source":"203.0.113.7"}"#, Refusal::Json),
            (r#"{"event":"auth_failure","source":"203.0.113.7","adress":"x"}"#, Refusal::Json),
            (r#"{"event":"auth_failure","source":"203.0.113.7","source":"198.51.100.1"}"#, Refusal::Json),
            (r#"{"event":"auth_failure","source":"203.0.113.7"}{"event":"auth_failure"}"#, Refusal::Json),
            (r#"{"event":"auth_failure","source":"203.0.113.7","transport":"TLS"}"#, Refusal::Json),
            (r#"{"event":"auth_failure","source":"203.0.113.7:5060"}"#, Refusal::Address),
            (r#"{"event":"auth_failure","source":"203.0.113.0/24"}"#, Refusal::Address),
            (r#"{"event":"auth_failure","source":"127.0.0.1"}"#, Refusal::Address),
        ] {
            assert_eq!(read(line.as_bytes()), Reading::Refused(refusal), "{line}");
        }
        let deep = "[".repeat(LINE_MAX);
        assert_eq!(read(deep.as_bytes()), Reading::Refused(Refusal::Json));
        assert_eq!(read(" ".repeat(LINE_MAX + 1).as_bytes()), Reading::Refused(Refusal::TooLong));
        assert_eq!(
            read(b"{\"event\":\"auth_failure\",\"source\":\"203.0.113.7\",\"account\":\"\xff\"}"),
            Reading::Refused(Refusal::Json)
        );
    }
}
