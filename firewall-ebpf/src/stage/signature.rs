//! Scanners that say who they are.
//!
//! Owns: the objection to a signature in a request. Refuses: knowing signatures (the policy
//! has them).
use core::ops::ControlFlow::Continue;

use firewall_common::reason::Reason;
use firewall_common::sip::{Window, header_scan};
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::{policy, signatures};
use crate::trial::{Circumstances, Trial};

/// Looks at the header fields from `headers` on.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, payload: &Window, headers: u32) -> Flow<()> {
    if policy().scan_max == 0 {
        return Continue(());
    }
    match find(payload, headers) {
        Some(id) => trial.object(Verdict { reason: Reason::Signature, detail: id }),
        None => Continue(()),
    }
}

#[inline(always)]
fn find(payload: &Window, headers: u32) -> Option<u32> {
    let values = header_scan::locate(payload, headers, policy().scan_max);
    if values.user_agent != 0
        && let Some(id) = signatures().user_agent(payload, values.user_agent)
    {
        return Some(id);
    }
    if values.from != 0 { signatures().from(payload, values.from) } else { None }
}
