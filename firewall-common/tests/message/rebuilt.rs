//! Messages that are made up: what was written is what is read, whatever the spelling.
mod spelling;
mod write;

use firewall_common::sip::message::{Contact, Credentials, Message, NameAddr, Start, Text, parse};
use proptest::prelude::*;

use spelling::Spelling;
use write::write;

/// What a message says.
#[derive(Clone, Debug)]
struct Said {
    method: String,
    status: Option<u16>,
    vias: Vec<(String, Option<u16>, String)>,
    from: Person,
    to: Person,
    call_id: String,
    cseq: u32,
    contacts: Vec<(Person, u32)>,
    credentials: Vec<[Vec<u8>; 3]>,
    user_agent: String,
    body: Vec<u8>,
}

/// An address.
#[derive(Clone, Debug)]
struct Person {
    /// In quotes when it is told to; else words.
    display: Option<(bool, Vec<u8>)>,
    user: String,
    host: String,
    tag: Option<String>,
}

fn bytes(text: Option<Text<'_>>) -> Option<Vec<u8>> {
    text.map(|text| text.bytes().collect())
}

fn check_person(read: &NameAddr<'_>, said: &Person) {
    assert_eq!(bytes(read.display), said.display.as_ref().map(|(_, display)| display.clone()));
    assert_eq!(read.uri.user, Some(said.user.as_bytes()));
    assert_eq!(read.uri.host, said.host.as_bytes());
    assert_eq!(read.tag, said.tag.as_ref().map(String::as_bytes));
}

fn check(message: &Message<'_>, said: &Said) {
    match message.start {
        Start::Request { name, .. } => assert_eq!((name, None), (said.method.as_bytes(), said.status)),
        Start::Response { status, .. } => assert_eq!(Some(status), said.status),
    }
    let vias: Vec<_> = message.vias().map(|via| (via.host, via.port, via.branch.unwrap_or_default())).collect();
    let want: Vec<_> =
        said.vias.iter().map(|(host, port, branch)| (host.as_bytes(), *port, branch.as_bytes())).collect();
    assert_eq!(vias, want);
    assert_eq!(message.vias().next(), Some(message.via));
    check_person(&message.from, &said.from);
    check_person(&message.to, &said.to);
    assert_eq!((message.call_id, message.cseq.number), (said.call_id.as_bytes(), said.cseq));
    assert_eq!(message.contacts().count(), said.contacts.len());
    for (contact, (person, expires)) in message.contacts().zip(&said.contacts) {
        let Contact::Address(address) = contact else { panic!("{contact:?}") };
        check_person(&address, person);
        assert_eq!(address.expires(), Some(*expires));
    }
    let credentials =
        |one: Credentials<'_>| [one.username, one.realm, one.nonce].map(|text| bytes(text).unwrap_or_default());
    assert_eq!(message.credentials().map(credentials).collect::<Vec<_>>(), said.credentials);
    assert!(message.credentials().all(|credentials| credentials.has_response));
    assert_eq!(bytes(message.user_agent()), Some(said.user_agent.clone().into_bytes()));
    assert_eq!(message.body, said.body);
}

fn display() -> impl Strategy<Value = Option<(bool, Vec<u8>)>> {
    let quoted = prop::collection::vec(prop_oneof![b' '..=b'~', 0x80..=0xffu8], 0..12).prop_map(|text| (true, text));
    let words = "[A-Za-z0-9.!%*_+`'~()-]{1,8}( [A-Za-z0-9-]{1,8}){0,2}".prop_map(|text| (false, text.into_bytes()));
    prop::option::of(prop_oneof![quoted, words])
}

fn person(tagged: bool) -> impl Strategy<Value = Person> {
    let host = prop_oneof!["[a-z0-9]{1,8}(\\.[a-z]{1,8}){0,2}", Just("[2001:db8::1]".to_owned())];
    let tag = prop::option::of("[A-Za-z0-9.!%*_+`'~-]{1,12}").prop_map(move |tag| tag.filter(|_| tagged));
    let person = (display(), "[A-Za-z0-9.!~*'()&=+$,;?/%-]{1,12}", host, tag);
    person.prop_map(|(display, user, host, tag)| Person { display, user, host, tag })
}

fn said() -> impl Strategy<Value = Said> {
    let via =
        ("[a-z0-9]{1,8}(\\.[a-z]{1,8}){0,2}|\\[::1\\]", prop::option::of(any::<u16>()), "z9hG4bK[A-Za-z0-9]{0,8}");
    let texts = prop::array::uniform3(prop::collection::vec(b' '..=b'~', 0..12));
    let head = ("[A-Z]{1,9}", prop::option::of(100..=699u16), prop::collection::vec(via, 1..4));
    let ends = (person(true), person(true), "[!-~]{1,20}", 0..1u32 << 31);
    let contacts = prop::collection::vec((person(false), any::<u32>()), 0..4);
    let rest = (
        contacts,
        prop::collection::vec(texts, 0..3),
        "[!-~]([ -~]{0,18}[!-~])?",
        prop::collection::vec(any::<u8>(), 0..40),
    );
    (head, ends, rest).prop_map(|((method, status, vias), (from, to, call_id, cseq), rest)| {
        let (contacts, credentials, user_agent, body) = rest;
        Said { method, status, vias, from, to, call_id, cseq, contacts, credentials, user_agent, body }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(said in said(), choices in prop::collection::vec(any::<u8>(), 1..200)) {
        let message = write(&said, &mut Spelling::new(choices));
        match parse(&message) {
            Ok(read) => check(&read, &said),
            Err(refusal) => prop_assert!(false, "{refusal:?}\n{}", message.escape_ascii()),
        }
    }
}
