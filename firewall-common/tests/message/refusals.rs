//! Each rule with a message that breaks it, and one beside it that does not.
use firewall_common::sip::message::{Refusal, parse};

/// A message that is read, into which a line or a start line is put.
fn message(start: &str, lines: &str) -> Vec<u8> {
    let rest = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\n";
    format!("{start}\r\n{rest}CSeq: 1 OPTIONS\r\n{lines}\r\n").into_bytes()
}

fn with_start(start: &str) -> Option<Refusal> {
    parse(&message(start, "")).err()
}

fn with_lines(lines: &str) -> Option<Refusal> {
    parse(&message("OPTIONS sip:x SIP/2.0", lines)).err()
}

/// With a header field in place of the one of the same name.
fn with_field(field: &str) -> Option<Refusal> {
    let text = String::from_utf8(message("OPTIONS sip:x SIP/2.0", "")).expect("it is text");
    let name = field.split(':').next().expect("a name");
    let lines = text.split("\r\n").map(|line| if line.starts_with(&format!("{name}:")) { field } else { line });
    parse(lines.collect::<Vec<_>>().join("\r\n").as_bytes()).err()
}

#[test]
fn start_lines() {
    use Refusal::*;
    let table = [
        ("OPTIONS sip:x SIP/2.0", None),
        ("OPTIONS sip:x sip/2.0", None),
        ("\r\n\r\nOPTIONS sip:x SIP/2.0", None),
        ("OPTIONS tel:+1;phone-context=x SIP/2.0", None),
        ("OPTIONS urn:service:sos SIP/2.0", None),
        ("OPTIONS SIPS:x SIP/2.0", None),
        ("SIP/2.0 200 OK", None),
        ("SIP/2.0 699 ", None),
        ("OPTIONS sip:x  SIP/2.0", Some(StartLine)),
        ("OPTIONS sip:x", Some(StartLine)),
        (" OPTIONS sip:x SIP/2.0", Some(StartLine)),
        ("OPT<ONS sip:x SIP/2.0", Some(StartLine)),
        ("GET / HTTP/1.1", Some(StartLine)),
        ("SIP/2.0 200", Some(StartLine)),
        ("OPTIONS sip:x SIP/2.1", Some(Version)),
        ("SIP/3.0 200 OK", Some(Version)),
        ("SIP/2.0 700 X", Some(Status)),
        ("SIP/2.0 099 X", Some(Status)),
        ("SIP/2.0 2000 X", Some(Status)),
        ("OPTIONS / SIP/2.0", Some(RequestUri)),
        ("OPTIONS sip: SIP/2.0", Some(RequestUri)),
        ("OPTIONS sip:a@b@c SIP/2.0", Some(RequestUri)),
        ("OPTIONS sip:a@b:65536 SIP/2.0", Some(RequestUri)),
        ("OPTIONS sip:a@[::1 SIP/2.0", Some(RequestUri)),
        ("OPTIONS sip:a@b?x=y SIP/2.0", Some(RequestUri)),
        ("OPTIONS sip:\"a\"@b SIP/2.0", Some(RequestUri)),
        ("OPTIONS 1sip:a SIP/2.0", Some(RequestUri)),
    ];
    for (start, refusal) in table {
        assert_eq!(with_start(start), refusal, "{start}");
    }
    assert_eq!(parse(&message(&"\r\n".repeat(9), "")).err(), Some(StartLine));
}

