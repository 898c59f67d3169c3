//! Keeps an index inside a buffer in a way that the kernel's verifier sees.
//!
//! Owns: the one masking instruction. Refuses: anything else.

/// `index` modulo `SIZE`, a power of two.
///
/// The compiler leaves a mask out where it can prove the index small; the verifier cannot follow such proofs and wants to
/// see the instruction. On the host it is an ordinary mask.
#[inline(always)]
pub(crate) fn wrap<const SIZE: usize>(index: u32) -> usize {
    #[cfg(target_arch = "bpf")]
    {
        let mut index = index as u64;
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
