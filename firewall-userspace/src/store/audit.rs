//! What the audit of passwords found, by account.
//!
//! Owns: its rows, which say that a password is weak and never what it is. Refuses: auditing.
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::{Result, Store};
use crate::audit::Finding;

/// An account that was audited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditedAccount {
    /// The account.
    pub account: String,
    /// Unix milliseconds of its last audit; 0 for none yet.
    pub audited: i64,
    /// Unix milliseconds since which its password is known to be weak; none if it is not.
    pub weak: Option<i64>,
    /// Whether its server offers nothing better than MD5.
    pub md5_only: bool,
    /// Whether the server accepted a nonce again.
    pub nonce_reused: bool,
    /// Whether its credentials came without TLS although TLS is offered.
    pub clear: bool,
}

impl AuditedAccount {
    /// Whether there is anything to tell.
    pub fn tells(&self) -> bool {
        self.weak.is_some() || self.md5_only || self.nonce_reused || self.clear
    }
}

const COLUMNS: &str = "account, audited, weak, md5_only, nonce_reused, clear";

impl Store {
    /// The accounts whose passwords are weak, those that were found last first.
    pub fn weak_accounts(&self) -> Result<Vec<AuditedAccount>> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE weak IS NOT NULL ORDER BY weak DESC, account");
        self.read(|db| db.prepare_cached(&sql)?.query_map([], read)?.collect())
    }

    /// Every account that is known, weak ones first.
    pub fn audited_accounts(&self) -> Result<Vec<AuditedAccount>> {
        let sql = format!("SELECT {COLUMNS} FROM audit ORDER BY weak IS NULL, account");
        self.read(|db| db.prepare_cached(&sql)?.query_map([], read)?.collect())
    }

    /// Forgets accounts that were audited longer ago than `age` milliseconds; returns how many.
    pub fn prune_audits(&mut self, age: i64, now: i64) -> Result<usize> {
        self.write(|tx| tx.execute("DELETE FROM audit WHERE audited < ?1", [now.saturating_sub(age)]))
    }
}

impl From<AuditedAccount> for Finding {
    fn from(row: AuditedAccount) -> Self {
        let AuditedAccount { account, audited, weak, md5_only, nonce_reused, clear } = row;
        Self { account, audited, weak, md5_only, nonce_reused, clear }
    }
}

pub(super) fn write(db: &Connection, new: &Finding) -> rusqlite::Result<()> {
    let sql = format!("INSERT OR REPLACE INTO audit ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    let row = params![new.account, new.audited, new.weak, new.md5_only, new.nonce_reused, new.clear];
    db.prepare_cached(&sql)?.execute(row).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditedAccount> {
    Ok(AuditedAccount {
        account: row.get(0)?,
        audited: row.get(1)?,
        weak: row.get(2)?,
        md5_only: row.get(3)?,
        nonce_reused: row.get(4)?,
        clear: row.get(5)?,
    })
}
