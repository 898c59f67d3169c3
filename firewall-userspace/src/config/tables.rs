//! The small tables of a config file.
//!
//! Owns: strangers, registrants, what is read of a message, events, capacities, paths, and their defaults. Refuses: what
//! is more than a few keys (that has a file of its own).
use firewall_common::maps;
use firewall_common::sip::start_line::START_LINE_MAX;
use firewall_common::sip::window::EXAMINED;

use super::limits::Limits;
use super::name::Directory;
use super::number::{Number, PowerOfTwo};
use super::rate::Rate;
use super::section::section;
use super::word::{Set, Transport};

/// A map's size.
pub type Capacity = Number<1, 16_777_216>;

section! {
    /// Sources that are no peer and have not registered.
    Strangers {
        /// What they may use. ["tls"] keeps out all who speak UDP or TCP in the clear.
        pub transports: Set<Transport> = Set::all();
        /// How many bits of an IPv6 address make a source. A host owns at least a /64 and can use any address in it.
        pub v6_prefix: Number<32, 128> = Number::of(64);
        /// What all strangers together may send, as a rate like those below.
        pub total: Rate = Limits::TOTAL;
        /// How much one stranger may send of each class. A rate is "COUNT/TIME burst N": N at once, and after that one
        /// every TIME ÷ COUNT. TIME is s, min, h or d, or several of them, as in "50/10s". Without "burst N", N is COUNT
        /// (but at least 2). "none" sets no limit. docs/limits.md says why these.
        pub limits: Limits = Limits::STRANGER;
    }
}

section! {
    /// Strangers that proved themselves: their REGISTER was answered 200, and has not expired.
    Registrants {
        /// How much one registrant may send of each class. These let an office of 2,000 phones behind one address
        /// register anew within a minute.
        pub limits: Limits = Limits::REGISTRANT;
    }
}

section! {
    /// How much of a message is read.
    Sip {
        /// Bytes within which a start line must end; a longer one is not SIP.
        pub start_line_max: Number<64, START_LINE_MAX> = Number::of(1_024);
        /// Bytes of a message that are searched for signatures and accounts; 0 turns the search for signatures off.
        pub scan_max: Number<0, EXAMINED> = Number::of(EXAMINED);
    }
}

section! {
    /// Samples of dropped packets.
    Events {
        /// How many a second are kept for each reason; 0 turns sampling off.
        pub per_second: Number<0, 100_000> = Number::of(100);
    }
}

section! {
    /// How much the kernel's maps hold. Their memory is taken when the firewall is loaded, and does not grow.
    Capacities {
        /// Bans, and deny entries of single addresses.
        pub bans: Capacity = Number::of(maps::SOURCES_DEFAULT);
        /// Deny and allow entries of prefixes.
        pub entries: Capacity = Number::of(maps::ENTRIES_DEFAULT);
        /// Prefixes of all peers together.
        pub peer_prefixes: Capacity = Number::of(maps::PEER_PREFIXES_DEFAULT);
        /// Registrants, and sources that were registrants lately.
        pub registrants: Capacity = Number::of(maps::REGISTRANTS_DEFAULT);
        /// Sources and accounts that are held to a trickle.
        pub holds: Capacity = Number::of(maps::HOLDS_DEFAULT);
        /// Prefixes of dialled numbers and of callers, of all lists, and those that are blocked for a source.
        pub numbers: Capacity = Number::of(maps::NUMBERS_DEFAULT);
        /// Flows of media that calls have negotiated. A call takes four as a rule: RTP and RTCP, on each of two sides.
        pub pinholes: Capacity = Number::of(maps::FLOWS_DEFAULT);
        /// Rate cells in each of the strangers' two rows; a power of two. Strangers share cells when there are more of
        /// them than this.
        pub cells: PowerOfTwo<1_024, 16_777_216> = PowerOfTwo::of(maps::CELLS_DEFAULT);
        /// Datagrams of which fragments are awaited.
        pub fragments: Capacity = Number::of(maps::FRAGMENTS_DEFAULT);
    }
}

section! {
    /// Directories.
    Paths {
        /// What must survive a reboot: entries and bans.
        pub state: Directory = Directory::of("/var/lib/sipfw");
        /// What need not: the daemon's socket and lock.
        pub run: Directory = Directory::of("/run/sipfw");
        /// Where maps, programs and links are pinned; on a BPF file system.
        pub bpf: Directory = Directory::of("/sys/fs/bpf/sipfw");
    }
}
