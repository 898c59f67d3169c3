//! What the kernel programs and the daemon share: the records that cross the boundary, and every decision that can be
//! made from bytes alone.
//!
//! Owns: addresses, the vocabulary of reasons, the policy records, the rate limiter's arithmetic, the packet parser, and
//! what is understood of SIP in a datagram. Refuses: allocation, clocks, input and output, and maps; a caller supplies
//! bytes and times, so that the same function runs in the kernel, in the daemon, in a test and under a fuzzer.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]
#![deny(unsafe_code)]

pub mod addr;
#[cfg_attr(target_arch = "bpf", allow(unsafe_code, reason = "an instruction that the verifier must see"))]
mod bound;
pub mod caller;
pub mod copy;
pub mod dialog;
pub mod entry_filter;
pub mod event;
pub mod limiter;
pub mod maps;
pub mod media;
pub mod number;
pub mod packet;
#[allow(unsafe_code, reason = "the one file that vouches for the layout of shared records")]
mod pod;
pub mod policy;
pub mod reason;
pub mod sdp;
pub mod sip;
pub mod tls;
pub mod verdict;
