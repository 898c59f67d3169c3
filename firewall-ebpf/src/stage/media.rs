//! Media ports while they are guarded: what a call has negotiated passes, and what comes from where our side sends media to.
//!
//! Owns: the flows, which ports they are at, and whom each port sends to. Refuses: opening and closing flows (the daemon
//! does), and knowing media (see [`firewall_common::media`]).
//!
//! A flow's packets come by one queue, and so by one CPU: what is noted of them is written plainly, and only who a flow is
//! locked to is decided atomically.
mod arrival;
mod flow;
mod learned;

use core::ops::ControlFlow::{Break, Continue};

use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use firewall_common::maps;
use firewall_common::media::{FLOWS_OF_PORT, Fit};
use firewall_common::packet::{self, Packet};
use firewall_common::policy::{FLAG_GUARDED, FLAG_LEARNS_ALONE, SWITCH_DAEMON};
use firewall_common::reason::Reason;
use firewall_common::verdict::{Flow, Verdict, stop};

use crate::cell;
use crate::constants::policy;
use crate::frame::Frame;
use crate::opaque;
use crate::switches;
use crate::trial::{Circumstances, Trial, is_monitored};
use arrival::Arrival;
use flow::Found;

#[map]
static PINHOLES: Array<[u32; FLOWS_OF_PORT]> = Array::with_max_entries(maps::MEDIA_PORTS, 0);

/// Whether media ports are guarded.
#[inline(always)]
pub(crate) fn are_guarded() -> bool {
    policy().flags & FLAG_GUARDED != 0
}

/// Objects to a packet for a guarded port at which nothing is open. Nothing is looked up of its source: whoever sprays all
/// ports meets most of them closed.
#[inline(always)]
pub(crate) fn judge_closed<C: Circumstances>(trial: &mut Trial<C>) -> Flow<()> {
    let port = u32::from(trial.dst_port);
    if has_flows(port) || learned::has_any(port) {
        return Continue(());
    }
    trial.object(Verdict::of(Reason::NoPinhole))
}

/// Judges a datagram for a guarded port.
#[inline(always)]
pub(crate) fn judge<C: Circumstances>(frame: &Frame, trial: &mut Trial<C>, packet: &Packet) -> Flow<Verdict> {
    let datagram = packet::udp(frame, packet)?;
    trial.payload_at = datagram.at;
    let Some(arrival) = Arrival::read(frame, trial, packet, datagram) else {
        return stop(Reason::NoPinhole);
    };
    let said = opaque::forget(sipfw_media(arrival));
    let noted = said as u8;
    if noted != 0 {
        trial.object(Verdict::of(reason(noted)))?;
    }
    Continue(Verdict::of(reason((said >> 8) as u8)))
}

#[inline(always)]
fn reason(number: u8) -> Reason {
    Reason::from_number(number).unwrap_or(Reason::NoPinhole)
}

/// Notes where our side sends a datagram to from a guarded port.
#[inline(always)]
pub(crate) fn sent<C: Circumstances>(trial: &Trial<C>, local: u16, remote: u16) {
    let now = trial.now();
    let may_be_new = policy().flags & FLAG_LEARNS_ALONE != 0 || switches::value(SWITCH_DAEMON) >= now;
    learned::sent(local, trial.src(), remote, now, may_be_new);
}

/// What becomes of a datagram: its reason's number, and in the lowest byte that of the first objection that is only
/// monitored. A function that the verifier follows once, whichever way led to it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_media(arrival: *const Arrival) -> u64 {
    // SAFETY: the verifier lets only a pointer to a whole record or null in.
    let Some(arrival) = (unsafe { arrival.as_ref() }) else {
        return (Reason::NoPinhole as u64) << 8;
    };
    let mut objections = Objections { noted: 0 };
    let (Break(verdict) | Continue(verdict)) = weigh(arrival, &mut objections);
    opaque::forget((verdict.reason as u64) << 8 | objections.noted)
}

/// What was noted instead of enforced; see [`Trial::object`].
struct Objections {
    noted: u64,
}

impl Objections {
    #[inline(always)]
    fn object(&mut self, reason: Reason) -> Flow<()> {
        if !is_monitored(reason) {
            return stop(reason);
        }
        if opaque::forget(self.noted) == 0 {
            self.noted = reason as u64;
        }
        self.noted = opaque::forget(self.noted);
        Continue(())
    }
}

#[inline(always)]
fn weigh(arrival: &Arrival, objections: &mut Objections) -> Flow<Verdict> {
    let Some(places) = PINHOLES.get(arrival.local_port) else {
        return learned::judge(arrival, objections);
    };
    // Nearly all packets.
    if let Some(flow) = flow::locked(arrival, places[0]) {
        return flow::judge(arrival, flow, Fit::Locked as u32, objections);
    }
    let found = find(arrival, places);
    let Some(flow) = flow::at(found.place) else {
        return unopened(arrival, found, objections);
    };
    if found.fit() != Fit::No as u32 {
        return flow::judge(arrival, flow, found.fit(), objections);
    }
    // What our side's own checks are answered comes from wherever they went, maybe to another address of the same call.
    if arrival.answers() && learned::knows(arrival) {
        return Continue(Verdict::of(Reason::Learned));
    }
    flow::count_mismatch(arrival, flow);
    objections.object(Reason::MediaSourceMismatch)?;
    Continue(Verdict::of(Reason::Pinhole))
}

/// No flow is about the port, or those that are have been silent for too long: what a call has opened learns nobody, or who
/// is silent for a minute could then send what he has not negotiated.
#[inline(always)]
fn unopened(arrival: &Arrival, found: Found, objections: &mut Objections) -> Flow<Verdict> {
    if found.silent == 0 {
        return learned::judge(arrival, objections);
    }
    objections.object(Reason::NoPinhole)?;
    Continue(Verdict::of(Reason::Pinhole))
}

/// The flow of this port that the sender fits best; with no fit the last that is about the port, if any is.
#[inline(always)]
fn find(arrival: &Arrival, places: &[u32; FLOWS_OF_PORT]) -> Found {
    let mut found = Found::NONE;
    for place in places {
        let place = opaque::forget(u64::from(*place)) as u32;
        if place == 0 || found.fit() == Fit::Locked as u32 {
            break;
        }
        found = flow::better(arrival, found, place);
    }
    found.forget()
}

/// Whether any flow is at a port.
#[inline(always)]
fn has_flows(port: u32) -> bool {
    PINHOLES.get(port).is_some_and(|places| places[0] != 0)
}

/// Adds to a flow's counter, which may lose what two CPUs add at once.
#[inline(always)]
fn add(counter: *mut u64, more: u64) {
    cell::store(counter, cell::load(counter).wrapping_add(more));
}
