//! What loops over a dialled number, each behind the boundary that [`super`] speaks of.
//!
//! Owns: the boundary. Refuses: knowing what is read (see [`firewall_common::number`]).
use firewall_common::number::{self, Scan};
use firewall_common::sip::Window;

use crate::opaque;

/// Reads the number that a request is for, or that a REFER refers to, whose headers begin at `headers`; whether it is for
/// what can be a number.
#[inline(always)]
pub(crate) fn read(window: &Window, scan: *mut Scan, headers: u32, refers: u32) -> bool {
    match opaque::forget(sipfw_number(window, scan, headers, refers)) {
        NOTHING => false,
        WHOLE => true,
        _ => sipfw_number_rest(window, scan) != 0,
    }
}

const NOTHING: u64 = 0;
const BEGUN: u64 = 1;
/// Most numbers are nothing but digits: the beginning is all of them.
const WHOLE: u64 = 2;

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number(window: *const Window, scan: *mut Scan, headers: u32, refers: u32) -> u64 {
    // SAFETY: the verifier lets only pointers to a whole window and a whole reading in, or null; nobody else has the reading.
    let (Some(window), Some(scan)) = (unsafe { window.as_ref() }, unsafe { scan.as_mut() }) else {
        return 0;
    };
    let place = opaque::forget(if refers != 0 { referred(window, headers) } else { requested(window) });
    let (at, in_brackets) = ((place >> 1) as u32, place & 1 != 0);
    if at == 0 || !scan.begin(window, at, in_brackets) {
        return NOTHING;
    }
    opaque::forget(if scan.is_finished() { WHOLE } else { BEGUN })
}

/// Apart from the beginning, because the kernel's stack is small.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number_rest(window: *const Window, scan: *mut Scan) -> u64 {
    // SAFETY: as above.
    let (Some(window), Some(scan)) = (unsafe { window.as_ref() }, unsafe { scan.as_mut() }) else {
        return 0;
    };
    scan.finish(|scan| _ = sipfw_number_go(window, scan));
    opaque::forget(1)
}

/// The length of the method whose Request-URI is looked at.
const INVITE: u32 = b"INVITE".len() as u32;

/// Where a URI begins, and in the lowest bit whether it is in brackets; 0 without one.
#[inline(always)]
fn requested(window: &Window) -> u64 {
    u64::from(number::request_uri(window, INVITE)) << 1
}

/// Reads the number in the URI at half of `place`, which is in brackets if the lowest bit is set. Without a URI there is none.
#[inline(always)]
pub(crate) fn read_at(window: &Window, scan: *mut Scan, place: u64) {
    if opaque::forget(sipfw_number_at(window, scan, place)) == BEGUN {
        sipfw_number_rest(window, scan);
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number_at(window: *const Window, scan: *mut Scan, place: u64) -> u64 {
    // SAFETY: as above.
    let (Some(window), Some(scan)) = (unsafe { window.as_ref() }, unsafe { scan.as_mut() }) else {
        return NOTHING;
    };
    let (at, in_brackets) = ((place >> 1) as u32, place & 1 != 0);
    if at == 0 || !scan.begin(window, at, in_brackets) {
        *scan = Scan::default();
        return NOTHING;
    }
    opaque::forget(if scan.is_finished() { WHOLE } else { BEGUN })
}

#[inline(always)]
fn referred(window: &Window, headers: u32) -> u64 {
    let value = number::refer_to(window, headers, |w, at| sipfw_refer_go(w, at));
    if opaque::forget(u64::from(value)) == 0 {
        return 0;
    }
    address(window, value)
}

/// Where the URI of a value begins that is an address, times two, and one more if it is in brackets; 0 without one.
#[inline(always)]
pub(crate) fn address(window: &Window, value: u32) -> u64 {
    let found = number::address(window, value, |w, state| sipfw_address_go(w, state));
    found.map_or(0, |(at, in_brackets)| u64::from(at) << 1 | u64::from(in_brackets))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_number_go(window: *const Window, scan: *mut Scan) -> u64 {
    // SAFETY: as above.
    if let (Some(window), Some(scan)) = unsafe { (window.as_ref(), scan.as_mut()) } {
        scan.go(window);
    }
    // The verifier wants a number of every such function.
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_refer_go(window: *const Window, at: u32) -> u64 {
    // SAFETY: as above.
    opaque::forget(unsafe { window.as_ref() }.map_or(0, |window| number::refer_go(window, at)))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_address_go(window: *const Window, state: u64) -> u64 {
    // SAFETY: as above.
    opaque::forget(unsafe { window.as_ref() }.map_or(0, |window| number::address_go(window, state)))
}
