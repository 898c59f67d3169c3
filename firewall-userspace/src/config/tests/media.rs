//! What calls must be: every key, what is wrong with one, and what contradicts itself.
use firewall_common::limiter::HashKey;
use firewall_common::policy::{
    FLAG_CALLS, FLAG_DIALOGS, FLAG_GUARDED, FLAG_LEARNS_ALONE, FLAG_TLS12, MEDIA_OFF, MEDIA_PREFER, MEDIA_SRTP_ONLY,
    Policy,
};
use firewall_common::reason::{Reason, Stage};
use firewall_common::sdp::{Accepted, Suite};

use super::{config, each_is_told, told};
use crate::config::{Compiled, Config, compile};
use crate::names::Resolved;

const PORTS: &str = "media.ports = [\"10000-20000\"]\n";
const PEER: &str = "[[peer]]\nname = \"itsp\"\nprefixes = [\"198.51.100.0/24\"]\n";

fn compiled(text: &str) -> Compiled {
    compile(&config(text), &Resolved::default(), HashKey([1, 2]), 7)
}

fn media(lines: &str) -> Policy {
    compiled(&format!("[media]\nports = [\"10000-20000\"]\n{lines}")).policy
}

#[test]
fn nothing_of_media_holds_until_somebody_asks_for_it() {
    let policy = media("");
    assert_eq!((policy.media, policy.flags, policy.monitor), (u32::from(MEDIA_OFF), 0, 0));
    assert_eq!(policy.accepted, Accepted::USUAL.bits());
    assert!(!Config::builtin().follows_calls() && !Config::builtin().judges_media());
}

#[test]
fn the_policy_says_what_is_judged_and_what_is_enforced() {
    let all = FLAG_GUARDED | FLAG_CALLS | FLAG_LEARNS_ALONE | FLAG_DIALOGS;
    let only = media("policy = \"srtp-only\"");
    assert_eq!((only.media, only.flags, only.monitor), (MEDIA_SRTP_ONLY.into(), all, Reason::MediaStream.bit()));
    let prefer = media("policy = \"prefer\"\nplain_rtp_media = \"drop\"");
    assert_eq!((prefer.media, prefer.flags, prefer.monitor), (MEDIA_PREFER.into(), all, Stage::Media.drop_bits()));
}

#[test]
fn consequences_are_bits_of_what_is_monitored() {
    let only = |lines: &str| media(&format!("policy = \"srtp-only\"\n{lines}")).monitor;
    assert_eq!(only("stream_change = \"drop\""), 0);
    let both = Reason::PlainMedia.bit() | Reason::MediaStream.bit();
    assert_eq!(only("plain_rtp_media = \"count\"\nstream_change = \"count\""), both);
    assert_eq!(only("plain_rtp_media = \"count\"\nstream_change = \"drop\""), Reason::PlainMedia.bit());
}

#[test]
fn what_a_media_line_may_be_is_bits_of_what_is_accepted() {
    let accepted = |lines: &str| media(lines).accepted;
    let suites = Accepted::USUAL.bits() >> Accepted::SUITES_SHIFT << Accepted::SUITES_SHIFT;
    let kinds = Accepted::MSRP | Accepted::APPLICATION;
    assert_eq!(accepted("keys = [\"dtls\"]"), Accepted::DTLS | kinds | suites);
    assert_eq!(accepted("keys = [\"sdes\"]"), Accepted::SDES | kinds | suites);
    let weak = Suite::AesCm128Sha1_32.bit() | Suite::AeadAes256Gcm.bit();
    let keys = Accepted::SDES | Accepted::DTLS;
    assert_eq!(accepted("suites = [\"AES_CM_128_HMAC_SHA1_32\", \"AEAD_AES_256_GCM\"]"), keys | kinds | weak);
    let turned = "t38 = \"allow\"\nmsrp = \"refuse\"\napplication = \"refuse\"\nother = \"allow\"";
    assert_eq!(accepted(turned), keys | suites | Accepted::T38 | Accepted::OTHER);
}

#[test]
fn every_other_key_is_read() {
    let text = "[media]\nplain_packets = 5\nrate_multiple = 9\nsilence = \"20s\"\nhold_silence = \"1h\"\nper_source = 7\n\
        on_daemon_loss = \"closed\"\nadvertised = [\"203.0.113.5\", \"2001:db8::5\"]";
    let config = config(text);
    let media = config.media();
    assert_eq!((media.plain_packets.get(), media.rate_multiple.get(), media.per_source.get()), (5, 9, 7));
    assert_eq!((media.silence.seconds(), media.hold_silence.seconds()), (20, 3_600));
    assert_eq!(media.advertised.as_slice().len(), 2);
    assert_eq!(compiled(text).policy.plain_packets, 5);
    let closed = compiled("[media]\nports = [10000]\npolicy = \"prefer\"\non_daemon_loss = \"closed\"").policy;
    assert_eq!(closed.flags, FLAG_GUARDED | FLAG_CALLS | FLAG_DIALOGS);
}

