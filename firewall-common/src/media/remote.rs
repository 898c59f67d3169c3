//! A remote side in eight bytes.
//!
//! Owns: the keyed hash of an address and a port. Refuses: keeping it.
use crate::addr::Addr;
use crate::limiter::HashKey;

/// The keyed hash of an address and a port, never zero. Nobody outside knows the key, so nobody finds two sides with the
/// same one but by trying.
#[inline(always)]
pub const fn remote_hash(addr: Addr, port: u16, key: HashKey) -> u64 {
    let [k0, k1] = key.0;
    let mut x = (addr.hi ^ k0).wrapping_mul(k1 | 1);
    x ^= x >> 32;
    x = (x ^ addr.lo).wrapping_mul(k0 | 1);
    x ^= x >> 29;
    // The finisher of SplitMix64 (Steele, Lea, Flood 2014).
    x = (x ^ port as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 32;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ x >> 31) | 1 << 63
}
