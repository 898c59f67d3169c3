//! Vouches that the shared records may be copied as bytes. The only file of this crate with `unsafe`.
//!
//! Owns: the impls of `aya::Pod` and the checks that make them true. Refuses: any record with padding or with invalid
//! bit patterns (numbers cross the boundary, enums do not).
use crate::caller::{DOMAINS, OwnDomains};
use crate::copy::CopyHead;
use crate::dialog::Parties;
use crate::event::{Event, Probe};
use crate::media::{self, Flow, Learned};
use crate::number::{Digits, NumberKey, NumberRule, NumberTerm, Plan, REWRITES, Rewrite, Scan};
use crate::policy::{
    Counter, DatagramKey, DatagramVerdict, Entry, Hold, HoldKey, PeerCounter, PeerRule, Policy, PortTable,
    PrefixFilter, Registrant, Term,
};
use crate::{addr, dialog, limiter, sip};

/// Fails to compile when a record's fields do not add up to its size, which is how padding would show.
macro_rules! no_padding {
    ($($record:ty = $($size:expr),+;)+) => {
        $(const _: () = assert!(size_of::<$record>() == 0 $(+ $size)+);)+
        $(
            // SAFETY: the record is `repr(C)` or `repr(transparent)`, made of integers only, and has no padding (checked
            // above), so every byte of it is initialised and every bit pattern is valid.
            #[cfg(feature = "user")]
            unsafe impl aya::Pod for $record {}
        )+
    };
}

const LIMITS: usize = size_of::<limiter::Limit>() * sip::method::CLASS_SLOTS;

no_padding! {
    addr::Addr = 16;
    addr::Prefix = 4, 16;
    limiter::Limit = 16;
    Policy = 8, 16, 16, LIMITS, LIMITS, 3 * 16, 8, 12 * 4;
    media::Codec = 4;
    media::Rtp = 6 * 4;
    Flow = 3 * 16, 3 * 8, 16, 4 * media::CODECS, 2, 2, 4, 2 * 8, 16, 2 * 8, 2 * 8, 6 * 8;
    Learned = 6 * 8;
    PeerRule = LIMITS, 2, 6, 2 * 4;
    Digits = 2 * 8, 2 * 4;
    Scan = 2 * 24, 8 * 4;
    Rewrite = 3 * 8, 4 * 4;
    OwnDomains = 8 * DOMAINS;
    Plan = 40 * REWRITES, 2 * 4;
    NumberKey = 8, 16;
    NumberTerm = 4 * 4;
    NumberRule = 8, 2 * 16, 8;
    Parties = 2 * 8, 16 * dialog::PARTIES;
    Term = 8, 4, 4;
    Entry = 16, 16, 8;
    Registrant = 8, 8, 8 * sip::method::CLASS_SLOTS;
    HoldKey = 16, 8;
    Hold = 8, 8;
    DatagramKey = 16, 16, 4, 4;
    DatagramVerdict = 8, 4 * 4;
    Counter = 16;
    PeerCounter = 16;
    Event = 8, 16, 16, 4, 4, 2, 2, 4, crate::event::SNAPSHOT;
    Probe = 8, 4 * 6;
    CopyHead = 8, 16, 16, 6 * 4, 3 * 2, 2;
}

/// The bytes of a record, as the loader sets a constant of the kernel program.
macro_rules! as_bytes {
    ($($record:ty),+) => {$(
        impl $record {
            /// The record as the bytes that the kernel program reads.
            pub fn as_bytes(&self) -> &[u8] {
                // SAFETY: see above: no padding, so all bytes are initialised; the slice borrows `self`.
                unsafe { core::slice::from_raw_parts(core::ptr::from_ref(self).cast(), size_of::<Self>()) }
            }
        }
    )+};
}

const _: () = assert!(size_of::<sip::signature::Table>() == 8 + 16 * 8 + 1024 * 16);
as_bytes!(OwnDomains, Plan, Policy, PortTable, PrefixFilter, sip::signature::Table, Probe);

macro_rules! from_bytes {
    ($($record:ty),+) => {$(
        impl $record {
            /// Reads the record from the start of `bytes`; `None` if there are too few.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                if bytes.len() < size_of::<Self>() {
                    return None;
                }
                // SAFETY: there are enough bytes (checked above), the read needs no alignment, and every bit pattern is
                // a valid record (see above).
                Some(unsafe { bytes.as_ptr().cast::<Self>().read_unaligned() })
            }
        }
    )+};
}

from_bytes!(CopyHead, Event, Probe);
