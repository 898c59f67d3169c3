//! Dialled numbers: which are refused, to whom, in which disguises, and what the daemon hears of it.
use firewall_common::copy::{CopyHead, refused_as};
use firewall_common::maps::program::PROBE;
use firewall_common::number::NumberAction::{Allow, Code, Deny};
use firewall_common::number::{NumberKey, NumberRule, NumberTerm};
use firewall_common::policy::{NUMBERS_OFF, NUMBERS_OPEN, NUMBERS_VALIDATED};
use firewall_common::reason::Reason::{
    self, Allowed, CallCode, FragmentFollows, Known, NotSip, NumberDenied, NumberUnlisted, Peer, PlainRtp, Registrant,
    Stranger,
};
use firewall_tests::harness::{Copied, Row, SECOND, Shield, allow, judge_numbers, now, row, rule};
use firewall_tests::packets::{Frame, TAG, sip};
use firewall_userspace::dataplane::load::Generation;

use super::copy::{ALLOWED, EVERYONE, KNOWN, PHONE, copied};
use super::{STRANGER, STRANGER_V6, Table, UNLIMITED};

mod codes;
mod own;
mod refer;

/// What is objected to in packets that our side sends.
pub(super) const OF_OWN: [Reason; 1] = [own::REASON];

/// Peers: one of the general policy, one that may call what is listed, one that nothing is asked of, and one with a list of its
/// own.
const PEERS: &str = r#"
[[peer]]
name = "open"
prefixes = ["203.0.113.0/24"]

[[peer]]
name = "validated"
prefixes = ["192.0.2.64/26"]

[[peer]]
name = "off"
prefixes = ["192.0.2.128/26"]

[[peer]]
name = "own list"
prefixes = ["192.0.2.192/26"]
"#;
const OPEN: &str = "203.0.113.7";
const VALIDATED: &str = "192.0.2.70";
const OFF: &str = "192.0.2.130";
const OWN_LIST: &str = "192.0.2.200";
const LIST: u32 = 9;
/// The number that is denied, its entry, and one that nobody speaks of.
const DENIED: &str = "sip:+49900123@pbx.example.com";
const DENIED_ID: u32 = 11;
const FREE: &str = "sip:+49301234567@pbx.example.com";
const LISTED_ID: u32 = 12;
const EVERYBODY: u64 = NumberKey::EVERYBODY;

fn tune(generation: &mut Generation, policy: u8) {
    let rules = [
        (0, NUMBERS_OPEN, NUMBERS_OFF, 0),
        (1, NUMBERS_OPEN, NUMBERS_OPEN, 0),
        (2, NUMBERS_VALIDATED, NUMBERS_VALIDATED, 0),
        (3, NUMBERS_OFF, NUMBERS_OFF, 0),
        (4, NUMBERS_OPEN, NUMBERS_OPEN, LIST),
    ];
    judge_numbers(generation, policy, &rules);
}

/// The lists of every test.
fn lists(shield: &mut Shield) {
    shield.list(EVERYBODY, DENIED_ID, "+49900", Deny, 0);
    shield.list(EVERYBODY, LISTED_ID, "+4930", Allow, 0);
    shield.list(EVERYBODY, 13, "+493099", Deny, 0);
    shield.list(EVERYBODY, 14, "+4930991", Allow, 0);
    shield.list(EVERYBODY, 15, "110", Deny, 0);
    shield.list(EVERYBODY, 16, "+44", Code, 3);
    shield.list(LIST.into(), 21, "+4990012", Allow, 0);
    shield.list(LIST.into(), 22, "+4930", Deny, 0);
    shield.list(LIST.into(), 23, "+4", Deny, 0);
}

fn table(config: &str, tune: fn(&mut Generation), rows: Vec<Row>) -> Table {
    Table::unlimited(&format!("{config}{PEERS}"), rows)
        .tuned(tune)
        .entries(vec![allow(7, ALLOWED, None)])
        .registrant(PHONE, u64::MAX)
        .prepared(|shield| shield.remember(KNOWN, 0, u64::MAX))
        .prepared(lists)
}

