//! Random packets: right ones, wrong ones, and right ones with something changed.
//!
//! Owns: what is sent and when. Refuses: telling what should become of it.
use std::net::IpAddr;

use firewall_common::sdp::refusal_tag;
use firewall_tests::harness::{KEY, SECOND};
use firewall_tests::packets::{ACK, Extension, Fragment, Frame, PSH, SYN, TAG, patched, sip};

use crate::numbers::URIS;
use crate::random::Random;
use crate::setup::{HOSTS, START, Setup};

pub(crate) struct Traffic<'a> {
    setup: &'a Setup,
    now: u64,
    /// Frames that are still to be sent, such as the rest of a datagram.
    waiting: Vec<Vec<u8>>,
    messages: Vec<Vec<u8>>,
    /// Few of the messages and of the hosts, for half of all packets: limits are reached by those who repeat themselves.
    favourites: Vec<Vec<u8>>,
    hosts: Vec<&'static str>,
}

impl<'a> Traffic<'a> {
    pub(crate) fn new(setup: &'a Setup, random: &mut Random) -> Self {
        let (waiting, favourites, hosts) = (Vec::new(), Vec::new(), Vec::new());
        let mut traffic = Self { setup, now: START, waiting, messages: messages(), favourites, hosts };
        traffic.change_favourites(random);
        traffic
    }

    fn change_favourites(&mut self, random: &mut Random) {
        self.favourites = (0..2).map(|_| random.pick(&self.messages[..REQUESTS]).clone()).collect();
        self.hosts = (0..2).map(|_| *random.pick(&HOSTS)).collect();
    }

    /// The next frame and its time.
    pub(crate) fn next(&mut self, random: &mut Random) -> (Vec<u8>, u64) {
        self.pass_time(random);
        if random.chance(300) {
            self.change_favourites(random);
        }
        if !self.waiting.is_empty() && random.chance(2) {
            let index = random.below(self.waiting.len());
            return (self.waiting.swap_remove(index), self.now);
        }
        let mut frame = self.frame(random);
        if random.chance(6) {
            (0..=random.below(3)).for_each(|_| mutate(&mut frame, random));
        }
        frame.resize(frame.len().clamp(14, 3_000), 0);
        (frame, self.now)
    }

    fn pass_time(&mut self, random: &mut Random) {
        let ends: Vec<u64> = self.ends().filter(|end| *end > self.now + 1).collect();
        self.now += match random.below(64) {
            0..40 => random.below(3_000_000) as u64,
            40..61 => 0,
            61 => random.below(SECOND as usize) as u64,
            62 if !ends.is_empty() && random.chance(8) => ends.iter().min().unwrap_or(&self.now) - self.now - 1,
            _ => 1,
        };
        if random.chance(2_000) {
            self.now += 30 * SECOND;
        }
    }

    fn ends(&self) -> impl Iterator<Item = u64> {
        let registrants = self.setup.registrants.iter().flat_map(|(_, until, known)| [*until, *known]);
        let holds = self.setup.holds.iter().map(|(_, _, until)| *until);
        self.setup.entries.iter().filter_map(|entry| entry.until).chain(registrants).chain(holds)
    }

    fn frame(&mut self, random: &mut Random) -> Vec<u8> {
        let host = match random.below(200) {
            0 => MARTIAN,
            1..150 => *random.pick(&self.hosts),
            _ => *random.pick(&HOSTS),
        };
        let frame = match random.below(20) {
            0..14 => Frame::udp(host).payload(self.payload(random)),
            14..19 => self.segment(host, random),
            _ => Frame::other(host, *random.pick(&[1, 6, 17, 50, 58, 59])).payload(self.payload(random)),
        };
        let frame = wrapped(frame.to(self.port(random)), host, random);
        if random.chance(8) { self.fragments(&frame, random) } else { frame.bytes() }
    }

    fn port(&self, random: &mut Random) -> u16 {
        let Setup { udp, tcp, tls, media, .. } = self.setup;
        match random.below(12) {
            0..8 => *random.pick(udp),
            8 => *random.pick(tcp),
            9 => *random.pick(tls),
            10 if !media.is_empty() => *random.pick(media),
            _ => *random.pick(&[80, 5059, 5060, 5061, 5062, 10_002, 0, 65_535]),
        }
    }

