//! Names and capacities of the kernel's maps, once.
//!
//! Owns: the names by which the loader finds maps, their default sizes, and the budget of memory. Refuses: the maps
//! themselves (each is private to the kernel stage that queries it).

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        $($(#[doc = $doc])+ pub const $name: &str = stringify!($name);)+
    };
}

names! {
    /// Hash: source address → [`crate::policy::Entry`]: bans and deny entries of single sources.
    SOURCES;
    /// LPM trie: prefix → [`crate::policy::Entry`]: deny and allow entries.
    ENTRIES;
    /// Array of words: [`crate::entry_filter::EntryFilter`] of `SOURCES` and `ENTRIES`.
    ENTRY_FILTER;
    /// Array: switches that change by the hour ([`crate::policy::SWITCHES`]).
    SWITCHES;
    /// LPM trie: prefix → peer id. One generation's.
    PEER_PREFIXES;
    /// Array: peer id → [`crate::policy::PeerRule`]. One generation's.
    PEER_RULES;
    /// Array: peer id × class → rate cell. One generation's.
    PEER_CELLS;
    /// Per-CPU array: peer id → [`crate::policy::PeerCounter`]. One generation's.
    PEER_STATS;
    /// Hash: source address → [`crate::policy::Registrant`].
    REGISTRANTS;
    /// Array of rate cells: the strangers' two rows, one after the other.
    CELLS;
    /// Array of two rate cells: all strangers together, and all known sources together.
    TOTAL;
    /// Hash: [`crate::policy::HoldKey`] → [`crate::policy::Hold`].
    HOLDS;
    /// Array of times: two rows of when our side last sent a request to a source.
    CALLED;
    /// LPM trie: [`crate::number::NumberKey`] → [`crate::number::NumberRule`]: what may be called, and who may call.
    NUMBERS;
    /// Hash: keyed hash of a call code ([`crate::number`]) → bits of the classes that it opens.
    CODES;
    /// Array of cells: numbers that a code has opened lately, so that our side may call them.
    OPENED;
    /// Hash: keyed hash of a Call-ID → [`crate::dialog::Parties`].
    DIALOGS;
    /// Array: media port → the places of up to four flows in `FLOWS`, each plus one; a 0 ends them.
    PINHOLES;
    /// Array: [`crate::media::Flow`].
    FLOWS;
    /// Array: media port → [`crate::media::Learned`].
    LEARNED;
    /// Per-CPU array of one: what is known of the datagram for a media port under judgement.
    ARRIVAL;
    /// Array: the strangers' hash key, made at first load and kept across generations.
    HASH_KEY;
    /// LRU hash: datagram → [`crate::policy::DatagramVerdict`].
    FRAGMENTS;
    /// Per-CPU array: reason → [`crate::policy::Counter`], of what was enforced.
    STATS;
    /// Per-CPU array: reason → [`crate::policy::Counter`], of what would have been dropped.
    MONITORED;
    /// Ring buffer of [`crate::event::Event`].
    EVENTS;
    /// Array: reason → events that may still be sampled; the daemon fills it up.
    EVENT_CREDITS;
    /// Per-CPU array of one: events lost to a full ring.
    EVENTS_LOST;
    /// Ring buffer of [`crate::copy::CopyHead`]s with payload: what strangers send or provoke.
    COPIES_STRANGERS;
    /// Ring buffer of the same: of peers, allowed sources, registrants, and our own requests.
    COPIES_TRUSTED;
    /// Per-CPU array: ring → copies made.
    COPIES_MADE;
    /// Per-CPU array: ring → copies lost to a full ring.
    COPIES_LOST;
    /// Per-CPU array of one [`crate::sip::Window`] behind a [`crate::copy::CopyHead`], and what is kept of a packet meanwhile.
    DESK;
    /// Per-CPU array of one [`crate::policy::Tick`].
    CLOCK;
}

