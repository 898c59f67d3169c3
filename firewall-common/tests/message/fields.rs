//! What is read of messages of the corpus.
use firewall_common::sip::Method;
use firewall_common::sip::message::{
    Algorithm, Contact, Field, Message, NameAddr, Rport, Scheme, Start, Text, Uri, address, parse, unescaped,
};

use crate::fixture;

/// Hands a message of RFC 4475 over.
fn with(name: &str, check: impl Fn(&Message<'_>)) {
    let bytes = fixture(name);
    check(&parse(&bytes).expect(name));
}

fn request_uri<'a>(message: &Message<'a>) -> Uri<'a> {
    match message.start {
        Start::Request { uri, .. } => uri,
        Start::Response { .. } => panic!("a response has no Request-URI"),
    }
}

fn address_of<'a>(contact: Option<Contact<'a>>) -> NameAddr<'a> {
    match contact {
        Some(Contact::Address(address)) => address,
        other => panic!("no address, but {other:?}"),
    }
}

fn is(text: Option<Text<'_>>, bytes: &[u8]) -> bool {
    text.is_some_and(|text| text.is(bytes))
}

#[test]
fn a_typical_register() {
    with("typical/register_auth.dat", |message| {
        assert!(matches!(message.start, Start::Request { method: Method::Register, name: b"REGISTER", .. }));
        assert_eq!(request_uri(message).host, b"pbx.example.com");
        assert_eq!(
            (message.via.transport, message.via.host, message.via.port),
            (&b"UDP"[..], &b"192.0.2.10"[..], Some(5060))
        );
        assert_eq!(message.via.branch, Some(&b"z9hG4bKPj5a1fbd7e8c5b4d0f9e6a"[..]));
        assert_eq!((message.via.rport, message.via.received), (Rport::Asked, None));
        assert!(is(message.from.display, b"Alice Doe"));
        assert_eq!((message.from.uri.user, message.from.tag), (Some(&b"1001"[..]), Some(&b"8f2c1b7d9a"[..])));
        assert_eq!((message.to.uri.host, message.to.tag), (&b"pbx.example.com"[..], None));
        assert_eq!(message.call_id, b"7c2e9d10f4a24e0b8a1f@192.0.2.10");
        assert_eq!(
            (message.cseq.number, message.cseq.method, message.cseq.name),
            (26783, Method::Register, &b"REGISTER"[..])
        );
        assert!(is(message.user_agent(), b"Yealink SIP-T46S 66.86.0.15"));
        assert_eq!((message.expires(), message.content_length, message.body), (Some(300), Some(0), &b""[..]));
        let contact = address_of(message.contacts().next());
        assert_eq!((contact.uri.port, contact.uri.params, contact.expires()), (Some(5060), &b"ob"[..], Some(300)));
        assert_eq!(message.headers().count(), 13);
        assert_eq!(message.challenges().count(), 0);
    });
}

#[test]
fn digest_credentials() {
    with("typical/register_auth.dat", |message| {
        let all: Vec<_> = message.credentials().collect();
        let [credentials] = all[..] else { panic!("{} credentials", all.len()) };
        assert!(credentials.is_digest() && !credentials.proxy && credentials.has_response);
        assert!(is(credentials.username, b"1001") && is(credentials.realm, b"pbx.example.com"));
        assert!(is(credentials.nonce, b"1717171717/4c5d9f0b3a2e1d") && is(credentials.uri, b"sip:pbx.example.com"));
        assert!(is(credentials.qop, b"auth") && is(credentials.cnonce, b"0a4f113b"));
        assert_eq!((credentials.algorithm, credentials.nc), (Algorithm::Md5, Some(1)));
    });
    with("rfc4475/regaut01.dat", |message| {
        let credentials = message.credentials().next().expect("credentials of some scheme");
        assert!(!credentials.is_digest() && credentials.username.is_none());
        assert_eq!(credentials.scheme, b"NoOneKnowsThisScheme");
    });
}

/// RFC 4475 §3.1.1.1: white space and folds in every place that may have them.
#[test]
fn a_tortuous_invite() {
    with("rfc4475/wsinv.dat", |message| {
        assert_eq!(request_uri(message).param(b"UnknownParam"), Some(&b""[..]));
        assert_eq!((message.to.uri.user, message.to.tag), (Some(&b"vivekg"[..]), Some(&b"1918181833n"[..])));
        assert!(is(message.from.display, b"J Rosenberg \\\""));
        assert_eq!(message.from.tag, Some(&b"98asjd8"[..]));
        assert_eq!((message.cseq.number, message.cseq.name), (9, &b"INVITE"[..]));
        let vias: Vec<_> =
            message.vias().map(|via| (via.transport, via.host, via.branch.unwrap_or_default())).collect();
        assert_eq!(
            vias,
            [
                (&b"UDP"[..], &b"192.0.2.2"[..], &b"390skdjuw"[..]),
                (b"TCP", b"spindle.example.com", b"z9hG4bK9ikj8"),
                (b"UDP", b"192.168.255.111", b"z9hG4bK30239"),
            ]
        );
        let contact = address_of(message.contacts().next());
        assert!(is(contact.display, b"Quoted string \"\""));
        let params: Vec<_> = contact.params.iter().map(|param| (param.name, param.value.map(Text::raw))).collect();
        assert_eq!(
            params,
            [(&b"newparam"[..], Some(&b"newvalue"[..])), (b"secondparam", None), (b"q", Some(b"0.33")),]
        );
        let value = |name: &[u8]| message.headers().find(|header| header.name == name).map(|header| header.value);
        assert!(is(value(b"NewFangledHeader"), b"newfangled value continued newfangled value"));
        assert!(is(value(b"UnknownHeaderWithUnusualValue"), b";;,,;;,;"));
        assert!(is(value(b"s"), b""));
        assert_eq!(message.body.len(), 150);
    });
}

