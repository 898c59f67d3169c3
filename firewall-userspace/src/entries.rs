//! Entries between the operator's words and the kernel's maps: allow and deny entries, and bans.
//!
//! Owns: the records of entries, how prefixes and lists of them are read and written as text, what is worth a warning
//! before an entry is added, and which map values a set of entries becomes. Refuses: keeping them (the store does) and
//! touching maps (the data plane does); everything here is a function of its arguments.
//!
//! Which entry decides about an address, in words: of the entries in force that cover it the most specific one does,
//! with three rules for bans, since they are the firewall's own doing and the operator's word goes first. A ban inside
//! an allow entry in force does not hold. A ban that touches a peer is left out. A ban never narrows what the operator
//! denied: where a deny entry for all traffic covers a ban for SIP only, the deny entry decides. Block lists come last:
//! what they name is denied where no entry and no ban in force says anything, and never where it touches a peer. So an
//! allow entry always wins over a list, however wide it is.
mod compile;
mod diff;
mod list;
mod pending;
mod prefix;
mod prefix_map;
mod record;
mod special;
mod timeline;
mod warn;

#[cfg(test)]
mod model;

pub(crate) use compile::may_ban;
pub use compile::{KernelEntries, compile, is_source, source_prefix};
pub use diff::{Changes, MapChanges, diff};
pub use list::{LineError, ListedPrefix, parse_list};
pub use pending::{Held, PENDING, Placement, Rest, Which, pending, place, without_bans};
pub use prefix::{PrefixError, TooWide, check_width, covers, is_v4, parse_prefix, prefix_text};
pub use prefix_map::PrefixMap;
pub(crate) use record::as_text;
pub use record::{InForce, Kind, ListEntry, NewEntry, Origin, Scope, StoredEntry, list_id, list_row};
pub use special::special;
pub use warn::{NamedPrefix, Warning, warnings};
