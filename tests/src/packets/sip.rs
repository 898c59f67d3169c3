//! SIP messages, written by rsip's types; what no type can say is changed in the text.
//!
//! Owns: typical requests and responses. Refuses: reading messages, which rsip would do wrongly (it knows no folded lines,
//! compact names or IPv6).
use rsip::headers::{UntypedHeader as _, UserAgent};
use rsip::{Header, Headers, Method, Param, Request, Response, Scheme, StatusCode, Uri, Version};

/// The host that all messages are about.
pub const HOST: &str = "pbx.example.com";

fn uri(user: Option<&str>) -> Uri {
    Uri {
        scheme: Some(Scheme::Sip),
        auth: user.map(|user| (user, None::<String>).into()),
        host_with_port: rsip::Domain::from(HOST).into(),
        ..Uri::default()
    }
}

fn headers(method: Method) -> Headers {
    let tag = |tag: &str| vec![Param::Tag(rsip::param::Tag::new(tag))];
    let mut headers = Headers::default();
    let via = rsip::typed::Via {
        version: Version::V2,
        transport: rsip::Transport::Udp,
        uri: Uri { host_with_port: rsip::Domain::from("phone.example.net").into(), ..Uri::default() },
        params: vec![Param::Branch(rsip::param::Branch::new("z9hG4bKnashds7"))],
    };
    headers.push(via.into());
    headers.push(rsip::headers::MaxForwards::default().into());
    let from = rsip::typed::From { display_name: Some("Alice".into()), uri: uri(Some("100")), params: tag("a73") };
    headers.push(from.into());
    let to = rsip::typed::To { display_name: None, uri: uri(Some("200")), params: Vec::new() };
    headers.push(to.into());
    headers.push(rsip::headers::CallId::new("1j9FpLxk3uxtm8tn@phone.example.net").into());
    headers.push(rsip::typed::CSeq { seq: 1, method }.into());
    headers.push(rsip::typed::Contact { display_name: None, uri: uri(Some("100")), params: Vec::new() }.into());
    headers
}

/// A request without a body.
pub fn request(method: Method) -> Request {
    let mut headers = headers(method);
    headers.push(rsip::headers::ContentLength::default().into());
    let user = (method != Method::Register).then_some("200");
    Request { method, uri: uri(user), version: Version::V2, headers, body: Vec::new() }
}

/// A request without a body, as bytes.
pub fn plain(method: Method) -> Vec<u8> {
    request(method).to_string().into_bytes()
}

/// A REGISTER.
pub fn register() -> Vec<u8> {
    plain(Method::Register)
}

/// An OPTIONS.
pub fn options() -> Vec<u8> {
    plain(Method::Options)
}

/// A session description with `codecs` payload types, to make messages as long as wanted.
fn sdp(codecs: usize) -> String {
    let maps: String = (0..codecs).map(|n| format!("a=rtpmap:{} telephone-event-{n}/8000\r\n", 96 + n % 32)).collect();
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8\r\n{maps}"
    )
}

/// An INVITE with a session description of a normal size.
pub fn invite() -> Vec<u8> {
    invite_of(8)
}

/// An INVITE of about 3 kB, which no Ethernet frame holds.
pub fn large_invite() -> Vec<u8> {
    invite_of(70)
}

fn invite_of(codecs: usize) -> Vec<u8> {
    offering("application/sdp", &sdp(codecs))
}

/// Media lines without keys.
pub const PLAIN: &str = "m=audio 40000 RTP/AVP 0 8\r\n";
/// Media lines with keys by SDES (RFC 4568).
pub const SDES: &str = "m=audio 40000 RTP/SAVP 0 8\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n";
/// Media lines with keys by DTLS (RFC 5763).
pub const DTLS: &str = "m=audio 40000 UDP/TLS/RTP/SAVPF 0 8\r\na=setup:actpass\r\n\
    a=fingerprint:sha-256 19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04:BB:05:2F:70:9F:04:A9:0E:05:E9:26:33:E8:70:88:A2\r\n";

/// A session description with these media lines.
pub fn description(media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n{media}")
}

/// An INVITE that offers these media lines.
pub fn offer(media: &str) -> Vec<u8> {
    offering("application/sdp", &description(media))
}

/// An INVITE with a body of a type.
pub fn offering(kind: &str, body: &str) -> Vec<u8> {
    let body = body.as_bytes().to_vec();
    let mut headers = headers(Method::Invite);
    headers.push(rsip::headers::ContentType::new(kind).into());
    headers.push(rsip::headers::ContentLength::from(body.len() as u32).into());
    let invite = Request { method: Method::Invite, uri: uri(Some("200")), version: Version::V2, headers, body };
    invite.to_string().into_bytes()
}

/// An ACK (RFC 3261 §17.1.1.3) to a refusal with this To tag.
pub fn ack(tag: &str) -> Vec<u8> {
    let mut request = request(Method::Ack);
    let to = rsip::typed::To {
        display_name: None,
        uri: uri(Some("200")),
        params: vec![Param::Tag(rsip::param::Tag::new(tag))],
    };
    let kept = request.headers.iter().filter(|header| !matches!(header, Header::To(_))).cloned();
    request.headers = kept.chain([to.into()]).collect::<Vec<_>>().into();
    request.to_string().into_bytes()
}

/// A response.
pub fn response(status_code: StatusCode) -> Vec<u8> {
    let headers = headers(Method::Options);
    Response { status_code, version: Version::V2, headers, body: Vec::new() }.to_string().into_bytes()
}

/// An OPTIONS with a User-Agent.
pub fn from_agent(agent: &str) -> Vec<u8> {
    let mut request = request(Method::Options);
    request.headers.push(UserAgent::new(agent).into());
    request.to_string().into_bytes()
}

/// An OPTIONS with a From of any value.
pub fn from(value: &str) -> Vec<u8> {
    let mut request = request(Method::Options);
    let from = Header::From(rsip::headers::From::new(value));
    let kept = request.headers.iter().map(|h| if matches!(h, Header::From(_)) { from.clone() } else { h.clone() });
    request.headers = kept.collect::<Vec<_>>().into();
    request.to_string().into_bytes()
}

/// `message` with every `old` replaced by `new`.
#[must_use]
pub fn replaced(message: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).expect("these messages are text");
    assert!(text.contains(old), "{old:?} is not in the message");
    text.replace(old, new).into_bytes()
}

/// A start line alone, with the empty line that ends the headers.
pub fn line(start_line: &str) -> Vec<u8> {
    format!("{start_line}\r\n\r\n").into_bytes()
}

/// A start line of exactly `len` bytes, its line end included.
pub fn line_of(len: usize) -> Vec<u8> {
    let frame = "OPTIONS sip:@h SIP/2.0\r\n".len();
    let user = "u".repeat(len.checked_sub(frame).expect("a start line has at least its frame"));
    format!("OPTIONS sip:{user}@h SIP/2.0\r\n\r\n").into_bytes()
}

/// A STUN binding request (RFC 8489 §5) with `attributes` bytes of attributes.
pub fn stun(attributes: u16) -> Vec<u8> {
    let mut bytes = vec![0x00, 0x01];
    bytes.extend(attributes.to_be_bytes());
    bytes.extend([0x21, 0x12, 0xa4, 0x42]);
    bytes.resize(20 + usize::from(attributes), 0x5a);
    bytes
}
