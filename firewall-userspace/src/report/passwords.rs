//! Accounts that were audited, told to people.
//!
//! Owns: their table. Refuses: passwords, of which nothing is known here.
use comfy_table::Table;

use super::table;
use super::text::{plain, shorten};
use super::time::instant;
use crate::store::AuditedAccount;

/// The widest that an account is shown.
const WIDEST: usize = 40;

/// Accounts in their order.
pub(crate) fn table(accounts: &[AuditedAccount]) -> Table {
    let mut table = table::table(&["ACCOUNT", "PASSWORD", "SINCE", "AUDITED", "ALSO"]);
    for account in accounts {
        table.add_row([
            shorten(&plain(&account.account), WIDEST),
            if account.weak.is_some() { "weak" } else { "not guessed" }.to_owned(),
            account.weak.map_or_else(|| "-".to_owned(), instant),
            if account.audited == 0 { "not yet".to_owned() } else { instant(account.audited) },
            signs(account),
        ]);
    }
    table
}

/// What else is wrong: `MD5 only, nonces used again, in the clear`.
fn signs(account: &AuditedAccount) -> String {
    let signs =
        [(account.md5_only, "MD5 only"), (account.nonce_reused, "nonces used again"), (account.clear, "in the clear")];
    let told: Vec<&str> = signs.into_iter().filter(|(is, _)| *is).map(|(_, sign)| sign).collect();
    if told.is_empty() { "-".to_owned() } else { told.join(", ") }
}
