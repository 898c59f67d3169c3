//! Which transports, versions of TLS and methods a source may use.
//!
//! Owns: these checks. Refuses: rates, and what is in a message.
use core::ops::ControlFlow::Continue;

use firewall_common::copy::Kind;
use firewall_common::packet::{Bytes as _, TcpSegment};
use firewall_common::policy::FLAG_TLS12;
use firewall_common::reason::Reason;
use firewall_common::sip::Method;
use firewall_common::tls;
use firewall_common::verdict::{Flow, Verdict};

use crate::constants::policy;
use crate::frame::Frame;
use crate::stage::source::{self, Who};
use crate::trial::{Circumstances, Trial};

/// The class bits of SIP ports are the transports' bits.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(trial: &mut Trial<C>, who: &Who, class: u8) -> Flow<()> {
    let may = match who.kind() {
        Kind::Peer => source::rule(who.id).map_or(0, |rule| rule.transports),
        Kind::Allowed => return Continue(()),
        Kind::Registrant | Kind::Stranger | Kind::Known => policy().stranger_transports as u8,
    };
    if may & class == 0 {
        return trial.object(Verdict::of(Reason::Transport));
    }
    Continue(())
}

/// Objects to a segment of TLS that begins a connection by an old version. Of any other one byte is looked at.
#[inline(always)]
pub(crate) fn judge_tls<C: Circumstances>(frame: &Frame, trial: &mut Trial<C>, segment: &TcpSegment) -> Flow<()> {
    if policy().flags & FLAG_TLS12 == 0 || segment.len < tls::LOOKED_AT as u32 {
        return Continue(());
    }
    match frame.read::<{ tls::LOOKED_AT }>(segment.at) {
        Some(bytes @ [first, ..]) if tls::may_be_hello(first) && tls::is_outdated(bytes, segment.len) => {
            trial.object(Verdict::of(Reason::TlsVersion))
        }
        _ => Continue(()),
    }
}

/// Peers may be held to some methods.
#[inline(always)]
pub(crate) fn judge_method<C: Circumstances>(trial: &mut Trial<C>, who: &Who, method: Method) -> Flow<()> {
    if who.kind() == Kind::Peer && source::rule(who.id).is_none_or(|rule| rule.methods & method.bit() == 0) {
        return trial.object(Verdict { reason: Reason::Method, detail: who.id });
    }
    Continue(())
}
