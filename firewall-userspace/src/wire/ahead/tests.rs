use super::*;

const MAX: usize = 100;

#[test]
fn bytes_stay_in_their_places_and_the_first_copy_wins() {
    let mut ahead = Ahead::new(u32::MAX - 4);
    let next = u32::MAX - 4;
    let mut keep = |offset: usize, bytes: &[u8]| assert!(ahead.keep(next, after(next, offset), bytes, MAX));
    keep(6, b"67");
    keep(3, b"3");
    keep(2, b"2x45xx8");
    assert_eq!(ahead.first(), Some(after(next, 2)));
    assert_eq!(ahead.pull(after(next, 1)), None);
    assert_eq!(ahead.pull(after(next, 4)).as_deref(), Some(b"45678".as_slice()));
    assert_eq!(ahead.held(), 0);
}

#[test]
fn what_lies_too_far_ahead_or_behind_is_not_kept() {
    let mut ahead = Ahead::new(10);
    assert!(ahead.keep(10, 90, &[1; 20], MAX));
    assert!(!ahead.keep(10, 91, &[1; 20], MAX));
    assert!(!ahead.keep(10, 9, &[1; 20], MAX));
    assert_eq!(ahead.pull(110), None);
    assert_eq!((ahead.held(), ahead.first()), (0, None));
}