#[test]
fn uris_with_special_characters_before_the_at() {
    with("rfc4475/semiuri.dat", |message| {
        let uri = request_uri(message);
        assert_eq!(
            (uri.user, uri.host, uri.params),
            (Some(&b"user;par=u%40example.net"[..]), &b"example.com"[..], &b""[..])
        );
    });
    with("rfc4475/esc01.dat", |message| {
        let uri = request_uri(message);
        assert_eq!((uri.user, uri.host), (Some(&b"sips%3Auser%40example.com"[..]), &b"example.net"[..]));
        assert!(unescaped(message.to.uri.user.unwrap_or_default()).eq(*b"user"));
        assert!(unescaped(message.from.uri.user.unwrap_or_default()).eq(*b"I have spaces"));
        let contact = address_of(message.contacts().next()).uri;
        assert_eq!(
            (contact.host, contact.param(b"n%61me")),
            (&b"host5.example.net"[..], Some(&b"v%61lue%25%34%31"[..]))
        );
    });
    let mut intmeth = fixture("rfc4475/intmeth.dat");
    intmeth.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = 1);
    let message = parse(&intmeth).expect("intmeth");
    let uri = request_uri(&message);
    assert_eq!(uri.user, Some(&b"1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"[..]));
    assert_eq!(uri.password, Some(&b"&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"[..]));
    assert_eq!(uri.host, b"example.com");
    assert!(is(message.to.display, b"BEL:\x07 NUL:\x01 DEL:\x7f"));
    assert!(is(message.from.display, b"token1~` token2'+_ token3*%!.-"));
    assert_eq!(message.from.tag, Some(&b"_token~1'+`*%!-."[..]));
}

#[test]
fn uris_of_other_schemes() {
    with("rfc4475/novelsc.dat", |message| {
        let uri = request_uri(message);
        assert_eq!((uri.scheme, uri.scheme_name(), uri.user), (Scheme::Other, &b"soap.beep"[..], None));
    });
    with("rfc4475/unksm2.dat", |message| {
        assert_eq!((message.to.uri.raw, message.to.uri.scheme), (&b"isbn:2983792873"[..], Scheme::Other));
        assert_eq!((message.from.uri.raw, message.from.tag), (&b"http://www.example.com"[..], Some(&b"3234233"[..])));
    });
}

#[test]
fn parameters_behind_a_bare_uri_are_the_header_fields() {
    with("rfc4475/cparam01.dat", |message| {
        let contact = address_of(message.contacts().next());
        assert!(contact.params.get(b"unknownparam").is_some() && contact.uri.params.is_empty());
    });
    with("rfc4475/cparam02.dat", |message| {
        let contact = address_of(message.contacts().next());
        assert!(contact.params.get(b"unknownparam").is_none());
        assert_eq!(contact.uri.param(b"unknownparam"), Some(&b""[..]));
    });
    with("rfc4475/regescrt.dat", |message| {
        assert_eq!(address_of(message.contacts().next()).uri.headers, b"Route=%3Csip:sip.example.com%3E");
    });
}

#[test]
fn an_escaped_name_is_another_name() {
    with("rfc4475/esc02.dat", |message| {
        assert!(matches!(message.start, Start::Request { method: Method::Extension, name: b"RE%47IST%45R", .. }));
        let users: Vec<_> = message.contacts().map(|contact| address_of(Some(contact)).uri.user).collect();
        assert_eq!(users, [Some(&b"alias1"[..]), Some(b"alias3")]);
        assert!(is(message.to.display, b"%Z%45"));
    });
}

#[test]
fn responses() {
    with("rfc4475/noreason.dat", |message| {
        assert_eq!(message.start, Start::Response { status: 100, reason: b"" });
    });
    with("rfc4475/bcast.dat", |message| {
        assert_eq!(message.start, Start::Response { status: 200, reason: b"OK" });
        assert_eq!((message.via.host, message.vias().count()), (&b"192.0.2.198"[..], 2));
    });
}

