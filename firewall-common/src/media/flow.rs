//! Whom a flow is for, and to whom it is locked.
//!
//! Owns: how well a sender fits a flow, and what a lock says. Refuses: changing a lock, which takes a compare-and-swap.
use super::record::{CODECS, Codec, FLOW_ICE, FLOW_REFUSED, Flow};
use crate::addr::Addr;
use crate::limiter::Limit;

/// Who sent a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The address.
    pub addr: Addr,
    /// The port.
    pub port: u16,
    /// [`super::remote_hash`] of both.
    pub hash: u64,
}

/// How well a sender fits a flow; the greater the better.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Not at all.
    No = 0,
    /// Nobody better has come: it is where the signalling comes from, or it has asked with the right USERNAME.
    Near = 1,
    /// It is the one of the session description.
    Exact = 2,
    /// The flow is locked to it.
    Locked = 3,
}

/// Why a flow is locked to who it is locked to.
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It has the signalling's address.
    Signalling = 1,
    /// It is the one of the session description.
    Exact = 2,
    /// It has asked with the right USERNAME.
    Checked = 3,
}

/// Nanoseconds of silence after which a lock holds nobody off any more.
pub(super) const LET_GO: u64 = 10_000_000_000;

/// A lock: the port and the why, which is never zero.
#[inline(always)]
pub const fn lock_word(how: How, port: u16) -> u64 {
    (how as u64) << 16 | port as u64
}

impl Flow {
    /// A closed flow without any notes, seen at `now`: a caller sets what the daemon says of it.
    pub const fn opening(now: u64) -> Self {
        Self {
            local: Addr::NONE,
            remote: Addr::NONE,
            signalling: Addr::NONE,
            call: 0,
            ice: 0,
            silence: 0,
            limit: Limit::NONE,
            codecs: [Codec { payload_type: 0, bytes: 0, units: 0, reserved: 0 }; CODECS],
            remote_port: 0,
            local_port: 0,
            flags: 0,
            seen: now,
            lock: 0,
            locked: Addr::NONE,
            checked: [0; 2],
            stream: [0; 2],
            cell: 0,
            packets: 0,
            bytes: 0,
            mismatches: 0,
            changes: 0,
            plain: 0,
        }
    }

    /// Whether it is about what comes to this address and port of ours.
    #[inline(always)]
    pub const fn is_about(&self, local: Addr, port: u16) -> bool {
        self.local_port == port && (is(self.local, Addr::NONE) || is(self.local, local))
    }

    /// Whether it has been silent for too long at `now`. What is refused stays so until the daemon says otherwise, since
    /// nothing passes that could keep it from silence.
    #[inline(always)]
    pub const fn is_silent(&self, now: u64) -> bool {
        self.flags & FLOW_REFUSED == 0 && now.saturating_sub(self.seen) > self.silence
    }

    /// Whether it is locked to this sender.
    #[inline(always)]
    pub const fn is_locked_to(&self, addr: Addr, port: u16) -> bool {
        self.lock != 0 && self.lock as u16 == port && is(self.locked, addr)
    }

    /// To whom it is locked.
    pub const fn locked_to(&self) -> Option<(Addr, u16)> {
        if self.lock == 0 { None } else { Some((self.locked, self.lock as u16)) }
    }

    /// Why a sender may be its other end, if it may, locks aside.
    #[inline(always)]
    pub const fn reason_for(&self, sender: &Sender) -> Option<How> {
        if self.flags & FLOW_ICE != 0 && (self.checked[0] == sender.hash || self.checked[1] == sender.hash) {
            return Some(How::Checked);
        }
        if is(sender.addr, self.remote) && sender.port == self.remote_port {
            return Some(How::Exact);
        }
        if is(sender.addr, self.signalling) && !is(sender.addr, Addr::NONE) { Some(How::Signalling) } else { None }
    }

    /// How well a sender fits that may be its other end for the reason `how`, and whose packet is bound to the lock (STUN is
    /// not: what it asks and answers goes before the choice of who sends).
    ///
    /// The first who fits has it. The one of the session description takes it from who only came from the signalling's
    /// address, and with ICE it goes to whoever was checked, since ICE nominates late (RFC 8445 §8.1.1). Who has sent nothing
    /// for [`LET_GO`] has lost it: a NAT may have given the phone another port.
    #[inline(always)]
    pub const fn fit(&self, how: Option<How>, bound: bool, now: u64) -> Fit {
        let Some(how) = how else { return Fit::No };
        let free = self.lock == 0 || !bound || now.saturating_sub(self.seen) > LET_GO;
        match how {
            How::Exact if free || self.lock >> 16 != How::Checked as u64 => Fit::Exact,
            How::Checked => Fit::Near,
            _ if free => Fit::Near,
            _ => Fit::No,
        }
    }
}

#[inline(always)]
const fn is(a: Addr, b: Addr) -> bool {
    a.hi == b.hi && a.lo == b.lo
}
