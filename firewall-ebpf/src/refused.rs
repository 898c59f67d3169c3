//! Requests that are dropped while somebody waits for an answer to them: they are copied with a mark first, so that the
//! daemon answers, and stopped then.
//!
//! Owns: what is carried from the objection to the end. Refuses: objecting (stages do), and answering.
use core::ops::ControlFlow::{Break, Continue};

use firewall_common::copy::refused_as;
use firewall_common::policy::{FLAG_CALLERS, FLAG_CALLS, FLAG_NUMBERS};
use firewall_common::reason::Reason;
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::opaque;
use crate::trial::{Circumstances, Trial, is_monitored};

/// A copy's flags in the lower half, of which [`refused_as`] has the reason, and the verdict's detail in the upper one. 0: it
/// is not refused.
#[derive(Clone, Copy)]
pub(crate) struct Refused(u64);

impl Refused {
    /// It is not.
    pub(crate) const NOT: Self = Self(0);

    /// The same, of which the verifier knows nothing any more.
    #[inline(always)]
    pub(crate) fn forget(self) -> Self {
        Self(opaque::forget(self.0))
    }

    /// Whether there is nothing against it. Of a copy, so that nobody learns it for later.
    #[inline(always)]
    pub(crate) fn is_not(self) -> bool {
        opaque::forget(self.0) == 0
    }

    /// The flags of its copy.
    #[inline(always)]
    pub(crate) fn flags(self) -> u32 {
        self.0 as u32
    }

    /// Stops it.
    #[inline(always)]
    pub(crate) fn enforce(self) -> Flow<()> {
        if policy().flags & (FLAG_CALLS | FLAG_NUMBERS | FLAG_CALLERS) == 0 || self.is_not() {
            return Continue(());
        }
        match Reason::from_number(opaque::forget(self.0 >> 8) as u8) {
            Some(reason) => Break(Verdict { reason, detail: opaque::forget(self.0 >> 32) as u32 }),
            None => Continue(()),
        }
    }
}

/// Refuses a packet for a reason that is enforced; where that is only monitored, notes it and goes on.
#[inline(always)]
pub(crate) fn refuse<C: Circumstances>(trial: &mut Trial<C>, verdict: Verdict) -> Flow<Refused> {
    if is_monitored(verdict.reason) {
        return trial.object(verdict).map_continue(|()| Refused::NOT);
    }
    Continue(Refused(u64::from(refused_as(verdict.reason)) | u64::from(verdict.detail) << 32))
}
