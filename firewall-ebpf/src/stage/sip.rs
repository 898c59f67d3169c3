//! Is it SIP?
//!
//! Owns: the objection to what is not. Refuses: knowing SIP (see [`firewall_common::sip`]).
use firewall_common::reason::Reason;
use firewall_common::sip::{Class, Method, Window};
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::opaque;
use crate::scan;
use crate::trial::{Circumstances, Trial};

/// What a payload is, in numbers that are read anew at each use; see [`crate::stage::source::Who::kind`].
#[derive(Clone, Copy)]
pub(crate) struct Said {
    /// [`scan::REQUEST`] and its kin.
    kind: u32,
    method: u32,
    headers: u32,
}

impl Said {
    /// A request's method and where its headers begin.
    #[inline(always)]
    pub(crate) fn request(&self) -> Option<(Method, u32)> {
        (opaque::forget(u64::from(self.kind)) as u32 == scan::REQUEST)
            .then(|| (Method::from_number(opaque::forget(u64::from(self.method)) as u32), self.headers))
    }

    /// Whether it is a response.
    #[inline(always)]
    pub(crate) fn is_response(&self) -> bool {
        opaque::forget(u64::from(self.kind)) as u32 == scan::RESPONSE
    }

    /// The class whose limit it counts against.
    #[inline(always)]
    pub(crate) fn class(&self) -> Class {
        match (self.request(), opaque::forget(u64::from(self.kind)) as u32) {
            (Some((method, _)), _) => method.class(),
            (None, scan::RESPONSE) => Class::Response,
            (None, _) => Class::Keepalive,
        }
    }
}

/// What a payload begins with, if it is SIP.
#[inline(always)]
pub(crate) fn classify(payload: &Window) -> Option<Said> {
    let [kind, method, headers] = scan::classify(payload, policy().start_line_max)?;
    Some(Said { kind, method, headers })
}

/// Objects to a datagram that is no SIP, or that is the first fragment of one whose start line goes on in the next.
#[inline(always)]
pub(crate) fn object<C: Circumstances>(trial: &mut Trial<C>, payload: &Window, fragmented: bool) -> Flow<()> {
    let tiny = fragmented && scan::is_unfinished(payload, policy().start_line_max);
    trial.object(Verdict::of(if tiny { Reason::FragmentTiny } else { Reason::NotSip }))
}
