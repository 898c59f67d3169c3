//! Holds, as a table.
//!
//! Owns: its columns. Refuses: its order.
use comfy_table::Table;

use super::evidence;
use super::table;
use super::text::plain;
use super::time::{end, instant};
use crate::entries::prefix_text;
use crate::store::StoredHold;

/// Holds in their order.
pub(crate) fn table(holds: &[StoredHold], now: i64) -> Table {
    let mut table = table::table(&["SOURCE", "ACCOUNT", "HELD", "ENDS", "WHY"]);
    for hold in holds {
        table.add_row([
            prefix_text(hold.source),
            account(hold).unwrap_or_else(|| "(all)".to_owned()),
            instant(hold.created),
            end(Some(hold.until), now),
            evidence::hold_sentence_of(&hold.evidence, hold.account.is_none()),
        ]);
    }
    table
}

/// The account that is held; nothing for all of the source.
pub(crate) fn account(hold: &StoredHold) -> Option<String> {
    hold.account.as_ref().map(|bytes| plain(&String::from_utf8_lossy(bytes)))
}