#[test]
fn long_messages_and_many_vias() {
    with("rfc4475/longreq.dat", |message| {
        let hosts: Vec<_> = message.vias().map(|via| via.host).collect();
        assert_eq!((hosts.len(), hosts[0], hosts[33]), (34, &b"sip33.example.com"[..], &b"host.example.com"[..]));
        assert_eq!(message.via.branch, None);
        assert_eq!((message.from.tag.map(<[u8]>::len), message.to.uri.port), (Some(155), Some(6000)));
    });
}

#[test]
fn ipv6_references() {
    with("rfc5118/ipv4-mapped-ipv6.dat", |message| {
        assert_eq!((message.via.host, message.via.port), (&b"[::ffff:192.0.2.10]"[..], Some(19823)));
        assert_eq!(address(message.via.host), "::ffff:192.0.2.10".parse().ok());
    });
    with("rfc5118/port-ambiguous.dat", |message| {
        let uri = request_uri(message);
        assert_eq!((uri.host, uri.port), (&b"[2001:db8::10:5070]"[..], None));
    });
    with("rfc5118/port-unambiguous.dat", |message| {
        let uri = request_uri(message);
        assert_eq!((uri.host, uri.port), (&b"[2001:db8::10]"[..], Some(5070)));
    });
    for name in ["rfc5118/via-received-param-no-delim.dat", "rfc5118/via-received-param-with-delim.dat"] {
        with(name, |message| {
            assert_eq!(address(message.via.received.unwrap_or_default()), "2001:db8::9:255".parse().ok());
        });
    }
    with("rfc5118/ipv6-bug-abnf-3-colons.dat", |message| assert_eq!(address(message.to.uri.host), None));
    assert_eq!(address(b"192.0.2.1"), "192.0.2.1".parse().ok());
    assert_eq!([&b"[192.0.2.1]"[..], b"example.com", b"[::1", b""].map(address), [None; 4]);
}

#[test]
fn what_follows_the_announced_body_is_another_message() {
    with("rfc4475/dblreq.dat", |message| {
        assert_eq!((message.cseq.method, message.body, message.content_length), (Method::Register, &b""[..], Some(0)));
        assert!(message.header(Field::ContentType).is_none());
    });
    with("rfc4475/inv2543.dat", |message| assert_eq!((message.content_length, message.body.len()), (None, 105)));
}

#[test]
fn challenges_one_for_each_algorithm() {
    let response =
        b"SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/UDP h;received=192.0.2.1;rport=5062\r\nf: <sip:a@b>;tag=1\r\n\
        t: <sip:a@b>;tag=2\r\ni: 1\r\nCSeq: 1 REGISTER\r\n\
        WWW-Authenticate: Digest realm=\"a \\\"b\\\"\", qop=\"auth, auth-int\",\r\n nonce=\"n1\", algorithm=SHA-256\r\n\
        Proxy-Authenticate: Digest realm=p,nonce=n3,algorithm=\"sha-512-256-SESS\"\r\n\
        www-authenticate: digest stale=\"TRUE\",nonce=\"n2\",realm=\"a\",algorithm=MD5\r\n\
        WWW-Authenticate: Negotiate abc==\r\n\
        Authentication-Info: qop=auth, nextnonce=\"n4\"\r\n\r\n";
    let message = parse(response).expect("a response");
    assert_eq!((message.via.received, message.via.rport), (Some(&b"192.0.2.1"[..]), Rport::Port(5062)));
    let challenges: Vec<_> = message.challenges().collect();
    let [first, second, other, proxy] = challenges[..] else { panic!("{challenges:?}") };
    assert!(is(first.realm, b"a \"b\"") && is(first.nonce, b"n1") && is(first.qop, b"auth, auth-int") && !first.stale);
    assert!(is(second.nonce, b"n2") && second.stale && second.is_digest());
    assert!(!other.is_digest() && other.nonce.is_none());
    assert!(is(proxy.nonce, b"n3") && is(proxy.realm, b"p") && proxy.proxy && !first.proxy);
    let algorithms = [first, second, proxy].map(|challenge| challenge.algorithm);
    assert_eq!(algorithms, [Algorithm::Sha256, Algorithm::Md5, Algorithm::Sha512T256Sess]);
    assert!(is(message.next_nonce(), b"n4"));
    assert_eq!(message.credentials().count(), 0);
}

/// What servers read without quotes, with other spaces and with odd counts is read too.
#[test]
fn sloppy_credentials() {
    let request = b"INVITE sip:x SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\ni: 1\r\nCSeq: 1 INVITE\r\n\
        Proxy-Authorization: digest Username = 1001 ,,realm=a, nonce = \"n\", uri=sip:x;a=b?c, nc=\"0000000A\", response=\"\"\r\n\
        m: *\r\n\r\n";
    let message = parse(request).expect("a request");
    let credentials = message.credentials().next().expect("credentials");
    assert!(credentials.proxy && credentials.is_digest() && !credentials.has_response);
    assert!(is(credentials.username, b"1001") && is(credentials.uri, b"sip:x;a=b?c"));
    assert_eq!((credentials.nc, credentials.algorithm, credentials.qop), (Some(10), Algorithm::Md5, None));
    assert_eq!(message.contacts().next(), Some(Contact::All));
}
