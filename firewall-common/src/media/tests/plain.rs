//! The test for plain RTP, on streams as phones send them: with gaps, comfort noise, digits, loss and reordering.
use super::Packet;
use crate::media::{CODECS, Codec, Kind, Rtp, Stream, negotiated, well_known};
use crate::sdp::Suite;

/// A codec: its name, its payload type here, and its frames.
const CODECS_KNOWN: [(&str, u8, u8, u8); 13] = [
    ("PCMU", 0, 1, 1),
    ("PCMA", 8, 1, 1),
    ("G722", 9, 1, 1),
    ("G729", 18, 10, 80),
    ("GSM", 3, 33, 160),
    ("G726-16", 99, 1, 4),
    ("G726-24", 100, 3, 8),
    ("G726-32", 2, 1, 2),
    ("G726-40", 103, 5, 8),
    ("iLBC, 20 ms", 97, 38, 160),
    ("iLBC, 30 ms", 98, 50, 240),
    ("L16/8000", 102, 2, 1),
    ("G723, 6.3 kbit/s", 4, 24, 240),
];
/// Units of the timestamp in a millisecond: of all these codecs, of G.722 too (RFC 3551 §4.5.2).
const CLOCK: u32 = 8;
const COMFORT_NOISE: u32 = 13;
const TELEPHONE_EVENT: u32 = 101;
/// What the policy asks for by default.
const RUN: u32 = 10;

/// SplitMix64 (Steele, Lea, Flood 2014), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ x >> 31) >> 32) as u32 % n
    }
}

/// How a stream is sent.
#[derive(Clone, Copy, Debug)]
struct Way {
    codec: (&'static str, u8, u8, u8),
    /// Milliseconds of a packet.
    ptime: u32,
    /// Bytes that encryption adds.
    added: u32,
    extension: Option<u16>,
    /// Whether there are pauses, comfort noise and digits.
    pauses: bool,
}

impl Way {
    fn frames(self) -> u32 {
        self.ptime * CLOCK / u32::from(self.codec.3)
    }

    fn units(self) -> u32 {
        self.frames() * u32::from(self.codec.3)
    }

    /// `count` packets in the order in which they are sent.
    fn packets(self, count: u32, random: &mut Random) -> Vec<Vec<u8>> {
        let (mut seq, mut timestamp) = (random.below(0x1_0000), random.below(u32::MAX));
        let mut packets = Vec::new();
        while packets.len() < count as usize {
            let mut say = |payload_type: u32, payload: u32, timestamp: u32| {
                packets.push(self.packet(payload_type, payload, seq, timestamp));
                seq += 1;
            };
            match if self.pauses { random.below(40) } else { 40 } {
                0 => {
                    (0..3).for_each(|_| say(TELEPHONE_EVENT, 4, timestamp));
                    timestamp = timestamp.wrapping_add(3 * self.units());
                }
                1 => timestamp = self.pause(&mut say, timestamp, random),
                _ => {
                    say(self.codec.1.into(), self.frames() * u32::from(self.codec.2), timestamp);
                    timestamp = timestamp.wrapping_add(self.units());
                }
            }
        }
        packets
    }

    /// A pause, announced by a packet of its own: of G.729 annex B one of the codec's, that ends in a short frame.
    fn pause(self, say: &mut impl FnMut(u32, u32, u32), timestamp: u32, random: &mut Random) -> u32 {
        let spoken = random.below(self.frames().min(4) + 1);
        match self.codec.0 {
            "G729" => say(self.codec.1.into(), 10 * spoken + 2, timestamp),
            _ => say(COMFORT_NOISE, 1 + random.below(10), timestamp),
        }
        let frames = spoken + 1 + random.below(100);
        timestamp.wrapping_add(frames * u32::from(self.codec.3).max(80))
    }

