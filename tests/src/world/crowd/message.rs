//! What phones of a crowd send, and what they read of answers.
//!
//! Owns: one REGISTER, with or without credentials, and the few fields of a response that matter. Refuses: anything else.
use super::super::address::EDGE;
use super::super::digest::{Answer, Challenge};
use super::Plan;

/// The REGISTER of a phone.
pub(super) fn register(plan: &Plan, number: u32, sequence: u32, challenge: Option<&Challenge>) -> String {
    let (address, port, seconds) = (plan.homes.address(number), plan.port, plan.seconds);
    let user = format!("u{number}");
    let credentials = challenge.map_or_else(String::new, |challenge| {
        let (password, uri) = (format!("secret-{user}"), format!("sip:{EDGE}"));
        let answer = Answer { user: &user, password: &password, method: "REGISTER", uri: &uri, body: "", count: 1 };
        format!("Authorization: {}\r\n", answer.to(challenge))
    });
    format!(
        "REGISTER sip:{EDGE} SIP/2.0\r\nVia: SIP/2.0/UDP {address}:{port};branch=z9hG4bK{number}-{sequence};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@{EDGE}>;tag={number}\r\nTo: <sip:{user}@{EDGE}>\r\n\
         Call-ID: {number}@{address}\r\nCSeq: {sequence} REGISTER\r\nContact: <sip:{user}@{address}:{port}>\r\n\
         Expires: {seconds}\r\nUser-Agent: phone\r\n{credentials}Content-Length: 0\r\n\r\n"
    )
}

/// A response to one of those.
pub(super) struct Response<'a> {
    /// Its code.
    pub(super) status: u16,
    /// Which phone's.
    pub(super) phone: u32,
    /// Of which request.
    pub(super) sequence: u32,
    text: &'a str,
}

impl<'a> Response<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let status = text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let phone = field("Call-ID: ")?.split('@').next()?.parse().ok()?;
        let sequence = field("CSeq: ")?.split(' ').next()?.parse().ok()?;
        Some(Self { status, phone, sequence, text })
    }

    pub(super) fn challenge(&self) -> Option<Challenge> {
        Challenge::of(self.text)
    }
}
