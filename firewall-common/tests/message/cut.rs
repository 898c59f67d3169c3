//! Every readable message cut at every byte.
use firewall_common::sip::message::{Refusal, announced, head_len, parse, parse_head};

use crate::corpus::READ;
use crate::fixture;

#[test]
fn a_cut_head_is_never_read() {
    for path in READ {
        let bytes = fixture(path);
        let len = parse(&bytes).expect(path).head_len();
        for cut in 0..len {
            let piece = &bytes[..cut];
            assert!(parse_head(piece).is_err() && parse(piece).is_err(), "{path}, the first {cut} bytes");
        }
    }
}

#[test]
fn a_cut_body_is_read_only_where_that_is_asked_for() {
    for path in READ {
        let bytes = fixture(path);
        let whole = parse(&bytes).expect(path);
        for cut in whole.head_len()..bytes.len() {
            let mut piece = parse_head(&bytes[..cut]).expect(path);
            let length = whole.content_length.map_or(cut, |length| whole.head_len() + length as usize);
            let missing = length.saturating_sub(cut);
            assert_eq!(piece.missing(), missing, "{path}, the first {cut} bytes");
            assert_eq!(piece.body, &bytes[whole.head_len()..cut.min(length)], "{path}, the first {cut} bytes");
            piece.body = whole.body;
            assert_eq!(piece, whole, "{path}, the first {cut} bytes");
            let refusal = (missing > 0).then_some(Refusal::BodyCut);
            assert_eq!(parse(&bytes[..cut]).err(), refusal, "{path}, the first {cut} bytes");
        }
    }
}

#[test]
fn a_stream_learns_where_head_and_body_end() {
    for path in READ {
        let bytes = fixture(path);
        let whole = parse(&bytes).expect(path);
        let len = whole.head_len();
        for cut in 0..=bytes.len() {
            let want = (cut >= len).then_some(len);
            for searched in [0, cut.min(len - 1) / 2, cut.min(len - 1)] {
                assert_eq!(head_len(&bytes[..cut], searched), want, "{path}, {searched} of {cut} bytes searched");
            }
        }
        assert_eq!(announced(&bytes[..len]), Ok(whole.content_length), "{path}");
    }
}

/// What cannot be read can be stepped over all the same.
#[test]
fn the_length_of_an_unreadable_message_is_known() {
    for (path, length) in [("badinv01", 152), ("clerr", 9999), ("quotbal", 152), ("trws", 0), ("regbadct", 0)] {
        let bytes = fixture(&format!("rfc4475/{path}.dat"));
        let len = head_len(&bytes, 0).expect(path);
        assert_eq!(announced(&bytes[..len]), Ok(Some(length)), "{path}");
    }
    let mcl01 = fixture("rfc4475/mcl01.dat");
    assert_eq!(announced(&mcl01), Err(Refusal::RepeatedHeader));
    assert_eq!(announced(&fixture("rfc4475/ncl.dat")), Err(Refusal::ContentLength));
}
