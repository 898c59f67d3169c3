//! The records that carry a policy into the kernel: constants of one generation of the program, and the entries of maps.
//!
//! Owns: their layout and meaning. Refuses: reading them from a config file (the daemon does), and lifetimes of maps.
mod tables;

use crate::addr::Addr;
use crate::copy::{Kind, Ring};
use crate::limiter::{HashKey, Limit};
use crate::sip::method::CLASS_SLOTS;

pub use tables::{PortTable, PrefixFilter, port};

/// The limits of one kind of source, by [`crate::sip::Class::slot`].
pub type Limits = [Limit; CLASS_SLOTS];

/// Set in [`Policy::flags`]: mode trunk, only peers may speak SIP.
pub const FLAG_TRUNK: u32 = 1;
/// Set in [`Policy::flags`]: media ports are guarded: what no call negotiated, and our side did not ask for, is dropped.
pub const FLAG_GUARDED: u32 = 2;
/// Set in [`Policy::flags`]: calls are followed, so responses that pass are copied too.
pub const FLAG_CALLS: u32 = 4;
/// Set in [`Policy::flags`]: while the daemon is gone, what our side sends media to is still learned.
pub const FLAG_LEARNS_ALONE: u32 = 8;
/// Set in [`Policy::flags`]: dialled numbers are looked at, in both directions.
pub const FLAG_NUMBERS: u32 = 16;
/// Set in [`Policy::flags`]: who is calling is looked at.
pub const FLAG_CALLERS: u32 = 32;
/// Set in [`Policy::flags`]: requests of strangers inside of dialogs are held against the dialogs' parties.
pub const FLAG_DIALOGS: u32 = 64;
/// Set in [`Policy::flags`]: connections that begin with a TLS version below 1.2 are dropped.
pub const FLAG_TLS12: u32 = 128;
/// Set in [`Policy::flags`]: some entry or ban covers all traffic, so packets for other ports are looked up too.
/// (The daemon and the command keep it in [`crate::maps::SWITCHES`], because it changes by the hour.)
pub const SWITCH_SCOPE_ALL: u32 = 0;
/// A switch: which kinds of [`Hold`] there are ([`HOLDS_SOURCES`], [`HOLDS_ACCOUNTS`]); without any nothing is looked up.
pub const SWITCH_HOLDS: u32 = 1;
/// A switch: the kernel's monotonic nanoseconds from which on responses of strangers are judged; 0: they are not,
/// because nobody notes whom our side calls.
pub const SWITCH_RESPONSES: u32 = 2;
/// A switch: the kernel's monotonic nanoseconds until which the daemon counts as alive; it renews it every second.
pub const SWITCH_DAEMON: u32 = 3;
/// A switch: what there is in the number map besides the lists ([`NUMBERS_BLOCKS`], [`NUMBERS_CODES`]); without any
/// nothing is looked up for it.
pub const SWITCH_NUMBERS: u32 = 4;
/// How many switches there are.
pub const SWITCHES: usize = 5;

/// Set in [`SWITCH_NUMBERS`]: some prefix is blocked for some source.
pub const NUMBERS_BLOCKS: u64 = 1;
/// Set in [`SWITCH_NUMBERS`]: there are call codes.
pub const NUMBERS_CODES: u64 = 2;

/// Set in [`SWITCH_HOLDS`]: some source is held as a whole.
pub const HOLDS_SOURCES: u64 = 1;
/// Set in [`SWITCH_HOLDS`]: some account is held.
pub const HOLDS_ACCOUNTS: u64 = 2;
/// Set in [`SWITCH_HOLDS`]: some account is blocked, whatever source it is tried from ([`HoldKey::ANYWHERE`]).
pub const HOLDS_DEVICES: u64 = 4;

/// Transports, as bits.
pub const UDP: u8 = 1;
/// SIP over TCP.
pub const TCP: u8 = 2;
/// SIP over TLS.
pub const TLS: u8 = 4;
/// Every transport.
pub const ALL_TRANSPORTS: u8 = UDP | TCP | TLS;