fn open(generation: &mut Generation) {
    tune(generation, NUMBERS_OPEN);
}

fn validated(generation: &mut Generation) {
    tune(generation, NUMBERS_VALIDATED);
}

fn off(generation: &mut Generation) {
    tune(generation, NUMBERS_OFF);
}

pub(super) fn tables() -> Vec<Table> {
    vec![
        table("", open, whose()),
        table("", open, disguises()),
        table("", open, lists_of_peers()),
        table("", validated, only_listed()),
        table("", off, nobody_asks()),
        table("monitor = [\"number\"]\n", open, watched()),
        table("", off, blocked()).prepared(|shield| {
            shield.block(STRANGER, 31, "+49");
            shield.block(STRANGER_V6, 32, "+49900");
            shield.block(OPEN, 33, "+4930");
        }),
        table("", open, ended()).prepared(short_lived),
        table("", open, refer::rows()),
        table("", open, codes::rows()).prepared(codes::known),
        table("[media]\nports = [\"10000-20000\"]\npolicy = \"srtp-only\"\n", open, beside_sdp()),
    ]
}

#[test]
fn numbers_that_may_not_be_called() {
    tables().iter().for_each(Table::hold);
}

/// An INVITE to a URI, without an offer.
fn invite(uri: &str) -> Vec<u8> {
    to(&sip::plain(rsip::Method::Invite), uri)
}

/// A request to another URI.
fn to(message: &[u8], uri: &str) -> Vec<u8> {
    sip::replaced(message, "sip:200@pbx.example.com SIP/2.0", &format!("{uri} SIP/2.0"))
}

fn udp(src: &str, uri: &str) -> Frame {
    Frame::udp(src).payload(invite(uri))
}

fn tcp(src: &str, uri: &str) -> Frame {
    Frame::tcp(src).payload(invite(uri))
}

fn whose() -> Vec<Row> {
    let denied = |what: &str, frame: Frame| row(what, frame, NumberDenied).detail(DENIED_ID);
    let options = to(&sip::options(), DENIED);
    let first = Frame::udp(STRANGER).payload(to(&sip::large_invite(), DENIED)).fragments(5, 1_232);
    vec![
        denied("a stranger's", udp(STRANGER, DENIED)),
        denied("a stranger's by IPv6", udp(STRANGER_V6, DENIED)),
        denied("a stranger's behind a tag", udp(STRANGER, DENIED).tagged(TAG)),
        denied("a known source's", udp(KNOWN, DENIED)),
        denied("a registrant's", udp(PHONE, DENIED)),
        denied("an allowed source's", udp(ALLOWED, DENIED)).peer(0),
        denied("a peer's", udp(OPEN, DENIED)).peer(1),
        denied("a stranger's by TCP", tcp(STRANGER, DENIED)),
        denied("a stranger's by TCP and IPv6", tcp(STRANGER_V6, DENIED)),
        row("a peer's by TCP, where many share a connection", tcp(OPEN, DENIED), Peer).peer(1).detail(1),
        row("its first fragment", first[0].clone(), NumberDenied).detail(DENIED_ID),
        row("its second fragment", first[1].clone(), FragmentFollows),
        row("a peer's of whom nothing is asked", udp(OFF, DENIED), Peer).peer(3).detail(3),
        row("another number", udp(STRANGER, FREE), Stranger),
        row("another number by TCP", tcp(STRANGER, FREE), Stranger),
        row("a known source's other number", udp(KNOWN, FREE), Known),
        row("a registrant's other number", udp(PHONE, FREE), Registrant),
        row("an allowed source's other number", udp(ALLOWED, FREE), Allowed).peer(0),
        row("a peer's other number", udp(OPEN, FREE), Peer).peer(1).detail(1),
        row("a longer prefix that is denied", udp(STRANGER, "sip:+49309923@h"), NumberDenied).detail(13),
        row("a still longer one that is allowed", udp(STRANGER, "sip:+49309912@h"), Stranger),
        row("the prefix alone", udp(STRANGER, "sip:+49900@h"), NumberDenied).detail(DENIED_ID),
        row("a digit less", udp(STRANGER, "sip:+4990@h"), Stranger),
        row("no number", udp(STRANGER, "sip:pbx.example.com"), Stranger),
        row("a name", udp(STRANGER, "sip:alice49900@h"), Stranger),
        row("a local number that is denied", udp(STRANGER, "sip:110@h"), NumberDenied).detail(15),
        row("the same digits abroad", udp(STRANGER, "sip:+110@h"), Stranger),
        row("another method", Frame::udp(STRANGER).payload(options), Stranger),
        row("the middle of a stream", Frame::tcp(STRANGER).payload(&invite(DENIED)[3..]), Stranger),
    ]
}

