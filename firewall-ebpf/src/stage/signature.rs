//! Scanners that say who they are.
//!
//! Owns: the objection to a signature in a request. Refuses: knowing signatures (the policy
//! has them), and finding header fields (see [`crate::scan`]).
use core::ops::ControlFlow::Continue;

use firewall_common::reason::Reason;
use firewall_common::sip::Window;
use firewall_common::sip::header_scan::Values;
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::scan;
use crate::trial::{Circumstances, Trial};

/// Whether there are signatures to look for.
#[inline(always)]
pub(crate) fn are_wanted() -> bool {
    policy().scan_max != 0
}

/// Looks at header values.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, payload: &Window, values: &Values) -> Flow<()> {
    if !are_wanted() {
        return Continue(());
    }
    match find(payload, values) {
        Some(id) => trial.object(Verdict { reason: Reason::Signature, detail: id }),
        None => Continue(()),
    }
}

#[inline(always)]
fn find(payload: &Window, values: &Values) -> Option<u32> {
    if values.user_agent != 0
        && let Some(id) = scan::user_agent(payload, values.user_agent)
    {
        return Some(id);
    }
    if values.from != 0 { scan::from(payload, values.from) } else { None }
}
