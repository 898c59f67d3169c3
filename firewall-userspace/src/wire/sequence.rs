//! Sequence numbers, which go round (RFC 9293 §3.4).
//!
//! Owns: how far apart two of them are. Refuses: anything else.

/// How many bytes `to` lies ahead of `from`; negative if behind.
pub(super) const fn distance(from: u32, to: u32) -> i64 {
    to.wrapping_sub(from).cast_signed() as i64
}

/// `from` and `by` bytes more.
pub(super) const fn after(from: u32, by: usize) -> u32 {
    from.wrapping_add(by as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_go_round() {
        assert_eq!(distance(u32::MAX, 4), 5);
        assert_eq!(distance(4, u32::MAX), -5);
        assert_eq!(distance(7, 7), 0);
        assert_eq!(after(u32::MAX - 1, 3), 1);
    }
}