/// Maps that outlive a generation of the program, pinned once for an interface.
pub const STATE: &[&str] = &[
    SOURCES,
    ENTRIES,
    ENTRY_FILTER,
    SWITCHES,
    REGISTRANTS,
    CELLS,
    TOTAL,
    HOLDS,
    CALLED,
    NUMBERS,
    CODES,
    OPENED,
    DIALOGS,
    PINHOLES,
    FLOWS,
    LEARNED,
    HASH_KEY,
    FRAGMENTS,
    STATS,
    MONITORED,
    EVENTS,
    EVENT_CREDITS,
    EVENTS_LOST,
    COPIES_STRANGERS,
    COPIES_TRUSTED,
    COPIES_MADE,
    COPIES_LOST,
];

/// Maps that belong to one generation of the program and its policy.
pub const GENERATION: &[&str] = &[PEER_PREFIXES, PEER_RULES, PEER_CELLS, PEER_STATS];

/// Constants of a generation, set before it is loaded.
pub mod global {
    /// [`crate::policy::Policy`].
    pub const POLICY: &str = "POLICY";
    /// [`crate::policy::PortTable`].
    pub const PORTS: &str = "PORTS";
    /// [`crate::policy::PrefixFilter`] of the peers.
    pub const PEER_FILTER: &str = "PEER_FILTER";
    /// [`crate::sip::signature::Table`].
    pub const SIGNATURES: &str = "SIGNATURES";
    /// [`crate::number::Plan`].
    pub const NUMBER_PLAN: &str = "NUMBER_PLAN";
    /// [`crate::caller::OwnDomains`].
    pub const OWN_DOMAINS: &str = "OWN_DOMAINS";
    /// The level of aya-log's records: 0 for none, up to 5 for all.
    pub const LOG_LEVEL: &str = "AYA_LOG_LEVEL";
}

/// Programs of the object.
pub mod program {
    /// Judges live packets.
    pub const INGRESS: &str = "sip_ingress";
    /// The same for drivers that hand over large packets in several buffers.
    pub const INGRESS_FRAGS: &str = "sip_ingress_frags";
    /// Judges frames of BPF_PROG_TEST_RUN with a [`crate::event::Probe`] before them; never attached.
    pub const PROBE: &str = "sip_probe";
    /// Hears what our side sends.
    pub const EGRESS: &str = "sip_egress";
}

/// The version of the maps' layout; part of the path under which they are pinned. Grows with every change of a state
/// map's key, value or type.
pub const LAYOUT: u32 = 4;

/// Bans and denied single sources.
pub const SOURCES_DEFAULT: u32 = 131_072;
/// Deny and allow prefixes.
pub const ENTRIES_DEFAULT: u32 = 65_536;
/// Peer prefixes.
pub const PEER_PREFIXES_DEFAULT: u32 = 65_536;
/// Registrants.
pub const REGISTRANTS_DEFAULT: u32 = 32_768;
/// Cells in each of the strangers' two rows; a power of two.
pub const CELLS_DEFAULT: u32 = 1 << 18;
/// Held sources and accounts.
pub const HOLDS_DEFAULT: u32 = 32_768;
/// Cells in each of the two rows of sources that our side called; a power of two.
pub const CALLED_CELLS: u32 = 1 << 16;
/// Prefixes of numbers, of all lists.
pub const NUMBERS_DEFAULT: u32 = 131_072;
/// Call codes.
pub const CODES_DEFAULT: u32 = 1_024;
/// Cells of numbers that codes have opened; a power of two.
pub const OPENED_CELLS: u32 = 4_096;
/// Call-IDs whose parties are known.
pub const DIALOGS_DEFAULT: u32 = 16_384;
/// Flows of media.
pub const FLOWS_DEFAULT: u32 = 16_384;
/// Ports that can have pinholes: all there are.
pub const MEDIA_PORTS: u32 = 65_536;
/// Datagrams in fragments.
pub const FRAGMENTS_DEFAULT: u32 = 16_384;
/// Bytes of the event ring; a power of two.
pub const EVENTS_DEFAULT: u32 = 1 << 19;
/// Bytes of the ring of strangers' copies; a power of two.
pub const COPIES_STRANGERS_DEFAULT: u32 = 1 << 21;
/// Bytes of the ring of trusted copies; a power of two.
pub const COPIES_TRUSTED_DEFAULT: u32 = 1 << 22;
