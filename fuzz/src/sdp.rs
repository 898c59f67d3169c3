//! Session descriptions: what they can lead to is what a mature reader of them says, however they are wrapped, and nothing
//! outside the message has a say.
use firewall_common::sdp::{Accepted, Suite, Summary};
use firewall_common::sip::window::EXAMINED;
use sdp_types::{Attribute, Media, Session};

use crate::window;

/// Takes `payload` as a message, and as the body of messages.
pub fn check(payload: &[u8]) {
    if let Some(line) = payload.iter().position(|b| *b == b'\n') {
        summary(payload, line + 1);
    }
    compare(payload);
}

/// Compares what the machine makes of a body with what [`by_the_book`] makes of it; whether both understood it.
pub fn compare(body: &[u8]) -> bool {
    let Some(want) = by_the_book(body) else { return false };
    let said = WRAPPINGS.map(|wrapping| {
        let message = wrapping.replace("{length}", &body.len().to_string());
        let (head, rest) = message.split_once("{body}").expect("every wrapping has a body");
        let message = [head.as_bytes(), body, rest.as_bytes()].concat();
        let fits = message.len() <= EXAMINED as usize;
        let said = summary(&message, START);
        let understood = said.bits() & Summary::UNSURE == 0;
        assert!(!understood || said == want, "{said:?}, not {want:?}: {}", message.escape_ascii());
        fits && understood
    });
    said.contains(&true)
}

/// The headers of a message begin here.
const START: usize = "INVITE sip:a@b SIP/2.0\r\n".len();
/// Messages around a body.
const WRAPPINGS: [&str; 4] = [
    "INVITE sip:a@b SIP/2.0\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}",
    "INVITE sip:a@b SIP/2.0\r\nl:{length}\r\nC\t:\r\n APPLICATION/SDP;a=b\r\n\r\n{body}\r\nm=audio 9 RTP/AVP 0\r\n",
    "INVITE sip:a@b SIP/2.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nm=audio 9 RTP/AVP 0\r\n\
     --x\r\nc: application/sdp\r\n\r\n{body}\r\n--x--\r\nm=audio 9 RTP/AVP 0\r\n",
    "INVITE sip:a@b SIP/2.0\r\nc: multipart/mixed;x=\";boundary=y\";\r\n\tboundary = \"x y\"\r\n\r\n\
     --x y\r\nContent-Type: application/sdp\r\n\r\n{body}\r\n--x y \r\n\r\na=fingerprint:sha-1 00\r\n",
];

fn summary(message: &[u8], headers: usize) -> Summary {
    let leftovers = b"\r\nm=audio 9 RTP/AVP 0\r\na=fingerprint:sha-1 00\r\nc: application/sdp\r\n\r\n".repeat(24);
    let of = |before| Summary::of_message(&window(message, before), headers as u32, message.len() as u32);
    let said = of(&[]);
    assert_eq!(of(&leftovers), said, "what the window held earlier has a say: {}", message.escape_ascii());
    said
}

/// What `sdp-types` reads, if it is text, and no word is longer than any server's.
fn by_the_book(body: &[u8]) -> Option<Summary> {
    let is_text = |b: &u8| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    let session = Session::parse(body).ok().filter(|_| body.iter().all(is_text))?;
    let mut attributes = session.medias.iter().flat_map(|media| &media.attributes).chain(&session.attributes);
    let usual = session.medias.iter().all(is_usual) && attributes.all(is_short);
    let shared = session.attributes.iter().fold(0, |bits, attribute| bits | key(attribute) & Accepted::DTLS);
    let of = |bits, media: &Media| bits | if is_rtp(media) { Summary::RTP | shared | keys(media) } else { kind(media) };
    let active = session.medias.iter().filter(|media| media.port != 0);
    usual.then(|| Summary::new(active.fold(0, of)))
}

fn is_usual(media: &Media) -> bool {
    [&media.media, &media.proto].iter().all(|word| (1..32).contains(&word.len()) && !word.contains([' ', '\t']))
}

/// Whether an attribute's words are few and not far apart, and those of a key's tag and suite short.
fn is_short(attribute: &Attribute) -> bool {
    let words = || attribute.value.as_deref().unwrap_or_default().split([' ', '\t']);
    let is_crypto = attribute.attribute.eq_ignore_ascii_case("crypto");
    attribute.value.as_deref().is_none_or(|value| value.len() < 256)
        && words().count() < 8
        && (!is_crypto || words().take(2).all(|word| word.len() < 32))
}

fn is_rtp(media: &Media) -> bool {
    media.proto.split('/').any(|part| part.eq_ignore_ascii_case("RTP"))
}

fn kind(media: &Media) -> u32 {
    match media.media.to_ascii_lowercase().as_str() {
        "image" => Summary::T38,
        "message" => Summary::MSRP,
        "application" => Summary::APPLICATION,
        _ => Summary::OTHER,
    }
}

fn keys(media: &Media) -> u32 {
    media.attributes.iter().fold(0, |bits, attribute| bits | key(attribute))
}

fn key(attribute: &Attribute) -> u32 {
    let value = attribute.value.as_deref().unwrap_or_default();
    match attribute.attribute.to_ascii_lowercase().as_str() {
        "fingerprint" if !value.trim().is_empty() => Accepted::DTLS,
        "crypto" => suite(value).unwrap_or(0),
        _ => 0,
    }
}

fn suite(value: &str) -> Option<u32> {
    let mut words = value.split_ascii_whitespace().map(str::to_ascii_uppercase);
    let (_tag, name, keys) = (words.next()?, words.next()?, words.next()?);
    let weakened = words.any(|word| word.starts_with("UNENCRYP") || word.starts_with("UNAUTHEN"));
    let usable = keys.starts_with("INLINE:") && !weakened;
    Suite::from_word(name.as_bytes()).filter(|_| usable).map(Suite::bit)
}
