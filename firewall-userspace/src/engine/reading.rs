//! From a message to what whoever is judged by it is asked about.
//!
//! Owns: the only place where what judges sources sees a message, and the hashes of what stands in it. Refuses: bytes (the
//! strict reader has read them), and calls (see `calls`).
use firewall_common::sip::Method;
use firewall_common::sip::message::{self, Contact, Message, NameAddr, Scheme, Start, Text, Uri};

use super::facts::{Account, Answer, Binding, CREDENTIALS, Challenge, Credential, Facts, Granted, Request};
use super::hash::{half, quarter};
use super::saved::Key;
use super::text::Name;

/// What a message says, whose bytes are `bytes`. Of more credentials than are kept, those stay whose nonce was `sent`.
pub(super) fn read(message: &Message<'_>, bytes: &[u8], key: Key, sent: impl Fn(u64) -> bool) -> Facts {
    match message.start {
        Start::Request { method, uri, .. } => Facts::Request(request(message, method, &uri, bytes, key, sent)),
        Start::Response { status, .. } => Facts::Answer(answer(message, status, key)),
    }
}

fn request(
    message: &Message<'_>,
    method: Method,
    uri: &Uri<'_>,
    bytes: &[u8],
    key: Key,
    sent: impl Fn(u64) -> bool,
) -> Request {
    let register = method == Method::Register;
    let asked_for = if register { &message.to.uri } else { uri };
    let target = asked_for.user.filter(|user| !user.is_empty()).map_or(0, |user| quarter(key.of(&[b"user", user])));
    let named = if register { &message.to } else { &message.from };
    let unnamed = account(named.uri.user.unwrap_or_default(), key);
    let Signed { credentials, account, other, unclear } = credentials(message, &unnamed, key, sent);
    Request {
        transaction: transaction(message, key),
        bytes: half(key.of(&[bytes])),
        method,
        to_tag: message.to.tag.map_or(0, |tag| half(key.of(&[b"tag", tag]))),
        credentials,
        account: account.unwrap_or(unnamed),
        other,
        unclear,
        elsewhere: message.via.params.get(b"maddr").is_some(),
        asks: half(key.of(&[b"asks", message.cseq.name, uri.raw, message.from.uri.raw])),
        from: Name::new(message.from.uri.user.unwrap_or_default()),
        target,
        agent: message.user_agent().map(Name::of_text).unwrap_or_default(),
        binding: if register { binding(message, key) } else { Binding::default() },
    }
}

fn answer(message: &Message<'_>, status: u16, key: Key) -> Answer {
    let tag = message.to.tag.unwrap_or_default();
    let hash = |part: &[u8]| if part.is_empty() { 0 } else { key.of(&[b"tag", part]) };
    let granted = message.cseq.method == Method::Register && (200..300).contains(&status);
    Answer {
        transaction: transaction(message, key),
        method: message.cseq.method,
        status,
        to_tag: hash(tag),
        to_tag_half: hash(tag.get(..tag.len().div_ceil(2)).unwrap_or_default()),
        challenges: challenges(message, key),
        next_nonce: message.next_nonce().map_or(0, |nonce| of_text(nonce, b"nonce", key)),
        granted: if granted { bindings(message, key) } else { Granted::default() },
    }
}

/// What a response and an ACK have of their request (RFC 3261 §8.2.6.2, §17.1.1.3).
fn transaction(message: &Message<'_>, key: Key) -> u64 {
    let method: &[u8] = if message.cseq.method == Method::Ack { b"INVITE" } else { message.cseq.name };
    let branch = message.via.branch.unwrap_or_default();
    key.of(&[branch, message.call_id, &message.cseq.number.to_ne_bytes(), method])
}

/// What stands in a request's credentials.
#[derive(Default)]
struct Signed {
    credentials: [Credential; CREDENTIALS],
    /// The account that the first of them names, and another one's hash.
    account: Option<Account>,
    other: u64,
    /// Whether there are more of them, or of these accounts.
    unclear: bool,
}

