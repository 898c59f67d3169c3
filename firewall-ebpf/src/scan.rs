//! What loops over a payload, as functions that the verifier follows once, whoever calls them and however often.
//!
//! Owns: the boundary: a function with external linkage is verified by itself, for any arguments (kernel 5.6; pointers to
//! memory 5.12), and where it is called the verifier knows nothing of what it returns. Refuses: knowing what is scanned
//! (see [`firewall_common::sip`]).
use firewall_common::media;
use firewall_common::sip::header_scan::{self, Values};
use firewall_common::sip::{self, Message, Method, Window, account, signature, start_line};

use crate::constants::signatures;
use crate::opaque;

pub(crate) mod caller;
pub(crate) mod fields;
pub(crate) mod number;
pub(crate) mod sdp;

/// A request.
pub(crate) const REQUEST: u32 = 1;
/// A response.
pub(crate) const RESPONSE: u32 = 2;
/// A keep-alive, or a STUN binding request.
const KEEPALIVE: u32 = 3;

/// What a payload is, a request's method, and where the headers begin; nothing for what is not SIP.
#[inline(always)]
pub(crate) fn classify(window: &Window, start_line_max: u32) -> Option<[u32; 3]> {
    let packed = sipfw_classify(window, start_line_max);
    let kind = packed as u32 & 0xff;
    (opaque::forget(u64::from(kind)) != 0).then_some([kind, packed as u32 >> 8, (packed >> 32) as u32])
}

/// Whether the payload's start line, if it is one, goes on in the next fragment.
#[inline(always)]
pub(crate) fn is_unfinished(window: &Window, start_line_max: u32) -> bool {
    sipfw_unfinished(window, start_line_max) != 0
}

/// Where header values begin.
#[inline(always)]
pub(crate) fn locate(window: &Window, headers: u32, limit: u32) -> Values {
    let packed = sipfw_locate(window, headers, limit);
    Values { user_agent: packed as u32, from: (packed >> 32) as u32 }
}

/// The hash of the account in the From value at `from`; 0 for none.
#[inline(always)]
pub(crate) fn account(window: &Window, from: u32) -> u64 {
    sipfw_account(window, from)
}

/// The hash of the USERNAME of a STUN message; 0 for none.
#[inline(always)]
pub(crate) fn username(window: &Window) -> u64 {
    let found = opaque::forget(sipfw_username(window));
    if found == 0 { 0 } else { sipfw_username_hash(window, found as u32, (found >> 32) as u32) }
}

/// The id of the first signature in a User-Agent value.
#[inline(always)]
pub(crate) fn user_agent(window: &Window, at: u32) -> Option<u32> {
    (sipfw_signature(window, at, signature::USER_AGENT)).checked_sub(1).map(|id| id as u32)
}

/// The id of the first signature in a From value.
#[inline(always)]
pub(crate) fn from(window: &Window, at: u32) -> Option<u32> {
    (sipfw_signature(window, at, signature::FROM)).checked_sub(1).map(|id| id as u32)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_classify(window: *const Window, start_line_max: u32) -> u64 {
    // SAFETY: the verifier lets only a pointer to a whole window or null in.
    let found = unsafe { window.as_ref() }.and_then(|window| sip::classify(window, start_line_max));
    let (kind, method, headers) = match found {
        Some(Message::Request(method, headers)) => (REQUEST, method, headers),
        Some(Message::Response(headers)) => (RESPONSE, Method::Extension, headers),
        Some(Message::Keepalive | Message::Stun) => (KEEPALIVE, Method::Extension, 0),
        None => (0, Method::Extension, 0),
    };
    opaque::forget(u64::from(kind | (method as u32) << 8) | u64::from(headers) << 32)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_unfinished(window: *const Window, start_line_max: u32) -> u64 {
    // SAFETY: as above.
    let is = unsafe { window.as_ref() }.is_some_and(|window| start_line::is_unfinished(window, start_line_max));
    opaque::forget(u64::from(is))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_locate(window: *const Window, headers: u32, limit: u32) -> u64 {
    // SAFETY: as above.
    let Some(window) = (unsafe { window.as_ref() }) else {
        return 0;
    };
    let Values { user_agent, from } =
        header_scan::locate(window, headers, limit, |w, at, limit| sipfw_go(w, at, limit));
    u64::from(user_agent) | u64::from(from) << 32
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_go(window: *const Window, at: u32, limit: u32) -> u64 {
    // SAFETY: as above.
    let seen = unsafe { window.as_ref() }.map_or(0, |window| header_scan::go(window, at, limit));
    opaque::forget(seen)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_account(window: *const Window, from: u32) -> u64 {
    // SAFETY: as above.
    let found = unsafe { window.as_ref() }.and_then(|window| account::find(window, from));
    opaque::forget(found.unwrap_or(0))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_username(window: *const Window) -> u64 {
    // SAFETY: as above.
    let found = unsafe { window.as_ref() }.and_then(media::locate);
    opaque::forget(found.map_or(0, |(at, len)| u64::from(at) | u64::from(len) << 32))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_username_hash(window: *const Window, at: u32, len: u32) -> u64 {
    // SAFETY: as above.
    let hash = unsafe { window.as_ref() }.map_or(0, |window| media::hash(window, at, len));
    opaque::forget(hash)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_signature(window: *const Window, at: u32, place: u32) -> u64 {
    // SAFETY: as above.
    let found = unsafe { window.as_ref() }
        .and_then(|window| signatures().scan(window, at, place, |w, at, progress| sipfw_signature_go(w, at, progress)));
    opaque::forget(found.map_or(0, |id| u64::from(id) + 1))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_signature_go(window: *const Window, at: u32, progress: u64) -> u64 {
    // SAFETY: as above.
    let Some(window) = (unsafe { window.as_ref() }) else {
        return 0;
    };
    opaque::forget(signatures().go(window, at, progress, |hash| sipfw_signature_slots(hash)))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_signature_slots(hash: u64) -> u64 {
    opaque::forget(signatures().look_up(hash))
}
