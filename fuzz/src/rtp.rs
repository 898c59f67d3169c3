//! Media: a datagram is read no further than its end, a stream of SRTP never looks plain, and its plain twin always does.
use firewall_common::media::{Kind, Rtp, Stream, username};
use firewall_common::sdp::Suite;

use crate::window;

/// Takes `input` as a datagram at a media port, and as the way of a stream.
pub fn check(input: &[u8]) {
    only_the_datagram_counts(input);
    only_the_message_counts(input);
    if let Some((&[codec, suite, mki, seq], steps)) = input.split_first_chunk() {
        encryption_shows(Talk::new(codec, suite, mki), seq, steps);
    }
}

/// Everything that is read of a datagram of `len` bytes at `at`.
fn read(frame: &[u8], at: usize, len: usize) -> (Kind, Option<Rtp>) {
    let mut head = [0; 8];
    head.iter_mut().zip(&frame[at..at + len]).for_each(|(to, from)| *to = *from);
    (Kind::of(u64::from_le_bytes(head), len as u32), Rtp::read(frame, at as u32, len as u32))
}

fn only_the_datagram_counts(input: &[u8]) {
    let (kind, rtp) = read(input, 0, input.len());
    let before = b"headers of the packet".to_vec();
    for behind in [0x00, 0xff] {
        let frame = [&before[..], input, &[behind; 64]].concat();
        assert_eq!(read(&frame, before.len(), input.len()).0, kind, "bytes around the datagram have a say");
        if let Some(rtp) = rtp {
            assert_eq!(read(&frame, before.len(), input.len()).1, Some(rtp), "bytes around the datagram have a say");
        }
    }
    let Some(rtp) = rtp else { return };
    let header = input.len() - rtp.payload as usize;
    assert!(header >= 12 && rtp.payload_type < 128 && rtp.seq < 0x1_0000, "{rtp:?}");
    let alone = Rtp::read(&input[..header], 0, header as u32);
    assert_eq!(alone, Some(Rtp { payload: 0, ..rtp }), "the payload was needed to read the header");
}

fn only_the_message_counts(input: &[u8]) {
    let found = username(&window(input, &[]));
    let before = b"\x00\x06\x00\x09evtj:h6vY".repeat(128);
    assert_eq!(username(&window(input, &before)), found, "what the window held earlier has a say");
    assert!(found.is_none() || input.len() > 24, "a name in {} bytes", input.len());
}

/// A codec, and what encryption adds to its packets.
struct Talk {
    bytes: u32,
    units: u32,
    added: u32,
}

impl Talk {
    fn new(codec: u8, suite: u8, mki: u8) -> Self {
        const CODECS: [(u32, u32); 8] = [(1, 1), (10, 80), (33, 160), (1, 2), (38, 160), (50, 240), (2, 1), (24, 240)];
        let (bytes, units) = CODECS[usize::from(codec) % CODECS.len()];
        let suite = Suite::ALL[usize::from(suite) % Suite::ALL.len()];
        Self { bytes, units, added: suite.tag() + u32::from(mki) % 5 }
    }
}

/// Sends the same stream in the clear and encrypted. A step says how many frames a packet has, and whether it is lost,
/// overtaken, or the first of another source.
fn encryption_shows(talk: Talk, first: u8, steps: &[u8]) {
    let (mut plain, mut secret) = (Stream::default(), Stream::default());
    let mut next = Rtp { seq: u32::from(first) << 8, ..Rtp::default() };
    let (mut run, mut follows) = (0, false);
    for (n, step) in (0u64..).zip(steps) {
        let frames = 1 + u32::from(step >> 2 & 7) * if talk.units < 8 { 40 } else { 1 };
        if step & 0xe3 == 0xe3 {
            (next.ssrc, follows) = (next.ssrc.wrapping_add(1), false);
        }
        let rtp = Rtp { payload: frames * talk.bytes, ..next };
        let longer = Rtp { payload: rtp.payload + talk.added, ..rtp };
        next.timestamp = next.timestamp.wrapping_add(frames * talk.units);
        next.seq = (next.seq + 1) & 0xffff;
        match step & 3 {
            // Lost.
            1 => follows = false,
            // Overtaken by the one before: it says nothing.
            2 if plain.ssrc().is_some() => {
                let late = Rtp { seq: rtp.seq.wrapping_sub(2 + u32::from(step >> 5)) & 0xffff, ..longer };
                let codec = (talk.bytes, talk.units);
                let followed = secret.follow(&late, codec, n << 24, false);
                assert!(!followed.changed || followed.intrudes || late.ssrc != rtp.ssrc, "{followed:?}");
                follows = false;
            }
            _ => {
                let codec = (talk.bytes, talk.units);
                (plain, secret) =
                    (plain.follow(&rtp, codec, n, true).stream, secret.follow(&longer, codec, n, true).stream);
                run += u32::from(follows);
                follows = true;
            }
        }
        assert_eq!(secret.run(), 0, "an encrypted stream looks plain");
        assert_eq!(plain.run(), run, "a plain stream does not look so");
    }
}