#[test]
fn a_peer_has_its_own_policy_or_that_of_all() {
    let of = |all: &str, own: &str| {
        let made = compiled(&format!("media.policy = \"{all}\"\n{PORTS}{PEER}media = \"{own}\""));
        (made.rules[0].media, made.rules[1].media, made.policy.flags)
    };
    let followed = FLAG_CALLS | FLAG_LEARNS_ALONE | FLAG_DIALOGS;
    let guarded = FLAG_GUARDED | followed;
    assert_eq!(of("srtp-only", "default"), (MEDIA_SRTP_ONLY, MEDIA_SRTP_ONLY, guarded));
    assert_eq!(of("srtp-only", "off"), (MEDIA_SRTP_ONLY, MEDIA_OFF, guarded));
    assert_eq!(of("prefer", "srtp-only"), (MEDIA_PREFER, MEDIA_SRTP_ONLY, guarded));
    assert_eq!(of("off", "prefer"), (MEDIA_OFF, MEDIA_PREFER, followed), "calls are followed");
    assert_eq!(of("off", "off"), (MEDIA_OFF, MEDIA_OFF, 0));
}

#[test]
fn what_is_wrong_with_a_key_is_told() {
    each_is_told(&[
        (
            "media.policy = \"srtp\"",
            "t.toml:1:16: media.policy: \"srtp\": no such word",
            "known: off, prefer, srtp-only",
        ),
        ("media.keys = [\"zrtp\"]", "t.toml:1:15: media.keys[1]: \"zrtp\": ", "sdes, dtls"),
        ("media.keys = []", "t.toml:1:14: media.keys: []: an empty list", "\"sdes\", \"dtls\""),
        ("media.suites = [\"NULL\"]", "t.toml:1:17: media.suites[1]: \"NULL\": no such word", ""),
        ("media.suites = [\"aes_cm_128_hmac_sha1_80\"]", "t.toml:1:17: media.suites[1]: ", "AES_CM_128_HMAC_SHA1_80"),
        ("media.t38 = \"drop\"", "t.toml:1:13: media.t38: \"drop\": no such word", "refuse"),
        ("media.plain_rtp_media = \"refuse\"", "t.toml:1:25: media.plain_rtp_media: ", "drop"),
        ("media.plain_packets = 1", "t.toml:1:23: media.plain_packets: 1: ", "2 to 1000"),
        ("media.rate_multiple = 0", "t.toml:1:23: media.rate_multiple: 0: ", "1 to 1000"),
        ("media.silence = \"1s\"", "t.toml:1:17: media.silence: \"1s\": is out of range", "5s"),
        ("media.per_source = 0", "t.toml:1:20: media.per_source: 0: ", "1 to 65535"),
        ("media.on_daemon_loss = \"open\"", "t.toml:1:24: media.on_daemon_loss: ", "closed"),
        ("media.advertised = [\"pbx\"]", "t.toml:1:21: media.advertised[1]: \"pbx\": is no address", "203.0.113.5"),
        (
            "[[peer]]\nname = \"a\"\nprefixes = [\"192.0.2.1\"]\nmedia = \"yes\"",
            "t.toml:4:9: peer[1].media: \"yes\": no such word",
            "",
        ),
    ]);
}

#[test]
fn what_cannot_take_effect_is_told() {
    each_is_told(&[
        (
            "media.policy = \"prefer\"",
            "t.toml:1:16: warning: media.policy: \"prefer\": calls are judged",
            "media.ports",
        ),
        (
            &format!("{PEER}media = \"srtp-only\""),
            "t.toml:4:9: warning: peer[1].media: \"srtp-only\": calls are judged, but no media",
            "media.ports",
        ),
        (
            &format!("{PORTS}{PEER}media = \"srtp-only\""),
            "t.toml:5:9: warning: peer[1].media: \"srtp-only\": plain calls of this peer are refused",
            "media.policy",
        ),
        (
            "[media]\nkeys = [\"dtls\"]\nsuites = [\"AEAD_AES_256_GCM\"]",
            "t.toml:3:10: warning: media.suites: ",
            "media.keys does not accept \"sdes\"",
        ),
        (
            "[media]\nsilence = \"2h\"\nhold_silence = \"1h\"",
            "t.toml:3:16: media.hold_silence: \"1h\": a call on hold closes after 1h, sooner",
            "the longer one",
        ),
        ("media.silence = \"3h\"", "t.toml:1:17: media.silence: \"3h\": a call on hold closes after 2h", ""),
    ]);
    for text in [&format!("media.policy = \"srtp-only\"\n{PORTS}"), "media.keys = [\"dtls\"]"] {
        assert_eq!(told(text), [""; 0], "{text}");
    }
    assert_eq!(told(&format!("media.policy = \"prefer\"\n{PORTS}{PEER}media = \"srtp-only\"")), [""; 0]);
    assert_eq!(told("media = { policy = \"prefer\", ports = [\"x\"] }").len(), 1, "what a wrong list means is unknown");
}

#[test]
fn calls_can_be_followed_without_a_word_about_media() {
    let flags = |lines: &str| compiled(lines).policy.flags;
    assert_eq!((flags("calls.log = true"), flags("")), (FLAG_CALLS | FLAG_DIALOGS, 0));
    assert_eq!(flags("calls.log = true\nsignalling.dialog_intruders = \"off\""), FLAG_CALLS);
    assert_eq!(flags("signalling.tls_min = \"1.2\""), FLAG_TLS12);
}