/// What is constant for one loaded generation of the program.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Reasons (as [`crate::reason::Reason::bit`]) that are judged and counted, but pass.
    pub monitor: u64,
    /// Keys of the strangers' array.
    pub hash_key: HashKey,
    /// What an IPv6 source is kept by.
    pub v6_mask: Addr,
    /// Limits of one stranger.
    pub stranger: Limits,
    /// Limits of one registrant.
    pub registrant: Limits,
    /// What all strangers together may send.
    pub total: Limit,
    /// What all known sources together may send.
    pub known_total: Limit,
    /// What one held source or account may send.
    pub hold: Limit,
    /// Nanoseconds for which a source that our side sent a request to may send responses.
    pub called_for: u64,
    /// Cells in a row of the strangers' array, less one.
    pub cells_mask: u32,
    /// `FLAG_…`.
    pub flags: u32,
    /// Bytes within which a start line must end.
    pub start_line_max: u32,
    /// Bytes of a message that are searched for signatures; 0: none.
    pub scan_max: u32,
    /// Transports that strangers may use.
    pub stranger_transports: u32,
    /// How many peers there are (ids 1..=peers).
    pub peers: u32,
    /// Bytes of payload that a copy carries at most.
    pub copy_max: u32,
    /// What strangers' and registrants' calls must be: [`MEDIA_SRTP_ONLY`] and its kin.
    pub media: u32,
    /// What a media line may be: [`crate::sdp::Accepted`]'s bits.
    pub accepted: u32,
    /// How many packets in a row must look plain before a stream counts as not encrypted.
    pub plain_packets: u32,
    /// What strangers and registrants may call: [`NUMBERS_OPEN`] and its kin.
    pub numbers: u32,
    /// What is asked of strangers' and registrants' callers: `CALLERS_…`.
    pub callers: u32,
}

/// In [`PeerRule::received`], [`PeerRule::sent`] and [`Policy::numbers`]: numbers are not looked at.
pub const NUMBERS_OFF: u8 = 0;
/// The same: all numbers but those that are denied.
pub const NUMBERS_OPEN: u8 = 1;
/// The same: only numbers that are allowed.
pub const NUMBERS_VALIDATED: u8 = 2;

/// In [`PeerRule::callers`] and [`Policy::callers`]: the lists of callers hold.
pub const CALLERS_LISTED: u8 = 1;
/// The same: only callers that a list allows.
pub const CALLERS_VALIDATED: u8 = 2;
/// The same: no anonymous callers.
pub const CALLERS_NAMED: u8 = 4;
/// The same: nobody who claims one of our own numbers or our own domain.
pub const CALLERS_NOT_OURS: u8 = 8;
/// The same: P-Asserted-Identity, Remote-Party-ID and Diversion are believed before From.
pub const CALLERS_ASSERTED: u8 = 16;

/// In [`PeerRule::media`] and [`Policy::media`]: no rule.
pub const MEDIA_OFF: u8 = 0;
/// In [`PeerRule::media`] and [`Policy::media`]: what is not SRTP is told, and passes.
pub const MEDIA_PREFER: u8 = 1;
/// In [`PeerRule::media`] and [`Policy::media`]: SRTP or nothing.
pub const MEDIA_SRTP_ONLY: u8 = 2;

impl Policy {
    /// No limits, mode open, nothing monitored: where tests begin.
    pub const OPEN: Self = Self {
        monitor: 0,
        hash_key: HashKey([0, 0]),
        v6_mask: Addr::mask(64),
        stranger: [Limit::NONE; CLASS_SLOTS],
        registrant: [Limit::NONE; CLASS_SLOTS],
        total: Limit::NONE,
        known_total: Limit::NONE,
        hold: Limit::new(1, 60_000_000_000, 1),
        called_for: 300_000_000_000,
        cells_mask: 0,
        flags: 0,
        start_line_max: 1024,
        scan_max: 2048,
        stranger_transports: ALL_TRANSPORTS as u32,
        peers: 0,
        copy_max: 4_096,
        media: MEDIA_OFF as u32,
        accepted: crate::sdp::Accepted::USUAL.bits(),
        plain_packets: 10,
        numbers: NUMBERS_OFF as u32,
        callers: 0,
    };
}