    fn segment(&self, host: &str, random: &mut Random) -> Frame {
        let flags = *random.pick(&[SYN, SYN, ACK, ACK | PSH, SYN | ACK, 0]);
        let frame = Frame::tcp(host).flags(flags);
        let frame = if random.chance(4) { frame.tcp_options(&[1; 20]) } else { frame };
        let port = if random.chance(2) { *random.pick(&self.setup.tcp) } else { *random.pick(&self.setup.tls) };
        let frame = if random.chance(2) { frame.payload(self.payload(random)) } else { frame };
        frame.to(port)
    }

    fn payload(&self, random: &mut Random) -> Vec<u8> {
        let list = if random.chance(2) { &self.favourites } else { &self.messages };
        let mut payload = random.pick(list).clone();
        match random.below(12) {
            0 => mutate(&mut payload, random),
            1 => payload.truncate(random.below(payload.len() + 1)),
            2 => payload = [b"\r\n".repeat(random.below(10)), payload].concat(),
            3 => payload = sip::line_of(self.setup.start_line_max - 2 + random.below(5)),
            _ => {}
        }
        payload
    }

    /// Cuts a datagram anywhere; what is not sent at once waits, or is lost.
    fn fragments(&mut self, frame: &Frame, random: &mut Random) -> Vec<u8> {
        let size = 8 * *random.pick(&[1, 8, 32, 33, 64, 64, 80, 100, 150]);
        let id = random.below(12) as u32;
        let mut fragments = frame.fragments(id, size);
        fragments.truncate(6);
        if fragments.is_empty() {
            return frame.bytes();
        }
        if random.chance(3) {
            let part = Fragment { id, offset: 8 * random.below(60) as u16, more: random.chance(2) };
            fragments.push(frame.fragment(part, &vec![b'x'; random.below(300)]));
        }
        if self.waiting.len() > 40 {
            self.waiting.clear();
        }
        self.waiting.extend(fragments.split_off(1));
        fragments.remove(0)
    }
}

fn wrapped(frame: Frame, host: &str, random: &mut Random) -> Frame {
    let frame = match random.below(40) {
        0 => frame.tagged(TAG),
        1 => frame.tagged(0x88a8).tagged(TAG),
        2 => frame.tagged(0x9100).tagged(0x88a8).tagged(TAG),
        3 => frame.udp_len_of(random),
        _ => frame,
    };
    if !host.contains(':') {
        return if random.chance(8) { frame.options(&vec![1; random.below(41)]) } else { frame };
    }
    let headers = if random.chance(5) { random.below(9) } else { 0 };
    (0..headers).fold(frame, |frame, _| frame.extension(extension(random)))
}

fn extension(random: &mut Random) -> Extension {
    match random.below(8) {
        0 => Extension::hop_by_hop(),
        1 => Extension::routing(),
        2 => Extension::authentication(),
        3 => Extension::jumbo(70_000),
        4 => Extension::eights(*random.pick(&[60, 135, 139, 140]), random.below(4) as u8),
        5 if random.chance(2) => Extension::fragment(Fragment {
            id: random.below(12) as u32,
            offset: 8 * random.below(3) as u16,
            more: random.chance(2),
        }),
        _ => Extension::destination(),
    }
}

trait Lying {
    fn udp_len_of(self, random: &mut Random) -> Self;
}

impl Lying for Frame {
    fn udp_len_of(self, random: &mut Random) -> Self {
        let len = if random.chance(2) { random.below(600) } else { random.below(65_536) };
        if self.is_udp() { self.udp_len(len as u16) } else { self }
    }
}

