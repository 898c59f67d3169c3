//! Words made of the pieces that a framing needs, many times, against the feeds' property.
use firewall_fuzz::feed::check;
use proptest::prelude::*;

/// What takes lines apart.
const COMMON: [&str; 12] = ["\n", "\r\n", "\r", "\x1b", "m", "\"", ",", " ", "]", "@", "x", "100"];
/// The pieces of each PBX's lines, by the byte that chooses it.
const OWN: [&[&str]; 5] = [
    &[
        "oteAddress=\"",
        "IPV4/UDP/198.51.100.1/5060",
        ",RemoteAddress=\"IPV4/UDP/198.51.100.1/5060\"",
        "\",RemoteAddress=\"IPV4/UDP/1.1.1.1/1",
        "y\",LocalAddress=\"IPV4/UDP/192.0.2.1/5060\"",
        "\",SessionID=\"",
        ",Challenge=\"",
        ",Response=\"a\",ExpectedResponse=\"\"",
        "SecurityEvent=\"ChallengeResponseFailed\"",
        "[2026-08-06 15:45:49] SECURITY[1234] res_security_log.c: ",
        "Service=\"AMI\"",
    ],
    &[
        "RemoteAddress: IPV4/UDP/1.1.1.1/1",
        "Event: InvalidPassword",
        "Privilege: x",
        "Service: AMI",
        "Service: PJSIP",
        "ActionID: 1",
        "Response: Success",
    ],
    &[
        "\n ",
        "\r\n\t",
        "] from ip 198.51.100.1",
        " from ip ",
        "' for [",
        "2026-08-21 17:10:14.123456 99.87% [WARNING] sofia_reg.c:1842 SIP auth failure (REGISTER) on sofia profile 'internal' for [",
    ],
    &[
        "Aug 21 17:10:14 edge kamailio[812]: NOTICE: <script>: sipfw auth_failure source=198.51.100.1 proto=udp ",
        " source=198.51.100.1",
        " .",
        "<null>",
        "\n ",
    ],
    &["{", "}", ":", "\"source\"", "\"198.51.100.1\"", "\"event\"", "\"auth_failure\"", "\\u0000", "[[[["],
];

fn word(choice: usize) -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&str> = COMMON.iter().chain(OWN[choice]).copied().collect();
    let piece = prop_oneof![
        16 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        2 => prop::collection::vec(1u8.., 0..4),
        1 => (0usize..9_000).prop_map(|len| vec![b'a'; len]),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_words_frame_anybody(
        (choice, words) in (0usize..5).prop_flat_map(|choice| (Just(choice), prop::collection::vec(word(choice), 4))),
    ) {
        check(&[[choice as u8].as_slice(), &words.join(&0)].concat());
    }
}