/// Every disguise that an attacker has tried, and what looks alike.
fn disguises() -> Vec<Row> {
    let denied = [
        "sip:0049900123@h",
        "sip:01149900123@h",
        "sip:90049900123@h",
        "sip:9011+49900123@h",
        "sip:0900123@h",
        "sip:%2B49900123@h",
        "sip:%2b%34%39%39%30%30123@h",
        "sip:+49-900.1(2)3@h",
        "sip:+49%20900%20123@h",
        "tel:+49900123",
        "TEL:+49-900-123;ext=1",
        "tel:900123;phone-context=+49",
        "sip:900123;PHONE-context=%2B49@h;user=phone",
        "SIP:+49900123@h",
        "sips:+49900123@h",
        "sip:+49900123:secret@h",
        "sip:+49900123;x=y@h;transport=udp",
        "sip:0000049900123@h",
        "sip:+49900123456789012345678901234567890@h",
        "sip:00a49b900c123@h",
        "sip:+-+49900123@h",
        "sip:00>49900123@h",
    ];
    let free = [
        "sip:+4930900123@h",
        "sip:49900123@h",
        "sip:200@49900123",
        "sip:200:0049900123@h",
        "sip:200;x=0049900123@h",
        "sip:x0049900123@h",
        "tel:200;phone-context=49900",
        "mailto:+49900123@h",
        "sip:+49900123",
        "sip:%252B49900@h",
    ];
    let dashes = format!("sip:00{}49900123@h", "-".repeat(700));
    denied
        .into_iter()
        .chain([dashes.as_str()])
        .flat_map(|uri| [("", udp(STRANGER, uri)), (" by TCP", tcp(STRANGER, uri))].map(|(by, frame)| (uri, by, frame)))
        .map(|(uri, by, frame)| row(format!("{uri}{by}"), frame, NumberDenied).detail(DENIED_ID))
        .chain(free.into_iter().map(|uri| row(uri, udp(STRANGER, uri), Stranger)))
        .collect()
}

fn lists_of_peers() -> Vec<Row> {
    let denied = |what: &str, uri: &str, id: u32| row(what, udp(OWN_LIST, uri), NumberDenied).peer(4).detail(id);
    let passes = |what: &str, uri: &str| row(what, udp(OWN_LIST, uri), Peer).peer(4).detail(4);
    vec![
        passes("a longer prefix of its own allows", DENIED),
        denied("a longer one of everybody's denies", "sip:+499003@h", DENIED_ID),
        denied("of equally long ones its own decides", FREE, 22),
        denied("a longer one of everybody's denies, too", "sip:+49309923@h", 13),
        passes("a longer one of everybody's allows", "sip:+49309912@h"),
        denied("nothing but its own speaks of it", "sip:+43123@h", 23),
        passes("nothing speaks of it", "sip:+33123@h"),
        row("its own list is nobody else's", udp(OPEN, "sip:+43123@h"), Peer).peer(1).detail(1),
    ]
}

