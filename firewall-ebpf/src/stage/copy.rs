//! Which packets the daemon gets a copy of, of those that pass and of those that our side sends.
//!
//! Owns: that choice, and the head of a copy. Refuses: waiting for anybody: what a full ring has no room for is counted and
//! forgotten, and the packet goes on.
use firewall_common::copy::{CopyHead, FLAG_EGRESS, FLAG_FIN, FLAG_MORE_FRAGMENTS, FLAG_RST, FLAG_SYN, Kind, Ring};
use firewall_common::packet::{FIN, Packet, RST, SYN, tcp_numbers};
use firewall_common::policy::DatagramVerdict;
use firewall_common::sip::Method;

use crate::constants::policy;
use crate::desk::{self, Place};
use crate::frame::Carrier;
use crate::opaque;
use crate::stage::source::Who;
use crate::trial::{Circumstances, Trial};

/// Methods that are copied whoever sends them: those that make, change and end calls, and the one by which accounts are
/// guessed, so that a peer's guesses raise an alarm.
const OF_ANYONE: u16 = Method::Register.bit()
    | Method::Invite.bit()
    | Method::Ack.bit()
    | Method::Update.bit()
    | Method::Prack.bit()
    | Method::Bye.bit()
    | Method::Cancel.bit()
    | Method::Refer.bit();

/// Not zero if a datagram's request is copied.
#[inline(always)]
pub(crate) fn wants(who: &Who, method: Method) -> u32 {
    u32::from(!who.is_trusted() || method.bit() & OF_ANYONE != 0)
}

/// The copy's flags for those of a TCP header.
#[inline(always)]
pub(crate) fn tcp_flags(flags: u8) -> u32 {
    let of = |flag: u8, is: u16| if flags & flag != 0 { u32::from(is) } else { 0 };
    of(SYN, FLAG_SYN) | of(FIN, FLAG_FIN) | of(RST, FLAG_RST)
}

/// What is copied of a packet.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// Offset of the payload in the frame.
    pub(crate) at: u32,
    /// Its bytes.
    pub(crate) len: u32,
    /// How many of them are in the window, if there are so many.
    pub(crate) examined: u32,
    /// Not zero for TCP.
    pub(crate) stream: u32,
    /// `FLAG_…` of [`firewall_common::copy`].
    pub(crate) flags: u32,
}

impl Part {
    /// Everything behind the IP header.
    #[inline(always)]
    const fn whole(packet: &Packet, flags: u32) -> Self {
        Self { at: packet.at, len: packet.len, examined: 0, stream: 0, flags }
    }
}

/// Who is on the other side of a packet, and which ring its copy goes to.
#[derive(Clone, Copy)]
struct Remote {
    kind: Kind,
    peer: u32,
    ring: Ring,
}

/// Copies a packet that we received and that passes.
#[inline(always)]
pub(crate) fn received<C: Circumstances>(
    carrier: &impl Carrier,
    trial: &mut Trial<C>,
    packet: &Packet,
    who: &Who,
    part: Part,
) {
    if !trial.commits() {
        return;
    }
    let ring = who.kind().ring();
    first(carrier, trial, packet, who, ring, part);
}

/// Copies a packet that our side sends. A request of our own is no stranger's doing, whomever it is for.
#[inline(always)]
pub(crate) fn sent<C: Circumstances>(
    carrier: &impl Carrier,
    trial: &mut Trial<C>,
    packet: &Packet,
    who: &Who,
    own_request: bool,
    part: Part,
) {
    let ring = if own_request { Ring::Trusted } else { who.kind().ring() };
    let part = Part { flags: part.flags | u32::from(FLAG_EGRESS), ..part };
    first(carrier, trial, packet, who, ring, part);
}

/// A whole packet, or the first fragment of a datagram: of that everything behind the IP header is copied, as of the later
/// ones, so that they can be put together.
#[inline(always)]
fn first<C: Circumstances>(
    carrier: &impl Carrier,
    trial: &mut Trial<C>,
    packet: &Packet,
    who: &Who,
    ring: Ring,
    part: Part,
) {
    let kind = who.kind();
    let remote = Remote { kind, ring, peer: if kind == Kind::Peer { who.id } else { 0 } };
    trial.copied = opaque::forget(u64::from(DatagramVerdict::copied(kind, ring)));
    let fragmented = opaque::forget(u64::from(packet.part.fragmented)) != 0;
    let part = if fragmented { Part::whole(packet, part.flags & u32::from(FLAG_EGRESS)) } else { part };
    let numbers = if part.stream != 0 { tcp_numbers(carrier, packet).unwrap_or((0, 0)) } else { (0, 0) };
    hand_over(carrier, trial, packet, remote, part, numbers);
}

/// Copies a later fragment of a datagram whose first fragment was copied.
#[inline(always)]
pub(crate) fn later<C: Circumstances>(
    carrier: &impl Carrier,
    trial: &Trial<C>,
    packet: &Packet,
    first: &DatagramVerdict,
    flags: u16,
) {
    let copied = opaque::forget(u64::from(first.copied)) as u32;
    if copied == 0 || !trial.commits() {
        return;
    }
    let (kind, ring) = (DatagramVerdict::kind(copied), DatagramVerdict::ring(copied));
    let remote = Remote { kind, ring, peer: first.peer };
    hand_over(carrier, trial, packet, remote, Part::whole(packet, u32::from(flags)), (0, 0));
}

#[inline(always)]
fn hand_over<C: Circumstances>(
    carrier: &impl Carrier,
    trial: &Trial<C>,
    packet: &Packet,
    remote: Remote,
    part: Part,
    (seq, ack): (u32, u32),
) {
    let more = if packet.part.has_more() { FLAG_MORE_FRAGMENTS } else { 0 };
    let fragmented = packet.part.is_fragment();
    let most = policy().copy_max;
    let head = CopyHead {
        time: trial.now(),
        remote: trial.src(),
        local: trial.dst,
        len: if part.len > most { most } else { part.len },
        total: part.len,
        seq,
        fragment_id: if fragmented { packet.part.id } else { ack },
        fragment_offset: packet.part.offset,
        peer: remote.peer,
        remote_port: trial.src_port,
        local_port: trial.dst_port,
        flags: part.flags as u16 | more,
        protocol: trial.protocol,
        kind: remote.kind as u8,
    };
    desk::hand_over(carrier, Place { at: part.at, examined: part.examined }, remote.ring, head);
}
