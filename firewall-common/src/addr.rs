//! One address width for everything: 16 bytes in network order, IPv4 as v4-mapped (RFC 4291 §2.5.5.2).
//!
//! Owns: the address record and what a "source" is. Refuses: text forms beyond what std's types give.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The low half of every v4-mapped address before the four bytes of the address itself: `00 00 ff ff`.
const MAPPED: u64 = u64::from_ne_bytes([0, 0, 0xff, 0xff, 0, 0, 0, 0]);
const MAPPED_MASK: u64 = u64::from_ne_bytes([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/// An IP address: 16 bytes in network order as they stand in memory, held as two words because the kernel program
/// compares, masks and hashes words.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Addr {
    /// The first eight bytes, in memory order.
    pub hi: u64,
    /// The last eight bytes, in memory order.
    pub lo: u64,
}

impl Addr {
    /// The unspecified IPv6 address, which no packet comes from: nobody, or anybody, as the field says.
    pub const NONE: Self = Self { hi: 0, lo: 0 };

    /// The v4-mapped form of four bytes in network order.
    #[inline(always)]
    pub const fn from_v4(v4: [u8; 4]) -> Self {
        Self { hi: 0, lo: MAPPED | (u32::from_le_bytes(v4) as u64).to_le() << Self::V4_SHIFT }
    }

    const V4_SHIFT: u32 = if cfg!(target_endian = "little") { 32 } else { 0 };

    /// Sixteen bytes in network order.
    #[inline(always)]
    pub const fn from_bytes(b: [u8; 16]) -> Self {
        let [a, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = b;
        Self { hi: u64::from_ne_bytes([a, c, d, e, f, g, h, i]), lo: u64::from_ne_bytes([j, k, l, m, n, o, p, q]) }
    }

    /// The sixteen bytes, in network order.
    #[inline(always)]
    pub const fn to_bytes(self) -> [u8; 16] {
        let [a, b, c, d, e, f, g, h] = self.hi.to_ne_bytes();
        let [i, j, k, l, m, n, o, p] = self.lo.to_ne_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
    }

    /// Whether this is an IPv4 address.
    #[inline(always)]
    pub const fn is_v4(self) -> bool {
        self.hi == 0 && self.lo & MAPPED_MASK == MAPPED
    }

    /// Keeps the bits of `mask`.
    #[inline(always)]
    #[must_use]
    pub const fn masked(self, mask: Self) -> Self {
        Self { hi: self.hi & mask.hi, lo: self.lo & mask.lo }
    }

    /// The mask of the first `bits` bits (0..=128), counted over the 16-byte form.
    #[must_use]
    pub const fn mask(bits: u8) -> Self {
        let all = if bits == 0 { 0 } else { u128::MAX << (128 - if bits > 128 { 128 } else { bits as u32 }) };
        Self::from_bytes(all.to_be_bytes())
    }

    /// What rates and bans are kept by: an IPv4 address whole, an IPv6 address up to `v6_mask` (a /64 by default, since
    /// a host owns at least that much: RFC 7934).
    #[inline(always)]
    #[must_use]
    pub const fn source(self, v6_mask: Self) -> Self {
        if self.is_v4() { self } else { self.masked(v6_mask) }
    }

    /// The 16 bits by which [`crate::policy::PrefixFilter`] is indexed: the top half of an IPv4 address, the second
    /// 16-bit group of an IPv6 address (the first says little: all of 2000::/3 begins alike).
    #[inline(always)]
    pub const fn filter_slot(self) -> u16 {
        if self.is_v4() { u16::from_be((self.lo >> 32) as u16) } else { u16::from_be((self.hi >> 16) as u16) }
    }
}

impl From<Ipv4Addr> for Addr {
    fn from(v4: Ipv4Addr) -> Self {
        Self::from_v4(v4.octets())
    }
}

impl From<Ipv6Addr> for Addr {
    fn from(v6: Ipv6Addr) -> Self {
        Self::from_bytes(v6.octets())
    }
}

impl From<IpAddr> for Addr {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => v6.into(),
        }
    }
}

impl From<Addr> for IpAddr {
    fn from(addr: Addr) -> Self {
        Ipv6Addr::from(addr.to_bytes()).to_canonical()
    }
}

/// A prefix over the 16-byte form, as a key of an LPM trie: `bits` in host order (an IPv4 prefix's length plus 96), the
/// address in network order (`struct bpf_lpm_trie_key`, include/uapi/linux/bpf.h).
#[repr(C, packed)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// Length in bits, 0..=128.
    pub bits: u32,
    /// The address; bits beyond the length are zero.
    pub addr: [u8; 16],
}

impl Prefix {
    /// The prefix of `bits` (over 16 bytes) that `addr` lies in.
    pub const fn new(addr: Addr, bits: u8) -> Self {
        Self { bits: bits as u32, addr: addr.masked(Addr::mask(bits)).to_bytes() }
    }

    /// The whole of `addr`, as a key for a look-up.
    #[inline(always)]
    pub const fn host(addr: Addr) -> Self {
        Self { bits: 128, addr: addr.to_bytes() }
    }

    /// Whether `other` lies inside this prefix (or is it).
    pub const fn contains(self, other: Self) -> bool {
        let mine = Addr::from_bytes(self.addr);
        let theirs = Addr::from_bytes(other.addr).masked(Addr::mask(self.bits as u8));
        self.bits <= other.bits && mine.hi == theirs.hi && mine.lo == theirs.lo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_is_mapped_in_network_order() {
        let a = Addr::from(Ipv4Addr::new(198, 51, 100, 7));
        assert_eq!(a.to_bytes(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 7]);
        assert!(a.is_v4());
        assert_eq!(IpAddr::from(a).to_string(), "198.51.100.7");
        assert_eq!(a.filter_slot(), 198 << 8 | 51);
    }

    #[test]
    fn v6_source_is_its_64() {
        let a = Addr::from("2001:db8:1:2:3:4:5:6".parse::<Ipv6Addr>().unwrap());
        assert!(!a.is_v4());
        assert_eq!(IpAddr::from(a.source(Addr::mask(64))).to_string(), "2001:db8:1:2::");
        assert_eq!(a.filter_slot(), 0x0db8);
    }

    #[test]
    fn masks_count_from_the_top() {
        assert_eq!(Addr::mask(0).to_bytes(), [0; 16]);
        assert_eq!(Addr::mask(128).to_bytes(), [0xff; 16]);
        assert_eq!(Addr::mask(9).to_bytes()[..3], [0xff, 0x80, 0]);
    }

    #[test]
    fn prefixes_contain_what_they_cover() {
        let net = Prefix::new(Addr::from(Ipv4Addr::new(203, 0, 113, 9)), 96 + 24);
        assert!(net.contains(Prefix::host(Addr::from(Ipv4Addr::new(203, 0, 113, 77)))));
        assert!(!net.contains(Prefix::host(Addr::from(Ipv4Addr::new(203, 0, 114, 77)))));
        assert!(!Prefix::host(Addr::from(Ipv4Addr::new(203, 0, 113, 9))).contains(net));
    }
}