#[test]
fn lines() {
    use Refusal::*;
    let table = [
        ("X: a\r\n b\r\n\tc\r\n", None),
        ("X:\r\n", None),
        ("X \t: a\r\n", None),
        ("X: \x01\x7f\r\n", None),
        ("X: a\nY: b\r\n", Some(LineEnd)),
        ("X: a\rY: b\r\n", Some(LineEnd)),
        ("X: \0\r\n", Some(Nul)),
        ("X\r\n", Some(HeaderName)),
        (": a\r\n", Some(HeaderName)),
        ("X Y: a\r\n", Some(HeaderName)),
        ("X\r\n : a\r\n", Some(HeaderName)),
        ("From: <sip:a@b>\r\n", Some(RepeatedHeader)),
        ("f: <sip:a@b>\r\n", Some(RepeatedHeader)),
        ("Content-Length: 0\r\nl: 0\r\n", Some(RepeatedHeader)),
        ("Date: Sat, 13 Nov 2010 23:29:00 GMT\r\n", None),
        ("Date: Sat, 13 Nov 2010 23:29:00 CET\r\n", Some(Date)),
        ("Content-Length: 0000\r\n", None),
        ("Content-Length: 4294967296\r\n", Some(ContentLength)),
        ("Content-Length: +1\r\n", Some(ContentLength)),
        ("Content-Length:\r\n", Some(ContentLength)),
        ("Content-Length: 1\r\n", Some(BodyCut)),
    ];
    for (lines, refusal) in table {
        assert_eq!(with_lines(lines), refusal, "{lines:?}");
    }
    assert_eq!(with_start("OPTIONS sip:x SIP/2.0\r\n folded"), Some(HeaderName));
    assert_eq!(parse(b"").err(), Some(Unfinished));
    assert_eq!(parse(b"OPTIONS sip:x SIP/2.0\r").err(), Some(Unfinished));
}

#[test]
fn header_fields() {
    use Refusal::*;
    let table = [
        ("Via: SIP / 2.0 / UDP h : 5060 ; branch = 1", None),
        ("Via: sip/2.0/tcp [::1]:1;received=::2;rport", None),
        ("Via: SIP/2.0/UDP h;rport=", None),
        ("Via: SIP/2.0/UDP", Some(Via)),
        ("Via: SIP/2.0/UDP[::1]", Some(Via)),
        ("Via: SIP/3.0/UDP h", Some(Via)),
        ("Via: SIP/2.0/UDP h:99999", Some(Via)),
        ("Via: SIP/2.0/UDP h,", Some(List)),
        ("Via: SIP/2.0/UDP h x", Some(List)),
        ("Via:", Some(List)),
        ("Via: SIP/2.0/UDP h;rport=x", Some(Parameter)),
        ("Via: SIP/2.0/UDP h;branch", Some(Parameter)),
        ("Via: SIP/2.0/UDP h;branch=a;branch=b", Some(RepeatedParameter)),
        ("From: a b <sip:a@b>;x=\"a;b\\\"\";tag=1", None),
        ("From: J\u{fc}rgen (home) <sip:a@b>", None),
        ("From: \"\" <sip:a@b>", None),
        ("From: sip:a@b;tag=1", None),
        ("From: a, b <sip:a@b>", Some(DisplayName)),
        ("From: \"a\" b <sip:a@b>", Some(DisplayName)),
        ("From: a", Some(DisplayName)),
        ("From:", Some(DisplayName)),
        ("From: \"a <sip:a@b>", Some(Quote)),
        ("From: \"a\\", Some(Quote)),
        ("From: <sip:a@b", Some(Uri)),
        ("From: < sip:a@b>", Some(Uri)),
        ("From: <sip:a@b<>", Some(Uri)),
        ("From: sip:a@b?c", Some(BareUri)),
        ("From: <sip:a@b>;", Some(Parameter)),
        ("From: <sip:a@b>;tag", Some(Parameter)),
        ("From: <sip:a@b>;tag=", Some(Parameter)),
        ("From: <sip:a@b>;tag=\"1\"", Some(Parameter)),
        ("From: <sip:a@b>;tag=1 2", Some(Parameter)),
        ("From: <sip:a@b>, <sip:c@d>", Some(Parameter)),
        ("From: <sip:a@b>;tag=1;TAG=2", Some(RepeatedParameter)),
        ("Call-ID: <>\"@@,;", None),
        ("Call-ID:", Some(CallId)),
        ("Call-ID: a b", Some(CallId)),
        ("CSeq: 2147483647 OPTIONS", None),
        ("CSeq: 0000000000000000000001\tOPTIONS", None),
        ("CSeq: 2147483648 OPTIONS", Some(CSeq)),
        ("CSeq: -1 OPTIONS", Some(CSeq)),
        ("CSeq: 1OPTIONS", Some(CSeq)),
        ("CSeq: 1 OPTIONS x", Some(CSeq)),
        ("CSeq: 1", Some(CSeq)),
        ("CSeq: 1 options", Some(CSeqMethod)),
        ("X-CSeq: 1", None),
    ];
    for (field, refusal) in table {
        assert_eq!(with_field(field), refusal, "{field:?}");
    }
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        let text = String::from_utf8(message("OPTIONS sip:x SIP/2.0", "")).expect("it is text");
        let without = text.replace(&format!("{name}:"), "X:");
        assert_eq!(parse(without.as_bytes()).err(), Some(MissingHeader), "{name}");
    }
}

