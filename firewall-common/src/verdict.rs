//! A packet's verdict and how stages pass it on.
//!
//! Owns: the verdict record and the control flow of stages. Refuses: deciding, and mapping to an XDP action (the
//! kernel's one exit does that).
use core::ops::ControlFlow;

use crate::reason::Reason;

/// What was decided and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The reason; it says whether the packet passes.
    pub reason: Reason,
    /// What decided, read by the reason: the id of an entry ([`Reason::Denied`], [`Reason::Banned`],
    /// [`Reason::Allowed`]; 0 for a ban that the database does not have yet), of a peer ([`Reason::Peer`],
    /// [`Reason::Method`]), of a signature ([`Reason::Signature`]); the place of a total ([`Reason::RateTotal`]); otherwise
    /// 0.
    pub detail: u32,
}

impl Verdict {
    /// A verdict that needs no detail.
    #[inline(always)]
    pub const fn of(reason: Reason) -> Self {
        Self { reason, detail: 0 }
    }
}

/// What a stage returns: go on with a value, or stop with a verdict.
pub type Flow<T> = ControlFlow<Verdict, T>;

/// Stops with `reason`.
#[inline(always)]
pub const fn stop<T>(reason: Reason) -> Flow<T> {
    ControlFlow::Break(Verdict::of(reason))
}

/// Stops with `reason` when there is no value.
#[inline(always)]
pub fn need<T>(value: Option<T>, reason: Reason) -> Flow<T> {
    match value {
        Some(value) => ControlFlow::Continue(value),
        None => stop(reason),
    }
}
