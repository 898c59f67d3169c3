//! The bytes of the frame under judgement.
//!
//! Owns: every access to packet memory. Refuses: knowing what the bytes mean.
use aya_ebpf::helpers::generated::{bpf_skb_load_bytes, bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::programs::{TcContext, XdpContext};
use firewall_common::packet::Bytes;

use crate::opaque;

/// A frame. Headers are read in place, from its first buffer; payloads are copied.
pub(crate) struct Frame<'a> {
    ctx: &'a XdpContext,
    total: u32,
}

impl<'a> Frame<'a> {
    /// A frame in one buffer.
    #[inline(always)]
    pub(crate) fn linear(ctx: &'a XdpContext) -> Self {
        Self { ctx, total: (ctx.data_end() - ctx.data()) as u32 }
    }

    /// A frame that may be in several buffers.
    #[inline(always)]
    pub(crate) fn scattered(ctx: &'a XdpContext) -> Self {
        // SAFETY: the context is this invocation's.
        let total = unsafe { bpf_xdp_get_buff_len(ctx.ctx) } as u32;
        Self { ctx, total }
    }

    /// The context, for the record that precedes the frame of a rehearsal.
    #[inline(always)]
    pub(crate) const fn context(&self) -> &XdpContext {
        self.ctx
    }
}

/// A packet, by whichever hook the kernel hands it over.
pub(crate) trait Carrier: Bytes {
    /// Copies `len` bytes at `at` to `to`; the verifier knows that `len` is not zero and that there is room.
    fn load(&self, at: u32, to: *mut u8, len: u32) -> bool;

    /// The same for a `len` that is not zero and at most `MAX`, a power of two, for which there is room.
    #[inline(always)]
    fn copy<const MAX: usize>(&self, at: u32, to: *mut u8, len: u32) -> bool {
        self.load(at, to, opaque::bounded::<MAX>(len))
    }
}

impl Carrier for Frame<'_> {
    #[inline(always)]
    fn load(&self, at: u32, to: *mut u8, len: u32) -> bool {
        // SAFETY: the helper checks the source's bounds; the verifier checks the destination's.
        unsafe { bpf_xdp_load_bytes(self.ctx.ctx, at, to.cast(), len) == 0 }
    }
}

/// A packet on its way out. Headers are read in place, from its first buffer; payloads are copied, wherever they are.
pub(crate) struct Outgoing<'a> {
    ctx: &'a TcContext,
}

impl<'a> Outgoing<'a> {
    /// Of this invocation.
    #[inline(always)]
    pub(crate) const fn new(ctx: &'a TcContext) -> Self {
        Self { ctx }
    }
}

impl Bytes for Outgoing<'_> {
    #[inline(always)]
    fn read<const N: usize>(&self, at: u32) -> Option<[u8; N]> {
        let field = self.ctx.data() + at as usize;
        if field + N > self.ctx.data_end() {
            return None;
        }
        // SAFETY: `N` bytes from `field` lie before the end of the first buffer, as just checked; the array needs no
        // alignment.
        Some(unsafe { core::ptr::read_unaligned(field as *const [u8; N]) })
    }

    #[inline(always)]
    fn total(&self) -> u32 {
        opaque::forget(u64::from(self.ctx.len())) as u32
    }

    #[inline(always)]
    fn forget(&self, number: u32) -> u32 {
        opaque::forget(u64::from(number)) as u32
    }
}

impl Carrier for Outgoing<'_> {
    #[inline(always)]
    fn load(&self, at: u32, to: *mut u8, len: u32) -> bool {
        // SAFETY: the helper checks the source's bounds; the verifier checks the destination's.
        unsafe { bpf_skb_load_bytes(self.ctx.skb.skb.cast(), at, to.cast(), len) == 0 }
    }
}

impl Bytes for Frame<'_> {
    #[inline(always)]
    fn word(&self, at: u32) -> Option<u64> {
        let field = self.ctx.data() + at as usize;
        if field + size_of::<u64>() > self.ctx.data_end() {
            return None;
        }
        Some(opaque::load(field))
    }

    #[inline(always)]
    fn read<const N: usize>(&self, at: u32) -> Option<[u8; N]> {
        let field = self.ctx.data() + at as usize;
        if field + N > self.ctx.data_end() {
            return None;
        }
        // SAFETY: `N` bytes from `field` lie before the end of the packet, as just checked; the array needs no alignment.
        Some(unsafe { core::ptr::read_unaligned(field as *const [u8; N]) })
    }

    #[inline(always)]
    fn total(&self) -> u32 {
        opaque::forget(u64::from(self.total)) as u32
    }

    #[inline(always)]
    fn forget(&self, number: u32) -> u32 {
        opaque::forget(u64::from(number)) as u32
    }
}
