//! Numbers in user space: what lists say of them, and which country they belong to.
//!
//! Owns: the lists of dialled numbers and of callers between the operator's words and the kernel's map: how prefixes are read
//! and written, which values a set of entries becomes, and looking numbers up as the kernel does. Refuses: keeping lists (the
//! store does) and touching maps (the data plane does); everything here is a function of its arguments.
mod codes;
mod compile;
mod csv;
mod diff;
mod judge;
mod judge_caller;
mod numbering;
mod record;
mod rules;
mod table;
mod text;
mod wanted;

pub use self::csv::{Row, read_csv};
pub use codes::{Codes, parse_code, random_code};
pub use compile::{NumberRules, compile};
pub(crate) use diff::is_block;
pub use diff::{NumberChanges, diff};
pub use judge::{Judged, Side, judge};
pub use judge_caller::{Caller, JudgedCaller, judge_caller};
pub use numbering::{countries, country, ready_made};
pub use record::{ListKind, NewNumber, NumberWord, StoredCode, StoredNumber, directions_word, parse_directions};
pub use rules::{Rule, own_list, rules};
pub use table::{Found, Listed, Numbers};
pub use text::{NumberError, number_text, parse_number};
pub use wanted::Wanted;
