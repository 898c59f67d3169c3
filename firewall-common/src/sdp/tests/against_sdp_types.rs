//! Generated session descriptions, judged by this machine and by what a reader of whole descriptions makes of them.
use super::*;
use sdp_types::{Attribute, Media, Session};

/// The same judgement, from what `sdp-types` read.
fn by_the_book(session: &Session) -> Summary {
    let shared = session.attributes.iter().fold(0, |bits, attribute| bits | key(attribute) & Accepted::DTLS);
    Summary::new(session.medias.iter().filter(|media| media.port != 0).fold(0, |bits, media| {
        bits | if is_rtp(media) {
            media.attributes.iter().fold(Summary::RTP | shared, |bits, attribute| bits | key(attribute))
        } else {
            kind(media)
        }
    }))
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
    let weakened = words.any(|word| word.starts_with("UNENCRYPTED") || word.starts_with("UNAUTHENTICATED"));
    let usable = keys.starts_with("INLINE:") && !weakened;
    Suite::from_word(name.as_bytes()).filter(|_| usable).map(Suite::bit)
}

fn in_any_case(text: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(text.to_owned()),
        1 => Just(text.to_ascii_lowercase()),
        1 => Just(text.to_ascii_uppercase()),
    ]
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(words).prop_flat_map(in_any_case)
}

fn media_line() -> impl Strategy<Value = String> {
    let media = one_of(&["audio", "audio", "video", "image", "message", "application", "text", "imagery"]);
    let port =
        prop_oneof![3 => "[1-9][0-9]{0,3}", 1 => Just("0".to_owned()), 1 => "[1-9][0-9]{3}/[1-9]", 1 => "0{1,4}(/2)?"];
    let proto = one_of(&[
        "RTP/AVP",
        "RTP/AVPF",
        "RTP/SAVP",
        "RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
        "UDP/TLS/RTP/SAVPF",
        "TCP/TLS/RTP/SAVP",
        "udptl",
        "UDP/TLS/UDPTL",
        "TCP/MSRP",
        "TCP/TLS/MSRP",
        "UDP/DTLS/SCTP",
        "TCP/BFCP",
        "XRTP/AVP",
        "RTPX",
        "RTP",
    ]);
    (media, port, proto, "[0-9]{1,3}( [0-9]{1,3}){0,3}").prop_map(|(m, port, p, fmt)| format!("m={m} {port} {p} {fmt}"))
}

fn crypto() -> impl Strategy<Value = String> {
    let names: Vec<&str> =
        Suite::NAMES.iter().map(|(name, _)| *name).chain(["NULL_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_8"]).collect();
    let name = prop::sample::select(names).prop_flat_map(in_any_case);
    let keys = prop_oneof![8 => "inline:[A-Za-z0-9+/]{38}(\\|2\\^20)?(\\|1:4)?", 1 => "[a-z]{3,9}:[a-z]{3}", 1 => Just(String::new())];
    let params = prop::sample::select(vec![
        "",
        "",
        "",
        " KDR=1",
        " UNENCRYPTED_SRTP",
        " UNENCRYPTED_SRTCP",
        " UNAUTHENTICATED_SRTP",
        " FEC_ORDER=FEC_SRTP WSH=64",
        " WSH=64 UNENCRYPTED_SRTCP",
        " -x",
        " unencrypted_srtp",
    ]);
    (in_any_case("crypto"), 1..99u32, name, keys, params)
        .prop_map(|(a, tag, name, keys, params)| format!("a={a}:{tag} {name} {keys}{params}").trim_end().to_owned())
}

fn attribute() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => crypto(),
        2 => (in_any_case("fingerprint"), "(sha-256 [0-9A-F]{2}(:[0-9A-F]{2}){0,31})?").prop_map(|(a, v)| format!("a={a}:{v}")),
        4 => "a=(rtpmap|fmtp|candidate|cname|ptime|crypt|cryptography|fingerprin|finger|sendrecv)(:[a-zA-Z0-9/ .=-]{0,40})?",
        1 => "(b=AS:[0-9]{1,4}|i=[a-z =:/]{1,30}|c=IN IP4 192\\.0\\.2\\.[0-9])",
    ]
}

fn description() -> impl Strategy<Value = Vec<String>> {
    let media = (media_line(), prop::collection::vec(attribute(), 0..6))
        .prop_map(|(line, attributes)| [vec![line], attributes].concat());
    let session = prop::collection::vec(attribute().prop_filter("once", |a| !a.starts_with(['c', 'i'])), 0..3);
    let lines = (session, prop::collection::vec(media, 0..4));
    lines.prop_map(|(session, media)| {
        let start = ["v=0", "o=- 1 1 IN IP4 192.0.2.9", "s=-", "t=0 0"].map(str::to_owned);
        [&start[..], &session, &media.concat()].concat()
    })
}

/// The wrappings of a body in a message.
fn wrapped(body: &str, wrapping: u8) -> String {
    let part = format!("--x\r\nContent-Type: application/sdp\r\n\r\n{body}");
    let other = "--x\r\nContent-Type: text/plain\r\n\r\nm=audio 9 RTP/SAVP 0\r\na=fingerprint:sha-1 00\r\n";
    match wrapping {
        0 => with(&format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n", body.len()), body),
        1 => with("c : Application/SDP ; a=b\r\n", body),
        2 => with("Content-Type:\r\n\tapplication/sdp\r\n", body),
        3 => with("Content-Type: multipart/mixed; boundary=x\r\n", &format!("{other}{part}\r\n--x--\r\n")),
        _ => with(
            "CONTENT-TYPE: multipart/related;a=\";\";\r\n boundary=\"x\"\r\n",
            &format!("{part}\r\n{other}--x--{other}"),
        ),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn generated_descriptions_are_judged_alike(lines in description(), end in prop::sample::select(vec!["\r\n", "\n"]), wrapping in 0u8..5, accepted in any::<u32>()) {
        let body: String = lines.iter().flat_map(|line| [line, end]).collect();
        let message = wrapped(&body, wrapping);
        let session = Session::parse(body.as_bytes());
        prop_assume!(session.is_ok() && message.len() <= crate::sip::window::EXAMINED as usize);
        let (want, said) = (by_the_book(&session.unwrap()), summary(message.as_bytes()));
        prop_assert_eq!(said, want, "{}", message);
        prop_assert_eq!(leads(said, Accepted::new(accepted)), leads(want, Accepted::new(accepted)));
    }
}
