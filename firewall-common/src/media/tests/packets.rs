//! Kinds and headers.
use proptest::prelude::*;

use super::Packet;
use crate::media::{FLOW_DTLS, FLOW_ICE, FLOW_RTCP, FLOW_RTP, Kind, Rtp};

fn of(head: [u8; 8], len: u32) -> Kind {
    Kind::of(u64::from_le_bytes(head), len)
}

/// RFC 7983 §7 and RFC 5761 §4, row by row.
#[test]
fn first_bytes_tell_the_kind() {
    let cookie = |first: u8, second: u8| [first, second, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    for first in 0..=255u8 {
        for second in [0, 95, 96, 127, 128, 191, 192, 200, 223, 224, 255] {
            let want = match first {
                0..=3 => Kind::Stun,
                20..=63 => Kind::Dtls,
                128..=191 if (192..=223).contains(&second) => Kind::Rtcp,
                128..=191 => Kind::Rtp,
                _ => Kind::Other,
            };
            assert_eq!(of(cookie(first, second), 1_000), want, "{first} {second}");
        }
    }
    assert_eq!(of([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43], 1_000), Kind::Other, "no magic cookie");
}

#[test]
fn what_is_too_short_for_its_kind_is_none() {
    let stun = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    for (head, least, bit) in [
        (stun, 20, FLOW_ICE),
        ([22, 0xfe, 0xfd, 0, 0, 0, 0, 0], 13, FLOW_DTLS),
        ([0x80, 0, 0, 0, 0, 0, 0, 0], 12, FLOW_RTP),
        ([0x80, 200, 0, 0, 0, 0, 0, 0], 8, FLOW_RTCP),
    ] {
        assert_eq!((of(head, least).bit(), of(head, least - 1).bit()), (bit, 0), "{head:?}");
    }
}

proptest! {
    #[test]
    fn a_header_is_read_as_it_was_written(
        (payload_type, seq, timestamp, ssrc) in (0u32..128, any::<u16>(), any::<u32>(), any::<u32>()),
        (payload, vague, marker) in (0u32..2_000, any::<bool>(), any::<bool>()),
        (listed, extension) in (0u8..16, prop::option::of(0u16..40)),
        before in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let rtp = Rtp { payload_type, seq: seq.into(), timestamp, ssrc, payload, vague: u32::from(vague) * 0x20 };
        let bytes = Packet { rtp, listed, extension, marker }.bytes();
        let (at, len) = (before.len() as u32, bytes.len() as u32);
        let frame = [&before[..], &bytes, &[0; 7]].concat();
        prop_assert_eq!(Rtp::read(frame.as_slice(), at, len), Some(rtp));
        let header = len - payload;
        prop_assert_eq!(Rtp::read(frame.as_slice(), at, header).map(|rtp| rtp.payload), Some(0));
        for cut in 0..header {
            prop_assert_eq!(Rtp::read(frame.as_slice(), at, cut), None);
            prop_assert_eq!(Rtp::read(&frame[..(at + cut) as usize], at, len).is_some(), cut >= needed(listed, extension));
        }
    }
}

/// Bytes of a header that are looked at: not those of the list and of the extension.
fn needed(listed: u8, extension: Option<u16>) -> u32 {
    12 + extension.map_or(0, |_| 4 * u32::from(listed) + 4)
}
