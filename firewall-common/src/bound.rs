//! What the kernel's verifier must see, and what it must not know.
//!
//! Owns: the instruction that keeps an index inside a buffer, and the disguise of a number. Refuses: any other effect. On
//! the host both are ordinary arithmetic.

/// `index` modulo `SIZE`, a power of two.
///
/// The compiler leaves a mask out where it can prove the index small; the verifier cannot follow such proofs and wants to
/// see the instruction. On the host it is an ordinary mask.
#[inline(always)]
pub(crate) fn wrap<const SIZE: usize>(index: u32) -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let mut index = u64::from(index);
        // SAFETY: masks a register, nothing else.
        unsafe {
            core::arch::asm!(
                "{0} &= {1}",
                inout(reg) index,
                const SIZE - 1,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        // What the instruction has done, said once more, so that the compiler knows it too.
        index as usize & (SIZE - 1)
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        index as usize & (SIZE - 1)
    }
}

/// `number` exclusive-or `zero`, read from memory each time, so that neither the compiler nor the verifier can relate the
/// outcome to the number.
#[inline(always)]
pub(crate) fn disguise(number: u32, zero: &u32) -> u32 {
    #[cfg(target_arch = "bpf")]
    {
        // SAFETY: a reference is valid to read.
        number ^ unsafe { core::ptr::read_volatile(zero) }
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        number ^ zero
    }
}
