//! Hides values from the compiler, which otherwise removes as superfluous what the verifier or the loader needs, and from
//! the verifier, which otherwise follows every value that it can tell apart on a path of its own.
//!
//! Owns: these disguises. Refuses: any effect.
use core::arch::asm;

use firewall_common::addr::Addr;

/// Always zero. It is not constant, so the verifier knows nothing of it.
static mut ZERO: u64 = 0;

/// The same number, of which the verifier knows nothing any more; see [`firewall_common::sip::Window::forget`].
#[inline(always)]
pub(crate) fn forget(number: u64) -> u64 {
    // SAFETY: nobody writes to it.
    number ^ unsafe { (&raw const ZERO).read_volatile() }
}

/// The same address, of which the verifier knows nothing any more, not even whether it is IPv4.
#[inline(always)]
pub(crate) fn forget_addr(addr: Addr) -> Addr {
    Addr { hi: forget(addr.hi), lo: forget(addr.lo) }
}

/// The same number. What is computed from it stays in the program, although the compiler may know the outcome and the
/// verifier does not.
#[inline(always)]
pub(crate) fn number(mut value: u64) -> u64 {
    // SAFETY: an instruction that leaves the register as it is.
    unsafe { asm!("{0} = {0}", inout(reg) value, options(pure, nomem, nostack, preserves_flags)) };
    value
}

/// The eight bytes at an address of packet memory that is known to hold them. The compiler would load them one by one, since
/// it knows nothing of their alignment; the processors that we run on load them at once.
#[inline(always)]
pub(crate) fn load(address: usize) -> u64 {
    let bytes: u64;
    // SAFETY: a load of bytes that are there, as the verifier checks once more.
    unsafe {
        asm!("{0} = *(u64 *)({1} + 0)", out(reg) bytes, in(reg) address, options(readonly, nostack, preserves_flags))
    };
    u64::from_le(bytes)
}

/// The same number, which is not zero and at most `MAX`, a power of two. Changes nothing, but tells the verifier so.
#[inline(always)]
pub(crate) fn bounded<const MAX: usize>(value: u32) -> u32 {
    (number(u64::from(value - 1)) as u32 & (MAX as u32 - 1)) + 1
}

/// The same reference, but the compiler no longer knows what it refers to: constants are set by the loader.
#[inline(always)]
pub(crate) fn reference<T>(constant: &'static T) -> &'static T {
    let mut address = core::ptr::from_ref(constant);
    #[expect(clippy::pointers_in_nomem_asm_block, reason = "the instruction copies the address and reads nothing")]
    // SAFETY: an instruction that leaves the address as it is.
    unsafe {
        asm!("{0} = {0}", inout(reg) address, options(pure, nomem, nostack, preserves_flags));
        &*address
    }
}
