//! Dialled numbers: what may be called, in both directions.
//!
//! Owns: the lists, the codes, and what codes have opened. Refuses: making them (the daemon and the command do), and reading
//! numbers (see [`firewall_common::number`]).
use aya_ebpf::macros::map;
use aya_ebpf::maps::lpm_trie::LpmTrie;
use aya_ebpf::maps::{Array, HashMap};
use firewall_common::maps;
use firewall_common::number::{NumberKey, NumberRule};

/// Without memory for prefixes that are not there.
const NO_PREALLOC: u32 = 1;

#[map]
static NUMBERS: LpmTrie<NumberKey, NumberRule> = LpmTrie::with_max_entries(maps::NUMBERS_DEFAULT, NO_PREALLOC);
#[map]
static CODES: HashMap<u64, u64> = HashMap::with_max_entries(maps::CODES_DEFAULT, 0);
#[map]
static OPENED: Array<[u64; 2]> = Array::with_max_entries(maps::OPENED_CELLS, 0);
