//! Following a stream.
use proptest::prelude::*;

use crate::media::{Followed, Rtp, Stream};

const SECOND: u64 = 1_000_000_000;
const NO_CODEC: (u32, u32) = (0, 0);

fn packet(ssrc: u32, seq: u16) -> Rtp {
    Rtp { ssrc, seq: seq.into(), ..Rtp::default() }
}

fn follow(stream: Stream, ssrc: u32, seq: u16, now: u64, may: bool) -> Followed {
    stream.follow(&packet(ssrc, seq), NO_CODEC, now, may)
}

fn begun(ssrc: u32, seq: u16, now: u64) -> Stream {
    follow(Stream::default(), ssrc, seq, now, false).stream
}

/// RFC 3550 appendix A.1, with the numbers it recommends.
#[test]
fn a_stream_goes_on_within_its_window() {
    for from in [0u16, 1, 100, 30_000, 65_535] {
        for step in -33_000i32..33_000 {
            let seq = from.wrapping_add(step as u16);
            let followed = follow(begun(7, from, SECOND), 7, seq, SECOND, false);
            let inside = (-100..=3_000).contains(&step);
            assert_eq!((followed.changed, followed.intrudes), (!inside, !inside), "{from} {step}");
            let latest = if (1..=3_000).contains(&step) { begun(7, seq, SECOND) } else { begun(7, from, SECOND) };
            assert_eq!(followed.stream, latest, "{from} {step}");
        }
    }
}

#[test]
fn another_stream_waits_until_the_first_is_quiet() {
    let first = begun(7, 1, 10 * SECOND);
    for (after, intrudes) in [(0, true), (SECOND / 2, true), (SECOND - 2_000_000, true), (SECOND + 2_000_000, false)] {
        let followed = follow(first, 8, 1, 10 * SECOND + after, false);
        assert_eq!((followed.changed, followed.intrudes), (true, intrudes), "{after}");
        assert_eq!(followed.stream.ssrc(), Some(if intrudes { 7 } else { 8 }), "{after}");
        let counted = follow(first, 8, 1, 10 * SECOND + after, true);
        assert_eq!((counted.changed, counted.intrudes, counted.stream.ssrc()), (true, intrudes, Some(8)), "{after}");
    }
}

#[test]
fn nothing_is_known_before_the_first_packet() {
    assert_eq!((Stream::default().ssrc(), Stream::default().run()), (None, 0));
    let followed = follow(Stream::default(), 0, 0, 0, false);
    assert_eq!((followed.changed, followed.stream.ssrc()), (false, Some(0)));
}

proptest! {
    #[test]
    fn a_record_keeps_all(ssrc in any::<u32>(), seq in any::<u16>(), now in any::<u64>(), words in any::<[u64; 2]>()) {
        let stream = begun(ssrc, seq, now);
        prop_assert_eq!(Stream::of(stream.words()), stream);
        prop_assert_eq!(stream.ssrc(), Some(ssrc));
        // Whatever a record holds, following it ends, and where a change may be followed it is.
        let followed = Stream::of(words).follow(&packet(ssrc, seq), (1, 1), now, true);
        prop_assert_eq!(followed.stream.ssrc(), Some(ssrc));
        prop_assert!(followed.changed || !followed.intrudes);
    }
}
