//! Everything that can be read of a message.
//!
//! Owns: that all accessors return, and what they return lies inside the bytes. Refuses: what it means.
use firewall_common::sip::message::{
    Challenge, Contact, Credentials, Message, NameAddr, Param, Params, Start, Text, Uri, Via, address, unescaped,
};

/// More elements than this are never read of any kind.
const MOST: usize = 256;

/// Panics when something does not lie inside.
pub(super) fn everything_lies_inside(bytes: &[u8], message: &Message<'_>) {
    let walk = Walk { bytes };
    walk.start(&message.start);
    walk.via(&message.via);
    assert_eq!(message.vias().next(), Some(message.via), "the topmost Via is another");
    message.vias().for_each(|via| walk.via(&via));
    walk.person(&message.from);
    walk.person(&message.to);
    for slice in [message.call_id, message.cseq.name, message.body] {
        walk.slice(slice);
    }
    assert!(message.cseq.number < 1 << 31);
    for header in message.headers() {
        walk.slice(header.name);
        walk.text(header.value);
        assert_eq!(
            message.headers().find(|other| other.field == header.field).map(|first| first.value),
            message.header(header.field)
        );
    }
    message.contacts().for_each(|contact| walk.contact(&contact));
    message.credentials().for_each(|credentials| walk.credentials(&credentials));
    message.challenges().for_each(|challenge| walk.challenge(&challenge));
    [message.user_agent(), message.next_nonce()].into_iter().flatten().for_each(|text| walk.text(text));
    let _ = message.expires();
    let elements = message.vias().count() + message.contacts().count() + message.credentials().count();
    assert!(elements + message.challenges().count() <= MOST && message.headers().count() <= MOST);
}

struct Walk<'a> {
    bytes: &'a [u8],
}

impl Walk<'_> {
    fn slice(&self, part: &[u8]) {
        let (all, part) = (self.bytes.as_ptr_range(), part.as_ptr_range());
        assert!(part.is_empty() || all.start <= part.start && part.end <= all.end, "a slice lies outside");
    }

    fn text(&self, text: Text<'_>) {
        self.slice(text.raw());
        let meant: Vec<u8> = text.bytes().collect();
        assert!(
            meant.len() <= text.raw().len() && text.is(&meant) && text.is_ignoring_case(&meant.to_ascii_uppercase())
        );
        assert!(text.as_plain().is_none_or(|plain| plain == meant));
        assert_eq!(text.copy_to(&mut vec![0; meant.len()]), meant);
    }

    fn start(&self, start: &Start<'_>) {
        match start {
            Start::Request { name, uri, .. } => {
                self.slice(name);
                self.uri(uri);
                assert!(uri.headers.is_empty());
            }
            Start::Response { status, reason } => {
                self.slice(reason);
                assert!((100..700).contains(status));
            }
        }
    }

    fn uri(&self, uri: &Uri<'_>) {
        let parts = [uri.raw, uri.scheme_name(), uri.host, uri.params, uri.headers];
        let all = parts.into_iter().chain(uri.user).chain(uri.password).chain(uri.param(b"transport"));
        all.for_each(|part| self.slice(part));
        assert!(!uri.raw.iter().any(|byte| *byte <= b' '), "white space in a URI");
        let _ = address(uri.host);
        assert!(unescaped(uri.user.unwrap_or_default()).count() <= uri.raw.len());
    }

    fn params(&self, params: &Params<'_>) {
        assert!(params.iter().count() <= MOST);
        for Param { name, value } in params.iter() {
            self.slice(name);
            value.into_iter().for_each(|value| self.text(value));
            assert!(params.get(name).is_some_and(|first| first.name.eq_ignore_ascii_case(name)));
        }
    }

    fn via(&self, via: &Via<'_>) {
        let parts = [Some(via.transport), Some(via.host), via.branch, via.received];
        parts.into_iter().flatten().for_each(|part| self.slice(part));
        self.params(&via.params);
        assert_eq!(via.params.get(b"branch").and_then(|param| param.value).map(Text::raw), via.branch);
    }

    fn person(&self, person: &NameAddr<'_>) {
        person.display.into_iter().for_each(|display| self.text(display));
        self.uri(&person.uri);
        self.params(&person.params);
        assert_eq!(person.params.get(b"TAG").and_then(|param| param.value).map(Text::raw), person.tag);
        let _ = person.expires();
    }

    fn contact(&self, contact: &Contact<'_>) {
        if let Contact::Address(person) = contact {
            self.person(person);
        }
    }

    fn credentials(&self, one: &Credentials<'_>) {
        self.slice(one.scheme);
        let texts = [one.username, one.realm, one.nonce, one.uri, one.qop, one.cnonce];
        texts.into_iter().flatten().for_each(|text| self.text(text));
        assert!(one.is_digest() || !one.has_response);
    }

    fn challenge(&self, one: &Challenge<'_>) {
        self.slice(one.scheme);
        [one.realm, one.nonce, one.qop].into_iter().flatten().for_each(|text| self.text(text));
        assert!(one.is_digest() || !one.stale);
    }
}
