//! The record of one packet that the slow path reads whole: a head, and behind it the payload's first bytes.
//!
//! Owns: the head's layout and its flags. Refuses: which packets are copied (the kernel's copy stage decides), and what
//! the payload means.
use crate::addr::Addr;
use crate::reason::Reason;

/// Set in [`CopyHead::flags`]: our side sent the packet; without it, our side received it.
pub const FLAG_EGRESS: u16 = 1;
/// Set in [`CopyHead::flags`]: a fragment, and more of its datagram follow.
pub const FLAG_MORE_FRAGMENTS: u16 = 2;
/// Set in [`CopyHead::flags`]: TCP's SYN (RFC 9293 §3.1).
pub const FLAG_SYN: u16 = 4;
/// Set in [`CopyHead::flags`]: TCP's FIN.
pub const FLAG_FIN: u16 = 8;
/// Set in [`CopyHead::flags`]: TCP's RST.
pub const FLAG_RST: u16 = 16;
/// Set in [`CopyHead::flags`]: the packet was dropped, a request whose sender waits for an answer. The flags' upper byte is
/// then the number of the reason: see [`refused_as`].
pub const FLAG_REFUSED: u16 = 32;

/// The flags of a copy of a packet that was dropped for this reason.
#[inline(always)]
pub const fn refused_as(reason: Reason) -> u16 {
    FLAG_REFUSED | (reason as u16) << 8
}

/// The most payload that a copy carries, in bytes; `slow_path.copy_max` may set less.
pub const COPY_MAX: u32 = 8_192;

/// What stands before the payload.
///
/// "Remote" is whoever is not our side: the source of what we receive, the destination of what we send.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyHead {
    /// Kernel monotonic nanoseconds.
    pub time: u64,
    /// The remote address.
    pub remote: Addr,
    /// Our address.
    pub local: Addr,
    /// Bytes of payload that follow the head.
    pub len: u32,
    /// Bytes of payload that the packet had.
    pub total: u32,
    /// TCP's sequence number of the first byte; 0 for UDP.
    pub seq: u32,
    /// The datagram's identification, for a fragment; otherwise TCP's acknowledgement number (see [`CopyHead::ack`]).
    pub fragment_id: u32,
    /// Offset in the datagram's IP payload, for a fragment. The first fragment's payload begins with the UDP header.
    pub fragment_offset: u32,
    /// The id of the remote peer; 0 for none.
    pub peer: u32,
    /// The remote port; 0 for a later fragment.
    pub remote_port: u16,
    /// Our port; 0 for a later fragment.
    pub local_port: u16,
    /// `FLAG_…`.
    pub flags: u16,
    /// Transport protocol's number.
    pub protocol: u8,
    /// What the remote is: [`Kind`] as a number.
    pub kind: u8,
}

/// A ring of copies. There are two, so that what strangers provoke never starves the others.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ring {
    /// What strangers and known sources send, and what is answered to them.
    Strangers = 0,
    /// What peers, allowed sources and registrants send, what is answered to them, and our own requests to anyone.
    Trusted = 1,
}

impl Ring {
    /// Both.
    pub const ALL: [Self; RINGS] = [Self::Strangers, Self::Trusted];
}

/// How many rings there are.
pub const RINGS: usize = 2;

/// What a source is to the policy.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A peer.
    Peer = 0,
    /// Covered by the operator's allow entry.
    Allowed = 1,
    /// A registrant.
    Registrant = 2,
    /// Anybody else.
    Stranger = 3,
    /// A stranger that was a registrant before.
    Known = 4,
}

impl Kind {
    /// The kind of a number that crossed the kernel boundary; unknown numbers are strangers.
    #[inline(always)]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Peer,
            1 => Self::Allowed,
            2 => Self::Registrant,
            4 => Self::Known,
            _ => Self::Stranger,
        }
    }

    /// The ring that copies of its requests go to, and of our responses to them.
    #[inline(always)]
    pub const fn ring(self) -> Ring {
        match self {
            Self::Peer | Self::Allowed | Self::Registrant => Ring::Trusted,
            Self::Stranger | Self::Known => Ring::Strangers,
        }
    }

    /// Whether the operator vouches for it. Such a source is never banned by the firewall itself.
    #[inline(always)]
    pub const fn is_trusted(self) -> bool {
        matches!(self, Self::Peer | Self::Allowed)
    }
}

impl CopyHead {
    /// TCP's acknowledgement number: that of the next byte which the sender expects. A segment without the ACK flag has 0.
    /// It stands where a fragment has its identification: segments in fragments are not followed.
    #[inline(always)]
    pub const fn ack(&self) -> u32 {
        self.fragment_id
    }

    /// Whether the packet is a fragment of its datagram.
    #[inline(always)]
    pub const fn is_fragment(&self) -> bool {
        self.flags & FLAG_MORE_FRAGMENTS != 0 || self.fragment_offset != 0
    }

    /// Whether our side sent the packet.
    #[inline(always)]
    pub const fn is_egress(&self) -> bool {
        self.flags & FLAG_EGRESS != 0
    }

    /// Why the packet was dropped, if it was.
    #[inline(always)]
    pub const fn refused(&self) -> Option<Reason> {
        if self.flags & FLAG_REFUSED != 0 { Reason::from_number((self.flags >> 8) as u8) } else { None }
    }

    /// Splits a record of the ring into its head and its payload; `None` for a record that contradicts itself.
    pub fn split(record: &[u8]) -> Option<(Self, &[u8])> {
        let head = Self::from_bytes(record)?;
        let payload = record.get(size_of::<Self>()..)?.get(..head.len as usize)?;
        Some((head, payload))
    }
}