#[test]
fn lists_and_digests() {
    use Refusal::*;
    let table = [
        ("Contact: *\r\n", None),
        ("m: <sip:a@b>,sip:c@d;q=1\r\n ,\r\n \"x,y\" <sip:e,f@g>\r\n", None),
        ("m: <sip:a@b>\r\nContact: <sip:c@d>\r\n", None),
        ("m:\r\n", Some(List)),
        ("m: ,\r\n", Some(List)),
        ("m: <sip:a@b>,\r\n", Some(List)),
        ("m: <sip:a@b>,,<sip:c@d>\r\n", Some(List)),
        ("m: <sip:a@b>;expires=1;expires=2\r\n", Some(RepeatedParameter)),
        ("m: *, <sip:a@b>\r\n", Some(DisplayName)),
        ("Authorization: Digest username=1001, ,realm = \"x\" ,\r\n nonce=\"\",\r\n", None),
        ("Authorization: Digest\r\n", None),
        ("Authorization: Basic Zm9v==\r\n", None),
        ("Authorization: Digest a=\"\\\"\", b=c\r\nAuthorization: Digest a=b\r\n", None),
        ("Authorization:\r\n", Some(Digest)),
        ("Authorization: Digest username\r\n", Some(Digest)),
        ("Authorization: Digest a=b c=d\r\n", Some(Digest)),
        ("Authorization: Digest a=\"b\r\n", Some(Quote)),
        ("Authorization: Digest nonce=a, NONCE=b\r\n", Some(RepeatedParameter)),
        ("Proxy-Authorization: Digest =\r\n", Some(Digest)),
        ("WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", stale=TRUE, qop=\"auth,auth-int\"\r\n", None),
        ("WWW-Authenticate: Digest realm=\"a\" nonce=\"b\"\r\n", Some(Digest)),
        ("Proxy-Authenticate: Digest realm=a, realm=b\r\n", Some(RepeatedParameter)),
    ];
    for (lines, refusal) in table {
        assert_eq!(with_lines(lines), refusal, "{lines:?}");
    }
}

#[test]
fn sizes() {
    let lines = |count: usize| with_lines(&"X: a\r\n".repeat(count));
    // Seven lines stand around them.
    assert_eq!([lines(121), lines(122)], [None, Some(Refusal::TooManyLines)]);
    let folds = |count: usize| with_lines(&format!("X: a\r\n{}", " b\r\n".repeat(count)));
    assert_eq!([folds(120), folds(121)], [None, Some(Refusal::TooManyLines)]);
    // Via, From, To and two of their parameters are parts already.
    let contacts = |count: usize| with_lines(&format!("m: a:b{}\r\n", ",a:b".repeat(count - 1)));
    assert_eq!([contacts(251), contacts(252)], [None, Some(Refusal::TooManyParts)]);
    let params = |count: usize| with_lines(&format!("m: a:b{}\r\n", ";a".repeat(count)));
    assert_eq!([params(250), params(251)], [None, Some(Refusal::TooManyParts)]);
    let long = |len: usize| with_lines(&format!("X: {}\r\n", "x".repeat(len)));
    let around = message("OPTIONS sip:x SIP/2.0", "X: \r\n").len();
    assert_eq!([long(65_535 - around), long(65_536 - around)], [None, Some(Refusal::HeadTooLong)]);
}