/// The place of the strangers' cell among the totals.
pub const STRANGERS_TOTAL: u32 = 0;
/// The place of the known sources' cell.
pub const KNOWN_TOTAL: u32 = 1;
/// How many totals there are.
pub const TOTALS: usize = 2;

/// The id of the peer that stands for the operator's allow entries.
pub const ALLOWED_PEER: u32 = 0;

/// A peer's rules, indexed by the peer's id.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerRule {
    /// Limits of the peer as a whole, by class.
    pub limits: Limits,
    /// Methods it may send, as [`crate::sip::Method::bit`].
    pub methods: u16,
    /// Transports it may use.
    pub transports: u8,
    /// What its calls must be: [`MEDIA_SRTP_ONLY`] and its kin.
    pub media: u8,
    /// What it may call: [`NUMBERS_OPEN`] and its kin.
    pub received: u8,
    /// What our side may call there.
    pub sent: u8,
    /// What is asked of its callers: `CALLERS_…`.
    pub callers: u8,
    /// Makes the size a multiple of the alignment without padding.
    pub reserved: u8,
    /// The number of its own list ([`crate::number::NumberKey::list`]); 0: it has none.
    pub list: u32,
    /// The same as `reserved`.
    pub unused: u32,
}

impl PeerRule {
    /// Everything allowed, nothing limited.
    pub const ANY: Self = Self {
        limits: [Limit::NONE; CLASS_SLOTS],
        methods: u16::MAX,
        transports: ALL_TRANSPORTS,
        media: MEDIA_OFF,
        received: NUMBERS_OFF,
        sent: NUMBERS_OFF,
        callers: 0,
        reserved: 0,
        list: 0,
        unused: 0,
    };
}

/// A time that never comes.
pub const NEVER_ENDS: u64 = u64::MAX;

/// What an entry does to the sources it covers.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None = 0,
    /// Lets them in like a peer without limits.
    Allow = 1,
    /// Drops what they send to SIP and media ports.
    Deny = 2,
    /// Drops everything they send.
    DenyAll = 3,
    /// A ban, of SIP and media ports.
    Ban = 4,
    /// A ban, of everything.
    BanAll = 5,
}

impl Action {
    /// The action of a number that crossed the kernel boundary; unknown numbers do nothing.
    #[inline(always)]
    pub const fn from_number(n: u32) -> Self {
        match n {
            1 => Self::Allow,
            2 => Self::Deny,
            3 => Self::DenyAll,
            4 => Self::Ban,
            5 => Self::BanAll,
            _ => Self::None,
        }
    }

    /// Whether it covers ports that are not protected.
    #[inline(always)]
    pub const fn covers_all(self) -> bool {
        matches!(self, Self::DenyAll | Self::BanAll)
    }
}

/// An action and its end.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Kernel monotonic nanoseconds; [`NEVER_ENDS`] for a permanent one, 0 for none.
    pub until: u64,
    /// [`Action`] as a number.
    pub action: u32,
    /// Id of the database's entry.
    pub id: u32,
}

impl Term {
    /// Nothing.
    pub const NONE: Self = Self { until: 0, action: 0, id: 0 };
}

/// What is known of one source or one prefix: an action, what follows when that ends, and how often it decided.
///
/// A trie finds only the longest prefix. So that an ended entry does not hide a wider one that still holds, `then`
/// carries the wider one's action.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Holds until it ends.
    pub first: Term,
    /// Holds from then on.
    pub then: Term,
    /// Packets it decided. Counted without locks: two CPUs at the same instant may count one.
    pub hits: u64,
}