fn credentials(message: &Message<'_>, unnamed: &Account, key: Key, sent: impl Fn(u64) -> bool) -> Signed {
    let (mut signed, mut count) = (Signed::default(), 0);
    for digest in message.credentials().filter(|c| c.is_digest() && c.has_response) {
        let nonce = digest.nonce.map_or(0, |nonce| of_text(nonce, b"nonce", key));
        let named = digest.username.map_or(*unnamed, |name| account(meant(name, &mut [0; 128]), key));
        let first = signed.account.get_or_insert(named).hash;
        if named.hash != first {
            signed.unclear |= ![0, named.hash].contains(&signed.other);
            signed.other = named.hash;
        }
        let realm = realm(digest.realm, digest.proxy, key);
        let credential = Credential { realm, nonce, account: half(named.hash) };
        match signed.credentials.get_mut(count) {
            Some(slot) => *slot = credential,
            None if sent(nonce) => signed.credentials[CREDENTIALS - 1] = credential,
            None => {}
        }
        count += 1;
    }
    signed.unclear |= count > CREDENTIALS;
    signed
}

fn challenges(message: &Message<'_>, key: Key) -> [Challenge; super::facts::CHALLENGES] {
    let mut found = [Challenge::default(); super::facts::CHALLENGES];
    for (slot, challenge) in found.iter_mut().zip(message.challenges().filter(message::Challenge::is_digest)) {
        let nonce = challenge.nonce.map_or(0, |nonce| of_text(nonce, b"nonce", key));
        *slot = Challenge { realm: realm(challenge.realm, challenge.proxy, key), nonce, stale: challenge.stale };
    }
    found
}

/// Servers compare realms in either case.
fn realm(realm: Option<Text<'_>>, proxy: bool, key: Key) -> u32 {
    let mut room = [0; 128];
    let realm = realm.map_or(&[][..], |realm| meant(realm, &mut room));
    let mut lower = [0; 128];
    lower.iter_mut().zip(realm).for_each(|(to, from)| *to = from.to_ascii_lowercase());
    let (start, rest) = (&lower[..realm.len().min(lower.len())], realm.get(lower.len()..).unwrap_or_default());
    half(key.of(&[if proxy { b"proxy" } else { b"realm" }, start, rest]))
}

/// The nonce that a feed names has the hash of the wire's.
pub(super) fn nonce(nonce: &[u8], key: Key) -> u64 {
    key.of(&[b"nonce", nonce])
}

/// An account is known by its name without a realm: `100@example.com` in credentials is the `100` of a URI.
pub(super) fn account(name: &[u8], key: Key) -> Account {
    let end = name.iter().position(|byte| *byte == b'@').unwrap_or(name.len());
    let name = name.get(..end).unwrap_or_default();
    if name.is_empty() {
        return Account::default();
    }
    Account { hash: key.of(&[b"account", name]).max(1), name: Name::new(name) }
}

/// A quarter of the hash of a user that was asked for.
pub(super) fn user(name: &[u8], key: Key) -> u16 {
    quarter(key.of(&[b"user", name]))
}

fn of_text(text: Text<'_>, what: &[u8], key: Key) -> u64 {
    key.of(&[what, meant(text, &mut [0; 512])])
}

/// The bytes as they are meant, of a text with escapes at most as many as there is room for.
fn meant<'a>(text: Text<'a>, room: &'a mut [u8]) -> &'a [u8] {
    match text.as_plain() {
        Some(plain) => plain,
        None => text.copy_to(room),
    }
}

fn binding(message: &Message<'_>, key: Key) -> Binding {
    let record = half(key.of(&[message.to.uri.user.unwrap_or_default(), &lower(message.to.uri.host)]));
    let mut binding = Binding { record, ..Binding::default() };
    let expires = message.expires();
    for contact in message.contacts() {
        match contact {
            Contact::All => binding.all = true,
            Contact::Address(address) => {
                if let Some(slot) = binding.contacts.get_mut(usize::from(binding.count)) {
                    *slot = (contact_hash(&address, key), Binding::asked(address.expires(), expires));
                }
                binding.count = binding.count.saturating_add(1);
            }
        }
    }
    binding
}

fn bindings(message: &Message<'_>, key: Key) -> Granted {
    let mut granted = Granted { expires: message.expires(), ..Granted::default() };
    let addresses = message.contacts().filter_map(|contact| match contact {
        Contact::Address(address) => Some(address),
        Contact::All => None,
    });
    for (index, address) in addresses.take(256).enumerate() {
        let seconds = address.expires();
        granted.fewest = granted.fewest.into_iter().chain(seconds).min();
        if let Some(slot) = granted.contacts.get_mut(index) {
            *slot = (contact_hash(&address, key), seconds);
        }
    }
    granted
}

