//! The USERNAME of a STUN request.
use proptest::prelude::*;

use crate::media::{StunClass, USERNAME_MAX, username, username_hash};
use crate::sip::Window;

fn window(message: &[u8]) -> Window {
    let mut window = Window::new();
    window.fill(&[0x5a; 1_600]);
    window.fill(message);
    window
}

fn message(attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        body.extend(kind.to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0xaa);
    }
    let mut bytes = vec![0, 1];
    bytes.extend((body.len() as u16).to_be_bytes());
    bytes.extend([0x21, 0x12, 0xa4, 0x42]);
    bytes.extend([9; 12]);
    bytes.extend(body);
    bytes
}

#[test]
fn classes_are_told_by_two_bits() {
    use StunClass::{Indication, Request, Response};
    for (kind, class) in
        [(0x0001u16, Request), (0x0011, Indication), (0x0101, Response), (0x0111, Response), (0x0003, Request)]
    {
        let [first, second] = kind.to_be_bytes();
        assert_eq!(StunClass::of(first, second), class, "{kind:04x}");
    }
}

/// RFC 5769 §2.1, the sample request.
#[test]
fn the_sample_request_has_its_name() {
    let name = b"evtj:h6vY";
    let sample = message(&[
        (0x8022, b"STUN test client".to_vec()),
        (0x0024, vec![0x6e, 0, 1, 0xff]),
        (0x8029, vec![0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36]),
        (0x0006, name.to_vec()),
        (0x0008, vec![0x9a; 20]),
        (0x8028, vec![0xe5; 4]),
    ]);
    assert_eq!(username(&window(&sample)), Some(username_hash(name)));
    let end = sample.windows(name.len()).position(|w| w == name).unwrap() + name.len();
    for cut in 0..sample.len() {
        assert_eq!(username(&window(&sample[..cut])).is_some(), cut >= end, "{cut} bytes");
    }
}

proptest! {
    #[test]
    fn the_first_name_is_found(
        before in prop::collection::vec((7u16.., prop::collection::vec(any::<u8>(), 0..20)), 0..18),
        name in prop::collection::vec(any::<u8>(), 0..600),
        behind in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..20)), 0..4),
    ) {
        let count = before.len();
        let attributes = [before, vec![(6, name.clone())], behind].concat();
        let found = username(&window(&message(&attributes)));
        let fits = count < 16 && (1..=USERNAME_MAX as usize).contains(&name.len());
        prop_assert_eq!(found, fits.then(|| username_hash(&name)));
    }

    #[test]
    fn names_that_differ_have_different_hashes(name in prop::collection::vec(any::<u8>(), 1..60), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut other = name.clone();
        other[at.index(name.len())] ^= 1 << bit;
        prop_assert_ne!(username_hash(&name), username_hash(&other));
        let longer = [&name[..], &[0]].concat();
        prop_assert_ne!(username_hash(&name), username_hash(&longer));
        prop_assert_ne!(username_hash(&name[1..]), username_hash(&name));
    }
}
