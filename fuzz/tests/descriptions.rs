//! Generated session descriptions, judged by the kernel's machine and by a mature reader of them.
use firewall_common::sdp::Suite;
use firewall_fuzz::sdp;
use proptest::prelude::*;

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
        4 => "a=(rtpmap|fmtp|candidate|cname|ptime|crypt|cryptography|fingerprin|finger|sendrecv)(:[a-zA-Z0-9/.=-]{0,9}( [a-zA-Z0-9/.=-]{1,9}){0,4})?",
        1 => "(b=AS:[0-9]{1,4}|y=[a-z =:/]{1,30}|c=IN IP4 192\\.0\\.2\\.[0-9])",
    ]
}

fn description() -> impl Strategy<Value = Vec<String>> {
    let media = (media_line(), prop::collection::vec(attribute(), 0..6))
        .prop_map(|(line, attributes)| [vec![line], attributes].concat());
    let session = prop::collection::vec(attribute().prop_filter("once", |a| !a.starts_with('c')), 0..3);
    let lines = (session, prop::collection::vec(media, 0..4));
    lines.prop_map(|(session, media)| {
        let start = ["v=0", "o=- 1 1 IN IP4 192.0.2.9", "s=-", "t=0 0"].map(str::to_owned);
        [&start[..], &session, &media.concat()].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_048) })]

    #[test]
    fn generated_descriptions_are_judged_alike(lines in description(), end in prop::sample::select(vec!["\r\n", "\n"])) {
        let body: String = lines.iter().flat_map(|line| [line, end]).collect();
        // What does not fit the window is nobody's affair here.
        prop_assume!(body.len() < 1_200);
        prop_assert!(sdp::compare(body.as_bytes()), "not understood: {body}");
    }
}
