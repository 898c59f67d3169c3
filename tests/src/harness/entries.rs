//! Entries as the operator or the firewall would have made them.
//!
//! Owns: short ways to write one. Refuses: the database.
use firewall_common::addr::Prefix;
use firewall_userspace::clock::Clock;
use firewall_userspace::entries::{Kind, Origin, Scope, StoredEntry, parse_prefix};

/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;
const NANOS_PER_MILLI: u64 = 1_000_000;

/// A clock on which the wall and the kernel began to count at once, so that an end of `n` milliseconds is one of
/// `n * 1,000,000` nanoseconds.
pub(super) fn clock(now: u64) -> Clock {
    let millis = now / NANOS_PER_MILLI;
    Clock { wall_ms: millis as i64, mono_ns: millis * NANOS_PER_MILLI }
}

fn entry(id: u32, kind: Kind, prefix: &str, until: Option<u64>) -> StoredEntry {
    let prefix: Prefix = parse_prefix(prefix).expect("a test writes prefixes rightly");
    let origin = if kind == Kind::Ban { Origin::Firewall } else { Origin::Operator };
    StoredEntry {
        id,
        kind,
        prefix,
        scope: Scope::Sip,
        created: 0,
        expires: until.map(|ns| (ns / NANOS_PER_MILLI) as i64),
        comment: None,
        author: None,
        origin,
        evidence: None,
        step: 0,
    }
}

/// A deny entry that ends at `until`, in the kernel's nanoseconds, or never.
pub fn deny(id: u32, prefix: &str, until: Option<u64>) -> StoredEntry {
    entry(id, Kind::Deny, prefix, until)
}

/// A ban.
pub fn ban(id: u32, source: &str, until: Option<u64>) -> StoredEntry {
    entry(id, Kind::Ban, source, until)
}

/// An allow entry.
pub fn allow(id: u32, prefix: &str, until: Option<u64>) -> StoredEntry {
    entry(id, Kind::Allow, prefix, until)
}