fn only_listed() -> Vec<Row> {
    vec![
        row("a listed number", udp(STRANGER, FREE), Stranger),
        row("one that no list has", udp(STRANGER, "sip:+33123@h"), NumberUnlisted).detail(0),
        row("one by IPv6", udp(STRANGER_V6, "sip:+33123@h"), NumberUnlisted).detail(0),
        row("a registrant's", udp(PHONE, "sip:+33123@h"), NumberUnlisted).detail(0),
        row("by TCP", tcp(STRANGER, "sip:+33123@h"), NumberUnlisted).detail(0),
        row("one that is denied", udp(STRANGER, DENIED), NumberDenied).detail(DENIED_ID),
        row("a local number of the house's length", udp(STRANGER, "sip:123456@h"), Stranger),
        row("a longer local number", udp(STRANGER, "sip:1234567@h"), NumberUnlisted),
        row("a local number that is denied", udp(STRANGER, "sip:110@h"), NumberDenied).detail(15),
        row("a name", udp(STRANGER, "sip:alice@h"), Stranger),
        row("a peer under the open policy", udp(OPEN, "sip:+33123@h"), Peer).peer(1).detail(1),
        row("a peer that may call listed ones", udp(VALIDATED, FREE), Peer).peer(2).detail(2),
        row("a peer that may not call others", udp(VALIDATED, "sip:+33123@h"), NumberUnlisted).peer(2),
    ]
}

/// Where nothing is asked of strangers, peers' rules hold all the same.
fn nobody_asks() -> Vec<Row> {
    vec![
        row("a stranger's", udp(STRANGER, DENIED), Stranger),
        row("a registrant's", udp(PHONE, DENIED), Registrant),
        row("a peer's", udp(OPEN, DENIED), NumberDenied).peer(1).detail(DENIED_ID),
    ]
}

fn watched() -> Vec<Row> {
    vec![
        row("a stranger's passes", udp(STRANGER, DENIED), NumberDenied).monitored().detail(DENIED_ID),
        row("a peer's passes", udp(OPEN, DENIED), NumberDenied).monitored().peer(1).detail(DENIED_ID),
        row("one without its code passes", udp(STRANGER, "sip:+44123@h"), CallCode).monitored().detail(16),
        row("an unlisted one passes", udp(VALIDATED, "sip:+33123@h"), NumberUnlisted).monitored().peer(2),
        row("garbage does not", Frame::udp(STRANGER).payload("x"), NotSip),
    ]
}

/// Blocks hold for their source, whatever its policy is, and before what lists allow.
fn blocked() -> Vec<Row> {
    vec![
        row("a blocked prefix", udp(STRANGER, FREE), NumberDenied).detail(31),
        row("a blocked prefix by TCP", tcp(STRANGER, "sip:0049401@h"), NumberDenied).detail(31),
        row("another prefix", udp(STRANGER, "sip:+33123@h"), Stranger),
        row("another source", udp("198.51.100.8", FREE), Stranger),
        row("by IPv6", udp(STRANGER_V6, DENIED), NumberDenied).detail(32),
        row("of the same network", udp("2001:db8:1:2::8", DENIED), NumberDenied).detail(32),
        row("of another network", udp("2001:db8:1:3::7", DENIED), Stranger),
        row("another prefix by IPv6", udp(STRANGER_V6, FREE), Stranger),
        row("a peer's, although a list allows it", udp(OPEN, FREE), NumberDenied).peer(1).detail(33),
    ]
}

const END: u64 = 100 * SECOND;

fn short_lived(shield: &mut Shield) {
    let until = NumberRule { until: END, ..rule(41, "+99", Deny, 0) };
    shield.list_rule(EVERYBODY, "+99", until);
    let received = NumberRule { sent: NumberTerm::default(), ..rule(42, "+98", Deny, 0) };
    shield.list_rule(EVERYBODY, "+98", received);
    let sent = NumberRule { received: NumberTerm::default(), ..rule(43, "+97", Deny, 0) };
    shield.list_rule(EVERYBODY, "+97", sent);
}