/// Of what registrars give back as it was sent: user, host and port. They add and leave out parameters.
fn contact_hash(address: &NameAddr<'_>, key: Key) -> u32 {
    let uri = &address.uri;
    if !matches!(uri.scheme, Scheme::Sip | Scheme::Sips) {
        return half(key.of(&[uri.raw]));
    }
    let port = uri.port.unwrap_or(0).to_ne_bytes();
    half(key.of(&[uri.user.unwrap_or_default(), &lower(uri.host), &port]))
}

/// The first bytes of a host, in lower case.
fn lower(host: &[u8]) -> [u8; 64] {
    let mut lower = [0; 64];
    lower.iter_mut().zip(host).for_each(|(to, from)| *to = from.to_ascii_lowercase());
    lower
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key([8, 9]);

    fn message(start: &str, headers: &str) -> Vec<u8> {
        format!(
            "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nFrom: <sip:100@example.com>;tag=f\r\n\
             To: <sip:100@Example.com>;tag=abcdefgh\r\nCall-ID: c\r\n{headers}Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }

    fn facts(bytes: &[u8]) -> Facts {
        read(&message::parse(bytes).unwrap(), bytes, KEY, |_| false)
    }

    fn request(headers: &str) -> Request {
        match facts(&message("REGISTER sip:example.com SIP/2.0", headers)) {
            Facts::Request(request) => request,
            Facts::Answer(_) => panic!("{headers}"),
        }
    }

    fn answer(status: u16, headers: &str) -> Answer {
        match facts(&message(&format!("SIP/2.0 {status} X"), headers)) {
            Facts::Answer(answer) => answer,
            Facts::Request(_) => panic!("{headers}"),
        }
    }

    #[test]
    fn a_response_is_of_its_request() {
        let (request, answer) = (request("CSeq: 1 REGISTER\r\n"), answer(401, "CSeq: 1 REGISTER\r\n"));
        assert_eq!(request.transaction, answer.transaction);
        assert_eq!(request.to_tag, half(answer.to_tag));
        assert_eq!((request.target, request.is_signed()), (user(b"100", KEY), false));
        assert_eq!(request.account.hash, account(b"100@other.example", KEY).hash);
    }

    #[test]
    fn credentials_meet_their_challenge() {
        let request = request(
            "CSeq: 2 REGISTER\r\nAuthorization: Digest username=\"a\\100\", realm=\"r\", nonce=n1, uri=\"sip:x\", response=\"0\"\r\n",
        );
        let answer = answer(
            401,
            "CSeq: 2 REGISTER\r\nWWW-Authenticate: Digest realm=r, nonce=\"n1\", algorithm=SHA-256, stale=TRUE\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\"\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n3\"\r\n",
        );
        let (credential, [first, second, third]) = (request.credentials[0], [0, 1, 2].map(|n| answer.challenges[n]));
        assert_eq!(request.account.name.bytes(), b"a100");
        assert_eq!((credential.realm, credential.nonce), (first.realm, first.nonce));
        assert!(first.stale && !second.stale && second.realm == first.realm && second.nonce != first.nonce);
        assert_ne!(third.realm, first.realm, "a proxy's");
        assert_eq!(first.nonce, nonce(b"n1", KEY));
    }

    #[test]
    fn what_is_granted_is_the_contacts_own() {
        let request = request("CSeq: 3 REGISTER\r\nExpires: 600\r\nContact: <sip:u@h:5062>, <sip:u@h2>;expires=0\r\n");
        let answer = answer(
            200,
            "CSeq: 3 REGISTER\r\nExpires: 900\r\nContact: <sip:other@h3>;expires=7, <sip:u@H:5062;ob>;expires=300\r\n",
        );
        let [(first, asked), (second, gone), ..] = request.binding.contacts;
        assert_eq!((request.binding.count, asked, gone), (2, 600, 0));
        assert_eq!((answer.granted.of(first, asked), answer.granted.of(second, gone)), (300, 900));
        assert_eq!(Granted { fewest: Some(7), ..Granted::default() }.of(first, asked), 7);
        assert_eq!(Granted::default().of(first, asked), 600);
    }
}