/// Bytes that mean something to somebody.
const TELLING: &[u8] = b"\r\n\0 \t:;<>@\"/.fFsS27\x11\x06\x2c\x3c\x80\xff";

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    // Headers and start lines are where decisions are made.
    let near = if random.chance(3) { bytes.len() } else { bytes.len().min(120) };
    let at = random.below(near);
    match random.below(8) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2..4 => bytes[at] = *random.pick(TELLING),
        4 => bytes.insert(at, *random.pick(TELLING)),
        5 => drop(bytes.remove(at)),
        6 => bytes.truncate(random.below(bytes.len() + 1)),
        _ => {
            let from = random.below(bytes.len());
            let piece = bytes[from..bytes.len().min(from + random.below(40))].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

/// A source that no wire may carry.
const MARTIAN: &str = "::ffff:198.51.100.1";
/// How many of the messages, from the first on, may become favourites.
const REQUESTS: usize = 26 + 2 * URIS.len();

/// A refusal's tag, as the firewall answers a host.
fn tag_of(host: &str) -> String {
    let source: IpAddr = host.parse().expect("the list is right");
    let tag = refusal_tag(source.into(), KEY);
    format!("{}-1", std::str::from_utf8(&tag).expect("a tag is text"))
}

/// An INVITE and a REFER to a URI.
fn calls(uri: &str) -> [Vec<u8>; 2] {
    let invite = sip::plain(rsip::Method::Invite);
    let refer = sip::plain(rsip::Method::Refer);
    [
        sip::replaced(&invite, "sip:200@pbx.example.com SIP/2.0", &format!("{uri} SIP/2.0")),
        sip::replaced(&refer, "Contact", &format!("Refer-To: \"x\" <{uri}>\r\nContact")),
    ]
}

/// Messages of every kind, and some that only look like one.
fn messages() -> Vec<Vec<u8>> {
    let mut list: Vec<Vec<u8>> = URIS.iter().flat_map(|uri| calls(uri)).collect();
    list.extend(rsip::Method::all().into_iter().map(sip::plain));
    list.extend([sip::PLAIN, sip::SDES].map(sip::offer));
    list.extend([sip::register(), sip::register(), sip::invite(), sip::invite(), sip::large_invite(), sip::options()]);
    list.extend([rsip::StatusCode::OK, rsip::StatusCode::Trying].map(sip::response));
    list.extend([b"\r\n\r\n".to_vec(), sip::stun(8)]);
    list.extend(
        ["friendly-scanner", "Asterisk PBX", "x SIPCLI/1.8", "sipv2", "(Gulp)", "\"x\" y"].map(sip::from_agent),
    );
    list.extend(
        [
            "\"sipvicious\" <sip:100@1.1.1.1>;tag=1",
            "sip:100@1.1.1.1",
            "<sip:a@1.1.1.11>",
            "\"x@1.1.1.1\" <sip:100@b>",
            "\"a\\\"b\" <sip:c@1.1.1.1>",
            "<sip:1.1.1.1>",
        ]
        .map(sip::from),
    );
    list.extend(
        ["NEWMETHOD sip:a@b SIP/2.0", "PING tel:1 sip/2.0", "invite sip:a SIP/2.0", "no request", "GET / HTTP/1.1"]
            .map(sip::line),
    );
    list.extend(
        ["\r\n", "\r\n\r\n", "\0", "\0\0\0\0", "", "jaK", "SIP/2.0 200 OK\n\n"].map(|text| text.as_bytes().to_vec()),
    );
    list.extend([sip::stun(0), sip::stun(8), patched(sip::stun(8), 0, &[1]), vec![0; 17], vec![0x80; 172]]);
    let folded = sip::replaced(&sip::options(), "From: ", "f:\r\n ");
    let agents = "User-Agent: a\r\nuser-agent:\r\n\tsipcli\r\nContact";
    list.extend([folded, sip::replaced(&sip::options(), "Contact", agents)]);
    list.extend([sip::DTLS, sip::PLAIN, "m=audio 0 RTP/AVP 0\r\n"].map(sip::offer));
    list.extend(HOSTS.iter().map(|host| sip::ack(&tag_of(host))));
    list.push(b"MESSAGE sip:a SIP/2.0\r\nVia: x\r\n\r\nx\r\nUser-Agent: sipcli\r\nFrom: <sip:a@1.1.1.1>\r\n".to_vec());
    list
}