fn ended() -> Vec<Row> {
    vec![
        row("before its end", udp(STRANGER, "sip:+991@h"), NumberDenied).detail(41).at(END - 1),
        row("at its end", udp(STRANGER, "sip:+991@h"), Stranger).at(END),
        row("for what is received", udp(STRANGER, "sip:+981@h"), NumberDenied).detail(42),
        row("for what is sent", udp(STRANGER, "sip:+971@h"), Stranger),
    ]
}

/// What is refused for its number is not asked for its keys.
fn beside_sdp() -> Vec<Row> {
    let plain = |uri: &str| Frame::udp(STRANGER).payload(to(&sip::offer(sip::PLAIN), uri));
    vec![
        row("denied and plain", plain(DENIED), NumberDenied).detail(DENIED_ID),
        row("plain", plain(FREE), PlainRtp),
        row("denied and encrypted", Frame::udp(STRANGER).payload(to(&sip::offer(sip::SDES), DENIED)), NumberDenied),
    ]
}

fn shield(config: &str, tune: fn(&mut Generation)) -> Shield {
    let mut shield = Shield::tuned(&format!("{config}{PEERS}{UNLIMITED}"), &[PROBE], tune);
    shield.set_entries(&[allow(7, ALLOWED, None)], now());
    shield.register(PHONE, u64::MAX);
    shield.remember(KNOWN, 0, u64::MAX);
    lists(&mut shield);
    shield
}

/// The daemon answers what was refused, so it gets it whole, with its mark, in the ring of whom it is from.
#[test]
fn what_is_refused_is_copied() {
    let message = invite(DENIED);
    for (policy, mark) in [("", refused_as(NumberDenied)), ("monitor = [\"number\"]\n", 0)] {
        let mut shield = shield(policy, open);
        for (src, kind, ring) in EVERYONE {
            let time = now();
            let want = copied(ring, kind, src, time, &message);
            let want = Copied { head: CopyHead { flags: mark, ..want.head }, ..want };
            let judged = shield.judge(&Frame::udp(src).payload(&message).bytes(), time);
            assert_eq!((judged.reason, judged.monitored), (NumberDenied, mark == 0), "from {src}");
            assert_eq!(shield.copies(), [want], "from {src}");
            shield.rehearse(&Frame::udp(src).payload(&message).bytes(), time);
            assert_eq!(shield.copies(), [], "a rehearsal from {src}");
        }
        shield.judge(&tcp(STRANGER, DENIED).bytes(), now());
        let copies = shield.copies();
        assert_eq!(copies.len(), 1);
        assert_eq!((copies[0].head.flags, copies[0].payload.as_slice()), (mark, message.as_slice()), "a segment");
    }
}

/// What an entry stopped is counted with it, once for each packet, and not in rehearsals.
#[test]
fn hits_are_counted_where_they_decide() {
    let mut shield = shield("", open);
    for uri in [DENIED, FREE, "sip:110@h", "tel:900123;phone-context=+49"] {
        shield.judge(&udp(STRANGER, uri).bytes(), now());
        shield.rehearse(&udp(STRANGER, uri).bytes(), now());
    }
    shield.judge(&udp(OWN_LIST, FREE).bytes(), now());
    assert_eq!(["+49900", "+4930", "110"].map(|prefix| shield.hits(EVERYBODY, prefix)), [2, 0, 1]);
    assert_eq!(["+4990012", "+4930", "+4"].map(|prefix| shield.hits(LIST.into(), prefix)), [0, 1, 0]);
}

/// Wherever a payload ends: what has no whole start line is no SIP, and what has one is refused.
#[test]
fn a_request_cut_anywhere_is_judged_by_its_start_line() {
    let shield = shield("", open);
    for uri in [DENIED, "tel:900123;phone-context=+49", "sip:%2B49-900@h"] {
        let message = invite(uri);
        let line = message.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for src in [STRANGER, STRANGER_V6, PHONE] {
            for len in 0..=message.len() {
                let judged = shield.judge(&Frame::udp(src).payload(&message[..len]).bytes(), now());
                let want = if len < line { NotSip } else { NumberDenied };
                assert_eq!(judged.reason, want, "{src}, {uri}, {len} bytes");
            }
        }
    }
}
