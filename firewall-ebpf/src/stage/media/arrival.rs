//! What is asked of a datagram for a media port, read once.
//!
//! Owns: reading it, in place but for the one thing that takes a search. Refuses: judging it.
use aya_ebpf::bindings::xdp_md;
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuArray;
use aya_ebpf::programs::XdpContext;
use firewall_common::addr::Addr;
use firewall_common::media::{Kind, Rtp, Sender, StunClass, remote_hash};
use firewall_common::packet::{Bytes as _, Packet, UdpDatagram};

use super::has_flows;
use crate::constants::policy;
use crate::desk;
use crate::frame::Frame;
use crate::opaque;
use crate::scan;
use crate::trial::{Circumstances, Trial};

/// No UDP payload begins behind this; see [`crate::pipeline`].
const AT_MAX: u64 = 0x7fff;

/// Each CPU's memory for one: there is no room on the stack, which a program shares with the functions that it calls.
#[map]
static ARRIVAL: PerCpuArray<Arrival> = PerCpuArray::with_max_entries(1, 0);

/// A datagram for a guarded port: integers only and no padding.
#[repr(C)]
pub(super) struct Arrival {
    pub(super) src: Addr,
    pub(super) dst: Addr,
    pub(super) now: u64,
    /// Bytes of the frame.
    pub(super) bytes: u64,
    pub(super) remote_port: u32,
    pub(super) local_port: u32,
    /// Where the payload stands in the frame, and its length.
    at: u32,
    len: u32,
    /// Not zero if the datagram goes on in other fragments.
    fragmented: u32,
    /// Not zero if the judgement has consequences.
    commits: u32,
    /// [`Kind::bit`]. What follows is only of this packet where it is of this kind.
    pub(super) kind: u32,
    /// Not zero for a response of STUN.
    response: u32,
    pub(super) rtp: Rtp,
    /// Of the USERNAME of a STUN request; 0: none.
    username: u64,
}

impl Arrival {
    /// Reads a datagram into this CPU's memory.
    #[inline(always)]
    pub(super) fn read<C: Circumstances>(
        frame: &Frame,
        trial: &Trial<C>,
        packet: &Packet,
        datagram: UdpDatagram,
    ) -> Option<&'static Self> {
        let arrival = ARRIVAL.get_ptr_mut(0)?;
        // SAFETY: the pointer is to this CPU's value, which no other program of this CPU uses meanwhile.
        let arrival = unsafe { &mut *arrival };
        (arrival.src, arrival.dst) = (trial.src, trial.dst);
        (arrival.now, arrival.bytes) = (trial.now(), u64::from(frame.total()));
        (arrival.remote_port, arrival.local_port) = (u32::from(trial.src_port), u32::from(trial.dst_port));
        (arrival.at, arrival.len, arrival.fragmented) = (datagram.at, datagram.len, packet.part.fragmented);
        arrival.commits = u32::from(trial.commits());
        sipfw_read(frame.context().ctx, arrival);
        Some(arrival)
    }

    /// Whether the judgement has consequences.
    #[inline(always)]
    pub(super) fn commits(&self) -> bool {
        opaque::forget(u64::from(self.commits)) != 0
    }

    /// [`remote_hash`] of who sent it.
    #[inline(always)]
    pub(super) fn hash(&self) -> u64 {
        remote_hash(self.src, self.remote_port as u16, policy().hash_key)
    }

    /// Who sent it.
    #[inline(always)]
    pub(super) fn sender(&self) -> Sender {
        Sender { addr: self.src, port: self.remote_port as u16, hash: self.hash() }
    }

    /// Whether it is STUN.
    #[inline(always)]
    pub(super) fn is_stun(&self) -> bool {
        opaque::forget(u64::from(self.kind)) as u32 == Kind::Stun.bit()
    }

    /// Whether it is STUN's answer to a request.
    #[inline(always)]
    pub(super) fn answers(&self) -> bool {
        self.is_stun() && self.response != 0
    }

    /// Whether it is a request of ICE with this USERNAME ([`firewall_common::media::username_hash`]).
    #[inline(always)]
    pub(super) fn asks(&self, username: u64) -> bool {
        self.is_stun() && self.username != 0 && self.username == username
    }
}

/// Reads what the datagram says. A function that the verifier follows once, whichever way led to it.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn sipfw_read(ctx: *mut xdp_md, arrival: *mut Arrival) -> u64 {
    // SAFETY: the verifier lets only a pointer to a whole record or null in.
    let Some(arrival) = (unsafe { arrival.as_mut() }) else {
        return 0;
    };
    let xdp = XdpContext::new(ctx);
    let frame = Frame::linear(&xdp);
    let (at, len) = ((opaque::forget(u64::from(arrival.at)) & AT_MAX) as u32, arrival.len);
    let head = frame.word(at).unwrap_or(0);
    let mut kind = Kind::of(head, len);
    match kind {
        Kind::Rtp => match Rtp::read(&frame, at, len) {
            // The length of a first fragment tells nothing.
            Some(rtp) => arrival.rtp = Rtp { vague: rtp.vague | arrival.fragmented, ..rtp },
            // Its header goes on behind its end.
            None => kind = Kind::Other,
        },
        Kind::Stun => {
            let class = StunClass::of(head as u8, (head >> 8) as u8);
            let asked = class == StunClass::Request && has_flows(arrival.local_port);
            arrival.response = u32::from(class == StunClass::Response);
            arrival.username = if asked { username(&frame, at, len) } else { 0 };
        }
        Kind::Dtls | Kind::Rtcp | Kind::Other => {}
    }
    arrival.kind = kind.bit();
    opaque::forget(0)
}

/// The hash of the USERNAME of a STUN message; 0 for none. It takes a search, so only a request to a port with flows is
/// searched.
#[inline(always)]
fn username(frame: &Frame, at: u32, len: u32) -> u64 {
    desk::payload(frame, at, len).map_or(0, scan::username)
}
