//! The key for looking up one address in a trie.
//!
//! Owns: its place on the stack. Refuses: tries (each is its stage's).
use aya_ebpf::maps::lpm_trie::Key;
use firewall_common::addr::Addr;

/// A trie's key is a length of four bytes and an address of sixteen, without padding; the verifier wants words on the
/// stack aligned. So the key begins in the middle of a word.
#[repr(C, align(8))]
pub(crate) struct HostKey {
    before: u32,
    bits: u32,
    addr: Addr,
}

impl HostKey {
    /// All 128 bits of an address.
    #[inline(always)]
    pub(crate) const fn new(addr: Addr) -> Self {
        Self { before: 0, bits: 128, addr }
    }

    /// As the trie takes it.
    #[inline(always)]
    pub(crate) const fn key(&self) -> &Key<[u8; 16]> {
        // SAFETY: `bits` and `addr` follow one another without padding and make up a key, whose alignment is one byte.
        unsafe { &*(&raw const self.bits).cast::<Key<[u8; 16]>>() }
    }
}
