//! Requests inside of dialogs, from strangers that are no party to them.
//!
//! Owns: who is party to which call. Refuses: following calls (the daemon does).
use aya_ebpf::macros::map;
use aya_ebpf::maps::HashMap;
use firewall_common::dialog::Parties;
use firewall_common::maps;

#[map]
static DIALOGS: HashMap<u64, Parties> = HashMap::with_max_entries(maps::DIALOGS_DEFAULT, 0);
