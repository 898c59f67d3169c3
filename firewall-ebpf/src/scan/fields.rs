//! What loops over header fields, each behind the boundary that [`super`] speaks of.
//!
//! Owns: the boundary. Refuses: knowing what is read (see [`firewall_common::sip::fields`]).
use firewall_common::dialog;
use firewall_common::sip::Window;
use firewall_common::sip::fields::{self, Found};

use crate::constants::policy;
use crate::opaque;

/// In the place of a Call-ID: there is none.
pub(crate) const NO_CALL: u64 = 0;
/// In the place of a Call-ID: the headers go on behind what is there.
pub(crate) const CUT: u64 = 1;

/// The keyed hash of the Call-ID of a request whose headers begin at `headers`.
#[inline(always)]
pub(crate) fn call_id(window: &Window, headers: u32) -> u64 {
    sipfw_call_id(window, headers)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_call_id(window: *const Window, headers: u32) -> u64 {
    // SAFETY: the verifier lets only a pointer to a whole window or null in.
    let Some(window) = (unsafe { window.as_ref() }) else {
        return NO_CALL;
    };
    let found = next(window, headers.wrapping_sub(1), fields::CALL_ID | fields::END);
    match opaque::forget(u64::from(found.name())) as u32 {
        fields::CALL_ID => {}
        0 => return CUT,
        _ => return NO_CALL,
    }
    let at = opaque::forget(u64::from(begin(window, found.value()))) as u32;
    if at == 0 { NO_CALL } else { opaque::forget(sipfw_call_hash(window, at)) }
}

/// Whether each To, of which there are few, has a tag: servers differ in which of several they take.
#[inline(always)]
pub(crate) fn has_to_tag(window: &Window, headers: u32) -> bool {
    opaque::forget(sipfw_has_to_tag(window, headers)) != 0
}

/// How many To are looked at.
const TOS: u32 = 4;

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_has_to_tag(window: *const Window, headers: u32) -> u64 {
    // SAFETY: as above.
    let Some(window) = (unsafe { window.as_ref() }) else {
        return 0;
    };
    let (mut at, mut tagged) = (opaque::forget(u64::from(headers.wrapping_sub(1))) as u32, 0);
    for _ in 0..TOS {
        let found = next(window, at, fields::TO | fields::END);
        match opaque::forget(u64::from(found.name())) as u32 {
            fields::TO => {}
            fields::END => return opaque::forget(tagged),
            _ => return 0,
        }
        at = opaque::forget(u64::from(found.value())) as u32;
        if opaque::forget(u64::from(super::caller::is_tagged(window, at))) == 0 {
            return 0;
        }
        tagged = 1;
    }
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_call_hash(window: *const Window, at: u32) -> u64 {
    // SAFETY: as above.
    opaque::forget(unsafe { window.as_ref() }.map_or(0, |window| dialog::hash_at(window, at, policy().hash_key)))
}

/// See [`fields::next`].
#[inline(always)]
pub(crate) fn next(window: &Window, from: u32, wanted: u32) -> Found {
    fields::next(window, from, wanted, |w, at, wanted| sipfw_field_go(w, at, wanted))
}

/// See [`fields::begin`].
#[inline(always)]
pub(crate) fn begin(window: &Window, at: u32) -> u32 {
    fields::begin(window, at, |w, state| sipfw_value_go(w, state))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_field_go(window: *const Window, at: u32, wanted: u32) -> u64 {
    // SAFETY: as above.
    opaque::forget(
        unsafe { window.as_ref() }.map_or(0, |window| fields::go(window, at, wanted, |w, at| sipfw_field_name(w, at))),
    )
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_field_name(window: *const Window, at: u32) -> u64 {
    // SAFETY: as above.
    opaque::forget(unsafe { window.as_ref() }.map_or(0, |window| fields::named(window, at)))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_value_go(window: *const Window, state: u64) -> u64 {
    // SAFETY: as above.
    opaque::forget(unsafe { window.as_ref() }.map_or(0, |window| fields::begin_go(window, state)))
}