    fn packet(self, payload_type: u32, payload: u32, seq: u32, timestamp: u32) -> Vec<u8> {
        let payload = payload + self.added;
        let rtp = Rtp { payload_type, seq: seq & 0xffff, timestamp, ssrc: 7, payload, vague: 0 };
        Packet { rtp, listed: 0, extension: self.extension, marker: false }.bytes()
    }
}

/// The longest run that was seen, of streams as the kernel follows them.
fn longest_run(packets: &[Vec<u8>], codec: impl Fn(u32) -> (u32, u32)) -> u32 {
    let mut stream = Stream::default();
    let mut longest = 0;
    for (n, packet) in (0u64..).zip(packets) {
        let head = *packet.first_chunk().expect("a header is longer");
        assert_eq!(Kind::of(u64::from_le_bytes(head), packet.len() as u32), Kind::Rtp);
        let rtp = Rtp::read(packet.as_slice(), 0, packet.len() as u32).expect("the header is whole");
        let followed = stream.follow(&rtp, codec(rtp.payload_type), n * 20_000_000, true);
        assert!(!followed.changed, "{rtp:?}");
        stream = followed.stream;
        longest = longest.max(stream.run());
    }
    longest
}

/// The codecs of a session description that has this one first.
fn offered((_, payload_type, bytes, units): (&str, u8, u8, u8)) -> [Codec; CODECS] {
    let codec = |payload_type, bytes, units| Codec { payload_type, bytes, units, reserved: 0 };
    [codec(payload_type, bytes, units), codec(110, 1, 1), codec(111, 10, 80), Codec::default()]
}

/// Loses some packets, and lets others be overtaken.
fn disturbed(mut packets: Vec<Vec<u8>>, random: &mut Random) -> Vec<Vec<u8>> {
    packets.retain(|_| random.below(25) != 0);
    for at in 1..packets.len() {
        if random.below(12) == 0 {
            packets.swap(at - 1 - random.below(at.min(3) as u32) as usize, at);
        }
    }
    packets
}

/// Every way of sending, but for what encryption adds.
fn ways(added: u32) -> impl Iterator<Item = Way> {
    CODECS_KNOWN.into_iter().flat_map(move |codec| {
        let fits = move |ptime: &u32| (ptime * CLOCK).is_multiple_of(u32::from(codec.3));
        (10..=60).step_by(5).filter(fits).flat_map(move |ptime| {
            [None, Some(0), Some(1), Some(5)]
                .into_iter()
                .flat_map(move |extension| [false, true].map(|pauses| Way { codec, ptime, added, extension, pauses }))
        })
    })
}

#[test]
fn what_is_encrypted_never_looks_plain() {
    let mut random = Random(1);
    let mut streams = 0;
    for (suite, mki) in Suite::ALL.iter().flat_map(|suite| (0..=4).map(move |mki| (suite, mki))) {
        for way in ways(suite.tag() + mki) {
            let packets = disturbed(way.packets(100, &mut random), &mut random);
            let run = longest_run(&packets, |payload_type| negotiated(&offered(way.codec), payload_type));
            assert!(run < RUN, "{run} in a row of {} with MKI {mki}: {way:?}", suite.word());
            let unknown = longest_run(&packets, well_known);
            assert!(unknown < RUN, "{unknown} in a row, codec unknown, of {} with MKI {mki}: {way:?}", suite.word());
            streams += 1;
        }
    }
    assert!(streams > 10_000, "{streams}");
}

#[test]
fn what_is_plain_is_found_after_as_many_packets_as_the_policy_says() {
    let mut random = Random(2);
    for way in ways(0).filter(|way| !way.pauses) {
        let packets = way.packets(RUN + 1, &mut random);
        let codec = |payload_type| negotiated(&offered(way.codec), payload_type);
        assert_eq!(longest_run(&packets, codec), RUN, "{way:?}");
        assert_eq!(longest_run(&packets[..RUN as usize], codec), RUN - 1, "{way:?}");
        let fixed = ["PCMU", "PCMA", "G722", "G729", "GSM"].contains(&way.codec.0);
        assert_eq!(longest_run(&packets, well_known), if fixed { RUN } else { 0 }, "{way:?}");
    }
}

/// Loss, reordering and digits only delay it.
#[test]
fn what_is_plain_is_found_on_a_bad_line_too() {
    let mut random = Random(3);
    for way in ways(0) {
        let packets = disturbed(way.packets(400, &mut random), &mut random);
        let run = longest_run(&packets, |payload_type| negotiated(&offered(way.codec), payload_type));
        assert!(run >= RUN, "{run} in a row of {way:?}");
    }
}

/// Whoever pads what he sends is not told from SRTP, nor taken for plain.
#[test]
fn what_is_padded_tells_nothing() {
    let plain = |seq: u32, vague| Rtp { payload_type: 0, seq, timestamp: 160 * seq, ssrc: 7, payload: 160, vague };
    let run = |packets: &mut dyn Iterator<Item = Rtp>| {
        packets.fold(Stream::default(), |stream, rtp| stream.follow(&rtp, (1, 1), 0, true).stream).run()
    };
    assert_eq!(run(&mut (0..50).map(|n| plain(n, 0x20))), 0);
    assert_eq!(run(&mut (0..50).map(|n| plain(n, (n & 1) * 0x20))), 25);
}

#[test]
fn a_run_ends_with_the_first_packet_that_does_not_look_so_and_never_overflows() {
    let mut stream = Stream::default();
    let next = |stream: Stream, n: u32, payload| {
        let rtp = Rtp { payload_type: 0, seq: n & 0xffff, timestamp: n.wrapping_mul(160), ssrc: 7, payload, vague: 0 };
        stream.follow(&rtp, (1, 1), 0, true).stream
    };
    for n in 0..40_000 {
        stream = next(stream, n, 160);
    }
    assert_eq!(stream.run(), 0x7fff);
    stream = next(stream, 40_000, 170);
    assert_eq!(stream.run(), 0x7fff, "the one before was plain");
    assert_eq!(next(stream, 40_001, 170).run(), 0);
}
