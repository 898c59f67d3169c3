//! The readers of block lists.
//!
//! Owns: what must hold for every list: no panic, no more prefixes than asked for, and none that is no prefix of its own
//! text. Refuses: which lists are good.
use firewall_userspace::entries::{parse_prefix, prefix_text};
use firewall_userspace::lists::{Format, parse};

/// The most prefixes that are asked for.
const MAX: u32 = 300;

/// Panics when a reader does, or when it makes up a prefix or counts wrongly.
pub fn check(input: &[u8]) {
    for format in [Format::Auto, Format::Text, Format::Json, Format::Apiban] {
        let parsed = parse(input, format, MAX);
        assert!(parsed.prefixes.len() <= MAX as usize, "more than asked for");
        assert!(!parsed.overfull || parsed.prefixes.len() == MAX as usize, "overfull with room left");
        assert_eq!(parsed.unreadable > 0, parsed.example.is_some(), "what is unreadable has an example");
        for prefix in &parsed.prefixes {
            assert_eq!(parse_prefix(&prefix_text(*prefix)), Ok(*prefix));
        }
    }
}
