//! What loops over a session description, each behind the boundary that [`super`] speaks of.
//!
//! Owns: the boundary. Refuses: knowing what is read (see [`firewall_common::sdp`]).
use firewall_common::addr::Addr;
use firewall_common::sdp::{self, Reading, Summary};
use firewall_common::sip::Window;

use crate::constants::policy;
use crate::opaque;

/// What the session descriptions of a message can lead to whose headers begin at `headers`, and of whose `total` bytes the
/// window holds the first.
#[inline(always)]
pub(crate) fn summarize(window: &Window, headers: u32, total: u32) -> Summary {
    Summary::new(sipfw_sdp(window, headers, total) as u32)
}

/// Whether the message carries the tag of a refusal to `source`.
#[inline(always)]
pub(crate) fn has_refusal_tag(window: &Window, headers: u32, source: Addr) -> bool {
    sipfw_sdp_tag(window, headers, source.hi, source.lo) != 0
}

/// Reading by functions that the verifier follows once.
struct Bounded;

impl Reading for Bounded {
    #[inline(always)]
    fn next(&self, w: &Window, from: u32, limit: u32, wanted: u32) -> u64 {
        sipfw_sdp_next(w, from, limit, wanted)
    }

    #[inline(always)]
    fn line(&self, w: &Window, found: u64, body: u64) -> u64 {
        sipfw_sdp_line(w, found, body)
    }
}

/// Functions with external linkage over a window: the verifier lets only a pointer to a whole window or null in, and knows
/// nothing of what comes out.
macro_rules! bounded {
    ($(fn $name:ident($window:ident $(, $argument:ident: $kind:ty)*) = $body:expr;)+) => {$(
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $name($window: *const Window $(, $argument: $kind)*) -> u64 {
            // SAFETY: as just said.
            let Some($window) = (unsafe { $window.as_ref() }) else {
                return 0;
            };
            opaque::forget($body)
        }
    )+};
}

bounded! {
    fn sipfw_sdp(window, headers: u32, total: u32)
        = u64::from(sdp::summarize(&Bounded, window, headers, total).bits());
    fn sipfw_sdp_next(window, from: u32, limit: u32, wanted: u32) = sdp::next_line(window, from, limit, wanted);
    fn sipfw_sdp_line(window, found: u64, body: u64) = sdp::read_line(window, found, body);
    fn sipfw_sdp_tag(window, headers: u32, hi: u64, lo: u64)
        = u64::from(sdp::is_in(window, headers, sdp::words(sdp::refusal_tag(Addr { hi, lo }, policy().hash_key))));
}