impl Entry {
    /// The term in force at `now`.
    #[inline(always)]
    pub fn at(&self, now: impl Fn() -> u64) -> Option<Term> {
        if self.first.until == NEVER_ENDS {
            return Some(self.first);
        }
        let now = now();
        if now < self.first.until {
            Some(self.first)
        } else if now < self.then.until {
            Some(self.then)
        } else {
            None
        }
    }
}

/// A registrant: a stranger that proved itself; or a source that was one and is remembered.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registrant {
    /// Kernel monotonic nanoseconds at which the trust ends.
    pub until: u64,
    /// Kernel monotonic nanoseconds until which the source is remembered as known.
    pub known_until: u64,
    /// Rate cells by [`crate::sip::Class::slot`].
    pub cells: [u64; CLASS_SLOTS],
}

/// What is held: a source as a whole, or one account's requests from it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HoldKey {
    /// The source.
    pub source: Addr,
    /// [`crate::sip::account::hash`] of the account; [`Self::WHOLE`] for the whole source.
    pub account: u64,
}

impl HoldKey {
    /// In the place of an account: the whole source.
    pub const WHOLE: u64 = 0;
    /// In the place of a source: any. Such a hold lets nothing through.
    pub const ANYWHERE: Addr = Addr { hi: 0, lo: 0 };
}

/// A limit far below the usual one, for a while.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Kernel monotonic nanoseconds at which it ends.
    pub until: u64,
    /// The rate cell.
    pub cell: u64,
}

/// The key of a datagram in fragments (RFC 791 §3.2, RFC 8200 §4.5).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DatagramKey {
    /// Source.
    pub src: Addr,
    /// Destination.
    pub dst: Addr,
    /// Identification.
    pub id: u32,
    /// Transport protocol's number.
    pub protocol: u32,
}

/// What was decided of a datagram's first fragment.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatagramVerdict {
    /// Kernel monotonic nanoseconds after which the identification may belong to another datagram.
    pub until: u64,
    /// Bytes of the datagram that the first fragment held.
    pub end: u32,
    /// The id of the peer that sent it; 0 for none.
    pub peer: u32,
    /// Whether the datagram is dropped.
    pub dropped: u32,
    /// Where its fragments are copied to; 0: they are not. See [`DatagramVerdict::copied`].
    pub copied: u32,
}

impl DatagramVerdict {
    /// For [`DatagramVerdict::copied`]: the remote's kind and the ring.
    #[inline(always)]
    pub const fn copied(kind: Kind, ring: Ring) -> u32 {
        (kind as u32 + 1) | (ring as u32) << 8
    }

    /// The kind of a number that is not 0.
    #[inline(always)]
    pub const fn kind(copied: u32) -> Kind {
        Kind::from_number((copied & 0xff).wrapping_sub(1))
    }

    /// The ring of a number that is not 0.
    #[inline(always)]
    pub const fn ring(copied: u32) -> Ring {
        if copied >> 8 == Ring::Strangers as u32 { Ring::Strangers } else { Ring::Trusted }
    }
}

/// The time at a tick of the kernel's timer.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Ticks since the kernel started, from wherever it began to count.
    pub number: u64,
    /// Kernel monotonic nanoseconds.
    pub time: u64,
}

/// Packets and bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counter {
    /// Packets.
    pub packets: u64,
    /// Bytes, from the link-layer header on.
    pub bytes: u64,
}

/// What a peer's packets came to.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PeerCounter {
    /// Passed.
    pub passed: u64,
    /// Dropped.
    pub dropped: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_term_gives_way_to_the_next() {
        let e = Entry {
            first: Term { until: 10, action: Action::Allow as u32, id: 1 },
            then: Term { until: 20, action: Action::Deny as u32, id: 2 },
            hits: 0,
        };
        assert_eq!([5, 10, 19, 20].map(|now| e.at(|| now).map(|t| t.id)), [Some(1), Some(2), Some(2), None]);
    }
}
