//! What loops over what is said of a caller, each behind the boundary that [`super`] speaks of.
//!
//! Owns: the boundary, and the way from one header field to the next. Refuses: knowing what is read (see
//! [`firewall_common::caller`]).
use firewall_common::caller::{self, Claims, Names, claim};
use firewall_common::number::NumberAction;
use firewall_common::policy::CALLERS_ASSERTED;
use firewall_common::sip::{Window, fields, to_tag};

use super::{fields as scanned, number};
use crate::constants::own_domains;
use crate::opaque;

/// Beside the bits of what is asked: the next segment may have more.
pub(crate) const STREAM: u32 = 1 << 8;
/// How many header fields are read.
pub(crate) const FIELDS: u32 = 12;

/// What is known of who calls. It lies in memory, because the kernel's stack is small.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    /// Where the field begins that is read.
    at: u32,
    /// Its name.
    name: u32,
    /// What is asked: `CALLERS_…`, and [`STREAM`].
    asks: u32,
    /// [`Claims::number`].
    claims: u32,
    /// The id of the first entry that denies.
    id: u32,
    /// Not zero if the headers may go on.
    cut: u32,
    /// Not zero if some To has no tag: servers differ in which of two they take.
    untagged: u32,
}

impl Caller {
    /// Of a request whose headers begin at `headers`.
    #[inline(always)]
    pub(crate) fn new(headers: u32, asks: u32) -> Self {
        Self { at: headers.wrapping_sub(1), name: 0, asks, claims: 0, id: 0, cut: asks & STREAM, untagged: 0 }
    }

    #[inline(always)]
    fn claim(&mut self, claims: u32) {
        self.claims = Claims::of(self.claims).with(self.name, claims).number();
    }

    /// Notes what lists say of the number in the field, if it is one that has a number.
    #[inline(always)]
    pub(crate) fn note(&mut self, action: u32, id: u32) {
        if self.name & NUMBERED == 0 {
            return;
        }
        let claims = match NumberAction::from_number(action) {
            NumberAction::Allow => 0,
            NumberAction::Deny => claim::UNLISTED | claim::DENIED,
            NumberAction::Own => claim::UNLISTED | claim::OURS,
            NumberAction::Code | NumberAction::None => claim::UNLISTED,
        };
        if claims & claim::DENIED != 0 && self.id == 0 {
            self.id = id;
        }
        self.claim(opaque::forget(u64::from(claims)) as u32);
    }
}

const NUMBERED: u32 = fields::FROM | fields::ASSERTED | fields::PARTY | fields::DIVERSION;

/// Goes on to the next field; 0 if there is none.
#[inline(always)]
pub(crate) fn next(window: &Window, caller: *mut Caller) -> u64 {
    opaque::forget(sipfw_caller_next(window, caller))
}

/// Notes what the field says but for its number. Where its URI begins, times two, and one more if it is in brackets; 0 without
/// one.
#[inline(always)]
pub(crate) fn read(window: &Window, caller: *mut Caller) -> u64 {
    opaque::forget(sipfw_caller_read(window, caller))
}

/// The number of the reason to object, and in the upper half the id of the entry that denies; 0 for none.
#[inline(always)]
pub(crate) fn objection(caller: *mut Caller) -> u64 {
    opaque::forget(sipfw_caller_objection(caller))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_caller_next(window: *const Window, caller: *mut Caller) -> u64 {
    // SAFETY: the verifier lets only pointers to a whole window and a whole record in, or null; nobody else has the record.
    let (Some(window), Some(caller)) = (unsafe { window.as_ref() }, unsafe { caller.as_mut() }) else {
        return 0;
    };
    let found = scanned::next(window, caller.at, wanted(caller.asks));
    let name = opaque::forget(u64::from(found.name())) as u32;
    if name == fields::END {
        caller.cut = 0;
        return 0;
    }
    (caller.name, caller.at) = (name, found.value());
    opaque::forget(u64::from(name))
}

#[inline(always)]
const fn wanted(asks: u32) -> u32 {
    const ASSERTED: u32 = fields::ASSERTED | fields::PARTY | fields::DIVERSION | fields::PRIVACY;
    let always = fields::FROM | fields::TO | fields::END;
    if asks & CALLERS_ASSERTED as u32 != 0 { always | ASSERTED } else { always }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_caller_read(window: *const Window, caller: *mut Caller) -> u64 {
    // SAFETY: as above.
    let (Some(window), Some(caller)) = (unsafe { window.as_ref() }, unsafe { caller.as_mut() }) else {
        return 0;
    };
    let (name, at) = (caller.name, caller.at);
    if name == fields::TO {
        let has_tag = is_tagged(window, at);
        caller.untagged |= u32::from(!has_tag);
        caller.claim(claim::TO | (claim::TAG * u32::from(has_tag)));
        return 0;
    }
    if name == fields::PRIVACY {
        let begins = scanned::begin(window, at);
        caller.claim(claim::PRIVATE * u32::from(begins != 0 && sipfw_caller_private(window, begins) != 0));
        return 0;
    }
    let place = opaque::forget(number::address(window, at));
    let said = if name == fields::FROM { names(window, place) } else { 0 };
    caller.claim(opaque::forget(u64::from(claim::SEEN | said)) as u32);
    place
}

/// Whether the To whose value is at `at` has a tag.
#[inline(always)]
pub(super) fn is_tagged(window: &Window, at: u32) -> bool {
    to_tag::has(window, at, |w, state| sipfw_to_tag_go(w, state))
}

/// What the names in the URI at `place` say.
#[inline(always)]
fn names(window: &Window, place: u64) -> u32 {
    let at = (place >> 1) as u32;
    if at == 0 {
        return claim::ANONYMOUS;
    }
    if (window.word(at) | 0x2020_2020) as u32 == u32::from_le_bytes(*b"tel:") {
        return 0;
    }
    let names = caller::names(window, at, |w, at, state| sipfw_caller_go(w, at, state));
    sipfw_caller_names(names.number()) as u32
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_caller_names(names: u64) -> u64 {
    let names = Names::of(names);
    let anonymous = claim::ANONYMOUS * u32::from(names.are_anonymous());
    let ours = claim::OURS * u32::from(own_domains().have(names.host()));
    opaque::forget(u64::from(anonymous | ours))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_caller_go(window: *const Window, at: u32, state: u64) -> u64 {
    // SAFETY: as above.
    opaque::forget(unsafe { window.as_ref() }.map_or(0, |window| caller::go(window, at, state)))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_to_tag_go(window: *const Window, state: u64) -> u64 {
    // SAFETY: as above.
    opaque::forget(unsafe { window.as_ref() }.map_or(0, |window| to_tag::go(window, state)))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_caller_private(window: *const Window, at: u32) -> u64 {
    // SAFETY: as above.
    opaque::forget(u64::from(unsafe { window.as_ref() }.is_some_and(|window| caller::is_private(window, at))))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_caller_objection(caller: *mut Caller) -> u64 {
    // SAFETY: as above.
    let Some(caller) = (unsafe { caller.as_ref() }) else {
        return 0;
    };
    let claims = Claims::of(caller.claims);
    let claims = if caller.untagged != 0 { claims.begins() } else { claims };
    match claims.objection(caller.asks, caller.cut != 0) {
        Some(reason) => opaque::forget(reason as u64 | u64::from(caller.id) << 32),
        None => 0,
    }
}
