//! The constant tables of a generation: what each port is, and which addresses may be a peer's.
//!
//! Owns: their layout and look-ups. Refuses: what follows from them.
use crate::addr::{Addr, Prefix};
use crate::bound::wrap;

/// Classes of destination ports, as bits of [`PortTable`].
pub mod port {
    /// SIP over UDP.
    pub const SIP_UDP: u8 = super::super::UDP;
    /// SIP over TCP.
    pub const SIP_TCP: u8 = super::super::TCP;
    /// SIP over TLS.
    pub const SIP_TLS: u8 = super::super::TLS;
    /// Media over UDP.
    pub const MEDIA: u8 = 8;
}

/// The class bits of each of the 65,536 ports.
#[repr(transparent)]
pub struct PortTable(pub [u8; PortTable::PORTS]);

impl PortTable {
    const PORTS: usize = 65_536;

    /// The class bits of a port.
    #[inline(always)]
    pub fn class(&self, port: u16) -> u8 {
        self.0[wrap::<{ Self::PORTS }>(u32::from(port))]
    }
}

/// Which 16-bit slots ([`Addr::filter_slot`]) hold prefixes: one bit each, first all of IPv4, then all of IPv6. A clear
/// bit spares a look-up in the trie.
#[repr(transparent)]
pub struct PrefixFilter(pub [u64; PrefixFilter::WORDS]);

impl PrefixFilter {
    /// Words of 64 slots: 65,536 slots for each IP version.
    pub const WORDS: usize = 2 * 65_536 / 64;

    /// A filter that says no to everything.
    pub const fn new() -> Self {
        Self([0; Self::WORDS])
    }

    /// The word and the bit of an address.
    #[inline(always)]
    pub const fn place(addr: Addr) -> (u32, u32) {
        let slot = addr.filter_slot() as u32;
        let base = if addr.is_v4() { 0 } else { Self::WORDS as u32 / 2 };
        (base + slot / 64, slot % 64)
    }

    /// Whether the trie may hold a prefix of `addr`.
    #[inline(always)]
    pub const fn may_contain(&self, addr: Addr) -> bool {
        let (word, bit) = Self::place(addr);
        self.0[word as usize & (Self::WORDS - 1)] >> bit & 1 != 0
    }

    /// Marks every slot that `prefix` covers.
    pub fn insert(&mut self, prefix: Prefix) {
        Self::mark(&mut self.0, prefix);
    }

    /// Marks every slot that `prefix` covers.
    pub(crate) fn mark(words: &mut [u64; Self::WORDS], prefix: Prefix) {
        let addr = Addr::from_bytes(prefix.addr);
        // The last of the 16 bits that make a slot: bit 112 of a v4-mapped address, bit 32 of an IPv6 one.
        let v4 = addr.is_v4() && prefix.bits >= 96;
        let (last, base) = if v4 { (112, 0) } else { (32, Self::WORDS / 2) };
        let free = (last as u32).saturating_sub(prefix.bits).min(16);
        let first = if free == 16 { 0 } else { addr.filter_slot() as usize };
        for slot in first..first + (1usize << free) {
            words[base + slot / 64] |= 1 << (slot % 64);
        }
        if !v4 && prefix.bits < 96 && prefix.contains(Prefix::new(Addr::from_v4([0; 4]), 96)) {
            words[..Self::WORDS / 2].fill(u64::MAX);
        }
    }
}

impl Default for PrefixFilter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::IpAddr;
    use proptest::prelude::*;

    fn addr(s: &str) -> Addr {
        s.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn filters_cover_what_prefixes_cover() {
        for (net, bits, inside, outside) in [
            ("198.51.100.0", 96 + 24, "198.51.7.7", "198.52.0.1"),
            ("10.0.0.0", 96 + 8, "10.255.0.1", "11.0.0.1"),
            ("0.0.0.0", 96, "203.0.113.1", "2001:db8::1"),
            ("2001:db8::", 32, "2001:db8:ffff::1", "2001:db9::1"),
            ("2001:db8::", 20, "2001:db8::1", "2001:1000::1"),
            ("fe80::", 10, "febf:1234::1", "198.51.100.1"),
        ] {
            let mut f = PrefixFilter::new();
            f.insert(Prefix::new(addr(net), bits));
            assert!(f.may_contain(addr(inside)), "{net}/{bits} {inside}");
            assert!(!f.may_contain(addr(outside)), "{net}/{bits} {outside}");
        }
        let mut f = PrefixFilter::new();
        f.insert(Prefix::new(addr("::"), 0));
        assert!(f.may_contain(addr("203.0.113.1")) && f.may_contain(addr("2001:db8::1")));
    }

    proptest! {
        #[test]
        fn a_filter_never_hides_a_member(bytes in any::<[u8; 16]>(), v4 in any::<bool>(), bits in 0u8..=128, noise in any::<[u8; 16]>()) {
            let base = if v4 { Addr::from_v4([bytes[0], bytes[1], bytes[2], bytes[3]]) } else { Addr::from_bytes(bytes) };
            let bits = if v4 { 96 + bits / 4 } else { bits };
            let (mask, other) = (Addr::mask(bits), Addr::from_bytes(noise));
            let member = Addr { hi: base.hi & mask.hi | other.hi & !mask.hi, lo: base.lo & mask.lo | other.lo & !mask.lo };
            let mut f = PrefixFilter::new();
            f.insert(Prefix::new(base, bits));
            prop_assert!(f.may_contain(member));
        }
    }
}
